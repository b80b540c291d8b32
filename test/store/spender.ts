// A process that spends money as fast as it can until it is killed: it says each step on standard output, one line, only once that step is durable.
// Arguments: path of the store, name of this life (part of every id), seed.

import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { FullarcError } from '../../protocol/control.ts';
import { Journal } from '../../runtime/journal.ts';
import { Ledger } from '../../runtime/ledger.ts';
import { openSqlite } from '../../runtime/store/sqlite.ts';
import { randomFrom } from './random.ts';

const [path = '', life = '', seed = '0'] = process.argv.slice(2);
const WORKERS = 16;
const random = randomFrom(Number(seed));
const store = openSqlite(path);
const ledger = new Ledger();
const journal = new Journal();
const say = (...words: readonly (string | number)[]): void => void writeSync(1, `${words.join(' ')}\n`);

/** A line on standard input lets the workers that met a failing store try again. */
const turns = createInterface(process.stdin)[Symbol.asyncIterator]();
let resumed: Promise<unknown> | undefined;

await Promise.all(Array.from({ length: WORKERS }, (_, worker) => spend(worker)));

async function spend(worker: number): Promise<never> {
  for (let call = 0; ; call++) {
    try {
      await spendOnce(`${life}-${worker}-${call}`);
    } catch (error) {
      if (!(error instanceof FullarcError)) throw error;
      say('failed', error.code, error.message);
      await (resumed ??= turns.next().then(() => { resumed = undefined; }));
    }
  }
}

async function spendOnce(hold: string): Promise<void> {
  const amount = 1 + Math.floor(random() * 300);
  const reserved = await store.transaction(async (tx) => {
    const answer = await ledger.reserve(tx, { hold, accounts: ['all', life], amounts: { usd_micro: amount, calls: 1 }, expiresAt: 1 });
    if (answer.ok) await journal.append(tx, 'run', 1, [{ type: 'run.state', state: 'running', reason: hold }]);
    return answer;
  }).durable;
  say(reserved.ok ? 'reserved' : 'refused', hold, amount);
  if (!reserved.ok) return;
  if (random() < 0.2) {
    await store.transaction((tx) => ledger.release(tx, hold)).durable;
    say('released', hold, 0);
    return;
  }
  const actual = Math.floor(random() * amount * 1.1);
  await store.transaction((tx) => ledger.settle(tx, hold, { usd_micro: actual })).durable;
  say('settled', hold, actual);
}
