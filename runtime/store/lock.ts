// A lock on a file that the system itself releases when its holder dies, however it dies: an exclusive SQLite transaction on an empty database.

import { DatabaseSync } from 'node:sqlite';
import { isBusy, storeFailed } from './sqlite-errors.ts';

/** Takes the lock, or returns undefined when another process holds it. Throws `store-failed` when it can be neither taken nor held by anybody. */
export function holdLock(path: string): { release(): void } | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    const held = database;
    return { release: () => held.close() };
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw storeFailed(`The lock ${path} cannot be taken: ${(error as Error).message}.`, 'Make its folder writable for this user; a damaged lock may be removed while no governor runs, it holds nothing.', error);
  }
}
