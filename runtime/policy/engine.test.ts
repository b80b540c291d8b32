// The decision: the index against asking everyone, strength, shadow, errors, gates, the manual switch, and independence of any order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { ActionEvent } from '../../protocol/action.ts';
import { merge, stronger, type Disposition, type Verdict } from '../../protocol/verdict.ts';
import type { Category, Checks } from './category.ts';
import { type CompiledPolicy, scopeCheck } from './compile.ts';
import { createEngine, type PlacedPolicy } from './engine.ts';
import { type Facts, freshFacts } from './facts.ts';
import { compilePolicies } from './index.ts';
import { PLANES } from './planes.ts';
import { indexPolicies, layered } from './policy-index.ts';
import type { Scope } from './schema.ts';

const call = (model = 'gpt-4o', extra: Partial<ActionEvent<'llm.before'>> = {}): ActionEvent<'llm.before'> => ({ event: 'llm.before', wire: 'openai-chat', provider: 'api.openai.com', model, stream: false, hasSystemPrompt: true, inputTokens: 10, tools: [], texts: [], ...extra });
const tool = (name: string): ActionEvent<'tool.before'> => ({ event: 'tool.before', name, args: {} });

/** An engine over policies written as plain values. */
function engineOf(policies: readonly object[], rest: object = {}) {
  const { engine, findings } = compilePolicies([{ path: 'a.fullarc.yaml', text: stringify({ ...rest, policies }) }]);
  assert.deepEqual(findings.filter(({ severity }) => severity === 'error'), []);
  return engine;
}

/** A policy around checks of the test's own. */
function policyOf(name: string, checks: Checks, more: Partial<PlacedPolicy> = {}): PlacedPolicy {
  const category = { id: 'llm' } as Category;
  return { name, category, mode: 'enforce', onViolation: 'block', rules: {}, checks, scope: undefined, inScope: scopeCheck(more.scope), onError: 'block', escalate: [], overridable: false, place: { file: 'f', line: 1, column: 1 }, ...more };
}

function around(...policies: PlacedPolicy[]) {
  return createEngine({ policies, tools: new Map(), agents: new Map(), version: () => 'v' });
}

test('the strongest disposition wins, and every reason is told', () => {
  const engine = engineOf([
    { name: 'soft', category: 'llm', on_violation: 'warn', rules: { blocked_models: ['gpt-4o'] } },
    { name: 'hard', category: 'llm', rules: { allowed_models: ['claude-*'] } },
  ]);
  const verdict = engine.decide(call(), freshFacts());
  assert.equal(verdict.disposition, 'block');
  assert.deepEqual(verdict.reasons.map(({ policy }) => policy), ['hard', 'soft']);
  assert.deepEqual(verdict.reasons[0]!.place, { file: 'a.fullarc.yaml', line: 8, column: 3 });
});

test('a plain allow is always the same frozen object', () => {
  const engine = engineOf([{ name: 'a', category: 'llm', rules: { allowed_models: ['gpt-4o'] } }]);
  const verdict = engine.decide(call(), freshFacts());
  assert.equal(verdict.disposition, 'allow');
  assert.equal(verdict, engine.decide(tool('x'), freshFacts()));
  assert.ok(Object.isFrozen(verdict) && Object.isFrozen(verdict.reasons));
});

test('a check that throws refuses, with the policy\'s name', () => {
  const throwing: Checks = { 'tool.before': () => { throw new TypeError('no such thing'); } };
  const verdict = around(policyOf('fragile', throwing)).decide(tool('x'), freshFacts());
  assert.equal(verdict.disposition, 'block');
  assert.equal(verdict.reasons[0]!.policy, 'fragile');
  assert.equal(verdict.reasons[0]!.error, 'TypeError: no such thing');
  assert.equal(around(policyOf('fragile', throwing, { onError: 'warn' })).decide(tool('x'), freshFacts()).disposition, 'warn');
  assert.equal(around(policyOf('fragile', throwing, { mode: 'shadow' })).decide(tool('x'), freshFacts()).disposition, 'allow');
  assert.equal(around(policyOf('nothing thrown', { 'tool.before': () => { throw undefined; } })).decide(tool('x'), freshFacts()).disposition, 'block');
});

