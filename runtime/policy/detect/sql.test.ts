// What statements do, in the spellings of three databases; and that none of them can be written so that it looks harmless.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readStatement, type SqlStatement } from './sql.ts';

const read = (sql: string): readonly SqlStatement[] => {
  const reading = readStatement(sql);
  assert.equal(reading.kind, 'parsed', `${sql}: ${reading.kind === 'unparsed' ? reading.reason : ''}`);
  return reading.kind === 'parsed' ? reading.statements : [];
};

test('a query: tables, columns, limit', () => {
  assert.deepEqual(read("SELECT l.Id, email, count(*) FROM CRM.Leads l JOIN accounts AS a ON a.id = l.account WHERE region = 'EU' ORDER BY l.id LIMIT 10"), [
    { verb: 'select', writes: false, reads: ['crm.leads', 'accounts'], targets: [], columns: ['crm.leads.id', 'email', 'accounts.id', 'crm.leads.account', 'region'], calls: [], limit: 10 },
  ]);
  assert.deepEqual(read('select * from t, u where a in (select b from v)')[0]!.reads, ['t', 'u', 'v']);
  assert.ok(read('select l.* from leads l')[0]!.columns.includes('*'));
  assert.equal(read('select * from t limit $1')[0]!.limit, undefined);
});

test('what writes, and where', () => {
  const of = (sql: string) => read(sql).map(({ verb, writes, reads, targets }) => [verb, writes, reads.join(), targets.join()].join(' '));
  assert.deepEqual(of('insert into a.t(x) select y from u on conflict (x) do update set x = 2 returning x'), ['insert true u a.t']);
  assert.deepEqual(of('update leads set a = 1 where id = 2'), ['update true  leads']);
  assert.deepEqual(of('delete from leads where id in (select id from old)'), ['delete true old leads']);
  assert.deepEqual(of('with gone as (delete from leads returning *) select * from gone'), ['select true  leads']);
  assert.deepEqual(of('with leads as (select * from leads) select * from leads'), ['select false leads ']);
  assert.deepEqual(of('select * from leads where id in (with leads as (select 1) select 2 from leads)'), ['select false leads ']);
  assert.deepEqual(of('with x as (select 1) insert into t select * from x'), ['insert true  t']);
  assert.deepEqual(of('drop table a.b, c'), ['ddl true  a.b,c']);
  assert.deepEqual(of('truncate a, b'), ['ddl true  a,b']);
  assert.deepEqual(of('alter table t add column y int'), ['ddl true  t']);
  assert.deepEqual(of('select 1; delete from t where 1 = 1; commit'), ['select false  ', 'delete true  t', 'other false  ']);
  assert.deepEqual(of('select a from b union select c from d'), ['select false b,d ']);
  assert.deepEqual(of('set role = admin'), ['other true  ']);
});

test('every row at once is seen', () => {
  assert.equal(read('delete from leads')[0]!.unfiltered, true);
  assert.equal(read('update leads set a = 1')[0]!.unfiltered, true);
  assert.equal(read('delete from leads where id = 1')[0]!.unfiltered, undefined);
  assert.equal(read('with x as (update t set a = 1 returning a) select * from x')[0]!.unfiltered, true);
});

test('a function that is not known may write', () => {
  assert.deepEqual(read('select purge_leads(1), lower(a) from t').map(({ writes, calls }) => [writes, calls]), [[true, ['purge_leads']]]);
  for (const sql of ["select nextval('s')", 'select pg_terminate_backend(1)', "select evil.lower('a')", "select pg_read_file('/etc/passwd')", "select set_config('a','b',false)", 'select * from purge()']) assert.equal(read(sql)[0]!.writes, true, sql);
  assert.equal(read("select pg_catalog.lower(a), date_trunc('day', now()) - interval '1 day', sum(a) over (partition by b) from t")[0]!.writes, false);
});

test('spellings of MySQL, SQLite and drivers', () => {
  assert.deepEqual(read('select `a` from `b` limit 5, 10').map(({ reads, limit }) => [reads, limit]), [[['b'], 10]]);
  for (const sql of ['select * from t where a = ? and b = :name and c = %s and d = %(x)s and e = @p', 'explain select 1', 'explain query plan select a from t', "select a::text, b->>'c' from t where d = 'x:y'", "-- why\nselect 1 /* so */", "select 'a''b;' from t"]) assert.equal(read(sql)[0]!.writes, false, sql);
});

const UNREAD = [
  "COPY leads TO '/tmp/x'", 'CALL purge()', 'select * into copy from leads', 'merge into t using s on t.a = s.a when matched then delete', 'vacuum', "attach database 'x' as y", 'explain analyze delete from t', 'grant all on t to u', 'not sql at all', "select 'a",
  // Each of these is one statement to one database, and two to another.
  String.raw`select '\'' ; delete from x; -- '`, "select 1 /*! ; delete from x */", 'select 1 # a\n; delete from x', 'select /* /* */ 1; delete from x; -- */ */', 'select 1--1\n;delete from x', 'select $$ ; delete from x; $$', "select array[' ] ; delete from x; -- ']", 'select `a"; delete from x; --`', 'select 1\0; delete from x',
];
for (const sql of UNREAD) test(`not read: ${JSON.stringify(sql)}`, () => assert.equal(readStatement(sql).kind, 'unparsed'));

test('no text makes it throw, and a part that deletes is never taken for reading', () => {
  const bits = fc.constantFrom('select ', 'a', ' from ', 't', ', ', '(', ')', "'", '"', '`', ';', '--', '/*', '*/', '\n', ' where ', '=', '1', '$$', '[', ']', '\\', '#', ' union ', 'with x as ');
  const noise = fc.array(bits, { maxLength: 14 }).map((parts) => parts.join(''));
  fc.assert(fc.property(noise, (text) => {
    const reading = readStatement(text);
    assert.ok(reading.kind === 'unparsed' || reading.statements.every(({ writes }) => !writes) || /\w\s*\(/.test(text));
  }), { numRuns: 300 });
  fc.assert(fc.property(noise, fc.constantFrom(' ', '\n', ';'), (text, gap) => {
    const reading = readStatement(`with gone as (delete from leads returning *) select 1${gap}${text}`);
    assert.ok(reading.kind === 'unparsed' || reading.statements.some(({ writes }) => writes));
  }), { numRuns: 300 });
  for (const text of ['('.repeat(10_000), `select ${'1,'.repeat(6_000)}1`, 'a'.repeat(100_000), ';'.repeat(10_000)]) assert.ok(readStatement(text).kind);
});
