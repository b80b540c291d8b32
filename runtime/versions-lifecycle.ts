// The life of policy sets: what comes into force is recorded in its order, and a set that is put, activated, rolled back to or put in shadow is written to the files, which alone say what governs.

import { FullarcError } from '../protocol/control.ts';
import type { Finding } from '../protocol/finding.ts';
import type { ChangeTerms, PolicyChange, PolicyOutcome, PolicyText, PolicyVersion, PolicyVersionLine, VersionOrigin } from '../protocol/policy-versions.ts';
import type { Store, Tx } from './store/store.ts';
import { changesBetween, countsOf, filesBetween } from './versions-diff.ts';
import { isBetween, writable, writeSet } from './versions-files.ts';
import { withMode } from './versions-shadow.ts';
import { type Accepted, type Origin, Versions, type Write } from './versions.ts';
import { type OpenFiles, readSources, type Record, type Workspace } from './workspace.ts';

export interface LifecycleParts {
  readonly store: Store;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly workspace: (folder: string) => Promise<Workspace>;
  /** Told what failed that nobody waits for. */
  readonly trouble: (what: string, error: unknown) => void;
}

interface Proposal {
  readonly sources: readonly PolicyText[];
  readonly standsFor?: number;
}
type Terms = ChangeTerms & { readonly by: string };

/** Differences that are kept in memory, by the two versions. */
const KEPT_DIFFERENCES = 200;

export class Lifecycle {
  readonly #parts: LifecycleParts;
  readonly #versions = new Versions();
  readonly #differences = new Map<string, readonly PolicyChange[]>();
  /** Sets that came into force but are not on disk yet, because the store failed: oldest first. */
  readonly #unwritten = new Map<string, Accepted[]>();

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  // Recording

