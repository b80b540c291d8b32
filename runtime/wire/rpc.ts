// One end of a connection: newline-delimited JSON-RPC 2.0 over any duplex stream, typed by message maps. The client calls and listens, the governor handles and notifies.

import type { Duplex } from 'node:stream';
import { FullarcError } from '../../protocol/control.ts';
import { lineCutter } from './lines.ts';
import { errorLine, notificationLine, parseMessage, receivedError, requestLine, resultLine } from './message.ts';
import type { Id, Message } from './message.ts';

/** A map of requests: the key is the method, the value its parameters and result. */
export type Requests<R> = { readonly [M in keyof R]: { readonly params: unknown; readonly result: unknown } };
export type Params<R extends Requests<R>, M extends keyof R> = R[M]['params'];
export type Result<R extends Requests<R>, M extends keyof R> = R[M]['result'];

/** What answers requests. A throw becomes an error of this one request. `signal` aborts when the connection is gone. */
export type Handlers<R extends Requests<R>> = { readonly [M in keyof R]: (params: Params<R, M>, signal: AbortSignal) => Result<R, M> | Promise<Result<R, M>> };
export type Listeners<N> = { readonly [M in keyof N]?: (params: N[M]) => void };

/** Bytes of what was written that the other side may leave unread. */
const MOST_UNREAD = 64 * 1024 * 1024;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/**
 * A malformed line is answered with `bad-message` and ends the connection; an unknown method is answered with `unknown-method` and does not.
 * Once the connection is gone, open and later calls fail with `unreachable`.
 */
export class Peer<R extends Requests<R>, N> {
  readonly #stream: Duplex;
  readonly #waiting = new Map<Id, Waiting>();
  readonly #gone = new AbortController();
  #handlers: Partial<Handlers<R>> = {};
  #listeners: Listeners<N> = {};
  #lastId = 0;

  constructor(stream: Duplex, maxLine?: number) {
    this.#stream = stream;
    const cut = lineCutter(maxLine);
    stream.on('data', (chunk: Buffer) => {
      if (this.closed) return;
      const lines = cut(chunk);
      if (lines) for (const line of lines) this.#receive(line);
      else this.#fail('a line is too long');
    });
    stream.on('error', () => this.close());
    stream.on('end', () => this.close());
    stream.on('close', () => this.close());
  }

  /** Aborts when the connection is gone, for whatever reason. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get closed(): boolean {
    return this.#gone.signal.aborted;
  }

  /** Answers requests from now on; a later table adds to the earlier ones. */
  handle(handlers: Partial<Handlers<R>>): void {
    this.#handlers = { ...this.#handlers, ...handlers };
  }

  listen(listeners: Listeners<N>): void {
    this.#listeners = { ...this.#listeners, ...listeners };
  }

  /** Rejects with the other side's `FullarcError`, with `unreachable` when the connection ends first, or with the signal's reason. */
  call<M extends keyof R & string>(method: M, params: Params<R, M>, options: { readonly signal?: AbortSignal } = {}): Promise<Result<R, M>> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.closed) return Promise.reject(disconnected());
    const id = ++this.#lastId;
    return new Promise<unknown>((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(id);
        reject(signal?.reason);
      };
      const settled = (): void => signal?.removeEventListener('abort', abort);
      this.#waiting.set(id, { resolve: (result) => (settled(), resolve(result)), reject: (error) => (settled(), reject(error)) });
      signal?.addEventListener('abort', abort, { once: true });
      this.#stream.write(requestLine(id, method, params));
    });
  }

  /** A listener that has stopped reading loses its connection, so that what it does not take is not kept for it without end. */
  notify<M extends keyof N & string>(method: M, params: N[M]): void {
    if (this.closed) return;
    if (this.#stream.writableLength > MOST_UNREAD) this.#stream.destroy();
    else this.#write(notificationLine(method, params));
  }

  /** Flushes what was written, then ends the connection. */
  close(): void {
    if (this.closed) return;
    this.#gone.abort();
    this.#stream.destroyed ? undefined : this.#stream.end(() => this.#stream.destroy());
    for (const each of this.#waiting.values()) each.reject(disconnected());
    this.#waiting.clear();
  }

  /** What is told waits for the end of the turn: answers of the same turn leave first, and a reader is woken once for the events of one call. */
  #write(line: string): void {
    if (!this.#stream.writableCorked) {
      this.#stream.cork();
      process.nextTick(() => this.#stream.uncork());
    }
    this.#stream.write(line);
  }

  #receive(line: string): void {
    if (this.closed || line === '') return;
    const message = parseMessage(line);
    if (!message) return this.#fail('a line is not a JSON-RPC 2.0 message');
    switch (message.kind) {
      case 'request': return void this.#answer(message);
      case 'notification': return this.#heard(message);
      case 'result': return this.#settle(message.id)?.resolve(message.result);
      case 'error': return message.id === null ? this.close() : this.#settle(message.id)?.reject(receivedError(message.error));
    }
  }

  /** Undefined when the call was aborted meanwhile. */
  #settle(id: Id): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  async #answer({ id, method, params }: Extract<Message, { kind: 'request' }>): Promise<void> {
    const line = await this.#handle(id, method, params);
    if (!this.closed) this.#stream.write(line);
  }

  async #handle(id: Id, method: string, params: unknown): Promise<string> {
    const handler = Object.hasOwn(this.#handlers, method) ? this.#handlers[method as keyof R] : undefined;
    if (!handler) return errorLine(id, new FullarcError('unknown-method', `This side does not answer "${method}".`, 'Check that both sides are of the same version.'));
    try {
      return resultLine(id, await handler(params as Params<R, keyof R>, this.gone));
    } catch (error) {
      return errorLine(id, asFullarcError(error));
    }
  }

  #heard({ method, params }: Extract<Message, { kind: 'notification' }>): void {
    if (Object.hasOwn(this.#listeners, method)) this.#listeners[method as keyof N]?.(params as N[keyof N]);
  }

  #fail(why: string): void {
    this.#stream.write(errorLine(null, new FullarcError('bad-message', `The connection is closed: ${why}.`, 'Send one JSON-RPC 2.0 object a line, in UTF-8, of at most 64 MB.')));
    this.close();
  }
}

const disconnected = (): FullarcError => new FullarcError('unreachable', 'The connection was lost before the answer came.', 'Connect again and repeat the call under the same key.');

function asFullarcError(error: unknown): FullarcError {
  if (error instanceof FullarcError) return error;
  return new FullarcError('internal', error instanceof Error ? error.message : String(error), 'This is a bug in Fullarc; please report it with the log.');
}
