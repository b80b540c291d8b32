// The `control` category: its examples, whom it tells, and how a pause ends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicySet } from '../api.ts';
import { freshHost, type Incident } from '../facts.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { control } from './control.ts';

const NOW = 1_000_000_000;
const call = { event: 'tool.before', name: 'search', args: {} } as const;
const problems = (rules: Record<string, unknown>) => control.rules.safeParse(rules).error?.issues.map(({ path }) => path.join('.')) ?? [];
const asked = (incidents: readonly Incident[], released?: number, set?: PolicySet) =>
  ask(control, 'pause_after_n_incidents: 2', call, { now: NOW, host: freshHost({ incidents: () => incidents, released: () => released }) }, 'gate', set).disposition;
const blocked = (policy: string, ago: number): Incident => ({ at: NOW - ago, policy, disposition: 'block' });

test('examples', () => assert.deepEqual([disagreements(control), withoutExample(control)], [[], []]));

test('alerts are asked for as the governor understands them', () => {
  const alerts = (rules: Record<string, unknown>) => control.alerts!(control.rules.parse(rules), { name: 'p', onViolation: 'gate' });
  assert.deepEqual(alerts({}), { policy: 'p', headers: {}, notifyOn: ['gate', 'block'], cooldownMs: 60_000 });
  assert.deepEqual(alerts({ webhook: 'https://a.example/x', secret_env: 'KEY', headers: { 'X-A': 'b' }, notify_on: ['warn'], alert_cooldown_seconds: 0.5 }), { policy: 'p', webhook: 'https://a.example/x', secretEnv: 'KEY', headers: { 'X-A': 'b' }, notifyOn: ['warn'], cooldownMs: 500 });
});

test('a webhook is encrypted, or on this machine, and holds no password', () => {
  for (const webhook of ['https://a.example/x', 'http://127.0.0.1:9000/x', 'http://localhost/x', 'http://[::1]/x']) assert.deepEqual(problems({ webhook }), [], webhook);
  for (const webhook of ['http://a.example/x', 'a.example/x', 'ftp://a.example', 'https://ann:pw@a.example/', 'file:///etc/passwd', 'http://127.0.0.1.evil.example/']) assert.deepEqual(problems({ webhook }), ['webhook'], webhook);
});

test('headers carry no secrets and no line breaks, and nothing is sent without an address', () => {
  const webhook = 'https://a.example/';
  assert.deepEqual(problems({ webhook, headers: { Authorization: 'token AKIAIOSFODNN7EXAMPLE' } }), ['headers.Authorization']);
  assert.deepEqual(problems({ webhook, headers: { 'X-A': 'b\r\nX-C: d' } }), ['headers.X-A']);
  assert.deepEqual(problems({ webhook, headers: { 'X A': 'b' } }), ['headers.X A']);
  assert.deepEqual(problems({ secret_env: 'KEY', headers: { 'X-A': 'b' } }), ['secret_env', 'headers']);
});

test('an unsigned webhook is said to be one', () => {
  const review = (rules: Record<string, unknown>) => control.review!(control.rules.parse(rules), { all: [], inForce: () => [] }).map(({ field }) => field);
  assert.deepEqual([review({ webhook: 'https://a.example/' }), review({ webhook: 'https://a.example/', secret_env: 'KEY' }), review({})], [['webhook'], [], []]);
});

test('a pause does not prolong itself, nor another one', () => {
  const set: PolicySet = { inForce: () => [], all: [{ name: 'other-pause', category: 'control', mode: 'enforce', onViolation: 'gate', rules: {} }] };
  assert.equal(asked([blocked('spend', 1), blocked('policy', 2), blocked('other-pause', 3)], undefined, set), 'allow');
  assert.equal(asked([blocked('spend', 1), blocked('spend', 2), blocked('policy', 3)], undefined, set), 'gate');
});

test('once a person let it go on, it takes new incidents', () => {
  const old = [blocked('spend', 300), blocked('spend', 200)];
  assert.equal(asked(old), 'gate');
  assert.equal(asked(old, NOW - 100), 'allow');
  assert.equal(asked([...old, blocked('spend', 50)], NOW - 100), 'allow');
  assert.equal(asked([...old, blocked('spend', 50), blocked('spend', 40)], NOW - 100), 'gate');
});

test('an incident counts until exactly its time is over', () => {
  const ten = 10 * 60_000;
  assert.equal(asked([blocked('spend', ten - 1), blocked('spend', 0)]), 'gate');
  assert.equal(asked([blocked('spend', ten), blocked('spend', 0)]), 'allow');
});

test('a policy that only tells watches nothing', () => {
  assert.deepEqual(control.checks(control.rules.parse({}), { name: 'p', onViolation: 'gate' }), {});
  const events = Object.keys(control.checks(control.rules.parse({ pause_on_incident: true, per: 'run' }), { name: 'p', onViolation: 'gate' }));
  assert.ok(events.includes('llm.before') && !events.includes('run.before') && events.every((event) => event.endsWith('.before')));
});
