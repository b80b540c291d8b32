// The `data-access` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { dataAccess } from './data-access.ts';

type DataBefore = ActionEvent<'data.before'>;
const sql = (statement: string, more: Partial<DataBefore> = {}): DataBefore => ({ event: 'data.before', source: 'crm', operation: 'read', statement, ...more });
const file = (operation: 'read' | 'write' | 'delete' | 'list', path: string): ActionEvent => ({ event: 'file.before', operation, path });
const says = (rules: string, event: ActionEvent) => ask(dataAccess, rules, event).disposition;

test('examples', () => {
  assert.deepEqual(disagreements(dataAccess), []);
  assert.deepEqual(withoutExample(dataAccess), []);
});

test('read-only is what the statement says, whatever the event claims', () => {
  for (const statement of ['delete from leads', "insert into leads select 'x'", 'drop table leads', 'truncate leads', 'select 1; delete from leads where id = 1', 'select wipe_leads()', 'call purge()', "select 'a' \\; delete", 'update public.leads set a = 1']) {
    assert.equal(says('read_only_sources: [crm]', sql(statement, { tables: [] })), 'block', statement);
  }
  assert.equal(says('read_only_sources: [crm]', sql('select count(*) from leads', { operation: 'delete' })), 'allow', 'a plain read is one');
});

test('one table may be read-only while others are written', () => {
  const rules = 'read_only_sources: [crm.accounts]';
  assert.equal(says(rules, sql('insert into leads (id) select id from accounts')), 'allow');
  assert.equal(says(rules, sql('update other.accounts set a = 1 where id = 2')), 'block');
  assert.equal(says(rules, sql('select grow()')), 'block', 'a function may write anywhere');
  assert.equal(says(rules, sql('select grow()', { source: 'billing' })), 'allow', 'but not in another source');
});

test('without a statement the declared operation and tables count, and unknown tables are all tables', () => {
  const call = (more: Partial<DataBefore>): DataBefore => ({ event: 'data.before', source: 'crm', operation: 'read', ...more });
  assert.equal(says('read_only_sources: [crm.leads]', call({ operation: 'update', tables: ['Leads'] })), 'block');
  assert.equal(says('read_only_sources: [crm.leads]', call({ operation: 'update' })), 'block');
  assert.equal(says('read_only_sources: [crm.leads]', call({ operation: 'update', tables: ['deals'] })), 'allow');
  assert.equal(says('allowed_data_sources: [crm.leads]', call({})), 'block');
  assert.equal(says('blocked_data_sources: [crm.leads]', call({})), 'block');
});

test('a schema makes another table for what is allowed, and the same for what is not', () => {
  assert.equal(says('allowed_data_sources: [crm.leads]', sql('select id from public.leads')), 'allow');
  assert.equal(says('allowed_data_sources: [crm.leads]', sql('select id from secret.leads')), 'block');
  assert.equal(says('blocked_data_sources: [crm.leads]', sql('select id from secret.leads')), 'block');
  assert.equal(says('allowed_data_sources: ["crm.l*"]', sql('select 1')), 'allow');
  assert.equal(says('allowed_data_sources: ["crm.l*"]', sql('select 1', { source: 'billing' })), 'block');
});

test('names bound data, paths bound files, a star bounds both', () => {
  assert.equal(says('allowed_data_sources: [crm]', file('read', '/etc/hosts')), 'allow');
  assert.equal(says('allowed_data_sources: [/work]', sql('select id from leads')), 'allow');
  assert.equal(says('blocked_data_sources: ["*"]', file('list', '/')), 'block');
  assert.equal(says('blocked_data_sources: ["*"]', sql('select id from leads')), 'block');
});

