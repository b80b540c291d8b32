// What began and what is going on: the same from memory, from the store after a restart, and from counting by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ActionKind } from '../protocol/action.ts';
import type { RunInfo } from '../protocol/run-graph.ts';
import { durably, inMemory, NOON, runInfo } from '../test/store/fixtures.ts';
import { type CallRow, Calls } from './calls.ts';
import { COUNTED, COUNTED_BY, type Counted, type CountedBy } from './policy/facts.ts';
import { Runs } from './runs.ts';
import type { Store, Tx } from './store/store.ts';
import { KEPT_MS, Windows } from './windows.ts';

const calls = new Calls();
const runs = new Runs();
const RUNS: readonly RunInfo[] = [
  runInfo('root', { fleet: 'f', workflow: 'w' }),
  runInfo('child', { parent: 'root', depth: 1, agent: 'writer', fleet: 'f' }),
  runInfo('other', { user: 'bob' }),
  runInfo('elsewhere', { workspace: '/x' }),
];
const openRuns = async (tx: Tx): Promise<void> => { for (const info of RUNS) await runs.open(tx, info, info.id, NOON); };
const withRuns = (work: (tx: Tx, store: Store) => Promise<void>): Promise<void> => inMemory((store) => durably(store, async (tx) => {
  await openRuns(tx);
  await work(tx, store);
}));
const [root, child, other, elsewhere] = RUNS as [RunInfo, RunInfo, RunInfo, RunInfo];
const row = (run: string, node: string, kind: ActionKind, name: string, at: number): CallRow => ({ run, key: node, node, event: `${kind}.before` as CallRow['event'], kind, name, contentHash: 'c', state: 'running', policyVersion: 'v', at });

/** As the judge does it: the journal of calls and the windows in one transaction. */
async function begin(tx: Tx, windows: Windows, info: RunInfo, node: string, kind: ActionKind, name: string, at: number): Promise<void> {
  await calls.put(tx, row(info.id, node, kind, name, at));
  await windows.started(tx, info, { node, kind, name, at });
}
async function finish(tx: Tx, windows: Windows, info: RunInfo, node: string, kind: ActionKind, name: string): Promise<void> {
  await calls.update(tx, info.id, node, { state: 'done' });
  windows.ended(info, { node, kind, name });
}
/** Every answer there is, for every run. */
async function answers(tx: Tx, windows: Windows, now: number): Promise<unknown> {
  const all = [];
  for (const info of RUNS) {
    const host = windows.host(info, now);
    all.push(await host.decided(tx, () => COUNTED_BY.flatMap((by) => COUNTED.map((what) => [by, what, [...host.starts(by, what)], [...host.starts(by, what, ['s*', 'b'])], host.running(by, what)]))));
  }
  return all;
}
const ask = (tx: Tx, windows: Windows, info: RunInfo, now: number, by: CountedBy, what: Counted, names?: string | readonly string[]) => {
  const host = windows.host(info, now);
  return host.decided(tx, () => ({ starts: [...host.starts(by, what, names)], running: host.running(by, what) }));
};

test('an action counts for everybody it belongs to, and for nobody else', () => withRuns(async (tx) => {
  const windows = new Windows();
  await begin(tx, windows, child, 'child/1', 'tool', 'search', NOON);
  const counted = async (info: RunInfo) => {
    const found = [];
    for (const by of COUNTED_BY) if ((await ask(tx, windows, info, NOON, by, 'tool_calls')).starts.length > 0) found.push(by);
    return found;
  };
  assert.deepEqual(await counted(child), ['run', 'tree', 'agent', 'workflow', 'fleet', 'user', 'all'], 'a run without a workflow is counted for its agent');
  assert.deepEqual(await counted(root), ['tree', 'fleet', 'user', 'all']);
  assert.deepEqual(await counted(other), ['all']);
  assert.deepEqual(await counted(elsewhere), []);
}));

test('kinds are told apart, names and globs are counted together', () => withRuns(async (tx) => {
  const windows = new Windows();
  for (const [index, [kind, name]] of ([['tool', 'search'], ['tool', 'send_mail'], ['tool', 'read'], ['llm', 'gpt'], ['run', 'run'], ['file', 'a.txt']] as const).entries()) await begin(tx, windows, root, `root/${index}`, kind, name, NOON + index);
  const count = async (what: Counted, names?: string | readonly string[]) => (await ask(tx, windows, root, NOON + 10, 'agent', what, names)).starts.map((at) => at - NOON);
  assert.deepEqual(await count('tool_calls'), [0, 1, 2]);
  assert.deepEqual(await count('tool_calls', 'read'), [2]);
  assert.deepEqual(await count('tool_calls', ['se*', 'search']), [0, 1]);
  assert.deepEqual(await count('runs'), [4]);
  assert.deepEqual(await count('actions'), [0, 1, 2, 3, 5]);
  assert.deepEqual(await count('commands'), []);
}));

