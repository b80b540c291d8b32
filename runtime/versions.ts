// Policy versions on record: every accepted set with who, when and from where, its texts stored once by content, and the write to the workspace's files that is under way.

import { FullarcError } from '../protocol/control.ts';
import type { PolicyText, PolicyVersion, VersionOrigin } from '../protocol/policy-versions.ts';
import { sha256 } from './live-run.ts';
import type { Tx } from './store/store.ts';

/** Why a set came into force. */
export interface Origin {
  readonly how: VersionOrigin;
  readonly by: string;
  readonly note?: string;
  /** For a rollback: number of the entry that it goes back to. */
  readonly standsFor?: number;
}

export interface Accepted {
  readonly version: string;
  readonly at: number;
  readonly sources: readonly PolicyText[];
  readonly origin: Origin;
}

/** A change of several files that has begun: whoever opens the workspace after a crash finishes it. */
export interface Write {
  readonly version: string;
  readonly origin: Origin;
  readonly before: readonly PolicyText[];
  readonly after: readonly PolicyText[];
}

interface Row {
  readonly number: number;
  readonly version: string;
  readonly at: number;
  readonly person: string;
  readonly how: VersionOrigin;
  readonly parent: string | null;
  readonly stands_for: number;
  readonly note: string | null;
  readonly files: string;
}
type FileRefs = PolicyVersion['files'];

const COLUMNS = 'number, version, at, person, how, parent, stands_for, note, files';

