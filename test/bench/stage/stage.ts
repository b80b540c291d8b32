// The processes that a benchmark of intercepted calls takes part with: a model's server, ways to it, and agents that ask when they are told to.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { controlToken } from '../../../runtime/governor-process.ts';
import { cliPath } from '../../../runtime/installation.ts';
import { connectControl } from '../../../runtime/wire/client.ts';
import { socketPath } from '../../../runtime/wire/paths.ts';

export type Deed = 'whole' | 'first token';

export interface Asker {
  /** How long the deed took as the agent saw it, in milliseconds. `base` for an agent that is not governed. */
  time(deed: Deed, base?: string): Promise<number>;
  close(): Promise<void>;
}

export interface Running {
  /** The first line that the process printed: its address. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a file of this folder or another that prints its address once it listens. */
export async function start(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = early(child, file);
  gone.catch(() => undefined);
  const [url] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), gone]) as [string];
  return {
    url,
    close: async () => {
      child.kill();
      await left(child);
    },
  };
}

/** An agent that nobody governs. */
export function openAsker(): Promise<Asker> {
  return asker((port) => spawn(process.execPath, [ASKER], { env: { ...process.env, ASKER_PORT: port }, stdio: ['ignore', 'ignore', 'inherit'] }));
}

/** The same agent under `fullarc run`, with a governor of its own whose data folder is in `folder`. */
export async function openGovernedAsker(folder: string, model: string, policies: string): Promise<Asker> {
  const home = join(folder, 'home');
  const workspace = join(folder, 'workspace');
  mkdirSync(workspace, { recursive: true });
  writeFileSync(join(workspace, 'bench.fullarc.yaml'), policies);
  const env = { ...process.env, FULLARC_HOME: home, OPENAI_BASE_URL: model };
  const governed = await asker((port) => spawn(process.execPath, [cliPath(), 'run', '--workspace', workspace, '--agent', 'asker', '--', process.execPath, ASKER], { env: { ...env, ASKER_PORT: port }, stdio: ['ignore', 'ignore', 'inherit'] }));
  return {
    time: governed.time,
    close: async () => {
      await governed.close();
      await shutdown(home);
    },
  };
}

/** Tells the governor of a data folder to end. */
export async function shutdown(home: string): Promise<void> {
  const control = connectControl({ socket: socketPath(home), token: controlToken(home), hello: { client: 'cli' } });
  await control.call('shutdown', { reason: 'the benchmark is over' });
  control.close();
}

const ASKER = join(import.meta.dirname, 'asker.ts');

async function asker(launch: (port: string) => ChildProcess): Promise<Asker> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const child = launch(String((server.address() as AddressInfo).port));
  const gone = early(child, 'the asking agent');
  gone.catch(() => undefined);
  const [socket] = await Promise.race([once(server, 'connection'), gone]) as [Socket];
  server.close();
  const lines = createInterface({ input: socket });
  return {
    time: async (deed, base) => {
      const answer = once(lines, 'line');
      socket.write(`${JSON.stringify({ deed, base })}\n`);
      const [line] = await Promise.race([answer, gone]) as [string];
      const { ms, error } = JSON.parse(line) as { ms?: number; error?: string };
      if (ms === undefined) throw new Error(`the agent's call failed: ${error}`);
      return ms;
    },
    close: async () => {
      socket.end();
      await left(child);
    },
  };
}

/** Rejects when the process ends although it is still needed. */
async function early(child: ChildProcess, what: string): Promise<never> {
  const [code] = await once(child, 'exit') as [number | null];
  throw new Error(`${what} ended with exit code ${code}`);
}

async function left(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