test('paths: a directory and what is below it, case only where it can do no harm', () => {
  assert.equal(says('allowed_data_sources: [/work/data/]', file('read', '/work/data')), 'allow');
  assert.equal(says('allowed_data_sources: [/work/data]', file('read', '/work/database')), 'block');
  assert.equal(says('allowed_data_sources: [/work/data]', file('read', '/work/Data/x')), 'block');
  assert.equal(says('blocked_data_sources: ["*/.env"]', file('read', '/work/.ENV')), 'block');
  assert.equal(says('read_only_sources: ["C:\\\\data"]', file('write', 'c:\\DATA\\x.txt')), 'block');
  assert.equal(says('read_only_sources: [/work/data]', file('list', '/work/data')), 'allow');
  assert.equal(says('read_only_sources: [/work/data]', file('delete', '/work/data')), 'block');
});

test('operations: all of a text, and every kind of write for what hides in a WITH', () => {
  const allowed = (operations: string, statement: string) => says(`allowed_operations: [${operations}]`, sql(statement)) === 'allow';
  assert.ok(allowed('read', 'begin; select id from leads; commit'));
  assert.ok(!allowed('read, insert', 'insert into leads (id) values (1); delete from leads where id = 2'));
  assert.ok(!allowed('read, insert', 'with a as (delete from leads returning id) select id from a'));
  assert.ok(!allowed('read, insert, update, delete', 'create table t (id int)'));
  assert.ok(allowed('read, define', 'create table t (id int)'));
});

test('blocked columns: any way to name them, the star, and whole rows', () => {
  const allows = (statement: string, pattern = 'leads.ssn') => says(`blocked_columns: [${pattern}]`, sql(statement)) === 'allow';
  for (const statement of ['select SSN from leads', 'select id from leads where ssn = 1', "update leads set ssn = '1' where id = 2", 'insert into leads (ssn) values (1)', 'select * from leads', 'select l.* from leads l', 'select row_to_json(leads) from leads', 'nonsense']) assert.ok(!allows(statement), statement);
  assert.ok(allows('select count(*) from leads'));
  assert.ok(allows('select d.ssn from deals d'));
  assert.ok(!allows('select d.ssn from deals d', '"crm.*.ssn"'));
});

test('rows lose blocked columns, also inside a nested value; a warning takes nothing out', () => {
  const event: ActionEvent = { event: 'data.after', source: 'crm', operation: 'read', rows: [{ id: 1, whole: { a: [{ SSN: '1' }] } }, { id: 2, ssn: null }, { id: 3 }] };
  const [found] = ask(dataAccess, 'blocked_columns: [ssn]', event).violations;
  assert.deepEqual(found!.blank, [{ index: 0, field: 'whole' }, { index: 1, field: 'ssn' }]);
  assert.deepEqual(ask(dataAccess, 'blocked_columns: [ssn]', event, {}, 'warn').violations.map(({ disposition, blank }) => [disposition, blank]), [['warn', undefined]]);
});

test('surplus rows: dropped from the end, withheld where only their number is known, none for a write', () => {
  const after = (more: Partial<ActionEvent<'data.after'>>): ActionEvent => ({ event: 'data.after', source: 'crm', operation: 'read', ...more });
  assert.deepEqual(ask(dataAccess, 'max_records_per_query: 1', after({ rows: [{}, {}, {}] })).violations[0]!.drop, [1, 2]);
  assert.equal(says('max_records_per_query: 1', after({ count: 3 })), 'block');
  assert.equal(says('max_records_per_query: 1', after({ count: 3, statement: 'delete from leads where id < 4' })), 'allow');
  assert.equal(says('{ max_records_per_query: 1, on_surplus: warn }', after({ count: 3 })), 'warn');
});

test('every refusal says what to do instead', () => {
  for (const rules of ['blocked_data_sources: [crm]', 'allowed_data_sources: [x]', 'allowed_operations: [read]', 'require_filter: true', 'blocked_columns: [a]', 'read_only_sources: [crm]']) {
    const [found] = ask(dataAccess, rules, sql('delete from leads returning a')).violations;
    assert.ok(found!.message.endsWith(found!.remedy!) && found!.message.length > found!.remedy!.length + 10, rules);
  }
});
