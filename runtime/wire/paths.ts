// Where the governor lives on this machine: its home, its socket, its control token.

import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { FullarcError } from '../../protocol/control.ts';

/** Longest path of a Unix socket that every system accepts, in bytes: `sun_path` holds 104 on macOS, 108 on Linux. */
const MAX_SOCKET_PATH = 100;

/** Folder of the store, the socket and the tokens: FULLARC_HOME, else the platform's place for a program's own state. */
export function home(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (env['FULLARC_HOME']) return resolve(env['FULLARC_HOME']);
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'fullarc');
  if (env['XDG_STATE_HOME']) return join(env['XDG_STATE_HOME'], 'fullarc');
  return platform === 'darwin' ? join(homedir(), 'Library', 'Application Support', 'fullarc') : join(homedir(), '.local', 'state', 'fullarc');
}

/** Path of the governor's Unix socket, or the name of its pipe on Windows. The same home always gives the same one. */
export function socketPath(folder: string, platform: NodeJS.Platform = process.platform): string {
  const hash = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 16);
  if (platform === 'win32') return `\\\\.\\pipe\\fullarc-${hash}`;
  const path = join(folder, 'governor.sock');
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH ? path : join(tmpdir(), `fullarc-${userInfo().uid}`, `${hash}.sock`);
}

/** File with the token that opens the control wire; mode 0600. */
export function controlTokenPath(folder: string): string {
  return join(folder, 'control-token');
}

/**
 * Makes the folder of a socket or token usable by this user alone (0700), creating it when it is missing.
 * Throws `store-failed` when it belongs to someone else or is open to others: under a shared temporary folder another user could have put it there.
 */
export function securePath(path: string, platform: NodeJS.Platform = process.platform): void {
  if (platform === 'win32') return;
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (stat.isDirectory() && stat.uid === userInfo().uid && (stat.mode & 0o077) === 0) return;
  throw new FullarcError('store-failed', `${folder} is not a folder that only this user can open, so whoever else can might pose as the governor.`, `Remove it, or run: chmod 700 ${folder}`);
}
