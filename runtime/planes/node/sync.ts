// Questions about processes that the program's own thread waits for: Atomics.wait on a thread that asks the governor.

import { randomUUID } from 'node:crypto';
import { MessageChannel, Worker as HookableWorker, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { BeforeAnswer } from '../../../protocol/agent-wire.ts';
import type { ExecCall } from '../../../protocol/action.ts';
import type { Identity } from './identity.ts';
import { SYNC_THREAD } from './sync-wire.ts';
import type { Ended, FromThread, ThreadData, ToThread } from './sync-wire.ts';

/** A process that may or may not start. */
export interface Judgement {
  readonly key: string;
  /** Present when the answer came at once. */
  readonly answer?: BeforeAnswer;
  /** Waits on, without blocking; keeps the program alive meanwhile. */
  later(): Promise<BeforeAnswer>;
  /** The program no longer wants the process. The answer is then a refusal. */
  cancel(): void;
}

export interface SyncGovernor {
  /** Blocks until the answer is there. */
  startSync(call: ExecCall): { readonly key: string; readonly answer: BeforeAnswer };
  /** Blocks for an answer that comes at once, and for no other. */
  start(call: ExecCall): Judgement;
  /** Does not block: what is not on record yet keeps the program alive, or is waited for as it exits. */
  ended(key: string, ended: Ended): void;
}

/** The thread starts with the first process, some 50 ms once; `file` is the preload itself. */
export function syncGovernor(identity: Identity, file: string): SyncGovernor {
  let thread: Thread | undefined;
  const ready = (): Thread => (thread ??= new Thread(identity, file));
  return {
    startSync: (call) => ready().startSync(call),
    start: (call) => ready().start(call),
    ended: (key, ended) => ready().ended(key, ended),
  };
}

/** Node's own class, before the preload replaces it: this one thread must not be governed. */
const Worker = HookableWorker;

/** How long an exiting program is blocked for what is not on record yet, in milliseconds. */
const RECORD_MS = 1000;

class Thread {
  readonly #port: MessagePort;
  readonly #bell = new Int32Array(new SharedArrayBuffer(4));
  /** What to do with replies that come while nobody blocks for them. They keep the program alive. */
  readonly #open = new Map<string, (reply: FromThread) => void>();
  readonly #unrecorded = new Set<string>();
  /** The call somebody blocks for, and its reply. */
  #wanted: string | undefined;
  #reply: FromThread | undefined;

  constructor({ gateway: _, ...identity }: Identity, file: string) {
    const { port1, port2 } = new MessageChannel();
    const workerData: ThreadData = { kind: SYNC_THREAD, identity, bell: this.#bell, port: port2 };
    new Worker(file, { workerData, transferList: [port2], env: {}, execArgv: [] }).unref();
    this.#port = port1;
    this.#port.on('message', (message: FromThread) => this.#take(message));
    this.#port.unref();
    process.once('exit', () => this.#flush());
  }

  startSync(call: ExecCall): { readonly key: string; readonly answer: BeforeAnswer } {
    const key = randomUUID();
    this.#post({ key, ask: 'start', call, patient: true });
    for (;;) {
      const reply = this.#wait(key);
      if (reply?.say === 'answer') return { key, answer: reply.answer };
    }
  }

  start(call: ExecCall): Judgement {
    const key = randomUUID();
    this.#post({ key, ask: 'start', call, patient: false });
    const reply = this.#wait(key);
    return {
      key,
      ...(reply?.say === 'answer' && { answer: reply.answer }),
      later: () => new Promise((resolve) => this.#leaveOpen(key, (late) => late.say === 'answer' && resolve(late.answer))),
      cancel: () => this.#post({ key, ask: 'cancel' }),
    };
  }

  ended(key: string, ended: Ended): void {
    this.#post({ key, ask: 'ended', ended });
    this.#unrecorded.add(key);
    this.#leaveOpen(key, () => this.#unrecorded.delete(key));
  }

  #flush(): void {
    for (const key of this.#unrecorded) if (!this.#wait(key, RECORD_MS)) return;
  }

  #leaveOpen(key: string, settle: (reply: FromThread) => void): void {
    this.#port.ref();
    this.#open.set(key, settle);
  }

  #post(message: ToThread): void {
    this.#port.postMessage(message);
  }

  /** Blocks for the next reply to this key; undefined when none came in time. */
  #wait(key: string, limit = Infinity): FromThread | undefined {
    const until = performance.now() + limit;
    this.#wanted = key;
    this.#reply = undefined;
    for (;;) {
      Atomics.store(this.#bell, 0, 0);
      for (let received = receiveMessageOnPort(this.#port); received; received = receiveMessageOnPort(this.#port)) this.#take(received.message as FromThread);
      const left = until - performance.now();
      if (this.#reply || left <= 0) break;
      Atomics.wait(this.#bell, 0, 0, left);
    }
    this.#wanted = undefined;
    return this.#reply;
  }

  #take(message: FromThread): void {
    if (message.key === this.#wanted) {
      this.#reply = message;
      return;
    }
    const settle = this.#open.get(message.key);
    this.#open.delete(message.key);
    if (this.#open.size === 0) this.#port.unref();
    settle?.(message);
  }
}