test('a shadow is recorded and without effect', () => {
  const verdict = engineOf([{ name: 'a', category: 'llm', mode: 'shadow', rules: { blocked_models: ['gpt-4o'] } }]).decide(call(), freshFacts());
  assert.equal(verdict.disposition, 'allow');
  assert.equal(verdict.reasons[0]!.shadow, true);
  assert.equal(verdict.reasons[0]!.disposition, 'block');
});

test('a policy that is off is not asked', () => {
  const engine = engineOf([{ name: 'a', category: 'llm', mode: 'off', rules: { blocked_models: ['gpt-4o'] } }]);
  assert.deepEqual(engine.decide(call(), freshFacts()).reasons, []);
  assert.equal(engine.explain(call(), freshFacts()).considered[0]!.outcome, 'off');
});

test('the message of the policy reaches the agent', () => {
  const verdict = engineOf([{ name: 'a', category: 'llm', message: 'Use claude.', rules: { blocked_models: ['gpt-4o'] } }]).decide(call(), freshFacts());
  assert.match(verdict.reasons[0]!.message, /may not be called\. Use claude\.$/);
});

test('a gate that a person let through counts as allow, for its own policy alone', () => {
  const engine = engineOf([
    { name: 'ask', category: 'llm', on_violation: 'gate', rules: { blocked_models: ['gpt-4o'] } },
    { name: 'ask-too', category: 'cost', on_violation: 'gate', rules: { per_run_cost_limit: 1 } },
  ]);
  const event = call('gpt-4o', { estimatedCost: 2_000_000 });
  assert.equal(engine.decide(event, freshFacts()).disposition, 'gate');
  assert.deepEqual(engine.decide(event, freshFacts({ granted: new Set(['ask']) })).reasons.map(({ policy }) => policy), ['ask-too']);
  assert.equal(engine.decide(event, freshFacts({ granted: new Set(['ask', 'ask-too']) })).disposition, 'allow');
});

test('granting does not open a block', () => {
  const engine = engineOf([{ name: 'no', category: 'llm', rules: { blocked_models: ['gpt-4o'] } }]);
  assert.equal(engine.decide(call(), freshFacts({ granted: new Set(['no']) })).disposition, 'block');
});

test('the manual switch refuses every beginning and lets endings be recorded', () => {
  const engine = engineOf([]);
  const killed = freshFacts({ killed: { scope: 'agent writer', by: 'ann', reason: 'odd mail' } });
  const verdict = engine.decide(tool('x'), killed);
  assert.equal(verdict.disposition, 'block');
  assert.deepEqual([verdict.reasons[0]!.policy, verdict.reasons[0]!.field], ['kill-switch', 'manual']);
  assert.equal(engine.decide({ event: 'run.after', outcome: 'killed' }, killed).disposition, 'allow');
});

test('every policy says what it did', () => {
  const engine = engineOf([
    { name: 'elsewhere', category: 'llm', scope: { agents: ['other'] }, rules: { blocked_models: ['x'] } },
    { name: 'other-event', category: 'llm', rules: { blocked_models: ['x'] } },
    { name: 'fine', category: 'cost', rules: { daily_cost_limit: 1 } },
    { name: 'acting', category: 'safety', rules: { blocked_tools: ['rm'] } },
  ]);
  assert.deepEqual(engine.explain(tool('rm'), freshFacts()).considered.map(({ outcome }) => outcome), ['out-of-scope', 'not-watching', 'allowed', 'acted']);
});

