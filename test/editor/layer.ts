// The editor layer of the tests: the API suites in a real VS Code, on the source tree and on the installed package, and the main job through the user interface.

import { join } from 'node:path';
import { packageExtension } from '../../scripts/package.ts';
import { runApiTests } from '../../scripts/editor/run-tests.ts';
import { nodeTests, sum, type Tally } from '../../scripts/node-tests.ts';

const root = join(import.meta.dirname, '..', '..');

export async function editorTests(): Promise<Tally> {
  const vsix = await packageExtension();
  const tallies: Tally[] = [];
  for (const target of [root, vsix]) {
    console.log(`\n-- in VS Code: ${target}`);
    tallies.push(await runApiTests({ target }));
  }
  console.log('\n-- through the user interface, screenshots in test-output/editor');
  tallies.push(await nodeTests('test/editor/ui/*.test.ts'));
  console.log('\n-- npm start');
  tallies.push(await nodeTests('test/editor/start.test.ts'));
  return sum(tallies);
}
