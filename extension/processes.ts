// The processes that the extension starts from its own package: which program runs them, in which environment, and where they leave their last words.

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeEnvironment } from './settings.ts';

export interface Package {
  /** `dist/cli.js` of this extension. */
  readonly cli: string;
  /** Folder for the standard error of what is started. */
  readonly logs: string;
}

export interface StartOptions {
  readonly cwd?: string;
  /** Added to the environment; null removes. */
  readonly env?: Readonly<Record<string, string | null>>;
  readonly stdout: 'ignore' | 'pipe';
}

export interface Started {
  readonly child: ChildProcess;
  /** What it wrote to its standard error, the end of it. */
  lastWords(): string;
}

/**
 * Starts `dist/cli.js` under the editor's own Node, detached: it outlives the window.
 * Its standard error goes to a file, because a pipe would break with the window, and the process with the pipe.
 */
export function startCli({ cli, logs }: Package, args: readonly string[], { cwd, env, stdout }: StartOptions): Started {
  mkdirSync(logs, { recursive: true });
  const file = join(logs, `${args[0] ?? 'cli'}-${Date.now()}.log`);
  const log = openSync(file, 'a');
  try {
    const child = spawn(process.execPath, [cli, ...args], { cwd, detached: true, windowsHide: true, stdio: ['ignore', stdout, log], env: environment(env) });
    return { child, lastWords: () => readFileSync(file, 'utf8').trim().slice(-2000) };
  } finally {
    closeSync(log);
  }
}

/** Without the variables by which VS Code's own processes know one another: an agent must not take itself for one of them. */
function environment(added: Readonly<Record<string, string | null>> = {}): NodeJS.ProcessEnv {
  const env = { ...homeEnvironment() };
  for (const name of Object.keys(env)) if (/^(VSCODE|ELECTRON)_/.test(name)) delete env[name];
  for (const [name, value] of Object.entries(added)) {
    if (value === null) delete env[name];
    else env[name] = value;
  }
  return { ...env, ELECTRON_RUN_AS_NODE: '1' };
}
