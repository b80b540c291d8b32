// Citations: the usual forms are found once each, and point at what was retrieved.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { citationFinder, pointsAt } from './citations.ts';

const targets = (text: string, pattern?: string) => citationFinder(pattern)(text).map(({ target }) => target);

test('every usual form is found, once', () => {
  assert.deepEqual(targets('Refunds take 30 days [1], or less [2, 3].'), ['1', '2', '3']);
  assert.deepEqual(targets('See [the handbook](https://example.com/h). And (source: policy.md).'), ['https://example.com/h', 'policy.md']);
  assert.deepEqual(targets('It says so at https://example.com/a, and in docs/refunds.md.'), ['https://example.com/a', 'docs/refunds.md']);
  assert.deepEqual(targets('30 days.\nSource: handbook'), ['handbook']);
  assert.deepEqual(targets('Nothing is cited, and/or [x] is done.'), []);
});

test('a pattern of its own names the source by its first group', () => assert.deepEqual(targets('a {{kb:12}} b [1]', '\\{\\{kb:(\\d+)\\}\\}'), ['12']));

test('a citation points by number, id, source, or the end of its path', () => {
  const source = { id: 'D7', source: 'docs/Refunds.md', number: 2 };
  for (const target of ['2', 'd7', 'docs/refunds.md', 'refunds.md', 'docs/refunds.md#late']) assert.equal(pointsAt(target, source), true, target);
  for (const target of ['1', 'returns.md', 'd']) assert.equal(pointsAt(target, source), false, target);
});