test('budgets are those in scope, in micro-dollars', () => {
  const engine = engineOf([
    { name: 'tree', category: 'cost', rules: { per_tree_cost_limit: 10 } },
    { name: 'fleet', category: 'cost', on_violation: 'warn', scope: { fleets: ['f'] }, rules: { daily_token_limit: 5, per: 'fleet', model_limits: { m: { daily_cost_limit: 1 } } } },
    { name: 'shadow', category: 'cost', mode: 'shadow', rules: { per_run_cost_limit: 1 } },
  ]);
  assert.deepEqual(engine.budgets(freshFacts()), [{ policy: 'tree', scope: 'tree', unit: 'usd_micro', limit: 10_000_000, hard: true }]);
  assert.deepEqual(engine.budgets(freshFacts({ fleet: 'f' })).slice(1), [
    { policy: 'fleet', scope: 'day.agent', unit: 'tokens', limit: 5, hard: false },
    { policy: 'fleet', scope: 'day.model:m', unit: 'usd_micro', limit: 1_000_000, hard: false },
  ]);
});

test('of several audit policies the most private setting and the longest retention count', () => {
  const engine = engineOf([
    { name: 'a', category: 'audit', rules: { log_inputs: false, retention_days: 10, redact_fields: ['SSN'] } },
    { name: 'b', category: 'audit', rules: { log_outputs: false, max_text_length: 100 } },
  ]);
  const rules = engine.audit(freshFacts());
  assert.deepEqual([rules.logInputs, rules.logOutputs, rules.logSteps, rules.retentionDays, rules.maxText], [false, false, true, 90, 100]);
  assert.ok(['ssn', 'password', 'api_key'].every((key) => rules.redactFields.includes(key)));
  assert.equal(engineOf([]).audit(freshFacts()).retentionDays, 90);
});

test('breakers are those in scope that are switched on', () => {
  const engine = engineOf([{ name: 'a', category: 'kill', rules: { error_window_minutes: 2 } }, { name: 'b', category: 'kill-switch', rules: { enabled: false } }, { name: 'c', category: 'kill-switch', scope: { users: ['x'] } }]);
  assert.deepEqual(engine.breakers(freshFacts()), [{ policy: 'a', errorRate: 0.5, windowMs: 120_000, minSamples: 10, recoverAfterMs: 1_800_000 }]);
});

test('a tool is what its name says, or the most cautious of the globs that match', () => {
  const engine = engineOf([], { tools: { 'send_*': { risk: 'high', class: 'idempotent' }, '*_mail': { class: 'read', risk: 'low' }, send_mail_now: { class: 'read' } } });
  assert.deepEqual(engine.tool('send_mail_now'), { class: 'read' });
  assert.deepEqual(engine.tool('send_mail'), { class: 'idempotent', risk: 'high' });
  assert.deepEqual(engine.tool('unheard_of'), { class: 'once' });
});

test('agents are declared with their entries', () => {
  const engine = engineOf([], { agents: { a: { entry: 'a.mjs', fleet: 'f' }, b: {} } });
  assert.deepEqual(engine.agents.get('a')!.entry, ['a.mjs']);
  assert.deepEqual(engine.agents.get('b')!.entry, []);
});

test('a stream is redacted for those in scope', () => {
  const engine = engineOf([{ name: 'pii', category: 'content', scope: { agents: ['writer'] }, on_violation: 'redact', rules: { pii_detection: { enabled: true, types: ['email'] } } }]);
  assert.equal(engine.streamRedactor(freshFacts()), undefined);
  const stream = engine.streamRedactor(freshFacts({ agent: 'writer' }))!;
  const out = stream.push('write to ann@exam') + stream.push('ple.com today') + stream.flush();
  assert.equal(out, 'write to ##EMAIL## today');
});

// Properties over generated policy sets.

