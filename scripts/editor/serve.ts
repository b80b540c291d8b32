// Serves a real VS Code on loopback, with everything it writes inside one folder of the caller's.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serverMain } from './server-host.ts';

export interface ServeOptions {
  /** Folder or `.code-workspace` to open. */
  readonly folder: string;
  /** Where settings, extensions, logs and the home of this VS Code go. */
  readonly userData: string;
  /** Packages to install first. */
  readonly vsix?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly port?: number;
  /** Added to the environment of the extension host. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Served {
  /** Address of the workbench with the folder open. */
  readonly url: string;
  /** `host:port`: the authority of remote addresses in this workbench. */
  readonly authority: string;
  /** Ends the server and everything it started; resolves when it is gone. */
  stop(): Promise<void>;
  /** Settles when the server ends by itself. */
  readonly ended: Promise<number | null>;
}

/** What a test wants quiet: no tips, no telemetry, no updates, no AI, desktop's default of saving by hand. */
export const QUIET_SETTINGS = {
  'workbench.startupEditor': 'none', 'workbench.tips.enabled': false, 'workbench.enableExperiments': false, 'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden', 'chat.disableAIFeatures': true, 'chat.agentHost.enabled': false,
  'telemetry.telemetryLevel': 'off', 'update.mode': 'none', 'extensions.autoUpdate': false, 'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true, 'security.workspace.trust.enabled': false, 'files.autoSave': 'off', 'git.enabled': false,
  'npm.autoDetect': 'off', 'remote.autoForwardPorts': false, 'typescript.disableAutomaticTypeAcquisition': true, 'window.confirmBeforeClose': 'never', 'editor.minimap.enabled': false,
} as const;

const STARTS_WITHIN_MS = 60_000;
const ENDS_WITHIN_MS = 3_000;

export async function serve(options: ServeOptions): Promise<Served> {
  const main = serverMain();
  const folders = prepare(options);
  const env = { ...process.env, HOME: folders.home, XDG_CONFIG_HOME: join(folders.home, '.config'), ...options.env };
  const where = ['--user-data-dir', folders.user, '--server-data-dir', folders.server, '--extensions-dir', folders.extensions];
  installPackages(main, where, options.vsix ?? [], env);
  const port = options.port ?? await freePort();
  const log = openSync(folders.log, 'a');
  const server = spawn(process.execPath, [
    main, '--host', '127.0.0.1', '--port', String(port), '--without-connection-token', '--accept-server-license-terms', '--telemetry-level', 'off',
    // Agents started here run under the Node that runs us, not under what a login shell would find.
    '--force-disable-user-env',
    ...trustArguments(options), ...where,
  ], { env, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const ended = new Promise<number | null>((resolve) => server.once('exit', resolve));
  const authority = `127.0.0.1:${port}`;
  await answering(`http://${authority}/version`, server, folders.log);
  const key = options.folder.endsWith('.code-workspace') ? 'workspace' : 'folder';
  return { url: `http://${authority}/?${key}=${encodeURIComponent(options.folder)}`, authority, ended, stop: () => stop(server, ended) };
}

function prepare({ userData, settings }: ServeOptions) {
  const folders = { user: join(userData, 'user'), server: join(userData, 'server'), extensions: join(userData, 'extensions'), home: join(userData, 'home'), log: join(userData, 'server.log') };
  for (const folder of [join(folders.user, 'User'), folders.server, folders.extensions, folders.home]) mkdirSync(folder, { recursive: true });
  if (settings) writeFileSync(join(folders.user, 'User', 'settings.json'), JSON.stringify(settings, null, 2));
  return folders;
}

/** The server asks for trust unless a test wants to see it ask. */
const trustArguments = ({ settings }: ServeOptions): string[] => (settings?.['security.workspace.trust.enabled'] === true ? [] : ['--disable-workspace-trust']);

function installPackages(main: string, where: readonly string[], vsix: readonly string[], env: NodeJS.ProcessEnv): void {
  if (vsix.length === 0) return;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...where, ...vsix.flatMap((file) => ['--install-extension', file]), '--force'], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`VS Code did not install ${vsix.join(', ')}:\n${stdout}${stderr}`);
}

async function answering(url: string, server: ChildProcess, log: string): Promise<void> {
  for (const deadline = Date.now() + STARTS_WITHIN_MS; ;) {
    if (await fetch(url).then((answer) => answer.ok, () => false)) return;
    if (server.exitCode !== null || Date.now() > deadline) {
      signal(server, 'SIGKILL');
      throw new Error(`The VS Code server did not start:\n${readFileSync(log, 'utf8')}`);
    }
    await delay(50);
  }
}

async function stop(server: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (server.exitCode !== null) return;
  signal(server, 'SIGTERM');
  await Promise.race([ended, delay(ENDS_WITHIN_MS, undefined, { ref: false })]);
  signal(server, 'SIGKILL');
}

/** To the whole process group: the extension host, language servers, terminals. */
function signal(server: ChildProcess, name: NodeJS.Signals): void {
  try { process.kill(-(server.pid as number), name); } catch { /* gone already */ }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
