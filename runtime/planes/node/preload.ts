// Entry of the preload: `node --require dist/preload.cjs`. Bundled to one CommonJS file for Node 18 to 26; without an identity in the environment it does nothing.

import { workerData } from 'node:worker_threads';
import { govern } from './govern.ts';
import { readIdentity } from './identity.ts';
import { serveSyncThread } from './sync-thread.ts';
import { SYNC_THREAD } from './sync-wire.ts';
import type { ThreadData } from './sync-wire.ts';

/** Set once per thread: two paths to the same preload must not hook everything twice. */
const LOADED = Symbol.for('fullarc.preload');

const thread = workerData as Partial<ThreadData> | null;
const identity = readIdentity(process.env);
if (thread?.kind === SYNC_THREAD) serveSyncThread(thread as ThreadData);
else if (identity && !(LOADED in globalThis)) {
  Object.defineProperty(globalThis, LOADED, { value: true });
  govern(identity, __filename);
}
