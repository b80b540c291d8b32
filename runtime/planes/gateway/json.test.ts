// Editing JSON at a pointer: exactly there, in a copy, and nowhere when there is nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactAt, replaceAt, sum, valueAt, withoutLogprobs } from './json.ts';

test('a redaction lands at its pointer and leaves the original alone', () => {
  const body = { messages: [{ 'a/b': 'write to bob@x.org now' }], n: 1 };
  const clean = redactAt(body, [{ at: '/messages/0/a~1b', start: 9, end: 18, label: 'EMAIL' }, { at: '/n', start: 0, end: 1, label: 'X' }, { at: '/none', start: 0, end: 1, label: 'X' }]);
  assert.deepEqual(clean, { messages: [{ 'a/b': 'write to ##EMAIL## now' }], n: 1 });
  assert.equal(body.messages[0]?.['a/b'], 'write to bob@x.org now');
});

test('a pointer reaches no inherited property and creates none', () => {
  const body: Record<string, unknown> = { a: {} };
  replaceAt(body, '/a/__proto__/polluted', 1);
  replaceAt(body, '/b', 1);
  assert.deepEqual(body, { a: {} });
  assert.equal(valueAt(body, '/a/constructor'), undefined);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('usage adds up wherever either side has a number', () => {
  assert.deepEqual(sum({ a: 1, b: { c: 2 }, d: null }, { a: 2, b: { c: 3, e: 1 }, d: 4 }), { a: 3, b: { c: 5, e: 1 }, d: 4 });
  assert.deepEqual(sum(undefined, { a: 1 }), { a: 1 });
});

test('token probabilities go, the rest stays', () => {
  assert.deepEqual(withoutLogprobs({ choices: [{ logprobs: { content: [{ token: 'bob' }] }, text: 'x' }], parts: { logprobs: [1] } }), { choices: [{ logprobs: null, text: 'x' }], parts: { logprobs: [] } });
});
