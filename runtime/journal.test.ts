// The journal: gapless order, the tree of a run, and a chain that shows every kind of tampering that its own file can show.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { FullarcError } from '../protocol/control.ts';
import type { RunEvent, RunFact } from '../protocol/run-graph.ts';
import { durably, inMemory, NOON, runInfo } from '../test/store/fixtures.ts';
import { Journal } from './journal.ts';
import { Runs } from './runs.ts';
import type { Tx } from './store/store.ts';

const journal = new Journal();
const state = (reason: string): RunFact => ({ type: 'run.state', state: 'running', reason });
const inTransaction = (work: (tx: Tx) => Promise<void>): Promise<void> => inMemory((store) => durably(store, work));

async function openRuns(tx: Tx, ...infos: Parameters<typeof runInfo>[]): Promise<void> {
  for (const info of infos) await new Runs().open(tx, runInfo(...info), `token of ${info[0]}`, NOON);
}

test('events are numbered from 0 without gaps, over several appends', () => inTransaction(async (tx) => {
  await openRuns(tx, ['r']);
  assert.deepEqual(await journal.append(tx, 'r', NOON, []), []);
  const first = await journal.append(tx, 'r', NOON, [state('a'), state('b')]);
  const second = await journal.append(tx, 'r', NOON + 5, [state('c')]);
  assert.deepEqual([...first, ...second].map((event) => [event.seq, event.at]), [[0, NOON], [1, NOON], [2, NOON + 5]]);
  assert.deepEqual(await journal.tree(tx, 'r'), [...first, ...second]);
  assert.deepEqual(await journal.verify(tx), { runs: 1, events: 3, broken: [] });
}));

test('the chain is the one that is documented', () => inTransaction(async (tx) => {
  await openRuns(tx, ['r']);
  await journal.append(tx, 'r', NOON, [state('a'), { type: 'policy.changed', to: '2', from: '1' }]);
  const bodies = [
    `{"at":${NOON},"reason":"a","run":"r","seq":0,"state":"running","type":"run.state"}`,
    `{"at":${NOON},"from":"1","run":"r","seq":1,"to":"2","type":"policy.changed"}`,
  ];
  let hash: Buffer = Buffer.alloc(32);
  for (const body of bodies) hash = createHash('sha256').update(Buffer.concat([hash, Buffer.from(body)])).digest();
  const rows = await tx.all<{ body: string; hash: string }>('SELECT body, hash FROM events ORDER BY seq');
  assert.deepEqual(rows.map((row) => row.body), bodies);
  assert.equal(rows[1]?.hash, hash.toString('hex'));
}));

test('the tree of any of its runs is the whole tree, by time, then run, then number; other trees stay out', () => inTransaction(async (tx) => {
  await openRuns(tx, ['a'], ['b', { parent: 'a', depth: 1 }], ['c', { parent: 'b', root: 'a', depth: 2 }], ['x']);
  await journal.append(tx, 'a', NOON + 2, [state('a0')]);
  await journal.append(tx, 'b', NOON + 1, [state('b0')]);
  await journal.append(tx, 'c', NOON + 2, [state('c0'), state('c1')]);
  await journal.append(tx, 'x', NOON, [state('x0')]);
  await journal.append(tx, 'a', NOON + 3, [state('a1')]);
  const reasons = async (run: string): Promise<unknown[]> => (await journal.tree(tx, run)).map((event) => event.type === 'run.state' && event.reason);
  for (const run of ['a', 'b', 'c']) assert.deepEqual(await reasons(run), ['b0', 'a0', 'c0', 'c1', 'a1']);
  assert.deepEqual(await reasons('nowhere'), []);
}));

test('a clock set back does not reorder a run', () => inTransaction(async (tx) => {
  await openRuns(tx, ['r']);
  await journal.append(tx, 'r', NOON + 100, [state('a')]);
  const [late] = await journal.append(tx, 'r', NOON + 50, [state('b')]);
  assert.equal(late?.at, NOON + 100);
  assert.deepEqual((await journal.tree(tx, 'r')).map((event) => event.seq), [0, 1]);
}));

test('what JSON cannot carry is replaced, and the caller gets the event as it is kept', () => inTransaction(async (tx) => {
  await openRuns(tx, ['r']);
  const reason = { policy: 'p', category: 'cost', disposition: 'block', message: 'cut \ud83d', field: 'f', limit: Infinity, value: 12n } as const;
  const events = await journal.append(tx, 'r', NOON, [{ type: 'action.judged', node: 'n', event: 'llm.before', verdict: { disposition: 'block', reasons: [reason], redactions: [], policyVersion: '1' } }]);
  assert.deepEqual(events, await journal.tree(tx, 'r'));
  const [event] = events;
  assert.ok(event?.type === 'action.judged');
  assert.deepEqual(event.verdict.reasons, [{ ...reason, message: 'cut \ufffd', limit: 'Infinity', value: '12' }]);
  assert.deepEqual((await journal.verify(tx, 'r')).broken, []);
}));

test('a run that was not opened has no journal', () => inTransaction(async (tx) => {
  await assert.rejects(journal.append(tx, 'nowhere', NOON, [state('a')]), (error) => error instanceof FullarcError && error.code === 'no-such-run');
}));

