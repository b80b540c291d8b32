// The runner: opens a run, owns the gateway and the agent's process, supervises the governor, and closes the run when the agent is done.

import { spawn, type ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import type { RunOutcome } from '../protocol/action.ts';
import { ENV } from '../protocol/agent-wire.ts';
import { FullarcError, type ControlNotifications, type ControlRequests, type LaunchIdentity } from '../protocol/control.ts';
import { controlToken, ensureGovernor } from './governor-process.ts';
import { preloadPath } from './installation.ts';
import { createGateway } from './planes/gateway/gateway.ts';
import { connectPort, type WirePort } from './planes/wire-port.ts';
import { connectControl, type WireClient } from './wire/client.ts';
import { socketPath } from './wire/paths.ts';
import type { Listeners } from './wire/rpc.ts';

export interface LaunchOptions {
  readonly home: string;
  readonly identity: LaunchIdentity;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** `inherit` hands this process's standard input to the agent. */
  readonly stdin: 'inherit' | 'ignore';
  readonly onOpened?: (run: string) => void;
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void;
  readonly onNotification?: Listeners<ControlNotifications>;
  /** Aborting ends the agent and closes the run as killed. */
  readonly signal?: AbortSignal;
}

export interface LaunchResult {
  readonly run: string;
  readonly outcome: RunOutcome;
  /** Of the agent; undefined when a signal ended it. */
  readonly exitCode?: number;
}

/** How long an agent that was told to end may take, in milliseconds. */
const GRACE_MS = 3_000;

/** Providers' own variables for a base address, with the address they stand for when they are not set. */
const BASE_URLS = { OPENAI_BASE_URL: 'https://api.openai.com/v1', OPENAI_API_BASE: 'https://api.openai.com/v1', ANTHROPIC_BASE_URL: 'https://api.anthropic.com' } as const;

/** Runs one agent to its end. Throws without having started it when it cannot be governed: `unreachable`, `policy-errors`, `run-refused`, `bad-command`. */
export async function launch(options: LaunchOptions): Promise<LaunchResult> {
  const { home, identity, command } = options;
  const socket = socketPath(home);
  const ensure = (): Promise<void> => ensureGovernor(home);
  await ensure();
  let run: string | undefined;
  const control = connectControl({
    socket, token: controlToken(home), ensure, hello: { client: 'runner' }, onNotification: options.onNotification,
    onState: (state) => { if (state === 'connected' && run) void reclaim(control, run, identity.workspace, options); },
  });
  const ports = new Map<string, WirePort>();
  const portFor = (token: string): WirePort => {
    const port = ports.get(token) ?? connectPort({ socket, token, ensure });
    ports.set(token, port);
    return port;
  };
  const gateway = createGateway({ portFor });
  try {
    if (options.onNotification) await control.call('watch', { workspace: identity.workspace });
    const opened = await control.call('runs.open', { ...identity, command, level: 'L1' });
    run = opened.run;
    options.onOpened?.(run);
    const port = portFor(opened.token);
    await port.ready();
    const { url } = await gateway.listen();
    const env = governedEnv(options.env, { socket, run, token: opened.token, gateway: `${url}/r/${opened.token}` });
    const ended = await runAgent(options, env, port.stopped, (stream, text) => {
      options.onOutput?.(stream, text);
      void control.call('process.output', { run: opened.run, stream, text }).catch(() => {});
    }).catch((error: unknown) => ({ outcome: 'failed' as const, error }));
    const failure = 'error' in ended ? ended.error : undefined;
    await control.call('runs.close', { run, outcome: ended.outcome, exitCode: 'exitCode' in ended ? ended.exitCode : undefined, error: failure instanceof Error ? failure.message : undefined });
    if (failure) throw failure;
    return { run, ...ended };
  } finally {
    await gateway.close();
    for (const port of ports.values()) port.close();
    control.close();
  }
}

/** After a reconnection a new governor has to be told again whose run this is and who watches. */
async function reclaim(control: WireClient<ControlRequests>, run: string, workspace: string, options: LaunchOptions): Promise<void> {
  await control.call('runs.own', { run });
  if (options.onNotification) await control.call('watch', { workspace });
}

/** The agent's environment: its identity, the preload, and the gateway as the base address of every provider. */
export function governedEnv(env: NodeJS.ProcessEnv, identity: { socket: string; run: string; token: string; gateway: string }): NodeJS.ProcessEnv {
  const bases = Object.entries(BASE_URLS).map(([name, standard]) => [name, viaGateway(identity.gateway, env[name] || standard)]);
  return {
    ...env,
    ...Object.fromEntries(bases),
    [ENV.socket]: identity.socket,
    [ENV.run]: identity.run,
    [ENV.token]: identity.token,
    [ENV.gateway]: identity.gateway,
    // The gateway is on this machine: a proxy that the agent is told to use must not come between.
    NO_PROXY: [env.NO_PROXY ?? env.no_proxy, '127.0.0.1'].filter(Boolean).join(','),
    NODE_OPTIONS: [env.NODE_OPTIONS, `--require ${quoted(preloadPath())}`].filter(Boolean).join(' '),
  };
}

function viaGateway(gateway: string, address: string): string {
  const url = new URL(address);
  return `${gateway}/u/${url.protocol.slice(0, -1)}/${url.host}${url.pathname.replace(/\/$/, '')}`;
}

/** As NODE_OPTIONS wants a path with blanks. */
const quoted = (path: string): string => (/[\s"\\]/.test(path) ? JSON.stringify(path) : path);

function runAgent(options: LaunchOptions, env: NodeJS.ProcessEnv, stopped: AbortSignal, output: (stream: 'stdout' | 'stderr', text: string) => void): Promise<Omit<LaunchResult, 'run'>> {
  const [program, ...args] = options.command;
  if (!program) throw new FullarcError('bad-command', 'there is no command to run', 'Name it after `--`, for example: fullarc run --agent writer -- node agent.ts');
  return new Promise((resolve, reject) => {
    const agent = spawn(program, args, { cwd: options.cwd, env, stdio: [options.stdin, 'pipe', 'pipe'], detached: process.platform !== 'win32' });
    let killed = false;
    const stop = (): void => {
      killed = true;
      end(agent);
    };
    const halts = [stopped, ...(options.signal ? [options.signal] : [])];
    for (const halt of halts) halt.aborted ? stop() : halt.addEventListener('abort', stop, { once: true });
    for (const stream of ['stdout', 'stderr'] as const) agent[stream].setEncoding('utf8').on('data', (text: string) => output(stream, text));
    agent.once('error', (error) => reject(new FullarcError('bad-command', `${program} could not be started: ${error.message}`, `Is it installed, and on the PATH of ${dirname(options.cwd)}?`)));
    agent.once('close', (code) => {
      for (const halt of halts) halt.removeEventListener('abort', stop);
      resolve({ outcome: killed ? 'killed' : code === 0 ? 'completed' : 'failed', exitCode: code ?? undefined });
    });
  });
}

/** Ends the agent and everything it started: asks first, insists after a while. */
function end(agent: ChildProcess): void {
  signalTree(agent, 'SIGTERM');
  setTimeout(() => signalTree(agent, 'SIGKILL'), GRACE_MS).unref();
}

function signalTree(agent: ChildProcess, signal: NodeJS.Signals): void {
  if (agent.pid === undefined || agent.exitCode !== null) return;
  try {
    process.kill(process.platform === 'win32' ? agent.pid : -agent.pid, signal);
  } catch {
    // it ended by itself meanwhile
  }
}
