// The runs that are going on: found by their id, counted in memory, and brought back from the store after a restart or a failed transaction.

import { FullarcError } from '../protocol/control.ts';
import type { Breakers } from './breakers.ts';
import type { Calls } from './calls.ts';
import type { Journal } from './journal.ts';
import { LiveRun } from './live-run.ts';
import type { CallMark } from './policy/facts.ts';
import { runEnded } from './refusals.ts';
import type { Runs } from './runs.ts';
import type { Situation } from './spending.ts';
import type { Store, Tx } from './store/store.ts';
import type { Workspace } from './workspace.ts';

export interface LiveRunsParts {
  readonly store: Store;
  readonly clock: () => number;
  readonly runs: Runs;
  readonly journal: Journal;
  readonly calls: Calls;
  readonly breakers: Breakers;
  readonly workspace: (folder: string) => Promise<Workspace>;
}

/** How many of the newest runs the circuit breakers look back at after a restart. */
const RESTORED_OUTCOMES = 1000;

export class LiveRuns {
  readonly #parts: LiveRunsParts;
  readonly #live = new Map<string, LiveRun>();
  /** Runs that are being ended: nothing new is judged in them. */
  readonly #closing = new Map<string, Promise<void>>();

  constructor(parts: LiveRunsParts) {
    this.#parts = parts;
  }

  get(run: string): LiveRun | undefined {
    return this.#live.get(run);
  }

  /** True for a run in which something may still happen. */
  goesOn(run: string): boolean {
    return this.#live.has(run) && !this.#closing.has(run);
  }

  /** The run, when something may still happen in it. Throws `run-ended`. */
  running(run: string): LiveRun {
    const live = this.#live.get(run);
    if (!live || !this.goesOn(run)) throw runEnded(run);
    return live;
  }

  all(): readonly LiveRun[] {
    return [...this.#live.values()];
  }

  roots(): readonly LiveRun[] {
    return this.all().filter((live) => live.info.depth === 0);
  }

  /** The run and all below it. */
  tree(run: string): readonly LiveRun[] {
    return this.all().filter((live) => live.info.id === run || live.ancestors.includes(run));
  }

  add(live: LiveRun): void {
    this.#live.set(live.info.id, live);
  }

  /** Ends a run by `close`, once, however many ask for it; nothing is judged in it meanwhile. It goes on when `close` fails. */
  end(run: string, close: (live: LiveRun) => Promise<void>): Promise<void> {
    const live = this.#live.get(run);
    const going = this.#closing.get(run);
    if (!live || going) return going ?? Promise.resolve();
    const closed = close(live).then(() => void this.#live.delete(run)).finally(() => this.#closing.delete(run));
    this.#closing.set(run, closed);
    return closed;
  }

  /** A durable transaction about a run that goes on. */
  async judging<T>(run: string, work: (tx: Tx, at: Situation) => Promise<T>): Promise<T> {
    const live = this.running(run);
    const workspace = await this.#parts.workspace(live.info.workspace);
    return this.counting(live, (tx) => {
      this.running(run);
      return work(tx, this.situation(live, workspace));
    });
  }

  /** A durable transaction that counts in memory. When it fails, what was counted is read from the journal again before the run is judged next. */
  async counting<T>(live: LiveRun, work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await this.#parts.store.transaction(async (tx) => {
        if (live.stale) await this.#recount(tx, live);
        return work(tx);
      }).durable;
    } catch (error) {
      live.stale ||= !(error instanceof FullarcError) || error.code === 'store-failed';
      throw error;
    }
  }

  situation(live: LiveRun, { engine }: Workspace): Situation {
    const now = this.#parts.clock();
    return { live, engine, breakers: this.#parts.breakers.states(engine, live, now), now };
  }

  /** Brings back what was going on when the last governor ended. */
  async restore(tx: Tx): Promise<void> {
    const { runs, breakers } = this.#parts;
    const known = await runs.list(tx, { limit: RESTORED_OUTCOMES });
    for (const { state, steps, endedAt, ...info } of known.reverse()) if (endedAt !== undefined) breakers.restore(info, { state, steps, at: endedAt });
    for (const summary of await runs.unfinished(tx)) {
      const ancestors: string[] = [];
      for (let parent = summary.parent; parent; parent = (await runs.get(tx, parent))?.parent) ancestors.push(parent);
      const live = new LiveRun(summary, ancestors, summary.startedAt);
      live.killed = await runs.stopOf(tx, summary.id);
      await this.#recount(tx, live);
      this.add(live);
    }
  }

  async #recount(tx: Tx, live: LiveRun): Promise<void> {
    const { calls, journal } = this.#parts;
    const marks = (await calls.marks(tx, live.info.id)).map((mark) => JSON.parse(mark) as CallMark);
    live.recount(await journal.ofRun(tx, live.info.id), marks);
  }
}
