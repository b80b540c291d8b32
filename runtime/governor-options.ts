// What a governor is opened with, and what opening a run gives.

import type { Scrub } from './shown.ts';
import type { Store } from './store/store.ts';

export interface GovernorOptions {
  readonly store: Store;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly scrub: Scrub;
}

export interface OpenedRun {
  readonly run: string;
  readonly token: string;
  /** What the person who starts it should know. */
  readonly warning?: string;
}
