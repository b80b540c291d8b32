// The table of runs: what goes in comes out, states end once, counts add up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FullarcError } from '../protocol/control.ts';
import { durably, inMemory, NOON, runInfo } from '../test/store/fixtures.ts';
import { Runs } from './runs.ts';
import type { Tx } from './store/store.ts';

const runs = new Runs();
const inTransaction = (work: (tx: Tx) => Promise<void>): Promise<void> => inMemory((store) => durably(store, work));
const ids = (rows: readonly { readonly id: string }[]): string[] => rows.map((row) => row.id);
const unknown = (error: unknown): boolean => error instanceof FullarcError && error.code === 'no-such-run';

test('a run is found by its token with everything it was opened with', () => inTransaction(async (tx) => {
  const info = runInfo('r', { fleet: 'f', workflow: 'w', command: ['a b', '"c"'], level: 'L3' });
  await runs.open(tx, info, 'hash', NOON);
  assert.deepEqual(await runs.byToken(tx, 'hash'), { ...info, state: 'pending' });
  assert.deepEqual(await runs.get(tx, 'r'), { ...info, state: 'pending', startedAt: NOON, cost: 0, steps: 0, refusals: 0, openGates: 0 });
  assert.equal(await runs.byToken(tx, 'other'), undefined);
  assert.equal(await runs.get(tx, 'other'), undefined);
}));

test('two runs never share an id or a token', () => inTransaction(async (tx) => {
  await runs.open(tx, runInfo('r'), 'hash', NOON);
  await assert.rejects(runs.open(tx, runInfo('r'), 'other', NOON), /UNIQUE/);
  await assert.rejects(runs.open(tx, runInfo('s'), 'hash', NOON), /UNIQUE/);
}));

test('the newest come first, of one workspace or of all, as many as asked for', () => inTransaction(async (tx) => {
  await runs.open(tx, runInfo('a'), 'a', NOON);
  await runs.open(tx, runInfo('c', { workspace: '/x' }), 'c', NOON + 1);
  await runs.open(tx, runInfo('b'), 'b', NOON + 1);
  assert.deepEqual(ids(await runs.list(tx)), ['c', 'b', 'a']);
  assert.deepEqual(ids(await runs.list(tx, { workspace: '/w' })), ['b', 'a']);
  assert.deepEqual(ids(await runs.list(tx, { limit: 1 })), ['c']);
}));

test('no state follows an end', () => inTransaction(async (tx) => {
  await runs.open(tx, runInfo('r'), 'hash', NOON);
  assert.equal(await runs.setState(tx, 'r', 'in-doubt', NOON + 1, 'cut off'), true);
  assert.equal((await runs.get(tx, 'r'))?.reason, 'cut off');
  assert.equal(await runs.setState(tx, 'r', 'completed', NOON + 2), true);
  assert.equal(await runs.setState(tx, 'r', 'running', NOON + 3), false);
  const { state, reason, endedAt } = (await runs.get(tx, 'r')) ?? {};
  assert.deepEqual({ state, reason, endedAt }, { state: 'completed', reason: undefined, endedAt: NOON + 2 });
  await assert.rejects(runs.setState(tx, 'nowhere', 'running', NOON), unknown);
}));

test('counts add up, also after the end', () => inTransaction(async (tx) => {
  await runs.open(tx, runInfo('r'), 'hash', NOON);
  await runs.add(tx, 'r', { cost: 5, steps: 1, openGates: 2 });
  await runs.setState(tx, 'r', 'failed', NOON);
  await runs.add(tx, 'r', { cost: 7, refusals: 1, openGates: -1 });
  const { cost, steps, refusals, openGates } = (await runs.get(tx, 'r')) ?? {};
  assert.deepEqual({ cost, steps, refusals, openGates }, { cost: 12, steps: 1, refusals: 1, openGates: 1 });
  await assert.rejects(runs.add(tx, 'nowhere', { steps: 1 }), unknown);
}));

test('a tree lists parents before children, and what has not ended is found at the next start', () => inTransaction(async (tx) => {
  await runs.open(tx, runInfo('root'), '1', NOON);
  await runs.open(tx, runInfo('child', { parent: 'root', depth: 1 }), '2', NOON + 2);
  await runs.open(tx, runInfo('another', { parent: 'root', depth: 1 }), '3', NOON + 1);
  await runs.open(tx, runInfo('grandchild', { parent: 'child', root: 'root', depth: 2 }), '4', NOON + 1);
  await runs.open(tx, runInfo('stranger'), '5', NOON);
  assert.deepEqual(ids(await runs.tree(tx, 'root')), ['root', 'another', 'child', 'grandchild']);
  await runs.setState(tx, 'child', 'killed', NOON + 5);
  assert.deepEqual(ids(await runs.unfinished(tx)), ['root', 'stranger', 'another', 'grandchild']);
  await assert.rejects(runs.open(tx, runInfo('orphan', { parent: 'nowhere' }), '6', NOON), /FOREIGN KEY/);
}));
