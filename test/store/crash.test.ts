// What survives: a process that is killed in the middle of spending, a write-ahead log that is cut or damaged, a disk that is full for a while.

import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Journal } from '../../runtime/journal.ts';
import { replayTransitions, transitions } from '../../runtime/ledger-replay.ts';
import { Ledger, type Transition } from '../../runtime/ledger.ts';
import { Runs } from '../../runtime/runs.ts';
import { openSqlite } from '../../runtime/store/sqlite.ts';
import type { Store, Tx } from '../../runtime/store/store.ts';
import { durably, inFolder, runInfo } from './fixtures.ts';
import { randomFrom } from './random.ts';

const SPENDER = fileURLToPath(new URL('./spender.ts', import.meta.url));
const LIMIT = 12_000;
const ledger = new Ledger();

test('kill -9 at any moment loses nothing that was acknowledged', () => inFolder(async (folder) => {
  const seed = 20260105;
  const random = randomFrom(seed);
  const path = await prepared(folder);
  for (let life = 1; life <= 10; life++) {
    await limit(path, `life${life}`);
    const killAfter = 1 + Math.floor(random() * 400);
    const said = await untilKilled(spawnSpender(path, `life${life}`, life), killAfter);
    await assertKept(path, said, `seed ${seed}, life ${life}, killed after ${killAfter} lines`);
  }
}));

test('a write-ahead log that is cut or damaged anywhere leaves an earlier state that is whole', () => inFolder(async (folder) => {
  const path = await prepared(folder);
  await untilKilled(spawnSpender(path, 'life', 7), 300);
  const log = readFileSync(`${path}-wal`);
  const random = randomFrom(11);
  const counts: number[] = [];
  for (let cut = 0; cut < 12; cut++) {
    const copy = join(folder, `copy${cut}.db`);
    const at = Math.floor(random() * log.length);
    const flipped = Buffer.from(log);
    flipped[at] = (flipped[at] ?? 0) ^ 0xff;
    copyFileSync(path, copy);
    writeFileSync(`${copy}-wal`, cut % 2 === 0 ? log.subarray(0, at) : flipped);
    const store = openSqlite(copy, { notice: (notice) => assert.fail(notice.message) });
    await durably(store, async (tx) => {
      await assertConsistent(tx, `log of ${log.length} bytes ${cut % 2 === 0 ? 'cut' : 'flipped'} at ${at}`);
      counts.push((await transitions(tx)).length);
    });
    await store.close();
  }
  assert.ok(Math.min(...counts) < Math.max(...counts), 'the cuts went through what was written');
}));

const LIMITS_FILES = spawnSync('prlimit', ['--version']).status === 0;
test('a disk that is full fails the calls, loses nothing, and is used again when there is room', { skip: !LIMITS_FILES && 'no prlimit on this machine' }, () => inFolder(async (folder) => {
  const path = await prepared(folder);
  await limit(path, 'life');
  const child = spawnSpender(path, 'life', 3, ['prlimit', `--fsize=${400_000}:unlimited`]);
  const said: Line[] = [];
  let settledAtFailure = -1;
  for await (const line of linesOf(child)) {
    if (line.kind === 'failed' && settledAtFailure < 0) {
      assert.match(line.text, /^failed store-failed The store .* (could not be read or written|has no room left)/);
      settledAtFailure = said.length;
      assert.equal(spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:unlimited']).status, 0);
      child.stdin.write('go on\n');
    }
    said.push(line);
    if (settledAtFailure >= 0 && said.slice(settledAtFailure).filter((each) => each.kind !== 'failed').length === 50) child.kill('SIGKILL');
  }
  assert.ok(settledAtFailure > 0, 'the limit was met');
  await assertKept(path, said, `full after ${settledAtFailure} lines`);
}));

interface Line {
  readonly kind: 'reserved' | 'refused' | 'released' | 'settled' | 'failed';
  readonly hold: string;
  readonly amount: number;
  readonly text: string;
}

async function prepared(folder: string): Promise<string> {
  const path = join(folder, 'state.db');
  const store = openSqlite(path);
  await durably(store, (tx) => new Runs().open(tx, runInfo('run'), 'token', 1));
  await store.close();
  return path;
}

async function limit(path: string, account: string): Promise<void> {
  const store = openSqlite(path);
  await durably(store, (tx) => ledger.setLimit(tx, account, 'usd_micro', LIMIT));
  await store.close();
}

type Spender = ChildProcessByStdio<Writable, Readable, null>;

function spawnSpender(path: string, life: string, seed: number, under: readonly string[] = []): Spender {
  const [command = process.execPath, ...args] = [...under, process.execPath, SPENDER, path, life, String(seed)];
  return spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Every line until the end, the last one dropped when the kill cut it. */
async function* linesOf(child: Spender): AsyncGenerator<Line> {
  for await (const text of createInterface(child.stdout)) {
    const [kind = '', hold = '', amount = ''] = text.split(' ');
    if (kind === 'failed') yield { kind, hold: '', amount: 0, text };
    else if (/^(reserved|refused|released|settled) \S+ \d+$/.test(text)) yield { kind: kind as Line['kind'], hold, amount: Number(amount), text };
  }
}

async function untilKilled(child: Spender, after: number): Promise<Line[]> {
  const exited = once(child, 'exit');
  const said: Line[] = [];
  for await (const line of linesOf(child)) if (said.push(line) === after) child.kill('SIGKILL');
  assert.deepEqual(await exited, [null, 'SIGKILL']);
  assert.ok(said.length >= after);
  return said;
}

async function assertKept(path: string, said: readonly Line[], when: string): Promise<void> {
  const store: Store = openSqlite(path, { notice: (notice) => assert.fail(notice.message) });
  await durably(store, async (tx) => {
    const history = await assertConsistent(tx, when);
    const kept = new Set(history.map((each) => `${each.kind} ${each.hold} ${each.amounts.usd_micro ?? 0}`));
    const kindOf = { reserved: 'reserve', settled: 'settle', released: 'release' } as const;
    for (const { kind, hold, amount } of said) {
      if (kind === 'reserved' || kind === 'settled' || kind === 'released') assert.ok(kept.has(`${kindOf[kind]} ${hold} ${amount}`), `${kind} ${hold} ${amount} was acknowledged and is lost (${when})`);
    }
  });
  await store.close();
}

/** The invariants of the ledger and the chain of the journal, on whatever state the file is in. */
async function assertConsistent(tx: Tx, when: string): Promise<readonly Transition[]> {
  assert.deepEqual({ ...(await tx.get('PRAGMA integrity_check') as object) }, { integrity_check: 'ok' }, when);
  const history = await transitions(tx);
  const replayed = replayTransitions(history);
  const accounts = [...new Set(replayed.map((each) => each.account))];
  assert.deepEqual(await ledger.balances(tx, accounts), replayed, when);
  for (const { account, limit: most, unit, reserved, spent, overrun } of replayed) {
    if (unit === 'usd_micro' && most !== undefined) assert.ok(spent + reserved - overrun <= most, `${account} is over its limit beyond overrun (${when})`);
  }
  const { broken, events } = await new Journal().verify(tx);
  assert.deepEqual(broken, [], when);
  assert.equal(events, history.filter((each) => each.kind === 'reserve').length, `a reserve and its event are one (${when})`);
  return history;
}
