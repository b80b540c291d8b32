// Bounds of actions: the tightest hard one of its kind stands, and names its policy.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundsOf, runDeadline, secondsText } from './action-bounds.ts';
import type { ActionLimit } from './policy/api.ts';

const limit = (more: Partial<ActionLimit>): ActionLimit => ({ policy: 'p', field: 'f', kind: 'exec', hard: true, ...more });

test('nothing bounds what no policy bounds', () => {
  assert.deepEqual(boundsOf([], 'exec'), {});
  assert.deepEqual(boundsOf([limit({ kind: 'llm', timeoutMs: 5 }), limit({ hard: false, timeoutMs: 5 })], 'exec'), {});
  assert.equal(runDeadline([limit({ timeoutMs: 5 })]), undefined);
});

test('of several the tightest stands, for time and output apart', () => {
  const limits = [limit({ policy: 'a', timeoutMs: 50, maxOutputBytes: 10 }), limit({ policy: 'b', timeoutMs: 20 }), limit({ policy: 'c', maxOutputBytes: 90 }), limit({ policy: 'd', timeoutMs: 1, hard: false })];
  assert.deepEqual(boundsOf(limits, 'exec'), { timeoutMs: 20, maxOutputBytes: 10, boundedBy: { timeout: 'b', output: 'a' } });
});

test('a run that took too long is told how long it may take, and who says so', () => {
  assert.deepEqual(runDeadline([limit({ kind: 'run', timeoutMs: 300_000 }), limit({ kind: 'run', policy: 'strict', timeoutMs: 1_000 })]), { timeoutMs: 1_000, reason: 'the run has taken the 1 second it may (policy strict)' });
  assert.equal(secondsText(1_500), '1.5 seconds');
});
