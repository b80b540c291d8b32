// The built `fullarc` command as its users run it: a home of its own, its JSON lines as they come, and a governor that is gone when the test is.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunEvent } from '../../protocol/run-graph.ts';
import { connectControl, type WireClient } from '../../runtime/wire/client.ts';
import type { ControlRequests } from '../../protocol/control.ts';
import { controlTokenPath, socketPath } from '../../runtime/wire/paths.ts';

const root = join(import.meta.dirname, '..', '..');
export const CLI = join(root, 'dist', 'cli.js');

/** A line of `fullarc run --json`. */
export type Line =
  | { readonly type: 'opened'; readonly run: string }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'output'; readonly stream: string; readonly text: string }
  | { readonly type: 'waiting'; readonly gate: string }
  | { readonly type: 'ended'; readonly run: string; readonly state: string; readonly reason?: string; readonly exitCode?: number }
  | { readonly type: 'error'; readonly code: string; readonly message: string; readonly remedy: string };

export interface Launched {
  readonly process: ChildProcess;
  readonly lines: readonly Line[];
  /** The first line that fits, now or later. Rejects when the command ends without one. */
  line<T extends Line['type']>(type: T, fits?: (line: Line & { type: T }) => boolean): Promise<Line & { type: T }>;
  /** Everything the agent printed so far. */
  output(): string;
  /** The command's exit code, once it ended. */
  readonly ended: Promise<number | null>;
}

export interface Installation {
  readonly home: string;
  readonly workspace: string;
  /** `fullarc run` of this command in the workspace. */
  run(command: readonly string[], options?: { readonly agent?: string; readonly flags?: readonly string[]; readonly env?: NodeJS.ProcessEnv }): Launched;
  /** Any other command, to its end. */
  fullarc(...args: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string };
  control(): WireClient<ControlRequests>;
  governorPid(): Promise<number>;
}

/** A home and a workspace of the test's own: the files given by name, or a copy of an example. */
export function installation(t: TestContext, files: Readonly<Record<string, string>> | { readonly example: string }): Installation {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-launched-'));
  const home = join(folder, 'home');
  const workspace = 'example' in files && typeof files.example === 'string' && Object.keys(files).length === 1 ? copyExample(folder, files.example) : writeFiles(join(folder, 'workspace'), files as Record<string, string>);
  const env = { ...process.env, FULLARC_HOME: home, OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '' };
  const controls: WireClient<ControlRequests>[] = [];
  const control = (): WireClient<ControlRequests> => {
    const client = connectControl({ socket: socketPath(home), token: readFileSync(controlTokenPath(home), 'utf8').trim(), hello: { client: 'test' } });
    controls.push(client);
    return client;
  };
  t.after(async () => {
    if (existsSync(controlTokenPath(home))) await Promise.race([control().call('shutdown', { reason: 'the test is over' }), delay(2000, undefined, { ref: false })]).catch(() => {});
    for (const each of controls) each.close();
    await retry(() => rmSync(folder, { recursive: true, force: true }));
  });
  return {
    home, workspace, control,
    run: (command, { agent = 'agent', flags = [], env: more = {} } = {}) => launched(t, spawn(process.execPath, [CLI, 'run', '--json', '--workspace', workspace, '--agent', agent, ...flags, '--', ...command], { cwd: workspace, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })),
    fullarc: (...args) => spawnSync(process.execPath, [CLI, ...args], { cwd: workspace, env, encoding: 'utf8' }),
    governorPid: async () => (await control().hello()).pid,
  };
}

function launched(t: TestContext, child: ChildProcess): Launched {
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  let over = false;
  createInterface({ input: child.stdout! }).on('line', (text) => {
    lines.push(JSON.parse(text) as Line);
    for (const look of waiting) look();
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => {
    over = true;
    for (const look of waiting) look();
    resolve(code);
  }));
  t.after(() => { if (!over) child.kill('SIGTERM'); });
  return {
    process: child, lines, ended,
    output: () => lines.map((line) => (line.type === 'output' ? line.text : '')).join(''),
    line: (type, fits = () => true) => new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.find((line) => line.type === type && fits(line as never));
        if (found) resolve(found as never);
        else if (over) reject(new Error(`the command ended without a line "${type}":\n${lines.map((line) => JSON.stringify(line)).join('\n')}\n${stderr}`));
        else return;
        waiting.delete(look);
      };
      waiting.add(look);
      look();
    }),
  };
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** The example beside the model server that it talks to and the packages that it imports, as in the repository. */
function copyExample(folder: string, example: string): string {
  for (const name of [example, 'model-server']) cpSync(join(root, 'examples', name), join(folder, 'examples', name), { recursive: true, filter: (path) => !path.endsWith('outbox') });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'examples', example);
}

/** A process that is ending may still write once. */
async function retry(work: () => void): Promise<void> {
  for (let again = 20; ; again--) {
    try {
      return work();
    } catch (error) {
      if (!again) throw error;
      await delay(50);
    }
  }
}
