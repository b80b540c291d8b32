// The journal of runs: every event in order, chained by hashes, so that a change, a gap or a missing end shows.
// Whoever owns the machine can rewrite a whole chain; only a copy of its head kept elsewhere shows that.

import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { FullarcError } from '../protocol/control.ts';
import type { RunEvent, RunFact } from '../protocol/run-graph.ts';
import { placeholders, type Tx, type Value } from './store/store.ts';

export interface Verification {
  readonly runs: number;
  readonly events: number;
  readonly broken: readonly Break[];
}
export interface Break {
  readonly run: string;
  readonly seq: number;
  readonly message: string;
}

export class Journal {
  /**
   * Appends the facts as events of the run, which must be open in the table of runs (`no-such-run` otherwise).
   * `at` is milliseconds since the epoch; an event is never dated before the one it follows, so that a clock set back does not reorder a run.
   */
  async append(tx: Tx, run: string, at: number, facts: readonly RunFact[]): Promise<RunEvent[]> {
    const head = await tx.get<Head>('SELECT events, head_hash, head_at FROM runs WHERE id = $1', run);
    if (!head) throw new FullarcError('no-such-run', `There is no run ${run}.`, 'Open the run first; a run of another data folder is not known here.');
    if (facts.length === 0) return [];
    const appended: RunEvent[] = [];
    const rows: Value[] = [];
    const time = Math.max(at, head.head_at);
    let hash = head.head_hash;
    for (const fact of facts) {
      const { event, body } = canonical({ run, seq: head.events + appended.length, at: time, ...fact });
      hash = chain(hash, body);
      rows.push(run, event.seq, time, body, hash);
      appended.push(event);
    }
    for (let from = 0; from < rows.length; from += MOST_ROWS * WIDTH) {
      const some = rows.slice(from, from + MOST_ROWS * WIDTH);
      await tx.run(`INSERT INTO events (run, seq, at, body, hash) VALUES ${Array.from({ length: some.length / WIDTH }, (_, row) => `(${placeholders(WIDTH, row * WIDTH + 1)})`).join(', ')}`, ...some);
    }
    await tx.run('UPDATE runs SET events = events + $2, head_hash = $3, head_at = $4 WHERE id = $1', run, appended.length, hash, time);
    return appended;
  }

  /** All events of the whole tree that holds `run`, ordered by time, then run, then sequence. Empty for a run that is not known. */
  async tree(tx: Tx, run: string): Promise<RunEvent[]> {
    const rows = await tx.all<{ body: string }>(
      'SELECT events.body AS body FROM runs JOIN events ON events.run = runs.id WHERE runs.root = (SELECT root FROM runs WHERE id = $1) ORDER BY events.at, events.run, events.seq', run);
    return rows.map((row) => JSON.parse(row.body) as RunEvent);
  }

  /** All events of one run, in order. */
  async ofRun(tx: Tx, run: string): Promise<RunEvent[]> {
    return (await tx.all<{ body: string }>('SELECT body FROM events WHERE run = $1 ORDER BY seq', run)).map((row) => JSON.parse(row.body) as RunEvent);
  }

  /** Recomputes the chain of one run, or of all but those whose records were removed when their time was over. It holds the store while it reads, about three seconds for a million events: callers that must stay responsive verify run by run. */
  async verify(tx: Tx, run?: string): Promise<Verification> {
    const runs = await tx.all<Head & { id: string }>(`SELECT id, events, head_hash, head_at FROM runs WHERE purged_at IS NULL ${run === undefined ? '' : 'AND id = $1'} ORDER BY started_at, id`, ...(run === undefined ? [] : [run]));
    let events = 0;
    const broken: Break[] = [];
    for (const head of runs) {
      const check = await verifyRun(tx, head.id, head);
      events += check.events;
      broken.push(...check.broken);
    }
    return { runs: runs.length, events, broken };
  }
}

/** Columns of an event, and rows that one statement inserts. */
const WIDTH = 5;
const MOST_ROWS = 16;

interface Head {
  readonly events: number;
  readonly head_hash: string | null;
  readonly head_at: number;
}
interface EventRow {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
  readonly hash: string;
}

async function verifyRun(tx: Tx, run: string, head: Head): Promise<{ events: number; broken: Break[] }> {
  const broken: Break[] = [];
  let next = 0;
  let events = 0;
  let hash: string | null = null;
  for (let page = await readPage(tx, run, 0); page.length > 0; page = await readPage(tx, run, next)) {
    for (const row of page) {
      const message = flaw(run, row, next, hash);
      if (message !== undefined) broken.push({ run, seq: row.seq, message });
      next = row.seq + 1;
      hash = row.hash;
      events++;
    }
  }
  if (next !== head.events) broken.push({ run, seq: next, message: `the run counts ${head.events} events, those stored go up to ${next}: events are missing at the end, or were added` });
  else if (hash !== head.head_hash) broken.push({ run, seq: Math.max(0, next - 1), message: 'the last event is not the one that the run ended its chain with' });
  return { events, broken };
}

/** What is wrong with a row that should be number `expected` after an event with the hash `previous`; undefined when nothing is. */
function flaw(run: string, row: EventRow, expected: number, previous: string | null): string | undefined {
  if (row.seq !== expected) return `events ${expected} to ${row.seq - 1} are missing`;
  if (row.hash !== chain(previous, row.body)) return 'the event was changed or moved: its hash does not follow from it and the event before';
  const body = parse(row.body);
  if (body?.run !== run || body.seq !== row.seq || body.at !== row.at) return 'the row and the event in it disagree about run, number or time';
  return undefined;
}

function parse(body: string): Partial<RunEvent> | undefined {
  try {
    return JSON.parse(body) as Partial<RunEvent>;
  } catch {
    return undefined;
  }
}

const readPage = (tx: Tx, run: string, from: number): Promise<EventRow[]> =>
  tx.all<EventRow>('SELECT seq, at, body, hash FROM events WHERE run = $1 AND seq >= $2 ORDER BY seq LIMIT 1000', run, from);

/** h(n) = SHA-256(h(n-1) || canonical JSON of the event), in hex; h(-1) is 32 zero bytes. */
function chain(previous: string | null, body: string): string {
  return createHash('sha256').update(previous === null ? START : Buffer.from(previous, 'hex')).update(body).digest('hex');
}
const START = Buffer.alloc(32);

/** The event with its canonical form (RFC 8785). What JSON cannot carry exactly (half a surrogate pair from a text that was cut, NaN in a reason) is replaced, and the event returned is the one stored. */
function canonical(event: RunEvent): { event: RunEvent; body: string } {
  try {
    return { event, body: canonicalize(event) ?? '' };
  } catch {
    const mended = mend(event) as RunEvent;
    return { event: mended, body: canonicalize(mended) ?? '' };
  }
}

function mend(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  if (Array.isArray(value)) return value.map(mend);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toWellFormed(), mend(inner)]));
}
