// What the main thread and the thread that can wait for it say to one another. The thread holds a connection of its own, so that a blocked program still gets its answer.

import type { MessagePort } from 'node:worker_threads';
import type { BeforeAnswer } from '../../../protocol/agent-wire.ts';
import type { ExecCall, RunOutcome } from '../../../protocol/action.ts';
import type { Identity } from './identity.ts';

/** Marks the thread's start-up data, by which the preload knows that it is that thread. */
export const SYNC_THREAD = 'fullarc.sync-thread';

export interface ThreadData {
  readonly kind: typeof SYNC_THREAD;
  readonly identity: Omit<Identity, 'gateway'>;
  readonly port: MessagePort;
  /** Raised to 1 after each reply, for `Atomics.wait`. */
  readonly bell: Int32Array<SharedArrayBuffer>;
}

/** What became of a process. */
export interface Ended {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly outcome: RunOutcome;
  /** Which of its bounds it was stopped at. */
  readonly stopped?: 'timeout' | 'output';
}

export type ToThread = { readonly key: string } & (
  /** `patient`: the asker waits however long it takes. Otherwise it is told when a person has to decide. */
  | { readonly ask: 'start'; readonly call: ExecCall; readonly patient: boolean }
  | { readonly ask: 'ended'; readonly ended: Ended }
  | { readonly ask: 'cancel' }
);

export type FromThread = { readonly key: string } & (
  | { readonly say: 'answer'; readonly answer: BeforeAnswer }
  /** No answer yet; it comes later. */
  | { readonly say: 'later' }
  | { readonly say: 'recorded' }
);
