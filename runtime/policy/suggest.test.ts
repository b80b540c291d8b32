// The closest known word.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closest, distance } from './suggest.ts';

for (const [written, expected] of [['categroy', 'category'], ['scop', 'scope'], ['Rules', 'rules'], ['x', undefined], ['completely-else', undefined]] as const) {
  test(`${written} → ${expected}`, () => assert.equal(closest(written, ['name', 'category', 'scope', 'rules']), expected));
}

test('a distance is symmetric, and nothing only between equal words', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(fc.property(word, word, (a, b) => distance(a, b) === distance(b, a) && (distance(a, b) === 0) === (a === b)));
});

test('a swap of neighbours is one slip', () => assert.equal(distance('ab', 'ba'), 1));
