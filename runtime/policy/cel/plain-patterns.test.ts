// A plain pattern answers as RE2 does, and what is more than plain is left to RE2.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { plainPattern } from './plain-patterns.ts';

const piece = fc.array(fc.constantFrom('a', 'b', '/', '\\.', '\\$', '\\\\', '-', ' ', ':'), { maxLength: 3 }).map((parts) => parts.join(''));
const pattern = fc.tuple(fc.constantFrom('', '^'), piece, fc.constantFrom('', '.*'), piece, fc.constantFrom('', '$')).map((parts) => parts.join(''));
const text = fc.array(fc.constantFrom('a', 'b', '/', '.', '$', '\\', '-', ' ', ':', '\n', '\r', '\u{1f600}'), { maxLength: 9 }).map((parts) => parts.join(''));

test('the answers are those of RE2', () => {
  fc.assert(fc.property(pattern, text, (pattern, text) => {
    const plain = plainPattern(pattern);
    if (plain) assert.equal(plain(text), RE2JS.compile(pattern).test(text));
  }), { numRuns: 5_000 });
});

test('the usual patterns are plain, and those that say more are not', () => {
  for (const plain of ['^/etc/.*\\.pem$', '^send_', '@example\\.com$', 'refund', '^exact$', '']) assert.ok(plainPattern(plain), plain);
  for (const more of ['a|b', '^a.b$', 'a+', '[ab]', '(a)', '(?i)a', 'a.*b', '\\d', 'é', '^a.*b.*c$', 'a{2}', '\\Aa', 'a?']) assert.equal(plainPattern(more), undefined, more);
});
