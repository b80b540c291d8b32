// The governor as a process: elected by a lock that the system releases when it dies, started by whoever needs it.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ENV } from '../protocol/agent-wire.ts';
import { FullarcError } from '../protocol/control.ts';
import { Governor } from './governor.ts';
import { cliPath } from './installation.ts';
import { credentialScrub } from './scrub.ts';
import { serve } from './server.ts';
import { holdLock } from './store/lock.ts';
import { openSqlite } from './store/sqlite.ts';
import { controlTokenPath, socketPath } from './wire/paths.ts';

/** How long a governor that was just started may take to listen, in milliseconds. */
const START_MS = 15_000;

/** Runs a governor in this process until it is stopped or idle. Resolves to false at once when another one holds the folder. */
export async function runGovernor(home: string, log: (message: string) => void): Promise<boolean> {
  makeHome(home);
  const lock = holdLock(join(home, 'governor.lock'));
  if (!lock) return false;
  const store = openSqlite(join(home, 'fullarc.db'), { notice: (notice) => log(`${notice.message} ${notice.remedy}`) });
  const governor = await Governor.open({ store, clock: Date.now, scrub: credentialScrub });
  const stopped = Promise.withResolvers<string>();
  const server = await serve({ governor, socket: socketPath(home), controlToken: controlToken(home), clock: Date.now, onStopped: stopped.resolve, log, idleMs: numberFrom(process.env.FULLARC_IDLE_MS), ownerGraceMs: numberFrom(process.env.FULLARC_OWNER_GRACE_MS) });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.stop(signal));
  log(`governor ${process.pid} listens on ${socketPath(home)}`);
  log(`governor ${process.pid} stopped: ${await stopped.promise}`);
  lock.release();
  return true;
}

/** Makes sure that a governor answers on this folder's socket; starts one, detached, when none does. Throws `unreachable` with the reason when it does not come up. */
export async function ensureGovernor(home: string): Promise<void> {
  if (await answers(socketPath(home))) return;
  makeHome(home);
  const until = Date.now() + START_MS;
  for (let started = startGovernor(home); ; await delay(25)) {
    if (await answers(socketPath(home))) return started.letGo();
    const why = started.failed();
    if (why !== undefined) throw notStarted(why);
    if (Date.now() > until) throw new FullarcError('unreachable', `the governor did not listen within ${START_MS / 1000} s. ${started.complaint()}`.trim(), `Look into ${home}, or set FULLARC_HOME to another folder.`);
    if (started.yielded()) started = startGovernor(home); // another one held the folder, and may be gone by now
  }
}

/** In the words of the governor that did not start: a first line that says why, and what to do. */
function notStarted(complaint: string): FullarcError {
  const [why = '', ...remedy] = complaint.replace(/^fullarc: /, '').split('\n');
  return new FullarcError('unreachable', `the governor did not start: ${why}`, `${remedy.join('\n') || 'Mend the cause named above.'} Nothing runs ungoverned meanwhile.`);
}

interface Started {
  /** Why it ended without ever listening; undefined while it may still come up. */
  failed(): string | undefined;
  /** It left because another one holds the folder. */
  yielded(): boolean;
  complaint(): string;
  letGo(): void;
}

function startGovernor(home: string): Started {
  const child = spawn(process.execPath, [cliPath(), 'governor'], { cwd: home, detached: true, stdio: ['ignore', 'ignore', 'pipe'], env: governorEnv(home) });
  let complaint = '';
  let failure: string | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint += text; });
  child.once('error', (error) => { failure = error.message; });
  child.once('exit', (code, signal) => { if (code !== 0) failure = complaint.trim() || (signal ? `ended by ${signal}` : `exit code ${code}`); });
  return {
    failed: () => failure,
    yielded: () => child.exitCode === 0,
    complaint: () => complaint.trim(),
    letGo: () => {
      child.stderr.destroy();
      child.unref();
    },
  };
}

/** A governor that an agent's own command happens to start is nobody's agent. */
function governorEnv(home: string): NodeJS.ProcessEnv {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !Object.values<string>(ENV).includes(name)));
  return { ...env, FULLARC_HOME: home, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '' };
}

function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new FullarcError('store-failed', `the data folder ${home} cannot be made: ${(error as Error).message}`, 'Make room for it, or set FULLARC_HOME to a folder that this user can write to.');
  }
}

/** The token that opens the control wire; made once, readable by this user alone. It appears whole or not at all, whoever else makes one at the same time. */
export function controlToken(home: string): string {
  const path = controlTokenPath(home);
  const known = readToken(path);
  if (known) return known;
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600 });
    if (known === '') renameSync(draft, path);
    else linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw noToken(path, (error as Error).message);
  } finally {
    rmSync(draft, { force: true });
  }
  const token = readToken(path);
  if (!token) throw noToken(path, 'it is empty');
  return token;
}

/** Undefined when there is none; empty when a full disk once cut it off. */
function readToken(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw noToken(path, (error as Error).message);
  }
}

const noToken = (path: string, why: string): FullarcError => new FullarcError('store-failed', `the control token ${path} cannot be made or read: ${why}`, 'Make room on the disk and the folder writable for this user, or set FULLARC_HOME to another folder.');

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => (probe.destroy(), resolve(true)));
    probe.once('error', () => resolve(false));
  });
}

const numberFrom = (text: string | undefined): number | undefined => (text && Number.isFinite(Number(text)) ? Number(text) : undefined);