test('what is over still began; what was taken back did not; told twice is once', () => withRuns(async (tx) => {
  const windows = new Windows();
  await begin(tx, windows, root, 'root/1', 'tool', 'search', NOON);
  await ask(tx, windows, root, NOON, 'run', 'tool_calls');
  await begin(tx, windows, root, 'root/2', 'tool', 'search', NOON);
  await windows.started(tx, root, { node: 'root/2', kind: 'tool', name: 'search', at: NOON });
  assert.deepEqual(await ask(tx, windows, root, NOON, 'run', 'tool_calls'), { starts: [NOON, NOON], running: 2 });
  await finish(tx, windows, root, 'root/1', 'tool', 'search');
  windows.ended(root, { node: 'root/1', kind: 'tool', name: 'search' });
  assert.deepEqual(await ask(tx, windows, root, NOON, 'run', 'tool_calls'), { starts: [NOON, NOON], running: 1 });
  await calls.update(tx, 'root', 'root/2', { state: 'refused' });
  for (let twice = 0; twice < 2; twice++) await windows.takenBack(tx, root, { node: 'root/2', kind: 'tool', name: 'search', at: NOON });
  assert.deepEqual(await ask(tx, windows, root, NOON, 'run', 'tool_calls'), { starts: [NOON], running: 0 });
  assert.deepEqual(await ask(tx, new Windows(), root, NOON, 'run', 'tool_calls'), { starts: [NOON], running: 0 });
}));

test('a call that comes again under its key has begun twice, after a restart as well', () => withRuns(async (tx) => {
  const windows = new Windows();
  await begin(tx, windows, root, 'root/1', 'tool', 'search', NOON);
  await finish(tx, windows, root, 'root/1', 'tool', 'search');
  await calls.put(tx, { ...row('root', 'root/2', 'tool', 'search', NOON + 1), key: 'root/1' });
  await windows.started(tx, root, { node: 'root/2', kind: 'tool', name: 'search', at: NOON + 1 });
  for (const each of [windows, new Windows()]) assert.deepEqual(await ask(tx, each, root, NOON + 1, 'agent', 'tool_calls'), { starts: [NOON, NOON + 1], running: 1 });
}));

test('after 25 hours an action is forgotten, in memory and in the store', () => withRuns(async (tx) => {
  const windows = new Windows();
  await begin(tx, windows, root, 'root/1', 'tool', 'search', NOON);
  const starts = async (now: number) => (await ask(tx, windows, root, now, 'agent', 'tool_calls')).starts;
  assert.deepEqual(await starts(NOON + KEPT_MS - 1), [NOON]);
  assert.deepEqual(await starts(NOON + KEPT_MS), []);
  await begin(tx, windows, root, 'root/2', 'tool', 'search', NOON + KEPT_MS);
  assert.deepEqual(await tx.all('SELECT node FROM starts'), [{ node: 'root/2' }].map((each) => Object.assign(Object.create(null), each)));
}));

test('a call that waits for a person has not begun', () => withRuns(async (tx) => {
  await calls.put(tx, { ...row('root', 'root/1', 'tool', 'search', NOON), state: 'held' });
  assert.deepEqual(await ask(tx, new Windows(), root, NOON, 'agent', 'tool_calls'), { starts: [], running: 0 });
}));

test('a run that has ended goes on no more, whatever its calls say', () => withRuns(async (tx) => {
  const windows = new Windows();
  await begin(tx, windows, root, 'root/run', 'run', 'run', NOON);
  await begin(tx, windows, other, 'other/run', 'run', 'run', NOON);
  assert.equal((await ask(tx, windows, root, NOON, 'agent', 'runs')).running, 2);
  await runs.setState(tx, 'other', 'failed', NOON);
  windows.ended(other, { node: 'other/run', kind: 'run', name: 'run' });
  for (const each of [windows, new Windows()]) assert.equal((await ask(tx, each, root, NOON, 'agent', 'runs')).running, 1);
}));

