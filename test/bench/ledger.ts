// Reserve and settle through the group commit, against one synced transaction for each on bare SQLite: what sharing an fsync is worth on this disk.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Ledger } from '../../runtime/ledger.ts';
import { MIGRATIONS } from '../../runtime/store/migrations.ts';
import { openSqlite } from '../../runtime/store/sqlite.ts';
import type { Tx, Value } from '../../runtime/store/store.ts';
import type { BenchResult } from './bench.ts';

export const ABOUT = 'Reserving and settling over four accounts, each step waited for until it is on disk. The baseline is bare SQLite with a synced transaction for each step, one after another.';

const ROUNDS = 3;
const WINDOW_MS = 700;
const IN_FLIGHT = [8, 64];
const ACCOUNTS = ['day:all', 'day:agent', 'tree', 'run'];
const ledger = new Ledger();

/** Pairs per second, each reserve and each settle waited for until it is on disk. The three take turns; medians. */
export async function run(): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-bench-'));
  try {
    const bares: number[] = [];
    const groups = IN_FLIGHT.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      bares.push(await bare(join(folder, `bare-${round}.db`)));
      for (const [index, inFlight] of IN_FLIGHT.entries()) groups[index]?.push(await grouped(join(folder, `grouped-${round}-${inFlight}.db`), inFlight));
    }
    const baseline = median(bares);
    return [
      { name: 'reserve and settle, a transaction each on bare SQLite', unit: 'pairs/s', value: baseline, ratio: 1, note: 'baseline' },
      ...IN_FLIGHT.map((inFlight, index) => {
        const value = median(groups[index] ?? []);
        return { name: `reserve and settle through the group commit, ${inFlight} in flight`, unit: 'pairs/s', value, ratio: value / baseline };
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function grouped(path: string, inFlight: number): Promise<number> {
  const store = openSqlite(path);
  try {
    await store.transaction(prepare).durable;
    return await pairsPerSecond(inFlight, async (hold) => {
      await store.transaction((tx) => reserve(tx, hold)).durable;
      await store.transaction((tx) => ledger.settle(tx, hold, { usd_micro: 60 })).durable;
    });
  } finally {
    await store.close();
  }
}

/** The same ledger and the same pragmas, without the store: BEGIN, the work, COMMIT, one after another. */
async function bare(path: string): Promise<number> {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    for (const migration of MIGRATIONS) database.exec(migration.sql);
    const view = bareTx(database);
    const commit = async (work: (tx: Tx) => Promise<unknown>): Promise<void> => {
      database.exec('BEGIN IMMEDIATE');
      await work({ ...view });
      database.exec('COMMIT');
    };
    await commit(prepare);
    return await pairsPerSecond(1, async (hold) => {
      await commit((tx) => reserve(tx, hold));
      await commit((tx) => ledger.settle(tx, hold, { usd_micro: 60 }));
    });
  } finally {
    database.close();
  }
}

async function pairsPerSecond(inFlight: number, pair: (hold: string) => Promise<void>): Promise<number> {
  const start = performance.now();
  let pairs = 0;
  const worker = async (name: number): Promise<void> => {
    for (let call = 0; performance.now() - start < WINDOW_MS; call++) {
      await pair(`${name}-${call}`);
      pairs++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, name) => worker(name)));
  return Math.round(pairs / ((performance.now() - start) / 1000));
}

async function prepare(tx: Tx): Promise<void> {
  for (const account of ACCOUNTS) await ledger.setLimit(tx, account, 'usd_micro', 1e12);
}

async function reserve(tx: Tx, hold: string): Promise<void> {
  const answer = await ledger.reserve(tx, { hold, accounts: ACCOUNTS, amounts: { usd_micro: 100, calls: 1 }, expiresAt: 1e12 });
  if (!answer.ok) throw new Error(`The reservation ${hold} was refused: ${answer.code}`);
}

function bareTx(database: DatabaseSync): Tx {
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const found = prepared.get(sql) ?? database.prepare(sql.replace(/\$(\d+)/g, '?$1'));
    prepared.set(sql, found);
    return found;
  };
  return {
    all: async <T>(sql: string, ...params: Value[]) => statement(sql).all(...params) as T[],
    get: async <T>(sql: string, ...params: Value[]) => statement(sql).get(...params) as T | undefined,
    run: async (sql, ...params) => Number(statement(sql).run(...params).changes),
  };
}
