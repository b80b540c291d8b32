// The runs that are going on: found by their id, counted in memory, and brought back from the store after a restart or a failed transaction.

import { FullarcError } from '../protocol/control.ts';
import type { Breakers } from './breakers.ts';
import { EffectTotals } from './effects.ts';
import { hostOf, type Memories } from './host.ts';
import type { Calls } from './calls.ts';
import type { Journal } from './journal.ts';
import { LiveRun, type Surroundings } from './live-run.ts';
import type { CallMark } from './policy/facts.ts';
import { runEnded } from './refusals.ts';
import { RunPast } from './run-past.ts';
import type { Runs } from './runs.ts';
import type { Situation } from './spending.ts';
import type { Store, Tx } from './store/store.ts';
import type { Windows } from './windows.ts';
import type { Workspace } from './workspace.ts';

export interface LiveRunsParts {
  readonly store: Store;
  readonly clock: () => number;
  readonly runs: Runs;
  readonly journal: Journal;
  readonly calls: Calls;
  readonly breakers: Breakers;
  readonly windows: Windows;
  readonly memories: Memories;
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
    const closed = close(live).then(() => this.#over(live)).finally(() => this.#closing.delete(run));
    this.#closing.set(run, closed);
    return closed;
  }

  #over(live: LiveRun): void {
    this.#live.delete(live.info.id);
    if (live.info.depth > 0) this.#live.get(live.info.root)?.endedEffects.include(live.past.effects);
  }

  /** A durable transaction about a run that goes on. `plane` is where its action was intercepted. */
  async judging<T>(run: string, work: (tx: Tx, at: Situation) => Promise<T>, plane?: string): Promise<T> {
    const live = this.running(run);
    const workspace = await this.#parts.workspace(live.info.workspace);
    return this.counting(live, (tx) => {
      this.running(run);
      return work(tx, this.situation(live, workspace, plane));
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
      const failed = !(error instanceof FullarcError) || error.code === 'store-failed';
      live.stale ||= failed;
      if (failed) this.#parts.windows.forget();
      throw error;
    }
  }

  situation(live: LiveRun, { engine }: Pick<Workspace, 'engine'>, plane?: string): Situation {
    const now = this.#parts.clock();
    const up = live.ancestors.flatMap((id) => this.#live.get(id) ?? []);
    const asking = hostOf({ live, up, now, windows: this.#parts.windows, memories: this.#parts.memories });
    const around: Surroundings = {
      ancestors: up.map(({ info }) => info.agent), liveChildren: this.all().filter((each) => each.ancestors[0] === live.info.id).length, host: asking.host,
      treeEffects: () => this.#treeEffects(live), taint: () => taintOf(live, up), ...(plane !== undefined && { plane }),
    };
    return { live, engine, breakers: this.#parts.breakers.states(engine, live, now), now, around, asking };
  }

  #treeEffects({ info }: LiveRun): EffectTotals {
    const total = new EffectTotals();
    for (const live of this.#live.values()) if (live.info.root === info.root) total.include(live.past.effects);
    const root = this.#live.get(info.root);
    if (root) total.include(root.endedEffects);
    return total;
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
    for (const root of this.roots()) {
      for (const { id, endedAt } of await runs.tree(tx, root.info.id)) {
        if (endedAt === undefined) continue;
        const past = new RunPast();
        for (const event of await this.#parts.journal.ofRun(tx, id)) past.apply(event);
        root.endedEffects.include(past.effects);
      }
    }
  }

  async #recount(tx: Tx, live: LiveRun): Promise<void> {
    const { calls, journal } = this.#parts;
    const marks = (await calls.marks(tx, live.info.id)).map((mark) => JSON.parse(mark) as CallMark);
    live.recount(await journal.ofRun(tx, live.info.id), marks);
  }
}

/** What a run reads is as little vouched for as what its ancestors read before they spawned it. */
function taintOf(live: LiveRun, up: readonly LiveRun[]): readonly string[] {
  const own = [...live.past.taint];
  const inherited = up.flatMap(({ past }) => [...past.taint].map((each) => `parent:${each}`));
  return inherited.length === 0 ? own : [...new Set([...own, ...inherited])];
}
