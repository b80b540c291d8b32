// The port of a plane over the governor's socket: compiles the pushed policies with the governor's own code, and knows when the run is stopped.

import type { AgentRequests, Before, HelloAnswer } from '../../protocol/agent-wire.ts';
import type { Engine } from '../policy/api.ts';
import { freshFacts, type Facts } from '../policy/facts.ts';
import { createCompiler } from '../policy/compiler.ts';
import { connectAgent, type WireClient } from '../wire/client.ts';
import type { AgentPort, Held } from './port.ts';

export interface WirePort extends AgentPort {
  readonly stopped: AbortSignal;
  /** Rejects with `bad-token` when the run is not going on. */
  ready(): Promise<HelloAnswer>;
  /** Resolves once no model call is on its way whose end was not reported. */
  idle(): Promise<void>;
  close(): void;
}

export interface WirePortOptions {
  readonly socket: string;
  readonly token: string;
  /** Brings the governor back when it is gone. */
  readonly ensure?: () => Promise<void>;
  /** How long a call waits for a governor that cannot be reached, in milliseconds. */
  readonly patienceMs?: number;
  /** The run is over or was never there: the port answers nothing any more. */
  readonly onRefused?: () => void;
}

/** Connects in the background; calls made before it is ready wait. */
export function connectPort({ socket, token, ensure, patienceMs, onRefused }: WirePortOptions): WirePort {
  const stop = new AbortController();
  const held = new Map<string, (held: Held) => void>();
  /** Callers that wait for, or were told, that the call with this key may go on, and have not reported its end. */
  const callers = new Map<string, number>();
  /** Model calls that were let go and have not reported. */
  const models = new Set<string>();
  const watchers = new Set<() => void>();
  const compile = createCompiler();
  let engine: Engine | undefined;
  let who: HelloAnswer | undefined;
  const client: WireClient<AgentRequests> = connectAgent({
    socket, token, ensure, patienceMs, hello: { pid: process.pid, part: 'gateway' },
    onNotification: {
      policies: ({ sources }) => { engine = compile(sources).engine; },
      held: (notice) => held.get(notice.key)?.(notice),
      stop: ({ reason }) => stop.abort(reason),
    },
    onState: (state) => {
      if (state === 'connected') greet().catch(() => {}); // whoever calls is told
      if (state === 'refused') onRefused?.();
    },
  });

  async function greet(): Promise<HelloAnswer> {
    who = await client.hello();
    engine = compile(who.policies.sources).engine;
    return who;
  }

  const leave = (key: string): number => {
    const left = (callers.get(key) ?? 1) - 1;
    if (left) callers.set(key, left);
    else callers.delete(key);
    return left;
  };
  const over = (key: string): void => {
    callers.delete(key);
    models.delete(key);
    if (!models.size) for (const tell of watchers) tell();
  };

  async function before(params: Before, signal?: AbortSignal, onHeld?: (held: Held) => void) {
    const { key } = params;
    if (onHeld) held.set(key, onHeld);
    callers.set(key, (callers.get(key) ?? 0) + 1);
    const asked = client.call('before', params);
    /** An answer that comes too late is given back, unless another caller with the same key goes on with it. */
    const giveBack = async (): Promise<void> => {
      const late = await asked;
      if (!leave(key) && late.go) await port.abandon(key);
    };
    try {
      const answer = await abortable(asked, signal, () => void giveBack().catch(() => {}));
      if (!answer.go) leave(key);
      else if (params.event.event === 'llm.before') models.add(key);
      return answer;
    } catch (error) {
      if (!signal?.aborted) leave(key);
      throw error;
    } finally {
      held.delete(key);
    }
  }

  const port: WirePort = {
    policies: () => engine ??= compile([]).engine,
    facts: (): Facts => freshFacts({ agent: who?.agent, fleet: who?.fleet, workflow: who?.workflow, user: who?.user, plane: 'gateway', now: Date.now() }),
    stopped: stop.signal,
    before,
    after: (params) => client.call('after', params).finally(() => over(params.key)),
    progress: (params) => client.call('progress', params),
    abandon: (key) => client.call('abandon', { key }).then(() => {}).finally(() => over(key)),
    ready: greet,
    idle: () => new Promise((resolve) => {
      if (!models.size) return resolve();
      const tell = (): void => (watchers.delete(tell), resolve());
      watchers.add(tell);
    }),
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
