// The policies of one workspace: found, read, compiled, watched. A new version is swapped in whole; a broken one leaves the last good version in force.

import { watch, type FSWatcher } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PolicyStatus } from '../protocol/control.ts';
import { FullarcError } from '../protocol/control.ts';
import type { PolicySnapshot } from '../protocol/agent-wire.ts';
import type { Finding } from '../protocol/finding.ts';
import { isGovernanceFile, SKIPPED_FOLDERS } from '../protocol/ids.ts';
import type { Engine, PolicySource } from './policy/api.ts';
import { type Compiler, createCompiler } from './policy/compiler.ts';
import type { Origin } from './versions.ts';

const MAX_FILE_BYTES = 50 * 1024 * 1024;

export interface Workspace {
  readonly folder: string;
  /** The version in force. */
  readonly engine: Engine;
  readonly snapshot: PolicySnapshot;
  status(): PolicyStatus;
  /** Throws `policy-errors` when the newest text does not compile: a run must not start under it. */
  requireSound(): void;
  reload(): Promise<void>;
  /** Does `work` while nothing is read from the files, after they were read once more: for those who write them. */
  exclusively<T>(work: (open: OpenFiles) => Promise<T>): Promise<T>;
  close(): void;
}

/** What may be done between two readings. */
export interface OpenFiles {
  /** The files as they are now, whether or not they are in force. */
  read(): Promise<Files>;
  compile: Compiler;
  /** Reads the files again; a set that is swapped in by it has this origin. */
  adopt(origin: Origin): Promise<void>;
}

/** Keeps what comes into force. `accept` has to call `swap`, whatever else it can or cannot do. */
export interface Record {
  /** The set that was in force last: it stays so while the files say nothing that holds. */
  readonly last?: readonly PolicySource[];
  /** Why the first set is in force. */
  readonly origin: Origin;
  accept(accepted: { readonly version: string; readonly sources: readonly PolicySource[]; readonly origin: Origin }, swap: () => void): Promise<void>;
}

const UNRECORDED: Record = { origin: { how: 'start', by: 'file' }, accept: async (_accepted, swap) => swap() };
const SAVED: Origin = { how: 'file', by: 'file' };

/** Two readings this far apart that agree are taken for a file that nobody is writing. Milliseconds. */
const STILL_MS = 10;

/**
 * Opens the policies of a folder and watches them. `changed` is called after every swap or new finding.
 * `inUse` says whether a run is going on under them: then they do not vanish, whatever becomes of the files.
 */