test('after a failed transaction nothing of it is left', () => inMemory(async (store) => {
  await durably(store, openRuns);
  const windows = new Windows();
  await durably(store, (tx) => ask(tx, windows, root, NOON, 'agent', 'tool_calls'));
  await assert.rejects(durably(store, async (tx) => {
    await begin(tx, windows, root, 'root/1', 'tool', 'search', NOON);
    throw new Error('the disk is full');
  }));
  windows.forget();
  assert.deepEqual(await durably(store, (tx) => ask(tx, windows, root, NOON, 'agent', 'tool_calls')), { starts: [], running: 0 });
}));

test('a question that is in memory is answered without the store', () => withRuns(async (tx) => {
  const windows = new Windows();
  await ask(tx, windows, root, NOON, 'agent', 'tool_calls');
  await begin(tx, windows, root, 'root/1', 'tool', 'search', NOON);
  const none: Tx = { all: () => Promise.reject(new Error('asked the store')), get: () => Promise.reject(new Error('asked the store')), run: () => Promise.reject(new Error('asked the store')) };
  assert.deepEqual(await ask(none, windows, root, NOON, 'agent', 'tool_calls'), { starts: [NOON], running: 1 });
  await assert.rejects(ask(none, windows, root, NOON, 'agent', 'llm_calls'), /asked the store/);
}));

test('a question outside a decision is no free pass, and an error of the decision is its own', () => withRuns(async (tx) => {
  const windows = new Windows();
  assert.throws(() => windows.host(root, NOON).starts('agent', 'runs'), /runs .* for the agent has not been read/);
  const host = windows.host(root, NOON);
  await assert.rejects(host.decided(tx, () => { throw new Error(`after ${host.starts('agent', 'runs').length}`); }), /after 0/);
  assert.equal(host.running('agent', 'runs'), 0);
}));

test('whatever happens, memory, a restart and counting by hand agree', async () => {
  const step = fc.record({
    do: fc.constantFrom('begin', 'begin', 'begin', 'finish', 'take back', 'ask'), run: fc.nat(RUNS.length - 1), kind: fc.constantFrom<ActionKind>('tool', 'llm', 'http', 'exec', 'spawn', 'file'),
    name: fc.constantFrom('a', 'b', 'sa', 'sb'), gap: fc.oneof(fc.nat(1_000), fc.constant(7 * 60 * 60_000), fc.constant(-20)), which: fc.nat(100),
  });
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => withRuns(async (tx) => {
    const windows = new Windows();
    const begun: { info: RunInfo; node: string; kind: ActionKind; name: string; at: number; over: boolean }[] = [];
    let now = NOON;
    for (const [index, { do: what, run, kind, name, gap, which }] of steps.entries()) {
      now += gap;
      const info = RUNS[run]!;
      const chosen = begun[which % Math.max(1, begun.length)];
      if (what === 'begin') {
        const node = `${info.id}/${index}`;
        await begin(tx, windows, info, node, kind, name, now);
        begun.push({ info, node, kind, name, at: now, over: false });
      } else if (what === 'ask') await answers(tx, windows, now);
      else if (chosen && !chosen.over) {
        chosen.over = true;
        if (what === 'finish') await finish(tx, windows, chosen.info, chosen.node, chosen.kind, chosen.name);
        else {
          await calls.update(tx, chosen.info.id, chosen.node, { state: 'refused' });
          await windows.takenBack(tx, chosen.info, chosen);
          begun.splice(begun.indexOf(chosen), 1);
        }
      }
    }
    const late = Math.max(now, ...begun.map(({ at }) => at));
    assert.deepEqual(await answers(tx, windows, late), await answers(tx, new Windows(), late));
    const mine = begun.filter(({ info, kind }) => info.workspace === '/w' && info.agent === 'researcher' && kind === 'tool');
    assert.deepEqual(await ask(tx, windows, root, late, 'agent', 'tool_calls'), { starts: mine.map(({ at }) => at).filter((at) => at > late - KEPT_MS).sort((a, b) => a - b), running: mine.filter(({ over }) => !over).length });
  })), { numRuns: 60 });
});

test('questions are answered from indexes', () => withRuns(async (tx) => {
  const plan = async (sql: string) => (await tx.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)).map(({ detail }) => detail).join('; ');
  const asked: string[] = [];
  const watching: Tx = { ...tx, all: (sql, ...params) => { asked.push(sql.replace(/\$\d+/g, "'x'")); return tx.all(sql, ...params); } };
  for (const by of COUNTED_BY) await ask(watching, new Windows(), root, NOON, by, 'tool_calls');
  for (const sql of asked) assert.doesNotMatch(await plan(sql), /SCAN (s|c|r)\b(?! USING INDEX runs_unfinished)/, sql);
}));
