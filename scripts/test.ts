// All tests, layer by layer, ending with one line: `N passed, N failed, N skipped`. Name layers to run only those: npm test -- unit editor

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildAll } from './build.ts';
import { nodeTests, sum, type Tally } from './node-tests.ts';

const root = join(import.meta.dirname, '..');

const LAYERS: Readonly<Record<string, () => Promise<Tally>>> = {
  check: async () => step('scripts/check.ts'),
  unit: async () => nodeTests('{protocol,runtime,language-server,extension,webview,scripts}/**/*.test.ts'),
  parts: async () => {
    await buildAll();
    return nodeTests('test/{*.test.ts,!(bench|support|editor)/**/*.test.ts}');
  },
  editor: async () => (await import('../test/editor/layer.ts')).editorTests(),
};

function step(script: string): Tally {
  const { status } = spawnSync(process.execPath, [join(root, script)], { cwd: root, stdio: 'inherit' });
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(LAYERS, name));
if (unknown.length) {
  console.error(`There is no layer ${unknown.join(', ')}; there are ${Object.keys(LAYERS).join(', ')}.`);
  process.exit(2);
}
const tallies: Tally[] = [];
for (const [name, layer] of Object.entries(LAYERS)) {
  if (wanted.length && !wanted.includes(name)) continue;
  console.log(`\n== ${name}`);
  tallies.push(await layer().catch((error: unknown): Tally => {
    console.error(error);
    return { passed: 0, failed: 1, skipped: 0 };
  }));
}
const total = sum(tallies);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed ? 1 : 0);
