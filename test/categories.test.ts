// The table of `npm run categories`: as many rows as there are categories, and every example of each comes out as it says.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const CATEGORIES = 26;

test('there are 26 categories, each with fields, examples and tests, and every example comes out as it says', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(import.meta.dirname, '../scripts/categories.ts'), '--json'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const rows = JSON.parse(stdout) as readonly { category: string; fields: number; events: readonly string[]; examples: number; tests: number; wrong: readonly string[] }[];
  assert.equal(new Set(rows.map(({ category }) => category)).size, CATEGORIES);
  for (const { category, fields, events, examples, tests, wrong } of rows) {
    assert.deepEqual(wrong, [], category);
    assert.ok(fields > 0 && examples > 0 && tests > 0, category);
    assert.ok(events.length > 0 || category === 'audit', category);
  }
});
