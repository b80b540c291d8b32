// The `safety` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallMark } from '../facts.ts';
import { ask, disagreements } from '../testing.ts';
import { canonicalArgs } from '../detect/loops.ts';
import { sha256 } from '../sha256.ts';
import { safety } from './safety.ts';

const mark = (name: string, args: unknown, kind: CallMark['kind'] = 'tool'): CallMark => ({ kind, name, hash: sha256(canonicalArgs(args)), at: 0 });
const call = (name: string, args: Record<string, unknown>) => ({ event: 'tool.before', name, args }) as const;

test('examples', () => assert.deepEqual(disagreements(safety), []));

test('requests and programs between the calls do not hide a loop', () => {
  const history = [mark('search', { q: 1 }), mark('api', {}, 'http'), mark('search', { q: 1 }), mark('ls', {}, 'exec'), mark('search', { q: 1 })];
  assert.equal(ask(safety, '{}', call('search', { q: 1 }), { history }).disposition, 'block');
  assert.equal(ask(safety, '{}', call('find', { q: 1 }), { history }).disposition, 'allow');
});

test('a cycle of different tools tells the model which', () => {
  const history = ['a', 'b', 'c', 'a', 'b', 'c'].map((name) => mark(name, {}));
  const { violations } = ask(safety, 'loops: { max_cycles: 2 }', call('a', {}), { history });
  assert.match(violations[0]!.message, /b, c, a/);
  assert.match(violations[0]!.message, /another way/);
});

test('steps bound every kind of action, and nothing is watched that need not be', () => {
  const checks = safety.checks(safety.rules.parse({ max_steps: 1 }), { name: 'p', onViolation: 'block' });
  assert.deepEqual(Object.keys(checks).sort(), ['exec.before', 'http.before', 'llm.before', 'spawn.before', 'tool.before']);
  assert.deepEqual(Object.keys(safety.checks(safety.rules.parse({}), { name: 'p', onViolation: 'block' })), ['tool.before']);
});
