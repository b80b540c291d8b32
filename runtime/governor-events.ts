// What the governor tells those who watch.

import type { PolicySnapshot } from '../protocol/agent-wire.ts';
import type { PolicyStatus } from '../protocol/control.ts';
import type { RunEvent } from '../protocol/run-graph.ts';

export interface GovernorEvents {
  event(event: RunEvent, workspace: string): void;
  policies(status: PolicyStatus): void;
  /** The policies of a run's workspace were swapped. */
  swapped(workspace: string, policies: PolicySnapshot): void;
  /** Stop what is in flight in this run. */
  stop(run: string, reason: string): void;
  /** A call of this run waits for a person. */
  held(run: string, key: string, gate: string, message: string): void;
  /** The run is over; its processes have nothing left to ask. */
  closed(run: string): void;
  /** Something failed that nobody waits for. */
  trouble(message: string): void;
}

/** Those who watch a governor. */
export class Watchers {
  readonly #listeners = new Set<Partial<GovernorEvents>>();

  listen(listener: Partial<GovernorEvents>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell<K extends keyof GovernorEvents>(what: K, ...args: Parameters<GovernorEvents[K]>): void {
    for (const listener of this.#listeners) (listener[what] as ((...each: Parameters<GovernorEvents[K]>) => void) | undefined)?.(...args);
  }

  trouble(what: string, error: unknown): void {
    this.tell('trouble', `${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