const NAMES = ['a', 'b', 'ab'];
const names = fc.array(fc.constantFrom(...NAMES, 'a*', '*b', '?', 's/*', 's/a'), { minLength: 1, maxLength: 2 });
const planes = fc.subarray([...PLANES], { minLength: 1 });
const keys = fc.record({ agents: names, fleets: names, users: names, workflows: names, planes }, { requiredKeys: [] });
const scope: fc.Arbitrary<Scope | undefined> = fc.option(fc.record({ agents: names, fleets: names, users: names, workflows: names, planes, except: keys }, { requiredKeys: [] }), { nil: undefined });
const disposition = fc.constantFrom<Disposition>('warn', 'redact', 'throttle', 'gate', 'block');
const facts: fc.Arbitrary<Facts> = fc.record({ agent: fc.constantFrom(...NAMES), fleet: fc.option(fc.constantFrom(...NAMES), { nil: undefined }), user: fc.constantFrom(...NAMES), workflow: fc.option(fc.constantFrom(...NAMES), { nil: undefined }), plane: fc.constantFrom(undefined, ...PLANES), granted: fc.subarray(NAMES).map((list) => new Set(list)) }).map(freshFacts);
const event: fc.Arbitrary<ActionEvent> = fc.oneof(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(undefined, 's', 't')).map(([name, server]) => ({ ...tool(name), ...(server && { server }) })), fc.constantFrom(...NAMES).map((model) => call(model)), fc.constant({ event: 'run.before', command: ['x'] } as const));

const never = () => false;
const always = () => true;

/** A policy that fires for some names, or always, on two events. */
const generated = fc.record({ name: fc.constantFrom(...NAMES), scope, onViolation: disposition, mode: fc.constantFrom<CompiledPolicy['mode']>('enforce', 'shadow', 'off'), watched: fc.option(names, { nil: undefined }), fires: fc.boolean(), span: fc.nat(3), given: fc.constantFrom(undefined, never, always), twice: fc.boolean() })
  .map(({ name, scope, onViolation, mode, watched, fires, span, given, twice }): PlacedPolicy => {
    const check = () => (fires ? { field: 'f', message: `${name} fires.`, ...(onViolation === 'redact' && { redactions: [{ at: '/t', start: span, end: span + 2, label: 'X' }] }) } : undefined);
    const one = watched || given ? { ...(watched && { names: watched }), ...(given && { given }), check } : check;
    const entry = twice ? [one, { given: always, check: () => ({ field: 'second', message: 'Also.' }) }] : one;
    return policyOf(name, { 'tool.before': entry, 'llm.before': entry } as unknown as Checks, { scope, onViolation, mode });
  });

/** Everyone asked alone, in order, and merged. */
function asked(policies: readonly PlacedPolicy[], event: ActionEvent, facts: Facts): Verdict {
  return policies.map((policy) => around(policy).decide(event, facts)).reduce(merge, around().decide(event, facts));
}

test('the index answers what asking every policy alone and merging answers', () => {
  fc.assert(fc.property(fc.array(generated, { maxLength: 8 }), event, facts, (policies, event, facts) => {
    assert.deepEqual(around(...policies).decide(event, facts), asked(policies, event, facts));
  }), { numRuns: 1_500 });
});

test('an index laid over another answers as one of what then remains', () => {
  const policies = fc.array(generated, { maxLength: 6 }).map((list) => list.map((policy, at) => ({ ...policy, name: `${policy.name}${at}` })));
  fc.assert(fc.property(policies, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), policies, fc.array(fc.tuple(event, facts), { minLength: 1, maxLength: 6 }), (all, goes, come, asked) => {
    const added = come.map((policy) => ({ ...policy, name: `${policy.name}, come` }));
    const [gone, kept] = [all.filter((_, at) => goes[at]), all.filter((_, at) => !goes[at])];
    const policies = [...kept, ...added];
    const index = layered(indexPolicies(all), new Set(gone), indexPolicies(added));
    const engine = createEngine({ policies, tools: new Map(), agents: new Map(), version: () => 'v' }, () => index);
    for (const [event, facts] of [...asked, ...asked]) {
      assert.deepEqual(engine.decide(event, facts), around(...policies).decide(event, facts));
      assert.equal(index.find(event, facts), index.find(event, facts));
    }
  }), { numRuns: 1_000 });
});

