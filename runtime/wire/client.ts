// A lasting connection to the governor: it reconnects, says hello again and repeats what was not answered. Calls are idempotent by their own keys, so a repeat is safe.

import { connect as connectSocket } from 'node:net';
import type { Socket } from 'node:net';
import type { AgentNotifications, AgentRequests } from '../../protocol/agent-wire.ts';
import { WIRE_VERSION } from '../../protocol/agent-wire.ts';
import type { ControlNotifications, ControlRequests } from '../../protocol/control.ts';
import { FullarcError } from '../../protocol/control.ts';
import { Peer } from './rpc.ts';
import type { Listeners, Params, Requests, Result } from './rpc.ts';

/** What a wire must have: a `hello` that carries version and token. */
export type Wire<R> = Requests<R> & { readonly hello: { readonly params: { readonly version: number; readonly token: string }; readonly result: unknown } };

/** `refused`: the token is wrong, nothing is tried again. `closed`: `close()` was called. */
export type WireState = 'connecting' | 'connected' | 'lost' | 'refused' | 'closed';

export interface WireOptions<R extends Wire<R>, N> {
  /** Path of the Unix socket or name of the pipe. */
  readonly socket: string;
  readonly token: string;
  /** The rest of the greeting. */
  readonly hello: Omit<Params<R, 'hello'>, 'version' | 'token'>;
  readonly onNotification?: Listeners<N>;
  readonly onState?: (state: WireState) => void;
  /** Awaited before every attempt: the launcher starts a dead governor here. A throw counts as a failed attempt. */
  readonly ensure?: () => Promise<void>;
  /** When true the connection keeps the process alive only while a call waits for its answer. */
  readonly background?: boolean;
  /** How long a call waits for a governor that cannot be reached, in milliseconds; without it, for ever. How long a governor that is there takes to answer is not limited. */
  readonly patienceMs?: number;
}

export interface WireClient<R extends Wire<R>> {
  readonly state: WireState;
  /** The newest answer to hello; waits for the first one. Rejects with `bad-token`, and with `unreachable` after `close()` or when patience ends. */
  hello(): Promise<Result<R, 'hello'>>;
  /** Waits through reconnections. Rejects with the governor's error, with the signal's reason, with `bad-token`, or with `unreachable` after `close()` or when patience ends. */
  call<M extends Exclude<keyof R & string, 'hello'>>(method: M, params: Params<R, M>, options?: { readonly signal?: AbortSignal }): Promise<Result<R, M>>;
  close(): void;
}

export const connectAgent = (options: WireOptions<AgentRequests, AgentNotifications>): WireClient<AgentRequests> => connect(options);
export const connectControl = (options: WireOptions<ControlRequests, ControlNotifications>): WireClient<ControlRequests> => connect(options);

/** Connects at once, in the background: calls may be made straight away. */
export function connect<R extends Wire<R>, N>(options: WireOptions<R, N>): WireClient<R> {
  return new Connection<R, N>(options);
}

/** Waits between attempts, in milliseconds: doubling from the first to the last. */
const FIRST_DELAY = 20;
const LAST_DELAY = 1000;

interface Call<R extends Wire<R>> {
  readonly method: Exclude<keyof R & string, 'hello'>;
  readonly params: unknown;
  readonly signal: AbortSignal | undefined;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

class Connection<R extends Wire<R>, N> implements WireClient<R> {
  readonly #options: WireOptions<R, N>;
  readonly #calls = new Set<Call<R>>();
  #state: WireState = 'connecting';
  #socket: Socket | undefined;
  #peer: Peer<R, N> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Runs while something waits and the governor is away. */
  #patience: NodeJS.Timeout | undefined;
  #awaited = 0;
  /** Why the last attempt to connect failed. */
  #trouble = '';
  #delay = FIRST_DELAY;
  #end: FullarcError | undefined;
  #greeting = deferred<Result<R, 'hello'>>();

  constructor(options: WireOptions<R, N>) {
    this.#options = options;
    void this.#attempt();
  }

  get state(): WireState {
    return this.#state;
  }

  async hello(): Promise<Result<R, 'hello'>> {
    this.#awaited++;
    this.#watch();
    try {
      return await this.#greeting.promise;
    } finally {
      this.#awaited--;
      this.#watch();
    }
  }

