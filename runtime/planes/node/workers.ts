// Worker threads: governed like the process that starts them, however little environment they are given.

import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';
import { identityVariables, withIdentity } from './identity.ts';
import type { Identity } from './identity.ts';

export function hookWorkers(identity: Identity, preload: string): void {
  Object.assign(workerThreads, {
    Worker: new Proxy(workerThreads.Worker, {
      construct: (target, [file, options, ...rest]: unknown[], newTarget) =>
        Reflect.construct(target, [file, governedOptions(options as WorkerOptions | undefined, identity, preload), ...rest], newTarget) as object,
    }),
  });
  syncBuiltinESMExports();
}

/** A worker without an environment of its own shares or copies the process's, so that one must be whole; its NODE_OPTIONS are already ours. */
function governedOptions(options: WorkerOptions | undefined, identity: Identity, preload: string): WorkerOptions {
  const env = options?.env;
  const own = typeof env === 'object' && env !== null ? withIdentity(env, identity, preload) : undefined;
  if (!own) Object.assign(process.env, identityVariables(identity));
  return { ...options, ...(own && { env: own }), execArgv: withRequire(options?.execArgv ?? process.execArgv, preload) };
}

function withRequire(execArgv: readonly string[], preload: string): string[] {
  return execArgv.includes(preload) ? [...execArgv] : [...execArgv, '--require', preload];
}