export async function openWorkspace(folder: string, changed: (workspace: Workspace, swapped: { from: string; to: string } | undefined) => void, inUse: () => boolean = () => false, record: Record = UNRECORDED): Promise<Workspace> {
  let { sources, unreadable } = await readSources(folder);
  const compile = createCompiler();
  let { engine, findings } = compileAll(compile, sources, unreadable);
  let inForce: { engine: Engine; sources: readonly PolicySource[] } = { engine, sources };
  /** The files were gone when they were last looked for, and what they said is still in force. */
  let missing = !sources.length && !!record.last?.length && inUse();
  if (missing) findings = [...unreadable, vanished(record.last!)];
  if (record.last && (missing || hasErrors(findings))) inForce = { engine: createCompiler()(record.last).engine, sources: record.last };
  else if (!hasErrors(findings)) await record.accept({ version: engine.version, sources, origin: record.origin }, () => {});
  let watchers: readonly FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let loading = Promise.resolve();
  /** Files that the watchers named since the last reading; undefined when they saw something else, and the whole folder has to be looked through. */
  let named: Set<string> | undefined = new Set();

  const workspace: Workspace = {
    folder,
    get engine() { return inForce.engine; },
    get snapshot() { return { version: inForce.engine.version, sources: inForce.sources }; },
    status: () => ({ workspace: folder, version: inForce.engine.version, policies: inForce.engine.policies.map(inForceView), agents: [...inForce.engine.agents].map(([name, agent]) => ({ name, ...agent })), findings }),
    requireSound() {
      const errors = findings.filter((finding) => finding.severity === 'error');
      if (errors.length) throw policyErrors(errors);
    },
    reload: () => queue(() => load(undefined)),
    exclusively: (work) => queue(async () => {
      await load(undefined);
      return work({ compile, read: () => readSources(folder), adopt: (origin) => load(undefined, origin) });
    }),
    close() {
      clearTimeout(timer);
      for (const each of watchers) each.close();
    },
  };

  function queue<T>(work: () => Promise<T>): Promise<T> {
    const result = loading.then(work);
    loading = result.then(() => {}, () => {});
    return result;
  }

  async function load(touched: ReadonlySet<string> | undefined, origin = SAVED): Promise<void> {
    rewatch(sources);
    const paths = touched && !unreadable.length ? [...new Set([...pathsOf(folder, sources), ...touched])] : undefined;
    let next = await readStill(folder, { sources, unreadable }, paths);
    for (const known = foldersOf(sources); ;) {
      const found = [...foldersOf(next.sources)].filter((each) => !known.has(each));
      if (!found.length) break;
      rewatch(next.sources); // and once more, for what changed in a folder before it was watched
      for (const each of found) known.add(each);
      next = await readStill(folder, { sources, unreadable });
    }
    if (sameFiles(next, { sources, unreadable }) && !missing) return;
    missing = !next.sources.length && !!inForce.sources.length && inUse();
    if (missing) {
      findings = [...next.unreadable, vanished(inForce.sources)];
      return changed(workspace, undefined);
    }
    ({ sources, unreadable } = next);
    ({ engine, findings } = compileAll(compile, sources, unreadable));
    if (hasErrors(findings)) return changed(workspace, undefined);
    const from = inForce.engine.version;
    const accepted = { engine, sources };
    if (from === engine.version) inForce = accepted;
    else await record.accept({ version: engine.version, sources, origin }, () => { inForce = accepted; });
    changed(workspace, from === engine.version ? undefined : { from, to: engine.version });
  }

  const foldersOf = (files: readonly PolicySource[]): Set<string> => new Set([folder, join(folder, '.fullarc'), ...files.map((file) => join(folder, file.path, '..'))]);

  /** Watches the folders that hold governance files, so that a file saved by rename is seen as well. A folder may be another one under its old name, so all are watched anew, without a gap. */
  function rewatch(files: readonly PolicySource[]): void {
    const before = watchers;
    watchers = [...foldersOf(files)].flatMap((each) => {
      try {
        return [watch(each, { persistent: false }, (_event, name) => seen(each, name)).on('error', () => seen(each, null))];
      } catch {
        return []; // the folder does not exist (yet); its parent is watched
      }
    });
    for (const each of before) each.close();
  }
  /** Looking through a large workspace takes longer than all the rest, so a save leads to the files that are known and the one it names. */
  function seen(where: string, name: string | null): void {
    if (name && name !== '.fullarc' && !isGovernanceFile(join(where, name))) return;
    if (!name || name === '.fullarc') named = undefined;
    else named?.add(join(where, name));
    clearTimeout(timer);
    timer = setTimeout(() => {
      const touched = named;
      named = new Set();
      void queue(() => load(touched));
    }, 5);
  }

  rewatch(sources);
  return workspace;
}

function inForceView(policy: Engine['policies'][number]): PolicyStatus['policies'][number] {
  const { place, ...rest } = policy;
  return { ...rest, file: place.file, line: place.line };
}

function policyErrors(errors: readonly Finding[]): FullarcError {
  const lines = errors.slice(0, 5).map((error) => `${error.file}:${error.line}:${error.column} ${error.message} [${error.code}]`);
  const more = errors.length > lines.length ? ` and ${errors.length - lines.length} more` : '';
  return new FullarcError('policy-errors', `the policies do not compile:\n  ${lines.join('\n  ')}${more}`, 'Mend them (the editor offers fixes, `fullarc check` lists them all) and start again.');
}

