// Stores and runs for tests: each in a temporary folder of its own that is removed at the end.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunInfo } from '../../protocol/run-graph.ts';
import { openSqlite, type SqliteOptions } from '../../runtime/store/sqlite.ts';
import type { Store, Tx } from '../../runtime/store/store.ts';

export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'fullarc-store-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function withStore<T>(use: (store: Store, path: string) => Promise<T>, options: SqliteOptions = {}): Promise<T> {
  return inFolder(async (folder) => {
    const path = join(folder, 'state.db');
    const store = openSqlite(path, options);
    try {
      return await use(store, path);
    } finally {
      await store.close();
    }
  });
}

/** For what needs SQL but no disk. */
export async function inMemory<T>(use: (store: Store) => Promise<T>): Promise<T> {
  const store = openSqlite(':memory:');
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

export const durably = <T>(store: Store, work: (tx: Tx) => Promise<T>): Promise<T> => store.transaction(work).durable;

export const NOON = Date.UTC(2026, 0, 5, 12);

export function runInfo(id: string, overrides: Partial<RunInfo> = {}): RunInfo {
  return { id, root: overrides.parent ?? id, depth: 0, agent: 'researcher', user: 'ann', workspace: '/w', command: ['node', 'agent.js'], level: 'L1', ...overrides };
}
