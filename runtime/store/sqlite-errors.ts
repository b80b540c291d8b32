// What SQLite's failures mean to a person: which file, why, and what to do. Result codes: https://www.sqlite.org/rescode.html

import { FullarcError } from '../../protocol/control.ts';

/** Failures of the machine become `store-failed`; anything else (a constraint, wrong SQL) is a bug of ours and stays as it is. */
export function explainFailure(error: unknown, path: string): unknown {
  const failure = FAILURES[primaryCode(error)];
  return failure ? storeFailed(`The store ${path} ${failure.why}: ${(error as Error).message}.`, failure.remedy, error) : error;
}

/** The same for a commit, where every failure takes the group with it. */
export function explainCommitFailure(error: unknown, path: string): unknown {
  const explained = explainFailure(error, path);
  return explained instanceof FullarcError ? explained
    : storeFailed(`The store ${path} refused the commit: ${(error as Error).message}.`, 'Report this: a transaction left the store in a state that its own rules forbid. Nothing of it was kept.', error);
}

export function storeFailed(message: string, remedy: string, cause?: unknown): FullarcError {
  return Object.assign(new FullarcError('store-failed', message, remedy), cause === undefined ? {} : { cause });
}

/** True when the file itself is damaged, not merely out of reach. */
export function isDamage(error: unknown): boolean {
  const code = primaryCode(error);
  return code === CORRUPT || code === NOT_A_DATABASE;
}

/** True when another connection holds what was asked for. */
export const isBusy = (error: unknown): boolean => primaryCode(error) === BUSY;

const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const DAMAGED = { why: 'is damaged', remedy: 'Restart the governor: the file is set aside under another name, never deleted, and a new one is opened.' };

const FAILURES: Readonly<Record<number, { readonly why: string; readonly remedy: string }>> = {
  [BUSY]: { why: 'is locked by another process', remedy: 'Close the other program that has it open; one governor alone writes to a store.' },
  6: { why: 'is locked', remedy: 'Restart the governor.' },
  7: { why: 'could not get memory', remedy: 'Free memory and repeat the call.' },
  8: { why: 'is read-only', remedy: 'Make the file and its folder writable for this user, then repeat the call.' },
  10: { why: 'could not be read or written', remedy: 'Check the disk and its free space, then repeat the call.' },
  13: { why: 'has no room left to grow', remedy: 'Free space on the disk, then repeat the call; nothing needs to be restarted.' },
  14: { why: 'could not be opened', remedy: 'Check that the folder exists and belongs to this user.' },
  [CORRUPT]: DAMAGED,
  [NOT_A_DATABASE]: DAMAGED,
};

/** The lower eight bits of an extended result code; 0 for an error that is not SQLite's. */
function primaryCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
}