const hasErrors = (findings: readonly Finding[]): boolean => findings.some((finding) => finding.severity === 'error');
const sameFiles = (a: Files, b: Files): boolean => same(a.sources, b.sources) && a.unreadable.length === b.unreadable.length;
const same = (a: readonly PolicySource[], b: readonly PolicySource[]): boolean => a.length === b.length && a.every((file, index) => file.path === b[index]?.path && file.text === b[index]?.text);

function compileAll(compile: Compiler, sources: readonly PolicySource[], unreadable: readonly Finding[]): { engine: Engine; findings: readonly Finding[] } {
  const { engine, findings } = compile(sources);
  return { engine, findings: [...unreadable, ...findings] };
}

const pathsOf = (folder: string, sources: readonly PolicySource[]): string[] => sources.map((file) => join(folder, file.path));

export interface Files {
  readonly sources: PolicySource[];
  readonly unreadable: Finding[];
}

/** What the files say once it holds still: a file half-way through being saved must not become the policies. */
async function readStill(folder: string, known: Files, paths?: readonly string[]): Promise<Files> {
  let last = await readSources(folder, paths);
  while (!sameFiles(last, known)) {
    await delay(STILL_MS);
    // A file that was gone for the blink of an eye is looked for again.
    const again = new Set([...paths ?? [], ...pathsOf(folder, known.sources), ...pathsOf(folder, last.sources)]);
    const next = await readSources(folder, last.unreadable.length ? undefined : [...again]);
    if (sameFiles(next, last)) break;
    last = next;
  }
  return last;
}

const vanished = (sources: readonly PolicySource[]): Finding => ({
  ...unreadableFinding(sources[0]?.path ?? '', 'the governance files are gone while a run is going on: the last version stays in force until it ends'), code: 'fullarc/file/missing',
});

/** Governance files of a folder, all or those at `paths`, with paths relative to it, in a stable order. A file that cannot be read is a finding, so that it never silently governs nothing. */
export async function readSources(folder: string, paths?: readonly string[]): Promise<Files> {
  const sources: PolicySource[] = [];
  const unreadable: Finding[] = [];
  const deaf = (path: string, error: Error): void => void unreadable.push(unreadableFinding(relative(folder, path) || '.', `the folder cannot be read: ${error.message}`));
  for (const path of [...paths ?? await governanceFiles(folder, deaf)].sort()) {
    const name = relative(folder, path).replaceAll('\\', '/');
    try {
      const { size } = await stat(path);
      if (size > MAX_FILE_BYTES) unreadable.push(unreadableFinding(name, `the file has ${size} bytes, a governance file may have ${MAX_FILE_BYTES}; split it, all files of a workspace are read as one set`));
      else sources.push({ path: name, text: await readFile(path, 'utf8') });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') unreadable.push(unreadableFinding(name, `the file cannot be read: ${(error as Error).message}`));
    }
  }
  return { sources, unreadable };
}

const unreadableFinding = (file: string, message: string): Finding => ({ file, line: 1, column: 1, endLine: 1, endColumn: 1, severity: 'error', code: 'fullarc/file/unreadable', message });

/**
 * Absolute paths of the governance files under a folder. A `.fullarc` folder may be a link; other links to folders are not followed, for they may lead in circles.
 * `deaf` is told of a folder that cannot be read and is either the first or a `.fullarc`: what governs may be in it.
 */
export async function governanceFiles(folder: string, deaf: (path: string, error: Error) => void = () => {}): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: Error) => (deaf(folder, error), []));
  const found = await Promise.all(entries.map(async (entry) => {
    const path = join(folder, entry.name);
    const governs = entry.name === '.fullarc';
    if (entry.isDirectory() || (governs && entry.isSymbolicLink() && (await stat(path).catch(() => undefined))?.isDirectory())) {
      return SKIPPED_FOLDERS.has(entry.name) ? [] : governanceFiles(path, governs ? deaf : undefined);
    }
    return isGovernanceFile(path) ? [path] : [];
  }));
  return found.flat();
}
