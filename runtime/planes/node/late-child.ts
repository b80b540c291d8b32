// A child process whose start waits for a person: the program gets its object and streams at once, and they come alive when the answer does.

import type { ChildProcess } from 'node:child_process';
import { Duplex, finished } from 'node:stream';
import type { DuplexOptions } from 'node:stream';
import type { BeforeAnswer } from '../../../protocol/agent-wire.ts';
import type { SpawnOptions } from './child-process.ts';
import { onEmit } from './emit.ts';
import type { Judgement } from './sync.ts';

/** False when the child is handed descriptors of the program's own: those may be closed, and their numbers taken by others, before the child starts. */
export function canBeLate(stdio: unknown): boolean {
  return kindsOf(stdio).every((kind) => kind === null || kind === undefined || (typeof kind === 'number' && kind <= 2) || (typeof kind === 'string' && kind !== 'wrap'));
}

/** Makes a stand-in of `child` until the answer comes; `start` then starts it for real, or makes it fail. */
export function lateChild(child: ChildProcess, options: SpawnOptions, judged: Judgement, start: (answer: BeforeAnswer) => number): void {
  const kinds = kindsOf(options.stdio);
  const streams = kinds.map((kind, fd) => (kind === undefined || kind === null || kind === 'pipe' || kind === 'overlapped' ? new LateStream(fd) : null));
  const wear = (): void => void Object.assign(child, { stdio: streams.slice(), stdin: streams[0], stdout: streams[1], stderr: streams[2] });
  wear();
  Object.assign(child, { spawnfile: options.file, spawnargs: options.args });
  const later = postpone(child, kinds.includes('ipc'), judged);
  void judged.later().then((answer) => {
    later.restore();
    closeAfter(child, streams);
    const killed = later.killed();
    if (killed) endAsKilled(child, killed);
    start(answer);
    const real = child.stdio as readonly (Duplex | null)[];
    streams.forEach((stream, fd) => stream?.connect(real[fd] ?? undefined));
    wear();
    later.replay();
  });
}

type Kind = string | number | null | undefined | object;

function kindsOf(stdio: unknown): readonly Kind[] {
  if (!Array.isArray(stdio)) return [stdio, stdio, stdio].map((kind) => (kind as Kind) ?? 'pipe');
  return stdio.length < 3 ? [...stdio, ...new Array<undefined>(3 - stdio.length)] : stdio;
}

/** What the program does to a child that is not there yet: killed is never started, the rest is done once it is. */
function postpone(child: ChildProcess, ipc: boolean, judged: Judgement): { restore(): void; replay(): void; killed(): string | undefined } {
  const deeds: (() => void)[] = [];
  let killed: string | undefined;
  const own: Record<string, unknown> = {
    kill: (signal?: string | number) => {
      killed ??= typeof signal === 'string' ? signal : 'SIGTERM';
      judged.cancel();
      return true;
    },
    ref: () => deeds.push(() => child.ref()),
    unref: () => deeds.push(() => child.unref()),
    ...(ipc && {
      connected: true,
      send: (...args: Parameters<ChildProcess['send']>) => (deeds.push(() => void child.send(...args)), true),
      disconnect: () => deeds.push(() => child.disconnect()),
    }),
  };
  Object.assign(child, own);
  return {
    restore: () => Object.keys(own).forEach((name) => delete (child as unknown as Record<string, unknown>)[name]),
    replay: () => child.pid !== undefined && deeds.forEach((deed) => deed()),
    killed: () => killed,
  };
}

/** As for a child killed at once: it exits by the signal instead of failing to start. */
function endAsKilled(child: ChildProcess, signal: string): void {
  onEmit(child, (name, args) => {
    if (name === 'close') return [null, signal];
    if (name !== 'error') return args;
    child.emit('exit', null, signal as NodeJS.Signals);
    return undefined;
  });
}

/** `close` promises that everything was read, so it waits for the stand-ins as well. */
function closeAfter(child: ChildProcess, streams: readonly (LateStream | null)[]): void {
  let open = streams.filter((stream) => stream?.readable).length;
  let close: (() => void) | undefined;
  let passed = open === 0;
  for (const stream of streams) if (stream?.readable) finished(stream, { writable: false }, () => {
    open -= 1;
    if (open === 0) passed = true;
    if (passed) close?.();
  });
  onEmit(child, (name, args) => {
    if (name !== 'close' || passed) return args;
    close = () => child.emit('close', ...(args as [number | null, NodeJS.Signals | null]));
    return undefined;
  });
}

/** One of the child's streams, before and after it is really there. */
class LateStream extends Duplex {
  #real: Duplex | undefined;
  #onReal: (() => void) | undefined;

  constructor(fd: number) {
    super({ readable: fd !== 0, writable: fd !== 1 && fd !== 2 } as DuplexOptions);
  }

  /** Undefined when the child has no such stream after all. */
  connect(real: Duplex | undefined): void {
    if (!real || this.destroyed) {
      real?.destroy();
      this.destroy();
      return;
    }
    this.#real = real;
    real.on('error', (error) => this.destroy(error));
    real.on('close', () => this.#ended());
    if (this.readable) {
      real.on('data', (chunk) => void (this.push(chunk) || real.pause()));
      real.on('end', () => this.#ended());
    }
    this.#onReal?.();
  }

  ref(): this {
    (this.#real as (Duplex & { ref?(): void }) | undefined)?.ref?.();
    return this;
  }

  unref(): this {
    (this.#real as (Duplex & { unref?(): void }) | undefined)?.unref?.();
    return this;
  }

  override _read(): void {
    this.#real?.resume();
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#whenReal((real) => real.write(chunk, encoding, done));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#whenReal((real) => real.end(done));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#real?.destroy();
    done(error);
  }

  #whenReal(act: (real: Duplex) => void): void {
    const real = this.#real;
    if (real) act(real);
    else this.#onReal = () => this.#whenReal(act);
  }

  #ended(): void {
    if (this.readable && !this.readableEnded) this.push(null);
    else this.destroy();
  }
}
