// Writes a policy set to the files of its workspace: each file whole or not at all, and all of them again when one cannot be written.

import { closeSync, constants, fchmodSync, fsyncSync, mkdirSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { FullarcError } from '../protocol/control.ts';
import { isGovernanceFile, SKIPPED_FOLDERS } from '../protocol/ids.ts';
import type { PolicyText } from '../protocol/policy-versions.ts';
import { filesBetween } from './versions-diff.ts';

/** Turns the files of `before` into those of `after`. Throws `store-failed` when one cannot be written; those that were are put back. */
export function writeSet(folder: string, before: readonly PolicyText[], after: readonly PolicyText[]): void {
  const done: string[] = [];
  try {
    for (const { path } of filesBetween(before, after)) {
      done.push(path);
      put(join(folder, path), textAt(after, path));
    }
  } catch (error) {
    const stuck = done.filter((path) => !putBack(join(folder, path), textAt(before, path)));
    throw new FullarcError('store-failed', `${done.at(-1)} cannot be written: ${(error as Error).message}${stuck.length ? `; ${stuck.join(', ')} could not be put back as it was` : ''}`, 'Make the file and its folder writable for this user, and room on the disk; then try again.');
  }
}

/**
 * A set as it can be written to files. Throws `bad-message` for a path that no governance file has, for one that comes twice, and for an empty set:
 * nothing would govern any more, which nobody should get by a slip of a program.
 */
export function writable(sources: readonly PolicyText[]): readonly PolicyText[] {
  if (!sources.length) throw new FullarcError('bad-message', 'the set has no file, so nothing would be governed', 'Name at least one file; to govern nothing, remove the files by hand.');
  const seen = new Set<string>();
  for (const { path } of sources) {
    const why = wrongPath(path) ?? (seen.has(path.toLowerCase()) ? 'it comes twice' : undefined);
    if (why) throw new FullarcError('bad-message', `${path} cannot be a governance file of this workspace: ${why}`, 'Governance files are `*.fullarc.yaml` and the YAML files under `.fullarc/`, named relative to the workspace.');
    seen.add(path.toLowerCase());
  }
  return sources.map(({ path, text }) => ({ path, text: text.toWellFormed() }));
}

/** True when every file is as it was before or as it should become, so that a write which broke off can be finished without touching anyone's work. */
export function isBetween(found: readonly PolicyText[], before: readonly PolicyText[], after: readonly PolicyText[]): boolean {
  const paths = new Set([...found, ...before, ...after].map(({ path }) => path));
  return [...paths].every((path) => [textAt(before, path), textAt(after, path)].includes(textAt(found, path)));
}

export const textAt = (sources: readonly PolicyText[], path: string): string | undefined => sources.find((each) => each.path === path)?.text;

function wrongPath(path: string): string | undefined {
  if (/[\\\0]/.test(path) || posix.isAbsolute(path) || /^[A-Za-z]:/.test(path) || posix.normalize(path) !== path || path.startsWith('../')) return 'it is no plain path below the workspace';
  if (path.split('/').some((part) => SKIPPED_FOLDERS.has(part))) return 'that folder is never searched';
  return isGovernanceFile(path) ? undefined : 'its name says otherwise';
}

function put(path: string, text: string | undefined): void {
  if (text === undefined) return rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true });
  replace(followed(path), text);
}

function putBack(path: string, text: string | undefined): boolean {
  try {
    put(path, text);
    return true;
  } catch {
    return false;
  }
}

/** A file that is a link stays one: what it leads to is replaced. */
function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The new text is on disk before it takes the name, so that nobody ever reads half of it. It keeps the file's permissions. */
function replace(path: string, text: string): void {
  const draft = `${path}.${process.pid}.new`;
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0o644;
  try {
    const file = openSync(draft, constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY, mode & 0o777);
    try {
      fchmodSync(file, mode & 0o777);
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
