// What began in the last 25 hours and what is going on, for whom: kept in memory for the questions that policies ask, and read from the store when they are asked for the first time.

import type { ActionKind } from '../protocol/action.ts';
import type { RunInfo } from '../protocol/run-graph.ts';
import { COUNTED_BY, type Counted, type CountedBy, type Host } from './policy/facts.ts';
import { nameMatcher } from './policy/globs.ts';
import { placeholders, type Tx, type Value } from './store/store.ts';

const HOUR_MS = 60 * 60_000;
/** A day, and an hour by which a clock may be set back without anything being forgotten. */
export const KEPT_MS = 25 * HOUR_MS;

/** An action that may go on. */
export interface Started {
  /** The node of the graph that stands for it: one for every start. */
  readonly node: string;
  readonly kind: ActionKind;
  /** Tool, model, host, program or agent, as `nameOf` gives it. */
  readonly name: string;
  /** When it was let go, in milliseconds since the epoch. */
  readonly at: number;
}

/** The part of a `Host` that counts, for one run at one moment. Asked outside `decided` for what is not in memory, it throws: a check without an answer refuses. */
export interface Counts extends Pick<Host, 'starts' | 'running'> {
  /** Decides, reads from the store what the decision asked for and was not in memory, and decides again if there was any. `decide` must be pure. */
  decided<T>(tx: Tx, decide: () => T): Promise<T>;
}

/** One question and its answer, kept up to date. */
interface Tally {
  readonly by: CountedBy;
  readonly what: Counted;
  readonly matches: (name: string) => boolean;
  /** Ascending. Undefined, as `running` is, until it was read. */
  starts: number[] | undefined;
  running: Set<string> | undefined;
}

type Read = Tally & { readonly starts: number[]; readonly running: Set<string> };
const isRead = (tally: Tally): tally is Read => tally.starts !== undefined && tally.running !== undefined;

export class Windows {
  /** By subject, then by question. A tally without an answer was asked for in a decision that has to be made again. */
  readonly #tallies = new Map<string, Map<string, Tally>>();
  #lastPass = 0;

  /** What the run can ask. Answers are those of the last 25 hours before `now`, and a run without a fleet or a workflow is counted for its agent. */
  host(info: RunInfo, now: number): Counts {
    const missing = new Set<Tally>();
    const ask = (by: CountedBy, what: Counted, names?: string | readonly string[]): Read => {
      const tally = this.#tally(info, by, what, names);
      if (isRead(tally)) return tally;
      missing.add(tally);
      throw new Error(`how many ${what} began or go on for the ${by} has not been read from the store`);
    };
    return {
      starts: (by, what, names) => trimmed(ask(by, what, names).starts, now - KEPT_MS),
      running: (by, what) => ask(by, what).running.size,
      decided: async (tx, decide) => {
        for (;;) {
          const decision = attempt(decide);
          if (missing.size === 0) return decision();
          for (const tally of missing) await load(tx, tally, info, now);
          missing.clear();
        }
      },
    };
  }

  /** An action was let go, in the transaction that says so; if that transaction fails, `forget`. Told twice, it counts once. */
  async started(tx: Tx, info: RunInfo, { node, kind, name, at }: Started): Promise<void> {
    await this.#pass(tx, at);
    const added = await tx.run('INSERT INTO starts (kind, at, node, run, name) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, at, node) DO NOTHING', kind, at, node, info.id, name);
    if (added === 0) return;
    for (const tally of this.#about(info, kind, name)) {
      if (tally.starts) insert(tally.starts, at);
      tally.running?.add(node);
    }
  }

  /** An action is over, however it ended. It stays among those that began. Told twice, or of one that never began, it changes nothing. */
  ended(info: RunInfo, { node, kind, name }: Omit<Started, 'at'>): void {
    for (const tally of this.#about(info, kind, name)) tally.running?.delete(node);
    if (kind !== 'run') return;
    this.#tallies.delete(who(info, 'run'));
    if (info.id === info.root) this.#tallies.delete(who(info, 'tree'));
  }

  /** An action was let go and then taken back before anybody knew: it never began. */
  async takenBack(tx: Tx, info: RunInfo, { node, kind, name, at }: Started): Promise<void> {
    if (await tx.run('DELETE FROM starts WHERE kind = $1 AND at = $2 AND node = $3', kind, at, node) === 0) return;
    for (const tally of this.#about(info, kind, name)) {
      const index = tally.starts?.lastIndexOf(at) ?? -1;
      if (index >= 0) tally.starts?.splice(index, 1);
      tally.running?.delete(node);
    }
  }

  /** Drops everything from memory, as after a failed transaction: what is asked for next comes from the store. */
  forget(): void {
    this.#tallies.clear();
  }

  #tally(info: RunInfo, asked: CountedBy, what: Counted, names: string | readonly string[] | undefined): Tally {
    const by = subjectOf(info, asked);
    const key = who(info, by);
    const question = names === undefined ? what : `${what}\n${typeof names === 'string' ? names : names.join('\n')}`;
    const tallies = this.#tallies.get(key) ?? new Map<string, Tally>();
    const known = tallies.get(question);
    if (known) return known;
    const tally: Tally = { by, what, matches: names === undefined ? () => true : nameMatcher(typeof names === 'string' ? [names] : names), starts: undefined, running: undefined };
    this.#tallies.set(key, tallies.set(question, tally));
    return tally;
  }

