// A lock on a file that the system itself releases when its holder dies, however it dies: an exclusive SQLite transaction on an empty database.

import { DatabaseSync } from 'node:sqlite';

/** Takes the lock, or returns undefined when another process holds it. */
export function holdLock(path: string): { release(): void } | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return { release: () => database.close() };
  } catch {
    database.close();
    return undefined;
  }
}
