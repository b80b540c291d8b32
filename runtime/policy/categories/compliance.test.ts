// The `compliance` category: its examples, and that each requirement of each profile can be met, is not met by nothing, and speaks of rules that there are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stronger } from '../../../protocol/verdict.ts';
import type { PolicyInForce, PolicySet } from '../api.ts';
import { PROFILE_IDS, PROFILES, REQUIREMENTS } from '../compliance/index.ts';
import { CATEGORY_IDS, holds, missing, type Constraint, type Requirement } from '../compliance/requirement.ts';
import { shapeOf, type Shape } from '../describe.ts';
import { freshFacts } from '../facts.ts';
import { compilePolicies } from '../index.ts';
import { CATEGORIES, categoryNamed } from '../registry.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { compliance } from './compliance.ts';

const RUN = { event: 'run.before', command: [] } as const;
const policy = (category: string, rules: PolicyInForce['rules'] = {}, over: Partial<PolicyInForce> = {}): PolicyInForce => ({ name: `${category}-policy`, category, mode: 'enforce', onViolation: 'block', rules, ...over });
const setOf = (...policies: PolicyInForce[]): PolicySet => ({ all: policies, inForce: () => policies.filter(({ mode }) => mode === 'enforce') });

test('examples', () => assert.deepEqual([disagreements(compliance), withoutExample(compliance)], [[], []]));

test('the categories are those there are', () => assert.deepEqual([...CATEGORY_IDS], CATEGORIES.map(({ id }) => id)));

for (const { id, requirements } of Object.values(PROFILES)) {
  for (const requirement of requirements) {
    test(`${requirement.id} speaks of rules that there are`, () => {
      const category = categoryNamed(requirement.category)!;
      for (const { path } of requirement.rules) assert.ok(pathShape(shapeOf(category.rules), path), `${requirement.category} has no ${path}`);
      assert.ok(requirement.id.startsWith(`${id}/`) && requirement.title && requirement.why.endsWith('.') && requirement.source.section);
    });

    test(`${requirement.id} can be met, and is not met by nothing`, () => {
      const met = meeting(requirement);
      assert.equal(missing(requirement, [met]), undefined);
      assert.match(missing(requirement, [])!, /there is no policy/);
      assert.match(missing(requirement, [{ ...met, mode: 'shadow' }])!, /not enforced/);
      if (requirement.atLeast) assert.match(missing(requirement, [{ ...met, onViolation: 'allow' }])!, /on_violation/);
      assert.ok(categoryNamed(requirement.category)!.dispositions.some((each) => !requirement.atLeast || !stronger(requirement.atLeast, each)), 'the category has such a disposition');
    });
  }

  test(`${id}: policies written for it let a run start, and without one of them it does not`, () => {
    const written = requirements.map((requirement, index) => ({ name: `p-${index}`, category: requirement.category, rules: rulesFor(requirement), ...(requirement.atLeast && { on_violation: strongest(requirement) }) }));
    const decide = (policies: readonly unknown[]) => {
      const { engine, findings } = compilePolicies([{ path: 'a.fullarc.yaml', text: JSON.stringify({ policies: [{ name: 'check', category: 'compliance', rules: { profile: [id] } }, ...policies] }) }]);
      assert.deepEqual(findings.filter(({ severity }) => severity === 'error'), []);
      const met = !findings.some(({ code }) => code === 'fullarc/compliance/unmet');
      return { met, compliance: engine.decide(RUN, freshFacts({})).reasons.filter(({ category }) => category === 'compliance').length === 0 };
    };
    assert.deepEqual(decide(written), { met: true, compliance: true });
    assert.deepEqual(decide(written.filter(({ category }) => category !== 'audit')), { met: false, compliance: false });
  });
}

test('ids are unique', () => {
  assert.equal(REQUIREMENTS.size, PROFILE_IDS.flatMap((id) => PROFILES[id].requirements).length);
});

test('each way of holding a rule against a value', () => {
  const check = (op: Constraint['op'], found: unknown, value?: Constraint['value']) => holds({ path: 'a.b', op, value }, { rules: { a: { b: found } } });
  assert.deepEqual([check('at-least', 5, 5), check('at-least', 4, 5), check('at-least', undefined, 5), check('at-least', '9', 5)], [true, false, false, false]);
  assert.deepEqual([check('at-most', 5, 5), check('at-most', 6, 5), check('at-most', undefined, 5)], [true, false, false]);
  assert.deepEqual([check('equals', ['a'], ['a']), check('equals', ['a', 'b'], ['a']), check('equals', undefined, 'a')], [true, false, false]);
  assert.deepEqual([check('not', undefined, 'warn'), check('not', 'block', 'warn'), check('not', 'warn', 'warn')], [true, true, false]);
  assert.deepEqual([check('includes', ['a', 'b'], ['b']), check('includes', ['a'], ['a', 'b']), check('includes', undefined, ['a'])], [true, false, false]);
  assert.deepEqual([check('within', ['a'], ['a', 'b']), check('within', ['a', 'c'], ['a', 'b']), check('within', [], ['a'])], [true, false, false]);
  assert.deepEqual([check('set', 0), check('set', false), check('set', undefined)], [true, true, false]);
  assert.deepEqual([check('non-empty', ['a']), check('non-empty', []), check('non-empty', ''), check('non-empty', 1)], [true, false, false, false]);
});

