// Processes that go on, stopped at their bounds: the time they may take, and what they may write, where their output passes through this process.

import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { ActionBounds } from '../../../protocol/agent-wire.ts';
import { secondsText } from '../../action-bounds.ts';

export type Stopped = 'timeout' | 'output';

/**
 * Watches a child that was just started; the answer says which bound stopped it, if one did. Output that the child writes to descriptors it inherited
 * cannot be seen, and a child that outlives this process is no longer watched. Where the system tells (Linux), what the child started is stopped as well.
 */
export function watchBounds(child: ChildProcess, bounds: ActionBounds, tell: (message: string) => void): () => Stopped | undefined {
  let stopped: Stopped | undefined;
  const stop = (at: Stopped): void => {
    if (stopped || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    stopped = at;
    tell(`${child.spawnfile} was stopped: ${reasonOf(at, bounds)}`);
    const below = descendants(child.pid);
    // From the top: a shell whose command is gone would go on to the next.
    child.kill('SIGKILL');
    for (const pid of below) kill(pid);
  };
  if (bounds.timeoutMs !== undefined) {
    const timer = setTimeout(() => stop('timeout'), Math.min(bounds.timeoutMs, LONGEST)).unref();
    child.once('exit', () => clearTimeout(timer));
  }
  if (bounds.maxOutputBytes !== undefined) countOutput(child, bounds.maxOutputBytes, () => stop('output'));
  return () => stopped;
}

/** The options of a synchronous call, with the tighter of the caller's bounds and these; and which of these stopped it, seen from its error. */
export function boundedSync(own: SyncBounds, bounds: ActionBounds): { readonly options: SyncBounds; stoppedBy(error: unknown): Stopped | undefined } {
  const time = bounds.timeoutMs !== undefined && bounds.timeoutMs < (own.timeout || Infinity);
  const output = bounds.maxOutputBytes !== undefined && bounds.maxOutputBytes < (own.maxBuffer ?? DEFAULT_BUFFER);
  return {
    options: { ...(time && { timeout: bounds.timeoutMs }), ...(output && { maxBuffer: bounds.maxOutputBytes }), ...((time || output) && { killSignal: 'SIGKILL' }) },
    stoppedBy: (error) => {
      const { code } = (error ?? {}) as NodeJS.ErrnoException;
      const stopped = time && code === 'ETIMEDOUT' ? 'timeout' : output && code === 'ENOBUFS' ? 'output' : undefined;
      if (stopped && error instanceof Error) error.message = `[governance] stopped: ${reasonOf(stopped, bounds)} (${error.message})`;
      return stopped;
    },
  };
}

export interface SyncBounds {
  readonly timeout?: number;
  readonly maxBuffer?: number;
  readonly killSignal?: NodeJS.Signals | number;
}

/** The longest that a timer of Node's can wait, in milliseconds. */
export const LONGEST = 2 ** 31 - 1;

/** What Node's synchronous calls buffer of each stream when they are not told, in bytes. */
const DEFAULT_BUFFER = 1024 * 1024;

export function reasonOf(stopped: Stopped, { timeoutMs = 0, maxOutputBytes = 0, boundedBy }: ActionBounds): string {
  const policy = boundedBy?.[stopped];
  const what = stopped === 'timeout' ? `it took longer than the ${secondsText(timeoutMs)} it may` : `it wrote more than the ${maxOutputBytes} bytes it may`;
  return policy === undefined ? what : `${what} (policy ${policy})`;
}

/** Counts what comes in, whether or not anybody reads it. */
function countOutput(child: ChildProcess, most: number, over: () => void): void {
  let bytes = 0;
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    const { push } = stream;
    stream.push = (piece: unknown, encoding?: BufferEncoding) => {
      if (piece instanceof Uint8Array) bytes += piece.byteLength;
      else if (typeof piece === 'string') bytes += Buffer.byteLength(piece, encoding);
      if (bytes > most) over();
      return push.call(stream, piece, encoding);
    };
  }
}

/** What a process started, and what that started, as Linux tells; none elsewhere. */
function descendants(pid: number): readonly number[] {
  const children = read(() => readdirSync(`/proc/${pid}/task`)).flatMap((thread) => read(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '))).filter((each) => each !== '').map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function read(from: () => readonly string[]): readonly string[] {
  try {
    return from();
  } catch {
    return []; // it has ended, or this system does not tell
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}
