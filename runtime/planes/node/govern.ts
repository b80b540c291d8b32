// Puts a process under its governor: every plane of the preload, composed.

import { isMainThread } from 'node:worker_threads';
import { hookChildProcess } from './child-process.ts';
import { openGovernor } from './governor.ts';
import type { Identity } from './identity.ts';
import { hookNodeHttp } from './node-http.ts';
import { Redirects } from './redirects.ts';
import { syncGovernor } from './sync.ts';
import { hookUndici } from './undici.ts';
import { hookWorkers } from './workers.ts';

/** `preload` is the path of the bundle, which children and workers load as well. */
export function govern(identity: Identity, preload: string): void {
  const say = (message: string): void => void (isMainThread && process.stderr.write(`fullarc: ${message}\n`));
  const governor = openGovernor(identity, {
    onRefused: say,
    onOrphaned: (reason) => {
      say(`this process ends: ${reason}`);
      if (isMainThread) endSelf();
    },
  });
  const http = { governor, redirects: new Redirects(), ...(identity.gateway && { gateway: identity.gateway }) };
  const processes = syncGovernor(identity, preload);
  hookNodeHttp(http);
  hookUndici(http);
  hookChildProcess({ identity, preload, governor: processes });
  hookWorkers(identity, preload);
}

/** How long this process may take to end by itself, in milliseconds. */
const GRACE_MS = 3_000;

function endSelf(): void {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
  process.kill(process.pid, 'SIGTERM');
}
