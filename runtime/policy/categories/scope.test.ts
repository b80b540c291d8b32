// The `scope` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import { canonicalArgs } from '../detect/loops.ts';
import { NO_EFFECTS, freshRun, type Effects } from '../facts.ts';
import { sha256 } from '../sha256.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { scope } from './scope.ts';

const sql = (statement: string): ActionEvent<'data.before'> => ({ event: 'data.before', source: 'crm', operation: 'read', statement });
const after = (statement: string, count: number): ActionEvent<'data.after'> => ({ ...sql(statement), event: 'data.after', count });
const run = (effects: Partial<Effects>) => ({ run: freshRun({ effects: { ...NO_EFFECTS, ...effects } }) });
const says = (rules: string, event: ActionEvent, facts = {}) => ask(scope, rules, event, facts).disposition;

test('examples', () => {
  assert.deepEqual(disagreements(scope), []);
  assert.deepEqual(withoutExample(scope), []);
});

test('deletions hide nowhere: in a WITH, a function, a DROP, a text that cannot be read', () => {
  for (const statement of ['with a as (delete from leads where id = 1 returning id) select id from a', 'select purge(1)', 'drop table leads', 'truncate leads', 'whatever', 'select 1; delete from leads where id = 1']) assert.equal(says('max_records_deleted: 0', sql(statement)), 'block', statement);
  for (const statement of ['select id from leads', 'create table t (id int)', 'update leads set a = 1 where id = 2']) assert.equal(says('max_records_deleted: 0', sql(statement)), 'allow', statement);
});

test('what happened counts once, whether the total holds it already or not', () => {
  const change = after('update leads set a = 1 where b = 2', 80);
  assert.equal(says('max_records_modified: 100', change, run({ recordsModified: 81 })), 'allow');
  assert.equal(says('max_records_modified: 100', change, run({ recordsModified: 101 })), 'block');
  assert.equal(says('max_records_modified: 100', after('select a from leads', 500)), 'allow', 'rows that are read are not changed');
  assert.equal(says('max_records_deleted: 10', after('delete from leads where a = 1', 11)), 'block');
});

test('money is counted without regard to its direction', () => {
  const pay = (amount: number): ActionEvent => ({ event: 'message.before', channel: 'email', to: ['a@example.com'], texts: [], amount });
  assert.equal(says('max_transaction_amount: 10', pay(-10_000_001)), 'block');
  assert.match(ask(scope, 'max_transaction_amount: 10', pay(12_500_000)).violations[0]!.message, /\$12\.50 would be moved .* \$10\.00 may be/);
});

test('a transaction has to be left open, and a snapshot is the word of the launch', () => {
  const rules = 'require_rollback_capability: true';
  assert.equal(says(rules, sql('begin; update leads set a = 1 where id = 2; commit')), 'block');
  assert.equal(says(rules, sql("start transaction; update leads set a = '; commit' where id = 2")), 'allow');
  assert.equal(says(rules, sql('-- begin\nupdate leads set a = 1 where id = 2')), 'block');
  assert.equal(says(rules, sql('select id from leads')), 'allow');
  const file: ActionEvent = { event: 'file.before', operation: 'delete', path: '/a' };
  assert.deepEqual(['', 'none', 'git:3f2c'].map((rollback) => says(rules, file, { context: { rollback } })), ['block', 'block', 'allow']);
});

test('a rehearsal is of the same arguments; tools that only read need none', () => {
  const call = (args: Record<string, unknown>, more = {}): ActionEvent => ({ event: 'tool.before', name: 'apply', args, ...more });
  const history = [{ kind: 'tool' as const, name: 'apply', hash: sha256(canonicalArgs({ dryRun: true, plan: 'a' })), at: 0 }];
  assert.equal(says('dry_run_first: true', call({ plan: 'a', dryRun: false }), { history }), 'allow');
  assert.equal(says('dry_run_first: true', call({ plan: 'b', dryRun: false }), { history }), 'block');
  assert.equal(says('dry_run_first: true', call({ plan: 'b', dryRun: false }, { class: 'read' })), 'allow');
  assert.equal(says('dry_run_first: true', call({ plan: 'b' })), 'allow', 'a tool that offers none');
});

test('nothing is watched that need not be', () => {
  const watched = (rules: Record<string, unknown>) => Object.keys(scope.checks(scope.rules.parse(rules), { name: 'p', onViolation: 'block' }));
  assert.deepEqual(watched({}), []);
  assert.deepEqual(watched({ max_messages: 1 }), ['message.before']);
  assert.deepEqual(watched({ max_records_deleted: 0 }), ['data.before', 'data.after']);
});
