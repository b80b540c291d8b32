// Patterns people write: linear, refused with a reason when they cannot be, and phrases as whole words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customDetector, labelOf, PatternError, phraseDetector } from './custom.ts';

const REFUSED: readonly (readonly [pattern: string, why: RegExp])[] = [
  ['(?=a)b', /look-around/], ['(?<!a)b', /look-around/], ['(a)\\1', /back-reference/], ['(', /missing closing/], ['a*', /empty text/], ['[z-a]', /not a valid/],
];
for (const [pattern, why] of REFUSED) {
  test(`${pattern} is refused by name`, () => {
    assert.throws(() => customDetector('my rule', pattern), (error) => error instanceof PatternError && error.message.startsWith('pattern my rule: ') && why.test(error.message));
  });
}

test('a pattern that would take V8 an age is answered like any other', () => {
  assert.deepEqual(customDetector('loop', '^(a+)+$').find(`${'a'.repeat(20_000)}b`), []);
});

test('matches follow one another, and what stands before counts', () => {
  const detector = customDetector('ticket', '\\bT\\d');
  assert.deepEqual(detector.find('T1 xT2 T3').map((span) => span.start), [0, 7]);
  assert.deepEqual(detector.find('xT1 T2', 1).map((span) => span.start), [4]);
  assert.equal(detector.holdBack('see T'), 4);
  assert.equal(detector.holdBack('see it'), 6);
});

test('labels are capitals', () => {
  assert.deepEqual(['internal code-name', 'Größe 2', '___', '9 lives'].map(labelOf), ['INTERNAL_CODE_NAME', 'GRO_SSE_2', 'CUSTOM', 'LIVES']);
});

test('a phrase is whole words in any case and spacing', () => {
  const { find } = phraseDetector('Ann (CEO)');
  assert.equal(find('to ann  (ceo), now').length, 1);
  assert.equal(find('joann (ceo)').length, 0);
  assert.equal(phraseDetector('über').find('ÜBER! überall').length, 1);
});