  /** For opening a workspace: finishes a write that broke off, and says what was in force last. */
  async recordOf(folder: string): Promise<Record> {
    const { store } = this.#parts;
    const origin = await this.#recover(folder);
    const last = await store.transaction(async (tx) => {
      const newest = await this.#versions.newest(tx, folder);
      return newest && this.#versions.sources(tx, newest.files);
    }).done;
    return { last, origin, accept: (accepted, swap) => this.#accept(folder, accepted, swap) };
  }

  /**
   * The set is swapped in by the transaction that records it, so no verdict of a version is stored before the version itself. When the store fails the set is in force all the same:
   * a person who forbids something must be obeyed on a full disk, too. It is then recorded with the next one.
   */
  async #accept(folder: string, accepted: Omit<Accepted, 'at'>, swap: () => void): Promise<void> {
    const { store, clock, trouble } = this.#parts;
    const all = [...this.#unwritten.get(folder) ?? [], { ...accepted, at: clock() }];
    try {
      await store.transaction(async (tx) => {
        for (const each of all) await this.#versions.record(tx, folder, each);
        swap();
      }).durable;
      this.#unwritten.delete(folder);
    } catch (error) {
      swap();
      this.#unwritten.set(folder, all);
      trouble(`the policies ${accepted.version} of ${folder} are in force, but not on record`, error);
    }
  }

  /** Files that stand half-way between two versions become the newer; files that somebody changed meanwhile are left as they are. */
  async #recover(folder: string): Promise<Origin> {
    const { store, trouble } = this.#parts;
    const started: Origin = { how: 'start', by: 'file' };
    const write = await store.transaction((tx) => this.#versions.underWay(tx, folder)).done;
    if (!write) return started;
    const { sources, unreadable } = await readSources(folder);
    try {
      if (!unreadable.length && isBetween(sources, write.before, write.after)) {
        writeSet(folder, sources, write.after);
        return write.origin;
      }
    } catch (error) {
      trouble(`the change of policies to ${write.version} in ${folder} could not be finished`, error);
    }
    await store.transaction((tx) => this.#versions.drop(tx, folder)).durable;
    return started;
  }

  // Views

  /** Newest first. */
  async list(folder: string, limit?: number): Promise<readonly PolicyVersionLine[]> {
    const { version } = (await this.#parts.workspace(folder)).snapshot;
    const entries = await this.#read((tx) => this.#versions.list(tx, folder, limit === undefined ? undefined : limit + 1));
    const lines = [];
    for (const [at, entry] of entries.slice(0, limit).entries()) lines.push({ ...entry, active: at === 0 && entry.version === version, counts: countsOf(await this.#changes(entries[at + 1], entry)) });
    return lines;
  }

  /** Errors: `no-such-version`. */
  async version(folder: string, name: string): Promise<PolicyVersionLine & { readonly sources: readonly PolicyText[]; readonly changes: readonly PolicyChange[] }> {
    const inForce = (await this.#parts.workspace(folder)).snapshot.version;
    const { entry, before, newest, sources } = await this.#read(async (tx) => {
      const entry = await this.#versions.find(tx, folder, name);
      return { entry, before: await this.#versions.before(tx, folder, entry), newest: await this.#versions.newest(tx, folder), sources: await this.#versions.sources(tx, entry.files) };
    });
    const changes = await this.#changes(before, entry);
    return { ...entry, active: entry.number === newest?.number && entry.version === inForce, counts: countsOf(changes), sources, changes };
  }

  /** Errors: `no-such-version`. */
  async diff(folder: string, fromName?: string, toName?: string): Promise<{ readonly from?: PolicyVersion; readonly to: PolicyVersion; readonly changes: readonly PolicyChange[] }> {
    await this.#parts.workspace(folder);
    const { from, to } = await this.#read(async (tx) => {
      const to = toName === undefined ? await this.#versions.newest(tx, folder) : await this.#versions.find(tx, folder, toName);
      if (!to) throw new FullarcError('no-such-version', `no version of ${folder} is on record: its policies never compiled`, '`fullarc check` prints what is wrong with them.');
      return { to, from: fromName === undefined ? await this.#versions.before(tx, folder, to) : await this.#versions.find(tx, folder, fromName) };
    });
    return { ...(from && { from }), to, changes: await this.#changes(from, to) };
  }

  // Changes

  /** Errors of all changes: `conflict`, `bad-message`, `store-failed`. Resolves once the set is in force and on record. */
  put(terms: Terms, sources: readonly PolicyText[]): Promise<PolicyOutcome> {
    return this.#change(terms, 'api', async () => ({ sources }));
  }

  activate(terms: Terms, name: string): Promise<PolicyOutcome> {
    return this.#change(terms, 'activate', () => this.#read(async (tx) => ({ sources: await this.#versions.sources(tx, (await this.#versions.find(tx, terms.workspace, name)).files) })));
  }

  rollback(terms: Terms): Promise<PolicyOutcome> {
    return this.#change(terms, 'rollback', () => this.#read(async (tx) => {
      const previous = await this.#versions.previous(tx, terms.workspace);
      if (!previous) throw new FullarcError('no-such-version', `there is no version of ${terms.workspace} before the one in force`, '`fullarc policies list` prints the versions; `fullarc policies activate` puts any of them in force.');
      return { sources: await this.#versions.sources(tx, previous.entry.files), standsFor: previous.standsFor };
    }));
  }

  /** `mode` of one policy, in its file. Errors also: `no-such-policy`. */
  shadow(terms: Terms, policy: string, off: boolean): Promise<PolicyOutcome> {
    return this.#change(terms, 'shadow', async (inForce) => ({ sources: withMode(inForce, policy, off ? 'enforce' : 'shadow') }));
  }

  async #change(terms: Terms, how: VersionOrigin, propose: (inForce: readonly PolicyText[]) => Promise<Proposal>): Promise<PolicyOutcome> {
    const folder = terms.workspace;
    const workspace = await this.#parts.workspace(folder);
    return workspace.exclusively(async (files) => {
      const before = workspace.snapshot;
      if (terms.expect !== undefined && terms.expect !== before.version) throw conflict(`version ${before.version} is in force, not ${terms.expect}`, 'Look at what changed (`fullarc policies diff`), and ask again with the version that is in force now.');
      const proposal = await propose(before.sources);
      const wanted = writable(proposal.sources);
      const { engine, findings } = files.compile(wanted);
      const outcome = { version: engine.version, before: before.version, changes: changesBetween(before.sources, wanted), files: filesBetween(before.sources, wanted), findings };
      if (hasErrors(findings)) return { ...outcome, accepted: false };
      const found = await this.#unobstructed(files, before.sources, wanted, terms.force ?? false);
      if (terms.dryRun || !filesBetween(found, wanted).length) return { ...outcome, accepted: true };
      const origin: Origin = { how, by: terms.by, ...(terms.note !== undefined && { note: terms.note }), ...(proposal.standsFor !== undefined && { standsFor: proposal.standsFor }) };
      const entry = await this.#write(workspace, files, { version: engine.version, origin, before: found, after: wanted });
      return { ...outcome, accepted: true, ...(engine.version !== before.version && { entry }) };
    });
  }

  /** What the files say now. Throws `conflict` where a change would take away what somebody has written there. */
  async #unobstructed(files: OpenFiles, inForce: readonly PolicyText[], wanted: readonly PolicyText[], force: boolean): Promise<readonly PolicyText[]> {
    const { sources, unreadable: [unreadable] } = await files.read();
    if (unreadable) throw conflict(`${unreadable.file}: ${unreadable.message}`, 'Make it readable, or move it away.');
    const known = new Set([...inForce, ...wanted].map(({ path }) => path));
    const foreign = sources.filter(({ path }) => !known.has(path)).map(({ path }) => path);
    if (foreign.length) throw conflict(`${foreign.join(', ')} belongs neither to the version in force nor to the one that was asked for`, 'Mend it so that it comes into force, or move it away.');
    const edited = filesBetween(inForce, sources).map(({ path }) => path);
    if (edited.length && !force) throw conflict(`what ${edited.join(', ')} says now is not in force, because it does not compile or is missing, and would be overwritten`, 'Mend it (`fullarc check` prints what is wrong), or overwrite it with --force.');
    return sources;
  }

  async #write(workspace: Workspace, files: OpenFiles, write: Write): Promise<PolicyVersion | undefined> {
    const { store } = this.#parts;
    const { folder } = workspace;
    await store.transaction((tx) => this.#versions.begin(tx, folder, write)).durable;
    try {
      writeSet(folder, write.before, write.after);
      await files.adopt(write.origin);
    } finally {
      await store.transaction((tx) => this.#versions.drop(tx, folder)).durable;
    }
    if (workspace.snapshot.version !== write.version) throw conflict(`the files were changed by somebody else while version ${write.version} was written to them: ${workspace.snapshot.version} is in force`, 'Look at the files, and ask again.');
    const newest = await this.#read((tx) => this.#versions.newest(tx, folder));
    if (newest?.version !== write.version) throw new FullarcError('store-failed', `version ${write.version} is in force, but could not be put on record`, 'Free space on the disk: it is recorded with the next change, or when the governor starts again.');
    return newest;
  }

  async #changes(from: PolicyVersion | undefined, to: PolicyVersion): Promise<readonly PolicyChange[]> {
    const key = `${from?.version ?? ''} ${to.version}`;
    const known = this.#differences.get(key);
    if (known) return known;
    const [before, after] = await this.#read(async (tx) => [from ? await this.#versions.sources(tx, from.files) : [], await this.#versions.sources(tx, to.files)] as const);
    const changes = changesBetween(before, after);
    const [oldest] = this.#differences.keys();
    if (this.#differences.size >= KEPT_DIFFERENCES && oldest !== undefined) this.#differences.delete(oldest);
    this.#differences.set(key, changes);
    return changes;
  }

  #read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#parts.store.transaction(work).done;
  }
}

const hasErrors = (findings: readonly Finding[]): boolean => findings.some(({ severity }) => severity === 'error');
const conflict = (message: string, remedy: string): FullarcError => new FullarcError('conflict', message, remedy);
