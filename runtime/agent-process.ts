// The agent's process and everything it started: run to its end, told to end when its run is stopped, and never left behind.

import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunOutcome } from '../protocol/action.ts';
import { FullarcError } from '../protocol/control.ts';

export interface ProcessOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: 'inherit' | 'ignore';
  /** Each ends the process when it aborts. */
  readonly halts: readonly AbortSignal[];
  /** What it prints, as bytes and as the text that they complete. The stream waits until it is taken. */
  readonly output: (stream: 'stdout' | 'stderr', bytes: Uint8Array, text: string) => Promise<void>;
}

export interface ProcessEnd {
  readonly outcome: RunOutcome;
  readonly exitCode?: number;
  readonly endedBy?: NodeJS.Signals;
}

/** How long a process that was told to end may take, and how long an output that is still held open may be silent, in milliseconds. */
const GRACE_MS = 3_000;

/** Rejects with `bad-command` when it cannot be started. Resolves when it has ended, its output is read, and nothing of its process group is left. */
export async function runProcess({ command: [program = '', ...args], cwd, env, stdin, halts, output }: ProcessOptions): Promise<ProcessEnd> {
  let killed = false;
  let ending: Promise<void> | undefined;
  const agent = spawn(program, args, { cwd, env, stdio: [stdin, 'pipe', 'pipe'], detached: process.platform !== 'win32' });
  const exited = new Promise<ProcessEnd>((resolve, reject) => {
    agent.once('error', (error) => reject(new FullarcError('bad-command', `${program} could not be started: ${error.message}`, 'Is it installed, and on the PATH?')));
    agent.once('exit', (code, signal) => resolve({ outcome: killed ? 'killed' : code === 0 ? 'completed' : 'failed', ...(code !== null && { exitCode: code }), ...(signal && { endedBy: signal }) }));
  });
  const quiet = new AbortController();
  const printed = Promise.all([relay(agent.stdout, 'stdout', output, exited, quiet.signal), relay(agent.stderr, 'stderr', output, exited, quiet.signal)]);
  printed.catch(() => {}); // looked at below, unless the process never started
  const halt = (): void => {
    killed = true;
    ending ??= endGroup(agent);
  };
  for (const each of halts) each.aborted ? halt() : each.addEventListener('abort', halt, { once: true });
  try {
    const end = await exited;
    await (ending ??= endGroup(agent));
    await printed;
    return end;
  } finally {
    quiet.abort();
    for (const each of halts) each.removeEventListener('abort', halt);
  }
}

/** Hands on what is printed. Once the process has ended, a pipe that something else holds open is read for as long as it is not silent. */
async function relay(stream: Readable, name: 'stdout' | 'stderr', output: ProcessOptions['output'], exited: Promise<unknown>, quiet: AbortSignal): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  let busy = false;
  const wait = (): void => { if (over) timer = setTimeout(() => stream.destroy(), GRACE_MS); };
  void exited.catch(() => {}).then(() => {
    over = true;
    if (!busy) wait();
  });
  quiet.addEventListener('abort', () => clearTimeout(timer), { once: true });
  try {
    for await (const bytes of stream as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      busy = true;
      await output(name, bytes, decoder.write(bytes));
      busy = false;
      wait();
    }
  } catch (error) {
    if (!stream.destroyed) throw error;
  } finally {
    clearTimeout(timer);
  }
  const rest = decoder.end();
  if (rest) await output(name, new Uint8Array(), rest);
}

/** Ends the process and all of its group: asks first, insists after a while. Resolves when nothing of it is left. */
async function endGroup(agent: Pick<ChildProcess, 'pid'>): Promise<void> {
  if (!signalGroup(agent, 'SIGTERM')) return;
  for (const until = Date.now() + GRACE_MS; Date.now() < until; await delay(25)) if (!signalGroup(agent, 0)) return;
  signalGroup(agent, 'SIGKILL');
}

/** False when nobody is there to be signalled. */
function signalGroup({ pid }: Pick<ChildProcess, 'pid'>, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    return false;
  }
}
