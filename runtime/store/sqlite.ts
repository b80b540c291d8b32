// The embedded store: SQLite through node:sqlite, one connection, write-ahead log, every commit synced.
// It wants a local disk: a write-ahead log does not work over a network file system, and opening one there is refused where SQLite notices.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Connection, GroupCommit } from './group-commit.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import { explainCommitFailure, explainFailure, isDamage, storeFailed } from './sqlite-errors.ts';
import { clearSuspect, markSuspect, needsCheck, prepareFile, quarantine } from './sqlite-file.ts';
import type { Store, StoreNotice, Tx, Value } from './store.ts';

export interface SqliteOptions {
  /** Milliseconds since the epoch; names a file that is set aside. */
  readonly clock?: () => number;
  /** Most transactions that share one commit. */
  readonly groupSize?: number;
  /** How long to wait for another process that holds the file, in milliseconds. */
  readonly busyTimeoutMs?: number;
  readonly migrations?: readonly Migration[];
  /** Told what happened while opening that a person should know. */
  readonly notice?: (notice: StoreNotice) => void;
}

/**
 * Opens the store at `path`, making folder and file when they are missing; `:memory:` keeps everything in memory.
 * A damaged file is set aside and replaced, and `notice` is told. Throws `store-failed` when the file is out of reach, belongs to another program or to a newer Fullarc.
 */
export function openSqlite(path: string, options: SqliteOptions = {}): Store {
  const { clock = Date.now, groupSize = 256, busyTimeoutMs = 5000, migrations = MIGRATIONS, notice } = options;
  const open = (): DatabaseSync => openDatabase(path, busyTimeoutMs, migrations);
  const replaceDamaged = (error: unknown): DatabaseSync => {
    if (!isDamage(error)) throw error;
    const moved = quarantine(path, clock(), (error as Error).message);
    const database = open();
    notice?.(moved);
    return database;
  };
  try {
    const group = new GroupCommit(new SqliteConnection(attempt(open, replaceDamaged), path), groupSize);
    return { path, transaction: (work) => group.submit(work), close: () => group.close() };
  } catch (error) {
    throw explainFailure(error, path);
  }
}

function attempt<T>(first: () => T, otherwise: (error: unknown) => T): T {
  try {
    return first();
  } catch (error) {
    return otherwise(error);
  }
}

function openDatabase(path: string, timeout: number, migrations: readonly Migration[]): DatabaseSync {
  const inMemory = path === ':memory:';
  if (!inMemory) prepareFile(path);
  const mustCheck = !inMemory && needsCheck(path);
  const database = new DatabaseSync(path, { timeout, enableForeignKeyConstraints: true });
  try {
    const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
    if (mode !== 'wal' && !inMemory) throw storeFailed(`The store ${path} lies on a file system that cannot hold a write-ahead log (journal mode is ${String(mode)}).`, 'Put the data folder on a local disk.');
    // fullfsync matters on macOS alone, where fsync by itself leaves data in the drive's cache.
    database.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864');
    if (mustCheck) check(database);
    migrate(database, path, migrations);
    if (mustCheck) clearSuspect(path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Reads the file through; throws as SQLite does for a damaged one. */
function check(database: DatabaseSync): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (found !== 'ok') throw Object.assign(new Error(String(found)), { errcode: 11 });
}

/** `Full` in ASCII: tells our files from those of other programs. */
const APPLICATION_ID = 0x46756c6c;

function migrate(database: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  const version = pragma(database, 'user_version');
  const known = migrations.at(-1)?.version ?? 0;
  if (!isOurs(database)) throw storeFailed(`${path} is a database of another program.`, 'Choose another data folder.');
  if (version > known) throw storeFailed(`The store ${path} was written by a newer Fullarc: its schema is version ${version}, this one knows up to ${known}.`, 'Update Fullarc, or start it with another data folder.');
  const due = migrations.filter((migration) => migration.version > version);
  if (due.length === 0) return;
  database.exec('BEGIN IMMEDIATE');
  for (const migration of due) database.exec(migration.sql);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${known}; COMMIT`);
}

function isOurs(database: DatabaseSync): boolean {
  const id = pragma(database, 'application_id');
  return id === APPLICATION_ID || (id === 0 && database.prepare('SELECT name FROM sqlite_schema LIMIT 1').get() === undefined);
}

const pragma = (database: DatabaseSync, name: 'user_version' | 'application_id'): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);

class SqliteConnection implements Connection {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #prepared = new Map<string, Prepared>();

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
  }

  begin(): void { this.#control('BEGIN IMMEDIATE'); }
  savepoint(): void { this.#control('SAVEPOINT member'); }
  releaseSavepoint(): void { this.#control('RELEASE member'); }
  rollbackToSavepoint(): void {
    this.#control('ROLLBACK TO member');
    this.#control('RELEASE member');
  }
  rollback(): void { this.#control('ROLLBACK'); }
  commit(): void {
    try {
      this.#prepare('COMMIT').statement.run();
    } catch (error) {
      throw explainCommitFailure(error, this.#path);
    }
  }
  get inTransaction(): boolean { return this.#database.isTransaction; }
  close(): void { this.#database.close(); }

  view(): { readonly tx: Tx; end(): void } {
    let ended = false;
    const guarded = <T>(sql: string, params: readonly Value[], use: (statement: StatementSync, values: Bound[]) => T): T => {
      if (ended) throw new Error(`A transaction was used after its end: ${sql}`);
      return this.#execute(sql, params, use);
    };
    const tx: Tx = {
      all: async <T>(sql: string, ...params: Value[]) => guarded(sql, params, (statement, values) => statement.all(...values) as T[]),
      get: async <T>(sql: string, ...params: Value[]) => guarded(sql, params, (statement, values) => statement.get(...values) as T | undefined),
      run: async (sql, ...params) => guarded(sql, params, (statement, values) => Number(statement.run(...values).changes)),
    };
    return { tx, end: () => { ended = true; } };
  }

  #control(sql: string): void {
    this.#execute(sql, [], (statement) => statement.run());
  }

  #execute<T>(sql: string, params: readonly Value[], use: (statement: StatementSync, values: Bound[]) => T): T {
    try {
      const { statement, parameters } = this.#prepare(sql);
      if (params.length !== parameters) throw new RangeError(`${parameters} parameters wanted, ${params.length} given: ${sql}`);
      return use(statement, params.map(bind));
    } catch (error) {
      if (isDamage(error)) markSuspect(this.#path);
      throw explainFailure(error, this.#path);
    }
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const prepared = { statement: this.#database.prepare(sql.replace(PARAMETER, '?$1')), parameters: countParameters(sql) };
    if (this.#prepared.size >= MOST_PREPARED) this.#prepared.delete(this.#prepared.keys().next().value ?? '');
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

interface Prepared {
  readonly statement: StatementSync;
  readonly parameters: number;
}
type Bound = string | number | bigint | null;
const MOST_PREPARED = 256;
const PARAMETER = /\$(\d+)/g;

function countParameters(sql: string): number {
  return Math.max(0, ...Array.from(sql.matchAll(PARAMETER), (match) => Number(match[1])));
}

/** node:sqlite binds every number as a float; a whole one goes as a bigint, so that sums in SQL stay exact. */
function bind(value: Value): Bound {
  if (typeof value !== 'number') return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  if (!Number.isFinite(value) || Number.isInteger(value)) throw new RangeError(`${value} is not a number that the store can keep exactly.`);
  return value;
}
