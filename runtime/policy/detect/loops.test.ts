// What counts as the same call, nearly the same, and a circle.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CallMark } from '../facts.ts';
import { canonicalArgs, cycle, shapeOf, streak } from './loops.ts';
import { sha256 } from '../sha256.ts';

test('key order and undefined make no difference, everything else does', () => {
  assert.equal(canonicalArgs({ b: [1, { d: null, c: 'x' }], a: undefined }), '{"b":[1,{"c":"x","d":null}]}');
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
    assert.equal(canonicalArgs(a), canonicalArgs(JSON.parse(JSON.stringify(a))));
    if (canonicalArgs(a) === canonicalArgs(b)) assert.deepEqual(JSON.parse(canonicalArgs(a)), JSON.parse(canonicalArgs(b)));
  }));
});

test('shapes forget numbers, white space and case', () => {
  assert.equal(shapeOf({ q: 'Lead 12 of 1,000.5', page: 3 }), shapeOf({ page: 47, q: 'lead  9\tof 20' }));
  assert.notEqual(shapeOf({ q: 'lead' }), shapeOf({ q: 'load' }));
});

test('SHA-256 is the one everybody has', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), (text) => assert.equal(sha256(text), createHash('sha256').update(text).digest('hex'))));
});

test('circles of two to four calls are seen once they go round too often, streaks are not circles', () => {
  assert.equal(cycle(calls('xababa'), 2, 4), 2);
  assert.equal(cycle(calls('abab'), 2, 4), undefined);
  assert.equal(cycle(calls('abcabcabca'), 3, 4), 3);
  assert.equal(cycle(calls('abcdabcdabcd'), 2, 4), 4);
  assert.equal(cycle(calls('abcdeabcdeabcde'), 2, 4), undefined);
  assert.equal(cycle(calls('aaaaaaaaaa'), 2, 4), undefined);
  assert.equal(cycle(calls('aabaabaab'), 2, 4), 3);
  assert.equal(streak(calls('abbb'), (mark) => mark.hash === 'b'), 3);
});

function calls(hashes: string): CallMark[] {
  return [...hashes].map((hash, at) => ({ kind: 'tool', name: 'tool', hash, at }));
}
