// Every beginning of a match is recognised as one, for V8's expressions and for RE2's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { prefixOf } from './prefix.ts';

const MATCHES: readonly (readonly [pattern: string, text: string])[] = [
  ['abc', 'abc'],
  ['a+b', 'aaab'],
  ['(?:ab|cde)*f', 'abcdeabf'],
  ['[a-c\\]]{2,3}x?', 'a]cx'],
  ['(?i)ticket|order', 'ORDER'],
  ['(?i:AB)c(d(e(f)?)?)?', 'abcdef'],
  ['\\bTCK-\\d{6}\\b', 'TCK-123456'],
  ['a{3}b{0,2}c{2,}', 'aaabbcccc'],
  ['\\Qa.b*\\E+', 'a.b***'],
  ['[[:alpha:]]+\\x41\\x{42}', 'xyzAB'],
  ['\\p{Lu}\\pL.', 'ÄÖ.'],
  ['(?P<year>\\d{4})-(?<month>\\d\\d)', '2026-01'],
  ['[]a]+[^]]', ']a]b'],
  ['ab??c', 'abc'],
  ['^ab$', 'ab'],
];

for (const [pattern, text] of MATCHES) {
  test(`each beginning of ${text} may become a match of ${pattern}`, () => {
    const begun = RE2JS.compile(`^${prefixOf(pattern)}\\z`);
    assert.ok(RE2JS.compile(pattern).matcher(text).find(), 'the sample matches');
    for (let length = 0; length <= text.length; length++) assert.ok(begun.matcher(text.slice(0, length)).find(), text.slice(0, length));
    assert.equal(begun.matcher(`${text}\u0000`).find(), false, 'and no other text is');
  });
}

test('look-around and bounds are left to the end of the text', () => {
  const begun = new RegExp(`${prefixOf('(?<!\\w)\\d{3}(?=x)x(?!\\w)')}$`);
  assert.equal(begun.exec('a 12')?.index, 2);
  assert.equal(begun.exec('a12')?.index, 3, 'a match may not begin inside a word, so only the end itself is left');
});

const expression = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'b', '[ab]', '.'),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => a + b),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(${a}|${b})`),
    fc.tuple(tie('node'), fc.constantFrom('?', '*', '+', '{2}', '{1,2}', '*?')).map(([a, quantifier]) => `(?:${a})${quantifier}`),
  ),
})).node;

test('for any expression, each beginning of each text it matches', () => {
  fc.assert(fc.property(expression, fc.stringMatching(/^[abc]{0,6}$/), (pattern, text) => {
    if (!RE2JS.compile(`^(?:${pattern})\\z`).matcher(text).find()) return;
    const begun = RE2JS.compile(`^${prefixOf(pattern)}\\z`);
    for (let length = 0; length <= text.length; length++) assert.ok(begun.matcher(text.slice(0, length)).find());
  }), { numRuns: 400 });
});
