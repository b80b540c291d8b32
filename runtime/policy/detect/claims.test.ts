// Claims: which sentences are some, and what bears them out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimsOf, evidenceOf, hardFacts, numbersOf, support } from './claims.ts';

const score = (claim: string, ...texts: string[]) => support(claim, texts.map(evidenceOf));

test('a sentence with a number, a name or a quote is a claim, where it stands', () => {
  const text = 'Hello there. Refunds take 30 days! Ask Ann Miller. Was it 5? `x = 1`\n# Part 2\nShe said "no way". Version 1.5 is out.';
  const claims = claimsOf(text);
  assert.deepEqual(claims.map((claim) => claim.text), ['Refunds take 30 days!', 'Ask Ann Miller.', 'She said "no way".', 'Version 1.5 is out.']);
  for (const { start, end, text: claim } of claims) assert.equal(text.slice(start, end), claim);
});

test('numbers have one spelling', () => {
  assert.deepEqual(numbersOf('$1,200.50, 03 on 2026-01-05 at 12:30, 1,200,000'), ['1200.5', '3', '2026-01-05', '12:30', '1200000']);
  assert.deepEqual(hardFacts('It says “no  way” and "yes".'), ['no way']);
});

test('a claim is borne out by one text that holds its words, numbers and quotes', () => {
  assert.equal(score('Refunds are paid within 30 days.', 'A refund is paid in 30 days.'), 1);
  assert.equal(score('Refunds are paid within 30 days.', 'A refund is paid in 14 days.'), 0);
  assert.equal(score('Ann refunds 30 days.', 'Ann', '30 refunds'), 1 / 3);
  assert.equal(score('They say "within a month".', 'They say it comes within a month.'), 1);
  assert.equal(score('They say "within a month".', 'They say it takes a month.'), 0);
  assert.equal(score('Anything 1'), 0);
});

test('long texts take little time', () => {
  for (const text of ['a.'.repeat(50_000), '"'.repeat(50_000), '1,'.repeat(50_000), ' '.repeat(100_000), '`'.repeat(50_000)]) claimsOf(text);
});
