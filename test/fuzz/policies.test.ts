// A slice of the fuzzer in every run of the tests, each input named by its number. `npm run fuzz` takes as many as it is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputOf, judged } from './properties.ts';

const INPUTS = 20_000;
/** The same slice each time, so that the same tree has the same result; `npm run fuzz` goes further. */
const FIRST = Number(process.env['FULLARC_FUZZ_SEED'] ?? 1);

test(`no governance file makes the compiler throw, drop a policy in silence or loosen: ${INPUTS} inputs from ${FIRST}`, () => {
  for (let seed = FIRST; seed < FIRST + INPUTS; seed++) {
    const wrong = judged(seed);
    assert.equal(wrong, undefined, `${wrong}\nnpm run fuzz -- --seed ${seed} --inputs 1\n${inputOf(seed).text.slice(0, 2_000)}`);
  }
});

test('the same number makes the same input', () => {
  for (const seed of [0, 1, FIRST]) assert.deepEqual(inputOf(seed), inputOf(seed));
});
