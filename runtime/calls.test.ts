// The journal of calls: sticky answers, replaced only on purpose.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FullarcError } from '../protocol/control.ts';
import { durably, inMemory, NOON, runInfo } from '../test/store/fixtures.ts';
import { type CallRow, Calls } from './calls.ts';
import { HISTORY_LIMIT } from './policy/facts.ts';
import { Runs } from './runs.ts';
import type { Tx } from './store/store.ts';

const calls = new Calls();
const call = (key: string, overrides: Partial<CallRow> = {}): CallRow => ({
  run: 'r', key, node: `r/${key}`, event: 'tool.before', kind: 'tool', name: 'search', contentHash: 'c', state: 'running', policyVersion: 'v', at: NOON, ...overrides,
});
const inTransaction = (work: (tx: Tx) => Promise<void>): Promise<void> => inMemory((store) => durably(store, async (tx) => {
  for (const id of ['r', 's']) await new Runs().open(tx, runInfo(id), id, NOON);
  await work(tx);
}));
const keys = (rows: readonly CallRow[]): string[] => rows.map((row) => row.key);

test('a call comes back as it was put, for its run alone', () => inTransaction(async (tx) => {
  const full = call('k', { answer: '{"go":true}', afterAnswer: '{"go":true}', hold: 'h', outcome: 'done', provider: 'api.openai.com', mark: '{}' });
  await calls.put(tx, full);
  await calls.put(tx, call('bare'));
  assert.deepEqual(await calls.find(tx, 'r', 'k'), full);
  assert.deepEqual(await calls.find(tx, 'r', 'bare'), call('bare'));
  assert.equal(await calls.find(tx, 's', 'k'), undefined);
}));

test('a call that is judged again is replaced as a whole', () => inTransaction(async (tx) => {
  await calls.put(tx, call('k', { state: 'held', mark: 'm' }));
  const answered = call('k', { answer: '{}', at: NOON + 1 });
  await calls.put(tx, answered);
  assert.deepEqual(await calls.find(tx, 'r', 'k'), answered);
}));

test('an update changes what it names, empties what is undefined, and knows its call', () => inTransaction(async (tx) => {
  await calls.put(tx, call('k', { hold: 'h', answer: '{}' }));
  await calls.update(tx, 'r', 'k', { state: 'done', hold: undefined });
  assert.deepEqual(await calls.find(tx, 'r', 'k'), call('k', { state: 'done', answer: '{}' }));
  await calls.update(tx, 'r', 'k', {});
  await assert.rejects(calls.update(tx, 'r', 'nowhere', { state: 'done' }), (error) => error instanceof FullarcError && error.code === 'no-such-call');
  await assert.rejects(calls.update(tx, 'r', 'k', { state: 'lost' as 'done' }), /CHECK/);
}));

test('what is running, open and held is found by run', () => inTransaction(async (tx) => {
  await calls.put(tx, call('late', { at: NOON + 1 }));
  await calls.put(tx, call('early'));
  await calls.put(tx, call('waits', { state: 'held' }));
  await calls.put(tx, call('over', { state: 'done' }));
  await calls.put(tx, call('doubt', { state: 'in-doubt' }));
  await calls.put(tx, call('elsewhere', { run: 's' }));
  assert.equal((await calls.onlyRunningTool(tx, 's'))?.key, 'elsewhere');
  assert.equal(await calls.onlyRunningTool(tx, 'r'), undefined, 'of two nobody can tell');
  assert.deepEqual(keys(await calls.open(tx, 'r')), ['early', 'waits', 'late']);
  assert.deepEqual([await calls.held(tx, 'r'), await calls.held(tx, 's')], [1, 0]);
}));

test('a node stands for its newest call', () => inTransaction(async (tx) => {
  await calls.put(tx, call('k1', { node: 'n' }));
  await calls.put(tx, call('k2', { node: 'n', at: NOON + 1 }));
  assert.equal((await calls.byNode(tx, 'n'))?.key, 'k2');
  assert.equal(await calls.byNode(tx, 'nowhere'), undefined);
}));

test('the newest marks come back, oldest first', () => inTransaction(async (tx) => {
  for (let index = 0; index < HISTORY_LIMIT + 3; index++) await calls.put(tx, call(`k${index}`, { at: NOON + index, mark: String(index) }));
  await calls.put(tx, call('unmarked', { at: NOON + 1000 }));
  assert.deepEqual(await calls.marks(tx, 'r'), Array.from({ length: HISTORY_LIMIT }, (_, index) => String(index + 3)));
  assert.deepEqual(await calls.marks(tx, 's'), []);
}));
