// The runner: opens a run, owns the gateway and the agent's process, supervises the governor, and closes the run when the agent is done.

import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunOutcome } from '../protocol/action.ts';
import { ENV } from '../protocol/agent-wire.ts';
import { FullarcError, type ControlNotifications, type ControlRequests, type LaunchIdentity } from '../protocol/control.ts';
import { runProcess } from './agent-process.ts';
import { controlToken, ensureGovernor } from './governor-process.ts';
import { preloadPath } from './installation.ts';
import { createGateway, type Gateway } from './planes/gateway/gateway.ts';
import { appendRequire } from './planes/node/identity.ts';
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
  /** `warning` is for the person who starts it. */
  readonly onOpened?: (run: string, warning: string | undefined) => void;
  /** What the agent prints, as bytes and as the text that they complete. The agent's stream waits until it is taken. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', bytes: Uint8Array, text: string) => Promise<void> | void;
  readonly onNotification?: Listeners<ControlNotifications>;
  /** Aborting ends the agent and closes the run as killed. */
  readonly signal?: AbortSignal;
}

export interface LaunchResult {
  readonly run: string;
  readonly outcome: RunOutcome;
  /** Of the agent; undefined when a signal ended it. */
  readonly exitCode?: number;
  /** The signal that ended the agent. */
  readonly endedBy?: NodeJS.Signals;
}

/** How long a governor that cannot be reached is waited for, in milliseconds, when FULLARC_WAIT_MS does not say. */
const PATIENCE_MS = 30_000;
/** How long what was under way when the agent ended may take to be settled, in milliseconds. */
const SETTLE_MS = 5_000;

/** Providers' own variables for a base address, with the address they stand for when they are not set. */
const BASE_URLS = { OPENAI_BASE_URL: 'https://api.openai.com/v1', OPENAI_API_BASE: 'https://api.openai.com/v1', ANTHROPIC_BASE_URL: 'https://api.anthropic.com' } as const;

/**
 * Runs one agent to its end. Throws without having started it when it cannot be governed: `unreachable`, `policy-errors`, `agent-unknown`, `run-refused`, `bad-command`.
 * Throws `unreachable` or `store-failed` after its end when the end cannot be put on record.
 */
export async function launch(options: LaunchOptions): Promise<LaunchResult> {
  const { home, identity, command, signal } = options;
  checkCommand(options);
  const socket = socketPath(home);
  const ensure = oneAtATime(() => ensureGovernor(home));
  const patienceMs = Number(options.env['FULLARC_WAIT_MS']) || PATIENCE_MS;
  await ensure();
  let run: string | undefined;
  const control = connectControl({
    socket, token: controlToken(home), ensure, patienceMs, hello: { client: 'runner' }, onNotification: options.onNotification,
    onState: (state) => { if (state === 'connected' && run) reclaim(control, run, identity.workspace, options).catch(() => {}); }, // a lost connection comes back here
  });
  const ports = new Map<string, WirePort>();
  const portFor = (token: string): WirePort => {
    const port = ports.get(token) ?? connectPort({ socket, token, ensure, patienceMs, onRefused: () => ports.delete(token) });
    ports.set(token, port);
    return port;
  };
  const gateway = createGateway({ portFor });
  try {
    if (options.onNotification) await control.call('watch', { workspace: identity.workspace }, { signal });
    const opened = await control.call('runs.open', { ...identity, command, level: 'L1', token: randomBytes(24).toString('base64url') }, { signal });
    run = opened.run;
    options.onOpened?.(run, opened.warning);
    const ended = await supervise(options, { socket, run, token: opened.token }, { control, gateway, port: portFor(opened.token) }).catch((error: unknown) => ({ outcome: outcomeOf(error, signal), error }));
    await Promise.race([Promise.all([...ports.values()].map((port) => port.idle())), delay(SETTLE_MS, undefined, { ref: false })]);
    const failure = 'error' in ended ? ended.error : undefined;
    await closeRun(control, { run, outcome: ended.outcome, exitCode: 'exitCode' in ended ? ended.exitCode : undefined, error: failure instanceof Error ? failure.message : undefined }, patienceMs);
    if (failure) throw failure;
    return { run, ...ended };
  } finally {
    await gateway.close();
    for (const port of ports.values()) port.close();
    control.close();
  }
}

interface Supervision {
  readonly control: WireClient<ControlRequests>;
  readonly gateway: Gateway;
  readonly port: WirePort;
}

