// Child processes: judged before they exist, given an identity, reported when they end. One hook under spawn, exec, execFile and fork, one for each of the synchronous three.

import childProcess from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import type { ActionBounds, BeforeAnswer } from '../../../protocol/agent-wire.ts';
import { boundedSync, watchBounds } from './bounds.ts';
import type { Stopped, SyncBounds } from './bounds.ts';
import { execCall } from './command.ts';
import { onEmit } from './emit.ts';
import { withIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import { canBeLate, lateChild } from './late-child.ts';
import { refusalError } from './refusal.ts';
import type { Refused } from './refusal.ts';
import type { Judgement, SyncGovernor } from './sync.ts';
import type { Ended } from './sync-wire.ts';

export interface ProcessPlane {
  readonly identity: Identity;
  /** Path of the preload, for NODE_OPTIONS. */
  readonly preload: string;
  readonly governor: SyncGovernor;
}

/** What Node's own `ChildProcess.prototype.spawn` gets, after all of its callers' forms became one. */
export interface SpawnOptions {
  readonly file: string;
  /** With the program's own name first. */
  readonly args: readonly string[];
  readonly envPairs: readonly string[];
  readonly shell?: boolean | string;
  readonly cwd?: string | URL;
  readonly stdio?: unknown;
}
export type SpawnMethod = (this: ChildProcess, options: SpawnOptions) => number;

export function hookChildProcess(plane: ProcessPlane): void {
  const prototype = childProcess.ChildProcess.prototype as unknown as { spawn: SpawnMethod };
  prototype.spawn = governedSpawn(prototype.spawn, plane);
  Object.assign(childProcess, {
    spawnSync: governedSync(childProcess.spawnSync as SyncFunction, plane, false),
    execFileSync: governedSync(childProcess.execFileSync as SyncFunction, plane, false),
    execSync: governedSync(childProcess.execSync as SyncFunction, plane, true),
  });
  syncBuiltinESMExports();
}

function governedSpawn(spawn: SpawnMethod, plane: ProcessPlane): SpawnMethod {
  return function governed(options) {
    const { governor } = plane;
    const call = execCall(options.file, options.args.slice(1), Boolean(options.shell), options.cwd);
    const judged: Pick<Judgement, 'key' | 'answer'> | Judgement = canBeLate(options.stdio) ? governor.start(call) : governor.startSync(call);
    const start = (answer: BeforeAnswer): number =>
      answer.go ? launch(spawn, this, withChildIdentity(options, answer, plane), answer, (ended) => governor.ended(judged.key, ended)) : refuse(spawn, this, options, answer);
    if (judged.answer) return start(judged.answer);
    lateChild(this, options, judged as Judgement, start);
    return 0;
  };
}

function withChildIdentity(options: SpawnOptions, { child }: Extract<BeforeAnswer, { go: true }>, { identity, preload }: ProcessPlane): SpawnOptions {
  const env = Object.fromEntries(options.envPairs.map((pair) => [pair.slice(0, pair.indexOf('=', 1)), pair.slice(pair.indexOf('=', 1) + 1)]));
  return { ...options, envPairs: Object.entries(withIdentity(env, identity, preload, child)).map(([name, value]) => `${name}=${value}`) };
}

function launch(spawn: SpawnMethod, child: ChildProcess, options: SpawnOptions, bounds: ActionBounds, ended: (ended: Ended) => void): number {
  let open = true;
  let stopped = (): Stopped | undefined => undefined;
  const end = (how: Ended): void => {
    if (open) ended(how);
    open = false;
  };
  onEmit(child, (name, args) => {
    if (name === 'exit') end(endOf(args[0] as number | null, args[1] as string | null, stopped()));
    if (name === 'error' && child.pid === undefined) end({ outcome: 'failed' });
    return args;
  });
  try {
    const failure = spawn.call(child, options);
    stopped = watchBounds(child, bounds, (message) => void process.stderr.write(`fullarc: ${message}\n`));
    return failure;
  } catch (error) {
    end({ outcome: 'failed' });
    throw error;
  }
}

/** Lets Node fail on a program that does not exist, so that streams and events behave as for any that is missing, and puts the reason in place of its error. */
function refuse(spawn: SpawnMethod, child: ChildProcess, options: SpawnOptions, refused: Refused): number {
  const { file, args, envPairs, stdio } = options;
  onEmit(child, (name, given) => (name === 'error' ? [Object.assign(refusalError(refused), { syscall: `spawn ${file}`, path: file, spawnargs: args.slice(1) })] : given));
  return spawn.call(child, { file: join(dirname(process.execPath), 'refused-by-fullarc', String(process.pid)), args, envPairs, stdio });
}

type SyncFunction = (file: string, ...rest: unknown[]) => unknown;
interface SyncOptions extends SyncBounds {
  readonly shell?: boolean | string;
  readonly cwd?: string | URL;
  readonly env?: NodeJS.ProcessEnv;
}

function governedSync(original: SyncFunction, { governor, identity, preload }: ProcessPlane, alwaysShell: boolean): SyncFunction {
  return function governed(file, ...rest) {
    const args = Array.isArray(rest[0]) ? (rest[0] as string[]) : undefined;
    const options = (rest.find((each) => typeof each === 'object' && each !== null && !Array.isArray(each)) ?? {}) as SyncOptions;
    const shell = options.shell || alwaysShell;
    const { key, answer } = governor.startSync(shell ? execCall(shellOf(shell), [...SHELL_SWITCH, [file, ...(args ?? [])].join(' ')], true, options.cwd) : execCall(String(file), args ?? [], false, options.cwd));
    if (!answer.go) throw refusalError(answer);
    const bounded = boundedSync(options, answer);
    const governed = { ...options, ...bounded.options, env: withIdentity(options.env ?? process.env, identity, preload, answer.child) };
    let end: Ended = { outcome: 'failed' };
    try {
      const result = args ? original(file, args, governed) : original(file, governed);
      end = result && typeof result === 'object' && 'status' in result ? endOfSync(result as SyncEnd, bounded.stoppedBy((result as SyncEnd).error)) : endOf(0, null);
      return result;
    } catch (error) {
      end = endOfSync(error as SyncEnd, bounded.stoppedBy(error));
      throw error;
    } finally {
      governor.ended(key, end);
    }
  };
}

interface SyncEnd {
  readonly status?: number | null;
  readonly signal?: string | null;
  readonly error?: unknown;
}

const endOfSync = ({ status, signal }: SyncEnd, stopped: Stopped | undefined): Ended =>
  (status === undefined || (status === null && !signal) ? { outcome: 'failed', ...(stopped && { stopped }) } : endOf(status, signal ?? null, stopped));

function endOf(code: number | null, signal: string | null, stopped?: Stopped): Ended {
  return { outcome: signal ? 'killed' : code === 0 ? 'completed' : 'failed', ...(code !== null && { exitCode: code }), ...(signal !== null && { signal }), ...(stopped && { stopped }) };
}

const SHELL_SWITCH = process.platform === 'win32' ? ['/d', '/s', '/c'] : ['-c'];
const shellOf = (shell: boolean | string): string => (typeof shell === 'string' ? shell : process.platform === 'win32' ? (process.env['comspec'] ?? 'cmd.exe') : '/bin/sh');
