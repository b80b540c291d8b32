// The `operations` category: its examples, its deadlines, and the limits it gives the governor.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENT_NAMES } from '../../../protocol/action.ts';
import { freshFacts, freshHost, freshRun } from '../facts.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { operations } from './operations.ts';

const call = { event: 'tool.before', name: 'search', args: {} } as const;
const run = freshRun();
const watched = (rules: object): string[] => Object.keys(operations.checks(operations.rules.parse(rules), { name: 'p', onViolation: 'block' })).sort();
const limits = (rules: object, onViolation: 'warn' | 'gate' | 'block' = 'block') => operations.limits!(operations.rules.parse(rules), { name: 'p', onViolation }, freshFacts());

test('examples', () => {
  assert.deepEqual(disagreements(operations), []);
  assert.deepEqual(withoutExample(operations), []);
});

test('the deadline is watched wherever something begins, and the rest only where it matters', () => {
  assert.deepEqual(watched({ timeout_seconds: 1 }), [...EVENT_NAMES.filter((name) => name.endsWith('.before') && name !== 'run.before'), 'run.after'].sort());
  assert.deepEqual(watched({ max_retries: 1 }), ['llm.before', 'tool.before']);
  assert.deepEqual(watched({ max_concurrent_runs: 1 }), ['run.before']);
  assert.deepEqual(watched({ action_timeout_seconds: { tool: 1 } }), []);
});

test('the last moment is in time, and a clock that was set back is no reason to refuse', () => {
  const at = (ms: number) => ask(operations, '{ timeout_seconds: 10, warn_at_percent: 100 }', call, { run, now: run.startedAt + ms });
  assert.deepEqual([9_999, 10_000, 10_001, -5_000].map((ms) => at(ms).disposition), ['allow', 'warn', 'block', 'allow']);
});

test('the agent is told what to do, before and when the time is over', () => {
  const at = (seconds: number) => ask(operations, 'timeout_seconds: 300', call, { run, now: run.startedAt + seconds * 1_000 }).violations[0]!.message;
  assert.equal(at(270), 'This run has taken 4 minutes 30 seconds of its 5 minutes. Finish what matters most within 30 seconds.');
  assert.match(at(3_900), /^This run has taken 1 hour 5 minutes, .* end it now, and say what is done/);
});

test('a refusal is told before a warning', () => {
  const facts = { now: run.startedAt + 9_000, run: freshRun({ retries: 2 }), host: freshHost() };
  assert.deepEqual(ask(operations, '{ timeout_seconds: 10, max_retries: 1 }', call, facts).violations.map(({ field }) => field), ['max_retries']);
  assert.deepEqual(ask(operations, '{ timeout_seconds: 10, max_retries: 2 }', call, facts).violations.map(({ field }) => field), ['warn_at_percent']);
});

test('the governor gets every deadline in milliseconds, hard only when the policy blocks', () => {
  assert.deepEqual(limits({ timeout_seconds: 1.5, action_timeout_seconds: { llm: 120, exec: 60 } }), [
    { policy: 'p', field: 'timeout_seconds', kind: 'run', timeoutMs: 1_500, hard: true },
    { policy: 'p', field: 'action_timeout_seconds.llm', kind: 'llm', timeoutMs: 120_000, hard: true },
    { policy: 'p', field: 'action_timeout_seconds.exec', kind: 'exec', timeoutMs: 60_000, hard: true },
  ]);
  assert.deepEqual(limits({ timeout_seconds: 1 }, 'warn').map(({ hard }) => hard), [false]);
  assert.deepEqual(limits({ timeout_seconds: 1 }, 'gate').map(({ hard }) => hard), [false]);
  assert.deepEqual(limits({ max_retries: 1 }), []);
});
