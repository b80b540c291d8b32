// The editor layer of the tests: the API suites in a real VS Code, once on the source tree and once on the installed package.

import { join } from 'node:path';
import { packageExtension } from '../../scripts/package.ts';
import { runApiTests, type Tally } from '../../scripts/editor/run-tests.ts';

const root = join(import.meta.dirname, '..', '..');

export async function editorTests(): Promise<Tally> {
  const vsix = await packageExtension();
  const total: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const target of [root, vsix]) {
    console.log(`\n-- in VS Code: ${target}`);
    const tally = await runApiTests({ target });
    for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += tally[key];
  }
  return total;
}