test('what the index remembers of one who acts is no answer to another', () => {
  fc.assert(fc.property(fc.array(generated, { maxLength: 8 }), fc.array(fc.tuple(event, facts), { minLength: 2, maxLength: 12 }), (policies, asked) => {
    const engine = around(...policies);
    for (const [event, facts] of [...asked, ...asked]) assert.deepEqual(engine.decide(event, facts), around(...policies).decide(event, facts));
  }), { numRuns: 300 });
});

test('an agent that thinks up names does not fill the memory of the index, and is judged like any other', () => {
  const engine = around(policyOf('p', { 'tool.before': { names: ['x*'], check: () => ({ field: 'f', message: 'No.' }) } }, { scope: { agents: ['a*'] } }));
  for (let index = 0; index < 10_000; index++) {
    assert.equal(engine.decide(tool(`${index % 2 ? 'x' : 'y'}${index}`), freshFacts({ agent: `a${index % 700}` })).disposition, index % 2 ? 'block' : 'allow');
  }
  assert.equal(engine.decide(tool('x'.repeat(100_000)), freshFacts({ agent: 'a' })).disposition, 'block');
});

test('the index answers as the explanation does', () => {
  fc.assert(fc.property(fc.array(generated, { maxLength: 6 }), event, facts, (policies, event, facts) => {
    const { verdict, considered } = around(...policies).explain(event, facts);
    const reasons = considered.flatMap((each) => each.reasons).map(({ policy, disposition }) => `${policy} ${disposition}`);
    assert.deepEqual([...new Set(reasons)].sort(), [...new Set(verdict.reasons.map(({ policy, disposition }) => `${policy} ${disposition}`))].sort());
  }), { numRuns: 500 });
});

test('adding an enforcing policy never weakens a verdict, and a shadow or an off one never changes it', () => {
  fc.assert(fc.property(fc.array(generated, { maxLength: 6 }), generated, event, facts, (policies, added, event, facts) => {
    const before = around(...policies).decide(event, facts);
    const after = around(...policies, added).decide(event, facts);
    assert.ok(!stronger(before.disposition, after.disposition));
    if (added.mode !== 'enforce') assert.deepEqual([after.disposition, after.redactions], [before.disposition, before.redactions]);
  }), { numRuns: 1_000 });
});

test('the order of policies does not matter', () => {
  fc.assert(fc.property(fc.array(generated, { maxLength: 6 }).chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))), event, facts, ([policies, shuffled], event, facts) => {
    assert.deepEqual(around(...policies).decide(event, facts), around(...shuffled).decide(event, facts));
  }), { numRuns: 500 });
});

test('the order of files does not matter, and the version tells different texts apart', () => {
  const sources = ['one', 'two', 'three'].map((name) => ({ path: `${name}.fullarc.yaml`, text: `policies:\n  - name: ${name}\n    category: llm\n    rules: { blocked_models: [gpt-4o] }\n` }));
  const a = compilePolicies(sources);
  const b = compilePolicies([...sources].reverse());
  assert.equal(a.engine.version, b.engine.version);
  assert.deepEqual(a.engine.decide(call(), freshFacts()), b.engine.decide(call(), freshFacts()));
  assert.match(a.engine.version, /^[0-9a-f]{16}$/);
  assert.notEqual(a.engine.version, compilePolicies(sources.slice(1)).engine.version);
});

test('ten thousand policies that all fire are merged once', () => {
  const engine = around(...Array.from({ length: 10_000 }, (_, index) => policyOf(`p${index}`, { 'tool.before': () => ({ field: 'f', message: 'no.' }) })));
  assert.equal(engine.decide(tool('x'), freshFacts()).reasons.length, 10_000);
});