/** Waits until the run may start, and then until the agent has ended. */
async function supervise(options: LaunchOptions, identity: Omit<GovernedIdentity, 'gateway'>, { control, gateway, port }: Supervision): Promise<Omit<LaunchResult, 'run'>> {
  const { command, cwd, stdin, signal } = options;
  await port.ready();
  const start = await port.before({ key: 'run', event: { event: 'run.before', command } }, signal);
  if (!start.go) throw new FullarcError('run-refused', `the run may not start: ${start.message}`, `See \`fullarc explain ${identity.run}\` for the policy and what it compared.`);
  const { url } = await gateway.listen();
  return runProcess({
    command, cwd, stdin, env: governedEnv(options.env, { ...identity, gateway: `${url}/r/${identity.token}` }), halts: [port.stopped, ...(signal ? [signal] : [])],
    output: async (stream, bytes, text) => {
      await options.onOutput?.(stream, bytes, text);
      if (text && control.state === 'connected') await control.call('process.output', { run: identity.run, stream, text }).catch(() => {});
    },
  });
}

/** One that was refused its start is blocked, one that its starter gave up is killed. */
function outcomeOf(error: unknown, signal: AbortSignal | undefined): RunOutcome {
  if (signal?.aborted) return 'killed';
  return error instanceof FullarcError && error.code === 'run-refused' ? 'blocked' : 'failed';
}

/** Puts the end on record; a disk that is full may have room again in a moment. */
async function closeRun(control: WireClient<ControlRequests>, end: ControlRequests['runs.close']['params'], patienceMs: number): Promise<void> {
  for (const until = Date.now() + patienceMs; ; await delay(250)) {
    try {
      return void (await control.call('runs.close', end));
    } catch (error) {
      if (!(error instanceof FullarcError) || error.code !== 'store-failed' || Date.now() > until) throw error;
    }
  }
}

/** After a reconnection a new governor has to be told again whose run this is and who watches. */
async function reclaim(control: WireClient<ControlRequests>, run: string, workspace: string, options: LaunchOptions): Promise<void> {
  await control.call('runs.own', { run });
  if (options.onNotification) await control.call('watch', { workspace });
}

/** The work, shared by all who ask while it goes on. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let going: Promise<void> | undefined;
  return () => (going ??= work().finally(() => { going = undefined; }));
}

function checkCommand({ command, cwd, identity, env }: LaunchOptions): void {
  if (!command[0]) throw new FullarcError('bad-command', 'there is no command to run', 'Name it after `--`, for example: fullarc run --agent writer -- node agent.ts');
  for (const [what, folder] of [['workspace', identity.workspace], ['working folder', cwd]] as const) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new FullarcError('bad-command', `the ${what} ${folder} is not a folder`, 'Name a folder that exists with --workspace or --cwd.');
  }
  for (const name of Object.keys(BASE_URLS)) if (env[name] && !URL.canParse(env[name])) throw new FullarcError('bad-command', `${name} is not a URL: ${env[name]}`, 'Mend it, or leave it unset for the provider\'s own address.');
}

interface GovernedIdentity {
  readonly socket: string;
  readonly run: string;
  readonly token: string;
  readonly gateway: string;
}

/** The agent's environment: its identity, the preload, and the gateway as the base address of every provider. */
export function governedEnv(env: NodeJS.ProcessEnv, identity: GovernedIdentity): NodeJS.ProcessEnv {
  const bases = Object.entries(BASE_URLS).map(([name, standard]) => [name, viaGateway(identity.gateway, env[name] || standard)]);
  return {
    ...env,
    ...Object.fromEntries(bases),
    [ENV.socket]: identity.socket,
    [ENV.run]: identity.run,
    [ENV.token]: identity.token,
    [ENV.gateway]: identity.gateway,
    // The gateway is on this machine: a proxy that the agent is told to use must not come between.
    ...Object.fromEntries(['NO_PROXY', 'no_proxy'].map((name) => [name, [env[name] ?? env.NO_PROXY ?? env.no_proxy, '127.0.0.1'].filter(Boolean).join(',')])),
    NODE_OPTIONS: appendRequire(env.NODE_OPTIONS, preloadPath()),
  };
}

function viaGateway(gateway: string, address: string): string {
  const url = new URL(address);
  return `${gateway}/u/${url.protocol.slice(0, -1)}/${url.host}${url.pathname.replace(/\/$/, '')}`;
}
