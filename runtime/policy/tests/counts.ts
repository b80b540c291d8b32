// What began and what goes on in the world of a test, for whom: the counting half of its host.

import type { ActionKind } from '../../../protocol/action.ts';
import type { Counted, CountedBy, Host } from '../facts.ts';
import { nameMatcher } from '../globs.ts';

/** As long as the governor keeps starts: a day, and an hour in reserve. */
export const KEPT_MS = 25 * 3_600_000;

const KINDS: Readonly<Record<Counted, readonly ActionKind[]>> = {
  runs: ['run'],
  actions: ['llm', 'tool', 'retrieval', 'data', 'http', 'exec', 'file', 'message', 'memory', 'spawn'],
  llm_calls: ['llm'], tool_calls: ['tool'], http_requests: ['http'], commands: ['exec'], spawns: ['spawn'],
};

interface Entry {
  /** Kind of an action, or what a test says was counted. */
  readonly what: ActionKind | Counted;
  readonly name: string;
  readonly at: number;
  /** For whom it counts; absent means for everybody. */
  readonly by?: readonly CountedBy[];
}

/** A run without a fleet or a workflow is counted for its agent. */
export interface Subject {
  readonly fleet?: string;
  readonly workflow?: string;
}

export class Counts {
  readonly #subject: Subject;
  readonly #starts: Entry[] = [];
  readonly #running = new Set<Entry>();

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /** Something began. What is `going` is counted as such until it is given to `ended`. */
  began(entry: Entry, going: boolean): Entry {
    this.#starts.push(entry);
    if (going) this.#running.add(entry);
    return entry;
  }

  /** Goes on, and began too long ago to be counted. */
  goesOn(entry: Entry): void {
    this.#running.add(entry);
  }

  ended(entry: Entry | undefined): void {
    if (entry) this.#running.delete(entry);
  }

  host(now: () => number): Pick<Host, 'starts' | 'running'> {
    return {
      starts: (by, what, names) => {
        const matches = names === undefined ? undefined : nameMatcher(typeof names === 'string' ? [names] : names);
        return this.#starts.filter((entry) => this.#isOf(entry, by, what) && entry.at > now() - KEPT_MS && (matches?.(entry.name) ?? true)).map(({ at }) => at).sort((a, b) => a - b);
      },
      running: (by, what) => [...this.#running].filter((entry) => this.#isOf(entry, by, what)).length,
    };
  }

  /** Calls that go on of one kind. */
  going(kind: ActionKind): number {
    return [...this.#running].filter(({ what }) => what === kind).length;
  }

  #isOf({ what, by }: Entry, asked: CountedBy, counted: Counted): boolean {
    const { fleet, workflow } = this.#subject;
    const subject = (asked === 'fleet' && fleet === undefined) || (asked === 'workflow' && workflow === undefined) ? 'agent' : asked;
    return (what === counted || (KINDS[counted] as readonly string[]).includes(what)) && (by === undefined || by.includes(subject));
  }
}
