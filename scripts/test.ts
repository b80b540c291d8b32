// All tests, layer by layer, ending with one line: `N passed, N failed, N skipped`. Name layers to run only those: npm test -- unit editor

import { glob } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { buildAll } from './build.ts';

export interface Tally { passed: number; failed: number; skipped: number }

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

async function nodeTests(pattern: string): Promise<Tally> {
  const files: string[] = [];
  for await (const file of glob(pattern, { cwd: root })) files.push(join(root, file));
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  const leaf = (data: { details: { type?: string } }): boolean => data.details.type !== 'suite';
  await new Promise<void>((resolve, reject) => {
    const stream = run({ files: files.sort(), concurrency: 2 });
    stream.on('test:pass', (data) => { if (leaf(data)) tally[data.skip !== undefined || data.todo !== undefined ? 'skipped' : 'passed']++; });
    stream.on('test:fail', (data) => { if (leaf(data)) tally.failed++; });
    stream.once('error', reject);
    stream.compose(spec).on('end', resolve).pipe(process.stdout, { end: false });
  });
  return tally;
}

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
const total: Tally = { passed: 0, failed: 0, skipped: 0 };
for (const [name, layer] of Object.entries(LAYERS)) {
  if (wanted.length && !wanted.includes(name)) continue;
  console.log(`\n== ${name}`);
  const tally = await layer().catch((error: unknown): Tally => {
    console.error(error);
    return { passed: 0, failed: 1, skipped: 0 };
  });
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += tally[key];
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed ? 1 : 0);
