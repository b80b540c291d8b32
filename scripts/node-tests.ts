// Runs the node:test files of a pattern, shows them as they go, and counts.

import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

export interface Tally { passed: number; failed: number; skipped: number }

const root = join(import.meta.dirname, '..');

/** `pattern` is relative to the repository. Suites are not counted, only the tests in them. */
export async function nodeTests(pattern: string, concurrency = 2): Promise<Tally> {
  const files: string[] = [];
  for await (const file of glob(pattern, { cwd: root })) files.push(join(root, file));
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  const leaf = (data: { details: { type?: string } }): boolean => data.details.type !== 'suite';
  await new Promise<void>((resolve, reject) => {
    const stream = run({ files: files.sort(), concurrency });
    stream.on('test:pass', (data) => { if (leaf(data)) tally[data.skip !== undefined || data.todo !== undefined ? 'skipped' : 'passed']++; });
    stream.on('test:fail', (data) => { if (leaf(data)) tally.failed++; });
    stream.once('error', reject);
    stream.compose(spec).on('end', resolve).pipe(process.stdout, { end: false });
  });
  return tally;
}

export function sum(tallies: readonly Tally[]): Tally {
  const add = (key: keyof Tally): number => tallies.reduce((total, tally) => total + tally[key], 0);
  return { passed: add('passed'), failed: add('failed'), skipped: add('skipped') };
}
