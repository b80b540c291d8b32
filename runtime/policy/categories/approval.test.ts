// The `approval` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, disagreements } from '../testing.ts';
import { approval } from './approval.ts';

const call = { event: 'tool.before', name: 'deploy', server: 'ci', args: {} } as const;

test('examples', () => assert.deepEqual(disagreements(approval), []));

test('the gate has the terms of the policy', () => {
  const rules = '{ require_approval_for: [ci/deploy], approvers: [ann, bob], quorum: 2, timeout_minutes: 0.5, action_on_timeout: allow, review: quick }';
  assert.deepEqual(ask(approval, rules, call).violations[0]?.gate, { approvers: ['ann', 'bob'], quorum: 2, timeoutMs: 30_000, onTimeout: 'allow', review: 'quick' });
  assert.deepEqual(ask(approval, 'require_approval_for: [deploy]', call).violations[0]?.gate, { approvers: [], quorum: 1, timeoutMs: 1_800_000, onTimeout: 'block', review: 'full' });
  assert.equal(ask(approval, 'require_approval_for: [deploy]', call, {}, 'block').violations[0]?.gate, undefined);
});

test('a kind is no tool, unless it is said to be one', () => {
  assert.equal(ask(approval, 'require_approval_for: [run]', { ...call, name: 'run' }).disposition, 'allow');
  assert.equal(ask(approval, 'require_approval_for: ["tool:run"]', { ...call, name: 'run' }).disposition, 'gate');
  for (const event of [{ event: 'run.before', command: [] }, { event: 'exec.before', command: 'ls', argv: ['ls'], shell: false, cwd: '/' }, { event: 'http.before', method: 'GET', url: 'https://a/', protocol: 'https', host: 'a', port: 443 }] as const) {
    assert.equal(ask(approval, 'require_approval_for: [run, exec, http]', event).disposition, 'gate', event.event);
    assert.equal(ask(approval, 'require_approval_for: [deploy]', event).disposition, 'allow', event.event);
  }
});

test('a risk that must be approved is not excused by a lower bar', () => {
  assert.equal(ask(approval, '{ min_risk: medium, auto_approve_below_risk: high }', { ...call, risk: 'medium' }).violations[0]?.field, 'min_risk');
});

test('a quorum that nobody could reach is an error', () => {
  assert.deepEqual(approval.rules.safeParse({ approvers: ['ann', 'ann'], quorum: 2 }).error?.issues.map((issue) => issue.path), [['quorum']]);
});
