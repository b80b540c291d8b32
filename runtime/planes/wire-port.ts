// The port of a plane over the governor's socket: compiles the pushed policies with the governor's own code, and knows when the run is stopped.

import type { AgentRequests, After, Before, HelloAnswer } from '../../protocol/agent-wire.ts';
import { FullarcError } from '../../protocol/control.ts';
import type { Engine } from '../policy/api.ts';
import { freshFacts, type Facts } from '../policy/facts.ts';
import { compilePolicies } from '../policy/index.ts';
import { connectAgent, type WireClient } from '../wire/client.ts';
import type { AgentPort, Held } from './port.ts';

export interface WirePort extends AgentPort {
  readonly stopped: AbortSignal;
  /** Rejects with `bad-token` when the run is not going on. */
  ready(): Promise<HelloAnswer>;
  close(): void;
}

export interface WirePortOptions {
  readonly socket: string;
  readonly token: string;
  /** Brings the governor back when it is gone. */
  readonly ensure?: () => Promise<void>;
}

/** Connects in the background; calls made before it is ready wait. */
export function connectPort({ socket, token, ensure }: WirePortOptions): WirePort {
  const stop = new AbortController();
  const held = new Map<string, (held: Held) => void>();
  const calls = new Map<string, Before>();
  let engine: Engine | undefined;
  let who: HelloAnswer | undefined;
  const client: WireClient<AgentRequests> = connectAgent({
    socket, token, ensure, hello: { pid: process.pid, part: 'gateway' },
    onNotification: {
      policies: ({ sources }) => { engine = compilePolicies(sources).engine; },
      held: (notice) => held.get(notice.key)?.(notice),
      stop: ({ reason }) => stop.abort(reason),
    },
    onState: (state) => { if (state === 'connected') void greet(); },
  });

  async function greet(): Promise<HelloAnswer> {
    who = await client.hello();
    engine = compilePolicies(who.policies.sources).engine;
    return who;
  }
  const ready = greet();
  ready.catch(() => {}); // whoever waits for it is told

  async function before(params: Before, signal?: AbortSignal, onHeld?: (held: Held) => void) {
    if (onHeld) held.set(params.key, onHeld);
    try {
      const asked = client.call('before', params);
      const answer = await abortable(asked, signal, () => void asked.then((late) => (late.go ? port.abandon(params.key) : undefined)).catch(() => {}));
      if (params.event.event === 'llm.before') calls.set(params.key, params);
      return answer;
    } finally {
      held.delete(params.key);
    }
  }

  async function after(params: After) {
    try {
      return await client.call('after', params);
    } catch (error) {
      const first = calls.get(params.key);
      if (!(error instanceof FullarcError) || error.code !== 'no-such-call' || !first) throw error;
      await client.call('before', first); // the governor died before the call was on disk: it is told again, so that the spending is not lost
      return client.call('after', params);
    } finally {
      calls.delete(params.key);
    }
  }

  const port: WirePort = {
    policies: () => engine ?? compilePolicies([]).engine,
    facts: (): Facts => freshFacts({ agent: who?.agent, fleet: who?.fleet, workflow: who?.workflow, user: who?.user, now: Date.now() }),
    stopped: stop.signal,
    before,
    after,
    progress: (params) => client.call('progress', params),
    abandon: async (key) => void (await client.call('abandon', { key })),
    ready: () => ready,
    close: () => client.close(),
  };
  return port;
}

/** The promise, or a rejection with the signal's reason as soon as it aborts; `left` is then called. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined, left: () => void): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      left();
      reject(signal.reason);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