  /** The tallies in which an action of this run counts. */
  *#about(info: RunInfo, kind: ActionKind, name: string): Generator<Tally> {
    for (const by of COUNTED_BY) {
      if (subjectOf(info, by) !== by) continue;
      for (const tally of this.#tallies.get(who(info, by))?.values() ?? []) if (KINDS[tally.what].includes(kind) && tally.matches(name)) yield tally;
    }
  }

  /** Removes what is too old to be asked for, about once an hour. */
  async #pass(tx: Tx, now: number): Promise<void> {
    if (now - this.#lastPass < HOUR_MS) return;
    this.#lastPass = now;
    for (const kind of [...KINDS.runs, ...KINDS.actions]) await tx.run('DELETE FROM starts WHERE kind = $1 AND at <= $2', kind, now - KEPT_MS);
  }
}

const KINDS: Readonly<Record<Counted, readonly ActionKind[]>> = {
  runs: ['run'],
  actions: ['llm', 'tool', 'retrieval', 'data', 'http', 'exec', 'file', 'message', 'memory', 'spawn'],
  llm_calls: ['llm'],
  tool_calls: ['tool'],
  http_requests: ['http'],
  commands: ['exec'],
  spawns: ['spawn'],
};

/** What a run does not have cannot be counted for. */
function subjectOf(info: RunInfo, by: CountedBy): CountedBy {
  return (by === 'fleet' && info.fleet === undefined) || (by === 'workflow' && info.workflow === undefined) ? 'agent' : by;
}

/** How a subject is found among the runs: the columns that have to be equal. Names count within their workspace, as in the ledger. */
function subject(info: RunInfo, by: CountedBy): Readonly<Record<string, Value>> {
  const { workspace } = info;
  switch (by) {
    case 'run': return { id: info.id };
    case 'tree': return { root: info.root };
    case 'agent': return { workspace, agent: info.agent };
    case 'workflow': return { workspace, workflow: info.workflow ?? null };
    case 'fleet': return { workspace, fleet: info.fleet ?? null };
    case 'user': return { workspace, person: info.user };
    case 'all': return { workspace };
  }
}

const who = (info: RunInfo, by: CountedBy): string => JSON.stringify([by, ...Object.values(subject(info, by))]);

async function load(tx: Tx, tally: Tally, info: RunInfo, now: number): Promise<void> {
  const kinds = KINDS[tally.what];
  const columns = Object.entries(subject(info, tally.by));
  const values = [...kinds, ...columns.map(([, value]) => value)];
  const belongs = `kind IN (${placeholders(kinds.length)}) AND ${columns.map(([column], index) => `r.${column} = $${kinds.length + index + 1}`).join(' AND ')}`;
  // A run or a tree has few starts, found by its runs; anybody else's are found by their time. SQLite joins in the order that CROSS JOIN gives.
  const order = tally.by === 'run' || tally.by === 'tree' ? 'runs AS r CROSS JOIN starts AS s' : 'starts AS s CROSS JOIN runs AS r';
  const started = await tx.all<{ name: string; at: number }>(`SELECT s.name, s.at FROM ${order} WHERE s.run = r.id AND s.${belongs} AND s.at > $${values.length + 1} ORDER BY s.at`, ...values, now - KEPT_MS);
  tally.starts = started.filter(({ name }) => tally.matches(name)).map(({ at }) => at);
  // Names the condition of the index `calls_open` as it stands there: only then is it used.
  const going = await tx.all<{ name: string; node: string }>(`SELECT c.name, c.node FROM runs AS r CROSS JOIN calls AS c WHERE r.ended_at IS NULL AND c.run = r.id AND c.state IN ('held', 'running') AND c.state = 'running' AND c.${belongs}`, ...values);
  tally.running = new Set(going.filter(({ name }) => tally.matches(name)).map(({ node }) => node));
}

/** Puts a time in its place; the last, unless the clock was set back. */
function insert(times: number[], at: number): void {
  let index = times.length;
  while (index > 0 && times[index - 1]! > at) index--;
  times.splice(index, 0, at);
}

function trimmed(times: number[], since: number): readonly number[] {
  let old = 0;
  while (old < times.length && times[old]! <= since) old++;
  if (old > 0) times.splice(0, old);
  return times;
}

/** What came of it, to be had later: its value or its error. */
function attempt<T>(work: () => T): () => T {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => { throw error; };
  }
}
