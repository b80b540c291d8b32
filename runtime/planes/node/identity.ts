// Who this process is to the governor, and how every child process and worker comes to be somebody too.

import { ENV } from '../../../protocol/agent-wire.ts';

export interface Identity {
  readonly socket: string;
  readonly run: string;
  /** Empty when the environment lacks it: everything governed is then refused. */
  readonly token: string;
  readonly gateway?: URL;
  /** How long a governed call waits for a governor that cannot be reached, in milliseconds. */
  readonly waitMs: number;
  /** Every FULLARC_ variable as it was when the process started: what the agent's code does to its environment later does not count. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface ChildIdentity {
  readonly run: string;
  readonly token: string;
}

const DEFAULT_WAIT_MS = 30_000;

/** Undefined when nothing of the identity is there: the process is not governed. A part of it is enough to be governed, so that leaving one out frees nobody. */
export function readIdentity(env: NodeJS.ProcessEnv): Identity | undefined {
  if (![ENV.socket, ENV.run, ENV.token].some((name) => env[name])) return undefined;
  const gateway = parseUrl(env[ENV.gateway]);
  return {
    socket: env[ENV.socket] ?? '',
    run: env[ENV.run] ?? '',
    token: env[ENV.token] ?? '',
    ...(gateway && { gateway }),
    waitMs: positive(env['FULLARC_WAIT_MS']) ?? DEFAULT_WAIT_MS,
    variables: Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[0].startsWith('FULLARC_') && entry[1] !== undefined)),
  };
}

/** The variables a child gets: this process's identity, or the child run's own. */
export function identityVariables(identity: Identity, child?: ChildIdentity): Record<string, string> {
  if (!child) return { ...identity.variables };
  const gateway = identity.variables[ENV.gateway]?.replace(/\/r\/[^/]+/, `/r/${encodeURIComponent(child.token)}`);
  return { ...identity.variables, [ENV.run]: child.run, [ENV.token]: child.token, ...(gateway && { [ENV.gateway]: gateway }) };
}

/** A child's environment with identity and preload put in; what else it holds is kept, its own `--require` and `--import` too. Addresses of models that lead through this run's gateway lead through the child's. */
export function withIdentity(env: Readonly<NodeJS.ProcessEnv>, identity: Identity, preload: string, child?: ChildIdentity): NodeJS.ProcessEnv {
  const variables = identityVariables(identity, child);
  return { ...readdressed(env, identity.variables[ENV.gateway], variables[ENV.gateway]), ...variables, NODE_OPTIONS: appendRequire(env['NODE_OPTIONS'], preload) };
}

/** The launcher gives a run its gateway as the base address of every provider, and a child inherits that; under it, what the child does would count as its parent's. */
function readdressed(env: Readonly<NodeJS.ProcessEnv>, from: string | undefined, to: string | undefined): NodeJS.ProcessEnv {
  if (!from || !to || from === to) return env;
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value === from || value?.startsWith(`${from}/`) ? to + value.slice(from.length) : value]));
}

/** NODE_OPTIONS that also load `file`; unchanged when they already do. The launcher builds its environment with it too. */
export function appendRequire(options: string | undefined, file: string): string {
  const quoted = /[\s"\\]/.test(file) ? `"${file.replace(/["\\]/g, '\\$&')}"` : file;
  if (!options) return `--require ${quoted}`;
  return options.includes(quoted) ? options : `${options} --require ${quoted}`;
}

function parseUrl(text: string | undefined): URL | undefined {
  try {
    return text ? new URL(text) : undefined;
  } catch {
    return undefined;
  }
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return text && Number.isFinite(value) && value > 0 ? value : undefined;
}