export class Versions {
  /** Puts a set on record as the newest version, and any write that led to it is done. Undefined when the newest is this one already. */
  async record(tx: Tx, workspace: string, { version, at, sources, origin }: Accepted): Promise<PolicyVersion | undefined> {
    await tx.run('DELETE FROM policy_writes WHERE workspace = $1', workspace);
    const newest = await this.newest(tx, workspace);
    if (newest?.version === version) return undefined;
    const number = (newest?.number ?? 0) + 1;
    const files = await this.#store(tx, sources);
    const entry: PolicyVersion = { number, version, at, by: origin.by, how: origin.how, parent: newest?.version, note: origin.note, files };
    await tx.run(`INSERT INTO policy_versions (workspace, ${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      workspace, number, version, at, origin.by, origin.how, entry.parent ?? null, origin.standsFor ?? number, origin.note ?? null, JSON.stringify(files));
    return entry;
  }

  async newest(tx: Tx, workspace: string): Promise<PolicyVersion | undefined> {
    return (await this.list(tx, workspace, 1))[0];
  }

  /** Newest first. */
  async list(tx: Tx, workspace: string, limit = Number.MAX_SAFE_INTEGER): Promise<PolicyVersion[]> {
    return (await tx.all<Row>(`SELECT ${COLUMNS} FROM policy_versions WHERE workspace = $1 ORDER BY number DESC LIMIT $2`, workspace, limit)).map(versionOf);
  }

  /** The newest entry of a version that is named by its hash, an unambiguous beginning of it, or `#` and a number. Throws `no-such-version`. */
  async find(tx: Tx, workspace: string, name: string): Promise<PolicyVersion> {
    const number = /^#([1-9]\d{0,14})$/.exec(name)?.[1];
    if (number) return this.#numbered(tx, workspace, Number(number));
    if (!/^[0-9a-f]{4,64}$/.test(name)) throw noVersion(name, 'a version is named by at least four hexadecimal digits of its hash, or by # and its number');
    const rows = await tx.all<Row>(`SELECT ${COLUMNS} FROM policy_versions WHERE workspace = $1 AND version >= $2 AND version < $3 ORDER BY number DESC`, workspace, name, `${name}g`);
    const [first] = rows;
    if (!first) throw noVersion(name, 'no version of this workspace begins with it');
    const others = new Set(rows.map(({ version }) => version));
    if (others.size > 1) throw noVersion(name, `${others.size} versions begin with it: ${[...others].slice(0, 5).join(', ')}`);
    return versionOf(first);
  }

  /** The entry that a rollback goes back to: the one before what the newest stands for. Undefined when there is none. */
  async previous(tx: Tx, workspace: string): Promise<{ readonly entry: PolicyVersion; readonly standsFor: number } | undefined> {
    const newest = await tx.get<Row>(`SELECT ${COLUMNS} FROM policy_versions WHERE workspace = $1 ORDER BY number DESC LIMIT 1`, workspace);
    if (!newest || newest.stands_for === 1) return undefined;
    const row = await tx.get<Row>(`SELECT ${COLUMNS} FROM policy_versions WHERE workspace = $1 AND number = $2`, workspace, newest.stands_for - 1);
    return row && { entry: versionOf(row), standsFor: row.stands_for };
  }

  /** The entry just before another one; undefined for the first. */
  async before(tx: Tx, workspace: string, { number }: PolicyVersion): Promise<PolicyVersion | undefined> {
    return number > 1 ? this.#numbered(tx, workspace, number - 1) : undefined;
  }

  async sources(tx: Tx, files: FileRefs): Promise<PolicyText[]> {
    const sources = [];
    for (const { path, hash } of files) {
      const row = await tx.get<{ text: string }>('SELECT text FROM policy_texts WHERE hash = $1', hash);
      if (!row) throw new FullarcError('store-failed', `the text of ${path} with the hash ${hash} is not in the store`, 'Restore the data folder from a backup; other versions are not affected.');
      sources.push({ path, text: row.text });
    }
    return sources;
  }

  /** Writes down what is about to be written to files. */
  async begin(tx: Tx, workspace: string, { version, origin, before, after }: Write): Promise<void> {
    const body = { version, origin, before: await this.#store(tx, before), after: await this.#store(tx, after) };
    await tx.run('INSERT INTO policy_writes (workspace, body) VALUES ($1, $2) ON CONFLICT (workspace) DO UPDATE SET body = excluded.body', workspace, JSON.stringify(body));
  }

  async underWay(tx: Tx, workspace: string): Promise<Write | undefined> {
    const row = await tx.get<{ body: string }>('SELECT body FROM policy_writes WHERE workspace = $1', workspace);
    if (!row) return undefined;
    const { before, after, ...rest } = JSON.parse(row.body) as Pick<Write, 'version' | 'origin'> & { before: FileRefs; after: FileRefs };
    return { ...rest, before: await this.sources(tx, before), after: await this.sources(tx, after) };
  }

  /** The write came to nothing. */
  async drop(tx: Tx, workspace: string): Promise<void> {
    await tx.run('DELETE FROM policy_writes WHERE workspace = $1', workspace);
  }

  async #numbered(tx: Tx, workspace: string, number: number): Promise<PolicyVersion> {
    const row = await tx.get<Row>(`SELECT ${COLUMNS} FROM policy_versions WHERE workspace = $1 AND number = $2`, workspace, number);
    if (!row) throw noVersion(`#${number}`, 'this workspace has no version of that number');
    return versionOf(row);
  }

  async #store(tx: Tx, sources: readonly PolicyText[]): Promise<FileRefs> {
    const files = sources.map(({ path, text }) => ({ path, hash: sha256(text) }));
    for (const [at, { hash }] of files.entries()) await tx.run('INSERT INTO policy_texts (hash, text) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING', hash, sources[at]!.text);
    return files;
  }
}

const versionOf = ({ number, version, at, person, how, parent, note, files }: Row): PolicyVersion =>
  ({ number, version, at, by: person, how, ...(parent !== null && { parent }), ...(note !== null && { note }), files: JSON.parse(files) as FileRefs });

const noVersion = (name: string, why: string): FullarcError => new FullarcError('no-such-version', `there is no version ${name}: ${why}`, '`fullarc policies list` prints the versions of a workspace.');
