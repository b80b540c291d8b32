// Human gates: who may decide, how often, about what, until when.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, FullarcError } from '../protocol/control.ts';
import type { GateTerms } from '../protocol/verdict.ts';
import { durably, inMemory, NOON, runInfo } from '../test/store/fixtures.ts';
import { type GateDecision, Gates, type NewGate } from './gates.ts';
import { Journal } from './journal.ts';
import { Runs } from './runs.ts';
import type { Tx } from './store/store.ts';

const gates = new Gates();
const terms = (overrides: Partial<GateTerms> = {}): GateTerms => ({ approvers: [], quorum: 1, timeoutMs: 1000, onTimeout: 'block', review: 'full', ...overrides });
const gate = (id: string, overrides: Partial<NewGate> = {}): NewGate => ({
  id, run: 'child', node: `child/${id}`, key: id, policy: 'ask', message: 'Delete it?', terms: terms(), at: NOON, expiresAt: NOON + 1000, contentHash: 'hash', policyVersion: 'v', ...overrides,
});
const vote = (decision: GateDecision['decision'], by: string, more: Partial<GateDecision> = {}): GateDecision => ({ decision, by, ...more });
const inTransaction = (work: (tx: Tx) => Promise<void>): Promise<void> => inMemory((store) => durably(store, async (tx) => {
  const runs = new Runs();
  await runs.open(tx, runInfo('root', { agent: 'boss' }), '1', NOON);
  await runs.open(tx, runInfo('child', { agent: 'clerk', parent: 'root', depth: 1 }), '2', NOON);
  await work(tx);
}));
const refused = (code: ErrorCode, message: RegExp) => (error: unknown): boolean => {
  assert.ok(error instanceof FullarcError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

test('one approval decides a gate of quorum one, and it is kept with person, time and reason', () => inTransaction(async (tx) => {
  assert.deepEqual(await gates.open(tx, gate('g')), { gate: 'g', opened: true });
  assert.deepEqual(await gates.decide(tx, 'g', vote('approve', 'ann', { reason: 'fine', contentHash: 'hash' }), NOON + 5), { outcome: 'approved', by: 'ann' });
  const { decision, by, reason, decidedAt } = (await gates.get(tx, 'g')) ?? {};
  assert.deepEqual({ decision, by, reason, decidedAt }, { decision: 'approved', by: 'ann', reason: 'fine', decidedAt: NOON + 5 });
  assert.deepEqual(await gates.votes(tx, 'g'), [{ person: 'ann', decision: 'approve', reason: 'fine', at: NOON + 5 }].map((each) => ({ ...each })));
}));

test('the same question is asked once while it is open: same call, policy and content meet the same gate', () => inTransaction(async (tx) => {
  await gates.open(tx, gate('g', { key: 'k' }));
  assert.deepEqual(await gates.open(tx, gate('again', { key: 'k', at: NOON + 9 })), { gate: 'g', opened: false });
  for (const [id, other] of Object.entries({ content: { contentHash: 'other' }, policy: { policy: 'other' }, call: { key: 'other' } })) {
    assert.deepEqual(await gates.open(tx, gate(id, { key: 'k', ...other })), { gate: id, opened: true });
  }
  assert.deepEqual((await gates.forCall(tx, 'child', 'k')).map((each) => each.id), ['content', 'g', 'policy']);
}));

test('a question that comes again after its answer is asked again, and the old answer does not count', () => inTransaction(async (tx) => {
  await gates.open(tx, gate('g', { key: 'k' }));
  await gates.decide(tx, 'g', vote('approve', 'ann'), NOON);
  assert.deepEqual(await gates.open(tx, gate('again', { key: 'k', at: NOON + 9, node: 'child/2' })), { gate: 'g', opened: true });
  assert.deepEqual([(await gates.get(tx, 'g'))?.decision, (await gates.get(tx, 'g'))?.node], [undefined, 'child/2']);
}));

test('a quorum counts people, not votes', () => inTransaction(async (tx) => {
  await gates.open(tx, gate('g', { terms: terms({ quorum: 2 }) }));
  for (let again = 0; again < 2; again++) assert.deepEqual(await gates.decide(tx, 'g', vote('approve', 'ann'), NOON + again), { outcome: 'pending', by: 'ann' });
  assert.equal((await gates.get(tx, 'g'))?.decision, undefined);
  assert.deepEqual(await gates.decide(tx, 'g', vote('approve', 'bob'), NOON + 2), { outcome: 'approved', by: 'ann, bob' });
  assert.equal((await gates.votes(tx, 'g')).length, 2);
}));

test('one rejection rejects, also by someone who approved before; both votes stay', () => inTransaction(async (tx) => {
  await gates.open(tx, gate('g', { terms: terms({ quorum: 3 }) }));
  await gates.decide(tx, 'g', vote('approve', 'ann'), NOON);
  await gates.decide(tx, 'g', vote('approve', 'bob'), NOON + 1);
  assert.deepEqual(await gates.decide(tx, 'g', vote('reject', 'ann', { reason: 'read it again' }), NOON + 2), { outcome: 'rejected', by: 'ann' });
  assert.deepEqual((await gates.votes(tx, 'g')).map((each) => `${each.person} ${each.decision}`), ['ann approve', 'bob approve', 'ann reject']);
}));

test('a decided gate answers the same decision again and refuses the other, naming who and when', () => inTransaction(async (tx) => {
  await gates.open(tx, gate('g'));
  await gates.decide(tx, 'g', vote('approve', 'ann'), NOON);
  assert.deepEqual(await gates.decide(tx, 'g', vote('approve', 'bob'), NOON + 9999), { outcome: 'approved', by: 'ann' });
  await assert.rejects(gates.decide(tx, 'g', vote('reject', 'bob'), NOON + 1), refused('gate-decided', /was approved by ann at 2026-01-05T12:00:00\.000Z/));
  assert.equal((await gates.votes(tx, 'g')).length, 1);
}));

test('only those whom the policy names may decide', () => inTransaction(async (tx) => {
  await gates.open(tx, gate('g', { terms: terms({ approvers: ['ann', 'bob'] }) }));
  for (const decision of ['approve', 'reject'] as const) await assert.rejects(gates.decide(tx, 'g', vote(decision, 'eve'), NOON), refused('not-an-approver', /eve may not decide .* ask leaves it to ann, bob/));
  assert.deepEqual(await gates.decide(tx, 'g', vote('approve', 'bob'), NOON), { outcome: 'approved', by: 'bob' });
}));

test('a decision about other content, or about no gate, is refused', () => inTransaction(async (tx) => {
  await gates.open(tx, gate('g'));
  await assert.rejects(gates.decide(tx, 'g', vote('approve', 'ann', { contentHash: 'other' }), NOON), refused('content-changed', /other content/));
  await assert.rejects(gates.decide(tx, 'nowhere', vote('approve', 'ann'), NOON), refused('no-such-gate', /no gate nowhere/));
  assert.deepEqual(await gates.votes(tx, 'g'), []);
}));

test('time closes a gate as its terms say, once, and a decision cannot come late', () => inTransaction(async (tx) => {
  await gates.open(tx, gate('block', { expiresAt: NOON + 10 }));
  await gates.open(tx, gate('allow', { expiresAt: NOON + 20, terms: terms({ onTimeout: 'allow' }) }));
  await gates.open(tx, gate('later', { expiresAt: NOON + 21 }));
  await assert.rejects(gates.decide(tx, 'block', vote('approve', 'ann'), NOON + 10), refused('gate-decided', /ran out of time and blocked the call at 2026-01-05T12:00:00\.010Z/));
  const closed = await gates.expired(tx, NOON + 20);
  assert.deepEqual(closed.map(({ id, decision, by, key }) => ({ id, decision, by, key })), [{ id: 'block', decision: 'expired-block', by: 'time', key: 'block' }, { id: 'allow', decision: 'expired-allow', by: 'time', key: 'allow' }]);
  assert.deepEqual(await gates.expired(tx, NOON + 20), []);
  assert.deepEqual(closed[1], await gates.get(tx, 'allow'));
  await assert.rejects(gates.decide(tx, 'allow', vote('reject', 'ann'), NOON + 30), refused('gate-decided', /let the call go on/));
}));

test('a withdrawn gate is closed, and opens again without its old votes', () => inTransaction(async (tx) => {
  const twice = gate('g', { terms: terms({ quorum: 2 }) });
  await gates.open(tx, twice);
  await gates.decide(tx, 'g', vote('approve', 'ann'), NOON);
  assert.equal(await gates.withdraw(tx, 'g', NOON + 1), true);
  assert.equal(await gates.withdraw(tx, 'g', NOON + 2), false);
  await assert.rejects(gates.decide(tx, 'g', vote('approve', 'bob'), NOON + 2), refused('gate-decided', /was withdrawn .* at 2026-01-05T12:00:00\.001Z/));
  assert.deepEqual(await gates.expired(tx, NOON + 9999), []);
  assert.deepEqual(await gates.open(tx, { ...twice, expiresAt: NOON + 5000 }), { gate: 'g', opened: true });
  assert.deepEqual([(await gates.get(tx, 'g'))?.decision, (await gates.get(tx, 'g'))?.expiresAt], [undefined, NOON + 5000]);
  assert.deepEqual(await gates.decide(tx, 'g', vote('approve', 'bob'), NOON + 3), { outcome: 'pending', by: 'bob' });
  assert.deepEqual(await gates.decide(tx, 'g', vote('approve', 'ann'), NOON + 4), { outcome: 'approved', by: 'bob, ann' });
  assert.equal((await gates.votes(tx, 'g')).length, 3);
}));

test('the inbox shows what waits in runs that go on, with its path and content', () => inTransaction(async (tx) => {
  const input = { title: 'rm -r data', body: 'rm -r data' };
  await new Journal().append(tx, 'child', NOON, [
    { type: 'action.proposed', node: 'child/g', kind: 'exec', name: 'rm', input, causes: [] },
    { type: 'action.proposed', node: 'child/other', kind: 'tool', name: 'mentions "node":"child/g"', causes: ['child/g'] },
  ]);
  await gates.open(tx, gate('g'));
  await gates.open(tx, gate('told', { run: 'root', at: NOON + 1, details: { kind: 'tool', name: 'send' } }));
  await gates.open(tx, gate('decided'));
  await gates.decide(tx, 'decided', vote('approve', 'ann'), NOON);
  const [first, second, ...rest] = await gates.list(tx, { workspace: '/w' });
  assert.deepEqual(first, {
    id: 'g', run: 'child', node: 'child/g', policy: 'ask', message: 'Delete it?', terms: terms(), openedAt: NOON, expiresAt: NOON + 1000, contentHash: 'hash',
    agent: 'clerk', root: 'root', path: ['boss', 'clerk'], kind: 'exec', name: 'rm', input,
  });
  assert.deepEqual([second?.id, second?.path, second?.kind, second?.name], ['told', ['boss'], 'tool', 'send']);
  assert.deepEqual(rest, []);
  assert.deepEqual(await gates.list(tx, { workspace: '/elsewhere' }), []);
  await new Runs().setState(tx, 'child', 'killed', NOON);
  assert.deepEqual((await gates.list(tx)).map((each) => each.id), ['told']);
  assert.deepEqual((await gates.list(tx, { all: true })).map((each) => each.id), ['decided', 'g', 'told']);
}));
