// The files of an embedded store: private from the first byte, checked before they are trusted, set aside when damaged.

import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { storeFailed } from './sqlite-errors.ts';
import type { StoreNotice } from './store.ts';

/** Makes the folder (0700) and the file (0600). A folder that was there keeps its mode: it may be anybody's. SQLite gives its side files the mode of the main one. */
export function prepareFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    throw storeFailed(`The store ${path} cannot be created: ${(error as Error).message}.`, 'Give this user write access to the folder, or choose another data folder.', error);
  }
}

/** True when the file must be read through before use. A large one is trusted when it was closed in order and never looked damaged: reading all of it would delay every start. */
export function needsCheck(path: string): boolean {
  return statSync(path).size <= ALWAYS_CHECKED_BYTES || existsSync(`${path}-wal`) || existsSync(suspectMark(path));
}

/** Remembers for the next start that the file looked damaged in use. The mark is a hint, so that failing to leave one is no failure. */
export function markSuspect(path: string): void {
  try {
    writeFileSync(suspectMark(path), '', { mode: 0o600 });
  } catch {
    return;
  }
}

export function clearSuspect(path: string): void {
  rmSync(suspectMark(path), { force: true });
}

/** Renames the file and its side files out of the way, under a name with the time `now` (milliseconds since the epoch). */
export function quarantine(path: string, now: number, why: string): StoreNotice {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  let movedTo = `${path}.damaged-${stamp}`;
  for (let again = 2; existsSync(movedTo); again++) movedTo = `${path}.damaged-${stamp}-${again}`;
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, movedTo + suffix);
  clearSuspect(path);
  return {
    kind: 'quarantined',
    message: `The store ${path} is damaged (${why}). It was set aside as ${movedTo} and a new, empty one was opened: earlier runs, budgets and gates are not in it.`,
    remedy: `Keep ${movedTo}. To look for what can be saved from it, run: sqlite3 "${movedTo}" .recover`,
    movedTo,
  };
}

const ALWAYS_CHECKED_BYTES = 64 * 2 ** 20;
const suspectMark = (path: string): string => `${path}.suspect`;