  call<M extends Exclude<keyof R & string, 'hello'>>(method: M, params: Params<R, M>, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Result<R, M>> {
    if (this.#end) return Promise.reject(this.#end);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise<unknown>((resolve, reject) => {
      const abort = (): void => done(() => reject(signal?.reason));
      const call: Call<R> = { method, params, signal, resolve: (result) => done(() => resolve(result)), reject: (error) => done(() => reject(error)) };
      const done = (settle: () => void): void => {
        signal?.removeEventListener('abort', abort);
        this.#calls.delete(call);
        this.#keepAlive();
        this.#watch();
        settle();
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#calls.add(call);
      this.#keepAlive();
      this.#watch();
      if (this.#state === 'connected') this.#send(call);
    });
  }

  close(): void {
    this.#finish('closed', new FullarcError('unreachable', 'The connection to the governor was closed by this program.', 'Connect again.'));
  }

  async #attempt(): Promise<void> {
    let failure: string | undefined;
    try {
      await this.#options.ensure?.();
      if (this.#end) return;
      const socket = connectSocket(this.#options.socket);
      socket.once('error', ({ message }) => { failure = message; });
      const peer = new Peer<R, N>(socket);
      this.#socket = socket;
      this.#peer = peer;
      this.#keepAlive();
      if (this.#options.onNotification) peer.listen(this.#options.onNotification);
      const { token, hello } = this.#options;
      this.#connected(peer, await peer.call('hello', { ...hello, version: WIRE_VERSION, token }));
    } catch (error) {
      if (error instanceof FullarcError && error.code === 'bad-token') this.#finish('refused', error);
      else {
        this.#trouble = failure ?? (error instanceof Error ? error.message : String(error));
        this.#lost();
      }
    }
  }

  #connected(peer: Peer<R, N>, greeting: Result<R, 'hello'>): void {
    if (this.#end) return;
    this.#delay = FIRST_DELAY;
    this.#greeting.resolve(greeting);
    this.#greeting = deferred();
    this.#greeting.resolve(greeting);
    peer.gone.addEventListener('abort', () => this.#lost(), { once: true });
    this.#enter('connected');
    for (const call of [...this.#calls]) this.#send(call);
    if (peer.closed) this.#lost();
  }

  /** A call whose connection is lost stays in the set and is sent again after the next hello. */
  #send(call: Call<R>): void {
    const peer = this.#peer;
    if (!peer) return;
    peer.call(call.method, call.params as Params<R, typeof call.method>, call.signal ? { signal: call.signal } : {}).then(
      (result) => call.resolve(result),
      (error: unknown) => {
        if (error instanceof FullarcError && error.code === 'shutting-down') peer.close();
        else if (!peer.closed) call.reject(error);
      },
    );
  }

  #lost(): void {
    if (this.#end || this.#timer) return;
    this.#peer?.close();
    this.#peer = undefined;
    this.#socket = undefined;
    this.#enter('lost');
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#attempt();
    }, this.#delay);
    this.#delay = Math.min(2 * this.#delay, LAST_DELAY);
    this.#keepAlive();
  }

  #finish(state: 'refused' | 'closed', why: FullarcError): void {
    if (this.#end) return;
    this.#end = why;
    clearTimeout(this.#timer);
    clearTimeout(this.#patience);
    this.#peer?.close();
    this.#greeting.reject(why);
    this.#enter(state);
    for (const call of [...this.#calls]) call.reject(why);
  }

  #enter(state: WireState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#watch();
    this.#options.onState?.(state);
  }

  #watch(): void {
    const { patienceMs } = this.#options;
    if (patienceMs === undefined || this.#end) return;
    const away = this.#state !== 'connected' && this.#calls.size + this.#awaited > 0;
    if (away) this.#patience ??= setTimeout(() => this.#giveUp(patienceMs), patienceMs);
    else {
      clearTimeout(this.#patience);
      this.#patience = undefined;
    }
  }

  /** Fails what waits. The connection goes on trying, for what is asked later. */
  #giveUp(patienceMs: number): void {
    this.#patience = undefined;
    const why = new FullarcError('unreachable', `the governor could not be reached for ${patienceMs / 1000} s, and nothing goes on without it${this.#trouble && ` (${this.#trouble})`}`,
      'Any `fullarc` command starts it, or says what keeps it from starting; then run the agent again.');
    this.#greeting.reject(why);
    this.#greeting = deferred();
    for (const call of [...this.#calls]) call.reject(why);
  }

  #keepAlive(): void {
    const needed = !this.#options.background || this.#calls.size > 0;
    for (const handle of [this.#socket, this.#timer]) needed ? handle?.ref() : handle?.unref();
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** `Promise.withResolvers` for the Node 18 and 20 that agents run on. A rejection nobody waits for is not an unhandled one. */
function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
