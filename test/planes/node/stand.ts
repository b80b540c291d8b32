// What the preload's tests stand on: the built preload, a small governor that speaks the real wire, and agents run as real processes.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { ActionEvent, EventName } from '../../../protocol/action.ts';
import type { AgentNotifications, AgentRequests, Before, BeforeAnswer } from '../../../protocol/agent-wire.ts';
import { FullarcError } from '../../../protocol/control.ts';
import { preloadBundle } from '../../../runtime/planes/node/bundle.ts';
import { appendRequire } from '../../../runtime/planes/node/identity.ts';
import { Peer } from '../../../runtime/wire/rpc.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const TOKEN = 'token-of-run-1';
export const GO: BeforeAnswer = { go: true, redactions: [] };
export const NO: BeforeAnswer = { go: false, disposition: 'block', message: 'not allowed here (policy p)' };

export interface Stand {
  /** A folder of this test file's own. A blank in its name proves that NODE_OPTIONS is quoted. */
  readonly folder: string;
  readonly preload: string;
  write(name: string, text: string): string;
  dispose(): void;
}

export async function openStand(): Promise<Stand> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fullarc node-')));
  const preload = join(folder, 'preload.cjs');
  await build({ ...preloadBundle, outfile: preload });
  return {
    folder,
    preload,
    write: (name, text) => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** This Node, and the machine's own when it is another one that agents may run on. */
export function nodes(): readonly string[] {
  const own = realpathSync(process.execPath);
  const others = (process.env['PATH'] ?? '').split(delimiter).concat('/usr/bin').map((folder) => join(folder, process.platform === 'win32' ? 'node.exe' : 'node')).filter(existsSync).map((path) => realpathSync(path));
  const extra = (process.env['FULLARC_TEST_NODES'] ?? '').split(delimiter).filter(existsSync);
  return [...new Set([own, ...others, ...extra])].filter((path) => !path.endsWith('.js'));
}

export interface TestGovernor {
  readonly socket: string;
  /** What was asked, in order, repeats included. */
  readonly befores: readonly Before[];
  readonly afters: readonly ActionEvent[];
  readonly abandoned: readonly string[];
  readonly hellos: number;
  /** Resolves with the next question that the condition holds for, past ones included. */
  asked(condition: (before: Before) => boolean): Promise<Before>;
  ended(event: EventName): Promise<ActionEvent>;
  notify<N extends keyof AgentNotifications>(name: N, body: AgentNotifications[N]): void;
  /** Dies like a killed process: every connection breaks. */
  die(): Promise<void>;
  /** Comes back on the same socket, remembering nothing but its tests. */
  live(): Promise<void>;
}

type Decide = (event: ActionEvent, before: Before) => BeforeAnswer | Promise<BeforeAnswer>;

export async function openGovernor(socket: string, decide: Decide, entries: Readonly<Record<string, readonly string[]>> = {}): Promise<TestGovernor> {
  const befores: Before[] = [];
  const afters: ActionEvent[] = [];
  const abandoned: string[] = [];
  const watchers = new Set<() => void>();
  const peers = new Set<Peer<AgentRequests, AgentNotifications>>();
  const sockets = new Set<Socket>();
  let hellos = 0;
  let server: Server;
  const changed = (): void => watchers.forEach((look) => look());
  const until = <T>(find: () => T | undefined): Promise<T> => new Promise((resolve) => {
    const look = (): void => {
      const found = find();
      if (found === undefined) return;
      watchers.delete(look);
      resolve(found);
    };
    watchers.add(look);
    look();
  });
  const welcome = (each: Socket): void => {
    const peer = new Peer<AgentRequests, AgentNotifications>(each);
    sockets.add(each);
    peers.add(peer);
    peer.gone.addEventListener('abort', () => void (peers.delete(peer), sockets.delete(each)));
    peer.handle({
      hello: ({ token }) => {
        if (token !== TOKEN && !token.startsWith('child-')) throw new FullarcError('bad-token', 'The token is not known.', 'Start again.');
        hellos += 1;
        return { run: 'run-1', agent: 'agent', user: 'ada', level: 'L1', policies: { version: 'v', sources: [] }, entries };
      },
      before: (before) => {
        befores.push(before);
        changed();
        return decide(before.event, before);
      },
      after: ({ event }) => {
        afters.push(event);
        changed();
        return { go: true, redactions: [] };
      },
      abandon: ({ key }) => {
        abandoned.push(key);
        changed();
        return null;
      },
    });
  };
  const live = (): Promise<void> => new Promise((resolve, reject) => {
    server = createServer(welcome).on('error', reject).listen(socket, () => resolve());
  });
  await live();
  return {
    socket, befores, afters, abandoned,
    get hellos() { return hellos; },
    asked: (condition) => until(() => befores.find(condition)),
    ended: (name) => until(() => afters.find(({ event }) => event === name)),
    notify: (name, body) => peers.forEach((peer) => peer.notify(name, body)),
    die: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const each of sockets) each.destroy();
    }),
    live,
  };
}

export interface AgentRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export interface AgentOptions {
  readonly node: string;
  readonly stand: Stand;
  readonly governor?: TestGovernor;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly args?: readonly string[];
}

/** The environment that a launcher would give. */
export function environment({ stand, governor, env }: Omit<AgentOptions, 'node'>): NodeJS.ProcessEnv {
  const bare = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FULLARC_') && !/^(NODE_|npm_)/.test(name)));
  return { ...bare, NODE_OPTIONS: appendRequire(undefined, stand.preload), ...(governor && { FULLARC_SOCKET: governor.socket, FULLARC_RUN: 'run-1', FULLARC_TOKEN: TOKEN }), ...env };
}

/** Runs an agent's source as a module, in the repository, so that it finds the packages. Ends it after 20 s, which fails the test by its code. */
export function runAgent(source: string, options: AgentOptions): Promise<AgentRun> {
  const child = spawn(options.node, ['--input-type=module', '-e', source, '--', ...(options.args ?? [])], { cwd: ROOT, env: environment(options), timeout: 20_000, killSignal: 'SIGKILL' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text; });
  child.stdin.end();
  return new Promise((resolve, reject) => child.on('error', reject).on('close', (code) => resolve({ stdout, stderr, code })));
}