test('what is merged to the least of all policies must hold for every one', () => {
  const requirement = REQUIREMENTS.get('hipaa/audit-trail')!;
  const open = policy('audit', { log_steps: true, log_tool_calls: true });
  const closed = policy('audit', { log_steps: true, log_tool_calls: false }, { name: 'quiet' });
  assert.equal(missing(requirement, [open]), undefined);
  assert.equal(missing(requirement, [open, closed]), 'quiet must have `log_tool_calls: true`');
});

test('two halves of a requirement in two policies do not make a whole', () => {
  const requirement = REQUIREMENTS.get('gdpr/by-default')!;
  assert.match(missing(requirement, [policy('memory', { session_isolation: true, cross_session_memory: true }), policy('memory', { session_isolation: false, cross_session_memory: false })])!, /needs/);
});

test('requirements of one\'s own, and what they say when they are not met', () => {
  const rules = 'required_rules: [{ category: audit, rule: retention_days, op: at-least, value: 365, why: Contract }, { category: cost, rule: per_tree_cost_limit, op: set, on_violation: block }]';
  const { violations } = ask(compliance, rules, RUN, {}, 'block', setOf(policy('audit', { retention_days: 90 }), policy('cost', { per_tree_cost_limit: 5 }, { onViolation: 'warn' })));
  assert.deepEqual(violations.map(({ field, value }) => [field, value]), [['required_rules', ['audit.retention_days', 'cost.per_tree_cost_limit']]]);
  assert.match(violations[0]!.message, /The audit policy audit-policy needs `retention_days: 365` or more \(Contract\)\. The cost policy cost-policy needs `on_violation: block` or stronger\./);
  assert.equal(ask(compliance, rules, RUN, {}, 'block', setOf(policy('audit', { retention_days: 365 }), policy('cost', { per_tree_cost_limit: 5 }))).disposition, 'allow');
});

test('policies in shadow mode do not count, at edit time either', () => {
  const review = (set: PolicySet) => compliance.review!(compliance.rules.parse({ required_categories: ['audit'] }), set).map(({ field, message }) => [field, message]);
  assert.deepEqual(review(setOf(policy('audit', {}, { mode: 'shadow' }))), [['required_categories.0', 'The audit policy audit-policy is not enforced: set `mode: enforce`.']]);
  assert.deepEqual(review(setOf(policy('audit'))), []);
});

test('an exception takes one requirement away, with a reason, and only from a profile that is asked for', () => {
  const ids = (rules: string) => ask(compliance, rules, RUN).violations.flatMap(({ value }) => value as string[]);
  assert.ok(ids('profile: [gdpr]').includes('gdpr/consent'));
  assert.ok(!ids('{ profile: [gdpr], except: [{ requirement: gdpr/consent, reason: Rests on a contract. }] }').includes('gdpr/consent'));
  assert.deepEqual(compliance.rules.safeParse({ except: [{ requirement: 'gdpr/nothing', reason: 'because' }] }).error?.issues.map(({ path }) => path.join('.')), ['except.0.requirement', 'except.0.reason']);
  const stray = compliance.review!(compliance.rules.parse({ required_categories: ['audit'], except: [{ requirement: 'gdpr/consent', reason: 'Rests on a contract.' }] }), setOf(policy('audit')));
  assert.deepEqual(stray.map(({ field }) => field), ['except.0']);
});

test('values must fit how they are held against rules', () => {
  const wrong = (rule: Record<string, unknown>) => compliance.rules.safeParse({ required_rules: [{ category: 'audit', rule: 'x', ...rule }] }).error?.issues.length ?? 0;
  assert.deepEqual([{ op: 'at-least', value: 'a' }, { op: 'includes', value: 'a' }, { op: 'set', value: 1 }, { op: 'equals' }, { op: 'equals', value: 1 }, { op: 'set' }, { op: 'includes', value: ['a'] }].map(wrong), [1, 1, 1, 1, 0, 0, 0]);
});

/** The form that a dotted path leads to. */
function pathShape(shape: Shape, path: string): Shape | undefined {
  return path.split('.').reduce<Shape | undefined>((at, key) => (at?.kind === 'object' ? at.fields.find(({ name }) => name === key)?.shape : undefined), shape);
}

/** Rules, as they are written, that meet a requirement: made from its constraints and from the forms of the fields. */
function rulesFor({ category, rules }: Requirement): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  for (const { path, op, value } of rules) {
    if (op === 'not') continue;
    const keys = path.split('.');
    const last = keys.pop()!;
    const at = keys.reduce<Record<string, unknown>>((object, key) => (object[key] ??= {}) as Record<string, unknown>, written);
    at[last] = op === 'set' || op === 'non-empty' ? sample(pathShape(shapeOf(categoryNamed(category)!.rules), path)!) : value;
  }
  return written;
}

function sample(shape: Shape): unknown {
  if (shape.kind === 'list') return [shape.item.kind === 'enum' ? shape.item.values[0] : 'example'];
  return shape.kind === 'number' || shape.kind === 'integer' ? 1 : 'example';
}

const strongest = ({ category }: Requirement) => categoryNamed(category)!.dispositions.at(-1)!;

/** A policy that meets it, its rules parsed by the schema of the category. */
function meeting(requirement: Requirement): PolicyInForce {
  const category = categoryNamed(requirement.category)!;
  return policy(category.id, category.rules.parse(rulesFor(requirement)), { onViolation: strongest(requirement) });
}
