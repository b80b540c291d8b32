// The embedded store: what a group keeps, what it takes back, and what happens to files that are damaged, foreign, newer or in the way.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FullarcError } from '../../protocol/control.ts';
import { durably, inFolder, NOON, withStore } from '../../test/store/fixtures.ts';
import { MIGRATIONS } from './migrations.ts';
import { clearSuspect, markSuspect, needsCheck } from './sqlite-file.ts';
import { openSqlite } from './sqlite.ts';
import type { Store, StoreNotice, Tx } from './store.ts';

const NOTES = [...MIGRATIONS, { version: 1000, sql: 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;' }];
const write = (tx: Tx, id: number, text = 'x'): Promise<number> => tx.run('INSERT INTO notes (id, text) VALUES ($1, $2)', id, text);
const ids = async (store: Store): Promise<number[]> => (await durably(store, (tx) => tx.all<{ id: number }>('SELECT id FROM notes ORDER BY id'))).map((row) => row.id);
const failed = (code: string, message: RegExp) => (error: unknown): boolean => {
  assert.ok(error instanceof FullarcError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  assert.ok(error.remedy.length > 0);
  return true;
};

test('what is durable is there after reopening', () => inFolder(async (folder) => {
  const path = join(folder, 'deep', 'state.db');
  const store = openSqlite(path, { migrations: NOTES });
  await durably(store, (tx) => write(tx, 1, 'kept'));
  await store.close();
  const again = openSqlite(path, { migrations: NOTES, notice: (notice) => assert.fail(notice.message) });
  assert.deepEqual(await ids(again), [1]);
  await again.close();
}));

test('folder and files are for this user alone', { skip: process.platform === 'win32' }, () => inFolder(async (folder) => {
  const path = join(folder, 'private', 'state.db');
  const store = openSqlite(path, { migrations: NOTES });
  await durably(store, (tx) => write(tx, 1));
  assert.equal(statSync(join(folder, 'private')).mode & 0o777, 0o700);
  for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix);
  await store.close();
}));

test('transactions that arrive together share a commit, in order, and see one another', () => withStore(async (store) => {
  const order: string[] = [];
  const commits = [1, 2, 3].map((id) => {
    const commit = store.transaction(async (tx) => {
      await write(tx, id);
      return (await tx.get<{ n: number }>('SELECT count(*) AS n FROM notes'))?.n;
    });
    void commit.done.then(() => order.push(`done ${id}`));
    void commit.durable.then(() => order.push(`durable ${id}`));
    return commit;
  });
  assert.deepEqual(await Promise.all(commits.map((commit) => commit.durable)), [1, 2, 3]);
  assert.deepEqual(order, ['done 1', 'done 2', 'done 3', 'durable 1', 'durable 2', 'durable 3']);
}, { migrations: NOTES }));

test('a transaction that follows on `done` joins the open group', () => withStore(async (store) => {
  const order: string[] = [];
  const first = store.transaction((tx) => write(tx, 1));
  void first.durable.then(() => order.push('first durable'));
  await first.done;
  const second = store.transaction((tx) => write(tx, 2));
  void second.done.then(() => order.push('second done'));
  await second.durable;
  assert.deepEqual(order, ['second done', 'first durable']);
}, { migrations: NOTES }));

test('a transaction that arrives with the next turn of the event loop still joins', () => withStore(async (store) => {
  const order: string[] = [];
  const second = new Promise<unknown>((resolve, reject) => {
    setImmediate(() => {
      const commit = store.transaction((tx) => write(tx, 2));
      void commit.done.then(() => order.push('second done'));
      commit.durable.then(resolve, reject);
    });
  });
  const first = store.transaction((tx) => write(tx, 1)).durable.then(() => order.push('first durable'));
  await Promise.all([first, second]);
  assert.deepEqual(order, ['second done', 'first durable']);
}, { migrations: NOTES }));

test('a group is bounded', () => withStore(async (store) => {
  const order: string[] = [];
  const commits = [1, 2, 3].map((id) => store.transaction((tx) => write(tx, id)));
  commits.forEach((commit, index) => {
    void commit.done.then(() => order.push(`done ${index + 1}`));
    void commit.durable.then(() => order.push(`durable ${index + 1}`));
  });
  await commits[2]?.durable;
  assert.ok(order.indexOf('durable 2') < order.indexOf('done 3'), order.join(', '));
}, { migrations: NOTES, groupSize: 2 }));

test('read, decide, write is atomic although the work awaits in between', () => withStore(async (store) => {
  await durably(store, (tx) => write(tx, 0, '0'));
  const bump = async (tx: Tx): Promise<number> => {
    const before = Number((await tx.get<{ text: string }>('SELECT text FROM notes WHERE id = 0'))?.text);
    await Promise.resolve();
    return tx.run('UPDATE notes SET text = $1 WHERE id = 0', String(before + 1));
  };
  await Promise.all(Array.from({ length: 100 }, () => durably(store, bump)));
  assert.equal((await durably(store, (tx) => tx.get<{ text: string }>('SELECT text FROM notes')))?.text, '100');
}, { migrations: NOTES }));

test('work that throws takes back its own changes and no others', () => withStore(async (store) => {
  const before = store.transaction((tx) => write(tx, 1));
  const broken = store.transaction(async (tx) => {
    await write(tx, 2);
    throw new Error('changed my mind');
  });
  const after = store.transaction((tx) => write(tx, 3));
  await assert.rejects(broken.done, /changed my mind/);
  await assert.rejects(broken.durable, /changed my mind/);
  await Promise.all([before.durable, after.durable]);
  assert.deepEqual(await ids(store), [1, 3]);
}, { migrations: NOTES }));

test('a broken rule of the schema reaches the caller as it is, and can be handled inside the work', () => withStore(async (store) => {
  await durably(store, (tx) => write(tx, 1));
  await assert.rejects(durably(store, (tx) => write(tx, 1)), /UNIQUE constraint failed/);
  await durably(store, async (tx) => {
    await write(tx, 1).catch(() => 0);
    await write(tx, 2);
  });
  assert.deepEqual(await ids(store), [1, 2]);
}, { migrations: NOTES }));

test('a full store fails the whole group with store-failed, and goes on once there is room', () => withStore(async (store) => {
  const pages = await durably(store, (tx) => tx.get<{ page_count: number }>('PRAGMA page_count'));
  await durably(store, (tx) => tx.get(`PRAGMA max_page_count = ${pages?.page_count}`));
  const commits = [1, 2].map((id) => store.transaction((tx) => write(tx, id, 'x'.repeat(100_000))));
  for (const commit of commits) await assert.rejects(commit.durable, failed('store-failed', /no room left to grow: database or disk is full/));
  await durably(store, (tx) => tx.get('PRAGMA max_page_count = 1000000'));
  await durably(store, (tx) => write(tx, 3, 'x'.repeat(100_000)));
  assert.deepEqual(await ids(store), [3]);
}, { migrations: NOTES }));

test('a commit that fails takes back every member of its group, also those that were done', () => withStore(async (store) => {
  const good = store.transaction((tx) => write(tx, 1));
  const bad = store.transaction(async (tx) => {
    await tx.run('PRAGMA defer_foreign_keys = ON');
    await tx.run(`INSERT INTO votes (gate, round, person, decision, at) VALUES ('nowhere', 1, 'ann', 'approve', 1)`);
  });
  await Promise.all([good.done, bad.done]);
  await assert.rejects(good.durable, failed('store-failed', /refused the commit: FOREIGN KEY constraint failed/));
  await assert.rejects(bad.durable, failed('store-failed', /refused the commit/));
  await durably(store, (tx) => write(tx, 2));
  assert.deepEqual(await ids(store), [2]);
}, { migrations: NOTES }));

test('work that hides the loss of the whole transaction does not count as done', () => withStore(async (store) => {
  const before = store.transaction((tx) => write(tx, 1));
  const hiding = store.transaction((tx) => tx.run('ROLLBACK').catch(() => 0));
  await before.done;
  await assert.rejects(before.durable, failed('store-failed', /gave up the open transaction/));
  await assert.rejects(hiding.durable, failed('store-failed', /gave up/));
  assert.deepEqual(await ids(store), []);
}, { migrations: NOTES }));

test('a read-only store refuses all that waits, and says so', () => withStore(async (store) => {
  await durably(store, (tx) => tx.get('PRAGMA query_only = ON'));
  const commits = [1, 2].map((id) => store.transaction((tx) => write(tx, id)));
  for (const commit of commits) {
    await assert.rejects(commit.done, failed('store-failed', /is read-only/));
    await assert.rejects(commit.durable, failed('store-failed', /is read-only/));
  }
}, { migrations: NOTES }));

test('another process that holds the file is named as the cause', () => withStore(async (store, path) => {
  const other = openSqlite(path, { migrations: NOTES, busyTimeoutMs: 1 });
  await durably(store, async (tx) => {
    await write(tx, 1);
    await assert.rejects(durably(other, (inner) => write(inner, 2)), failed('store-failed', /locked by another process/));
  });
  await durably(other, (tx) => write(tx, 2));
  await other.close();
  assert.deepEqual(await ids(store), [1, 2]);
}, { migrations: NOTES }));

test('nobody has to look at a rejection', () => inFolder(async (folder) => {
  const script = `
    import { openSqlite } from ${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)};
    const store = openSqlite(${JSON.stringify(join(folder, 'state.db'))});
    const fail = async () => { throw new Error('no'); };
    await store.transaction(fail).done.catch(() => {});
    await store.transaction(fail).durable.catch(() => {});
    store.transaction(fail);
    await store.close();
    console.log('alive');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  assert.equal(child.stdout, 'alive\n');
  assert.equal(child.stderr, '', 'neither a warning about node:sqlite nor one about a promise');
}));

test('numbers keep their exact value, or are refused', () => withStore(async (store) => {
  const most = Number.MAX_SAFE_INTEGER;
  const echo = await durably(store, (tx) => tx.get('SELECT $1 + 0 AS number, $2 AS big, $3 AS half, $4 AS none, typeof($1) AS kind', most, 7n, 0.5, null));
  assert.deepEqual({ ...(echo as object) }, { number: most, big: 7, half: 0.5, none: null, kind: 'integer' });
  for (const wrong of [NaN, Infinity, 2 ** 53]) await assert.rejects(durably(store, (tx) => tx.get('SELECT $1 AS n', wrong)), RangeError);
  await assert.rejects(durably(store, (tx) => tx.get('SELECT $1 + 1 AS n', most)), /too large to be represented/);
}, { migrations: NOTES }));

test('parameters are bound by their number, and all of them', () => withStore(async (store) => {
  assert.deepEqual({ ...(await durably(store, (tx) => tx.get('SELECT $2 AS second, $1 AS first, $2 AS again', 'a', 'b')) as object) }, { second: 'b', first: 'a', again: 'b' });
  await assert.rejects(durably(store, (tx) => tx.get('SELECT $1 AS a, $2 AS b', 'a')), /2 parameters wanted, 1 given/);
}, { migrations: NOTES }));

test('a transaction is of no use after its end', () => withStore(async (store) => {
  let leaked: Tx | undefined;
  await durably(store, async (tx) => { leaked = tx; });
  await assert.rejects(async () => leaked?.run('DELETE FROM notes'), /used after its end/);
}, { migrations: NOTES }));

test('closing finishes what was submitted and refuses what comes later', () => withStore(async (store, path) => {
  const last = store.transaction((tx) => write(tx, 1));
  const closing = store.close();
  await assert.rejects(store.transaction((tx) => write(tx, 2)).done, failed('shutting-down', /closing/));
  await closing;
  await last.durable;
  assert.equal(existsSync(`${path}-wal`), false, 'closed in order');
  const again = openSqlite(path, { migrations: NOTES });
  assert.deepEqual(await ids(again), [1]);
  await again.close();
}, { migrations: NOTES }));

test('a damaged file is set aside, never deleted, and reported', () => inFolder(async (folder) => {
  const path = join(folder, 'state.db');
  const damage = (bytes: string): void => writeFileSync(path, bytes);
  for (const name of ['state.db.damaged-20260105T120000Z', 'state.db.damaged-20260105T120000Z-2']) {
    damage(`not a database ${name}`);
    const notices: StoreNotice[] = [];
    const store = openSqlite(path, { migrations: NOTES, clock: () => NOON, notice: (notice) => notices.push(notice) });
    await durably(store, (tx) => write(tx, 1));
    assert.equal(notices.length, 1);
    assert.equal(notices[0]?.movedTo, join(folder, name));
    assert.match(notices[0].message, /is damaged \(file is not a database\)\. It was set aside as/);
    await store.close();
    assert.equal(readFileSync(join(folder, name), 'utf8'), `not a database ${name}`);
  }
}));

test('damage deep inside the file is found at opening', () => inFolder(async (folder) => {
  const path = join(folder, 'state.db');
  const store = openSqlite(path, { migrations: NOTES });
  for (let id = 0; id < 200; id++) store.transaction((tx) => write(tx, id, 'text '.repeat(100)));
  await store.close();
  const bytes = readFileSync(path);
  bytes.fill(0x5a, bytes.length - 8192);
  writeFileSync(path, bytes);
  const notices: StoreNotice[] = [];
  const again = openSqlite(path, { migrations: NOTES, clock: () => NOON, notice: (notice) => notices.push(notice) });
  assert.deepEqual(await ids(again), []);
  await again.close();
  assert.equal(notices[0]?.kind, 'quarantined');
  assert.deepEqual(readFileSync(notices[0].movedTo), bytes);
}));

test('damage that shows in use is reported, and the next start sets the file aside', () => inFolder(async (folder) => {
  const path = join(folder, 'state.db');
  const filled = openSqlite(path, { migrations: NOTES });
  for (let id = 0; id < 1000; id++) filled.transaction((tx) => write(tx, id, 'text '.repeat(2000)));
  await filled.close();
  const store = openSqlite(path, { migrations: NOTES });
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(1_000_000, 0x5a), 0, 1_000_000, 400_000);
  closeSync(file);
  await assert.rejects(durably(store, (tx) => tx.get('SELECT sum(length(text)) AS size FROM notes')), failed('store-failed', /is damaged: database disk image is malformed/));
  await store.close();
  assert.ok(existsSync(`${path}.suspect`));
  const notices: StoreNotice[] = [];
  await openSqlite(path, { migrations: NOTES, notice: (notice) => notices.push(notice) }).close();
  assert.equal(notices[0]?.kind, 'quarantined');
  assert.ok(!existsSync(`${path}.suspect`));
}));

test('a large file is read through only when it was not closed in order or looked damaged', () => inFolder(async (folder) => {
  const path = join(folder, 'state.db');
  writeFileSync(path, '');
  assert.equal(needsCheck(path), true, 'small');
  truncateSync(path, 100 * 2 ** 20);
  assert.equal(needsCheck(path), false);
  markSuspect(path);
  assert.equal(needsCheck(path), true, 'looked damaged');
  clearSuspect(path);
  writeFileSync(`${path}-wal`, '');
  assert.equal(needsCheck(path), true, 'not closed');
}));

test('migrations go forward from an older file and keep what is in it', () => inFolder(async (folder) => {
  const path = join(folder, 'state.db');
  const old = openSqlite(path, { migrations: NOTES });
  await durably(old, (tx) => write(tx, 1, 'old'));
  await old.close();
  const store = openSqlite(path, { migrations: [...NOTES, { version: 1001, sql: `ALTER TABLE notes ADD COLUMN title TEXT NOT NULL DEFAULT 'untitled';` }] });
  assert.deepEqual({ ...(await durably(store, (tx) => tx.get('SELECT * FROM notes')) as object) }, { id: 1, text: 'old', title: 'untitled' });
  await store.close();
}));

test('a migration that fails leaves the file as it was', () => inFolder(async (folder) => {
  const path = join(folder, 'state.db');
  const old = openSqlite(path, { migrations: NOTES });
  await durably(old, (tx) => write(tx, 1));
  await old.close();
  assert.throws(() => openSqlite(path, { migrations: [...NOTES, { version: 1001, sql: 'DROP TABLE notes; CREATE TABLE runs (id TEXT);' }] }), /table runs already exists/);
  const store = openSqlite(path, { migrations: NOTES });
  assert.deepEqual(await ids(store), [1]);
  await store.close();
}));

test('a file of a newer Fullarc, or of another program, is refused untouched', () => inFolder(async (folder) => {
  const path = join(folder, 'state.db');
  await openSqlite(path, { migrations: NOTES }).close();
  const bytes = readFileSync(path);
  assert.throws(() => openSqlite(path), failed('store-failed', new RegExp(`newer Fullarc: its schema is version 1000, this one knows up to ${MIGRATIONS.at(-1)?.version}`)));
  assert.deepEqual(readFileSync(path), bytes);
  const foreign = openSqlite(path, { migrations: NOTES });
  await durably(foreign, (tx) => tx.run('PRAGMA application_id = 7'));
  await foreign.close();
  assert.throws(() => openSqlite(path, { migrations: NOTES }), failed('store-failed', /database of another program/));
}));

test('a place that cannot hold a store is explained', () => inFolder(async (folder) => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.throws(() => openSqlite(join(file, 'state.db')), failed('store-failed', /cannot be created: (EEXIST|ENOTDIR)/));
  assert.throws(() => openSqlite(folder), failed('store-failed', /cannot be created: EISDIR/));
}));