const tampered = (work: (tx: Tx) => Promise<unknown>, expected: readonly { readonly seq: number; readonly message: RegExp }[]): Promise<void> => inTransaction(async (tx) => {
  await openRuns(tx, ['good'], ['bad']);
  await journal.append(tx, 'good', NOON, [state('g')]);
  await journal.append(tx, 'bad', NOON, ['a', 'b', 'c', 'd'].map(state));
  await work(tx);
  const { runs, broken } = await journal.verify(tx);
  assert.equal(runs, 2);
  assert.deepEqual(broken.map(({ run, seq }) => [run, seq]), expected.map(({ seq }) => ['bad', seq]), JSON.stringify(broken));
  for (const [index, { message }] of expected.entries()) assert.match(broken[index]?.message ?? '', message);
  assert.deepEqual((await journal.verify(tx, 'good')).broken, []);
});
const rehash = async (tx: Tx, seq: number): Promise<void> => {
  const previous = await tx.get<{ hash: string }>(`SELECT hash FROM events WHERE run = 'bad' AND seq = $1`, seq - 1);
  const row = await tx.get<{ body: string }>(`SELECT body FROM events WHERE run = 'bad' AND seq = $1`, seq);
  const hash = createHash('sha256').update(Buffer.from(previous?.hash ?? '', 'hex')).update(row?.body ?? '').digest('hex');
  await tx.run(`UPDATE events SET hash = $2 WHERE run = 'bad' AND seq = $1`, seq, hash);
};

test('a changed event is found', () => tampered(
  (tx) => tx.run(`UPDATE events SET body = replace(body, '"c"', '"x"') WHERE run = 'bad' AND seq = 2`),
  [{ seq: 2, message: /changed or moved/ }]));
test('a changed event with a hash made to fit is found at the one that follows', () => tampered(async (tx) => {
  await tx.run(`UPDATE events SET body = replace(body, '"c"', '"x"') WHERE run = 'bad' AND seq = 2`);
  await rehash(tx, 2);
}, [{ seq: 3, message: /changed or moved/ }]));
test('a last event with a hash made to fit is found by the head', () => tampered(async (tx) => {
  await tx.run(`UPDATE events SET body = replace(body, '"d"', '"x"') WHERE run = 'bad' AND seq = 3`);
  await rehash(tx, 3);
}, [{ seq: 3, message: /not the one that the run ended its chain with/ }]));
test('a removed event leaves a gap', () => tampered(
  (tx) => tx.run(`DELETE FROM events WHERE run = 'bad' AND seq = 1`),
  [{ seq: 2, message: /events 1 to 1 are missing/ }]));
test('a removed event whose gap was closed is found', () => tampered(async (tx) => {
  await tx.run(`DELETE FROM events WHERE run = 'bad' AND seq = 1`);
  for (const seq of [2, 3]) await tx.run(`UPDATE events SET seq = seq - 1 WHERE run = 'bad' AND seq = $1`, seq);
}, [{ seq: 1, message: /changed or moved/ }, { seq: 2, message: /disagree/ }, { seq: 3, message: /counts 4 events, those stored go up to 3/ }]));
test('exchanged events are found', () => tampered(async (tx) => {
  for (const [from, to] of [[1, 99], [2, 1], [99, 2]] as const) await tx.run(`UPDATE events SET seq = $2 WHERE run = 'bad' AND seq = $1`, from, to);
}, [{ seq: 1, message: /changed or moved/ }, { seq: 2, message: /changed or moved/ }, { seq: 3, message: /changed or moved/ }]));
test('a truncated end is found', () => tampered(
  (tx) => tx.run(`DELETE FROM events WHERE run = 'bad' AND seq >= 2`),
  [{ seq: 2, message: /counts 4 events, .* missing at the end/ }]));
test('all events gone is found', () => tampered(
  (tx) => tx.run(`DELETE FROM events WHERE run = 'bad'`),
  [{ seq: 0, message: /counts 4 events/ }]));
test('an event moved in time, its body untouched, is found', () => tampered(
  (tx) => tx.run(`UPDATE events SET at = at + 1 WHERE run = 'bad' AND seq = 1`),
  [{ seq: 1, message: /disagree about run, number or time/ }]));
test('a body that is no JSON any more is found', () => tampered(
  async (tx) => {
    await tx.run(`UPDATE events SET body = '{' WHERE run = 'bad' AND seq = 3`);
    await rehash(tx, 3);
  },
  [{ seq: 3, message: /disagree/ }, { seq: 3, message: /not the one/ }]));

test('any single change to any stored event is found', () => fc.assert(fc.asyncProperty(
  fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { minLength: 1, maxLength: 8 }), fc.nat(), fc.nat(), fc.integer({ min: 32, max: 126 }),
  (reasons, which, where, code) => inTransaction(async (tx) => {
    await openRuns(tx, ['r']);
    const events: RunEvent[] = await journal.append(tx, 'r', NOON, reasons.map(state));
    assert.deepEqual((await journal.verify(tx)).broken, []);
    const seq = which % events.length;
    const body = (await tx.get<{ body: string }>(`SELECT body FROM events WHERE seq = $1`, seq))?.body ?? '';
    const at = where % body.length;
    const changed = body.slice(0, at) + String.fromCharCode(code) + body.slice(at + 1);
    fc.pre(changed !== body && body.isWellFormed() && changed.isWellFormed());
    await tx.run('UPDATE events SET body = $2 WHERE seq = $1', seq, changed);
    assert.deepEqual((await journal.verify(tx)).broken.map((each) => each.seq), [seq]);
  }),
), { numRuns: 60 }));
