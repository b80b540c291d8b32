// Cost: nothing over a limit begins, whatever was spent and reserved, and what the ledger is told is what the check uses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ActionEvent } from '../../../protocol/action.ts';
import type { Check } from '../category.ts';
import { type Facts, freshFacts, type Spend } from '../facts.ts';
import { ALONE } from '../testing.ts';
import { cost } from './cost.ts';

const header = { name: 'p', onViolation: 'block' } as const;
const call = (extra: Partial<ActionEvent<'llm.before'>> = {}): ActionEvent<'llm.before'> => ({ event: 'llm.before', wire: 'openai-chat', provider: 'x', model: 'm', stream: false, hasSystemPrompt: false, inputTokens: 0, tools: [], texts: [], estimatedCost: 0, ...extra });

function checkOf<E extends 'llm.before' | 'tool.before' | 'run.before'>(event: E, rules: object): (event: ActionEvent<E>, facts: Facts) => ReturnType<Check<E>> {
  const check = cost.checks(cost.rules.parse(rules), header)[event] as Check<E> | undefined;
  return (check && ((judged: ActionEvent<E>, facts: Facts) => check(judged, facts, ALONE))) as never;
}

function spending(cost: { spent: number; reserved: number }): Facts['spend'] {
  const spend: Spend = { cost, tokens: cost };
  const window = { agent: spend, user: spend, all: spend };
  return { run: spend, tree: spend, day: window, month: window, models: { m: spend } };
}

const LIMITS = ['per_run_cost_limit', 'per_tree_cost_limit', 'daily_cost_limit', 'monthly_cost_limit'] as const;

test('a call is refused exactly when spent, reserved and estimate are more than the limit', () => {
  const amount = fc.nat(3_000_000);
  fc.assert(fc.property(fc.constantFrom(...LIMITS), fc.integer({ min: 1, max: 5_000_000 }), amount, amount, amount, (field, limit, spent, reserved, estimatedCost) => {
    const check = checkOf('llm.before', { [field]: limit / 1e6, warning_threshold_percent: 100 });
    const found = check(call({ estimatedCost }), freshFacts({ spend: spending({ spent, reserved }) }));
    const total = spent + reserved + estimatedCost;
    const violation = found as { field: string } | undefined;
    assert.equal(violation?.field, total > limit ? field : total === limit ? 'warning_threshold_percent' : undefined);
  }));
});

test('what is only reserved does not stop a tool, what is spent does', () => {
  const check = checkOf('tool.before', { daily_cost_limit: 1 });
  const tool = { event: 'tool.before', name: 't', args: {} } as const;
  assert.equal(check(tool, freshFacts({ spend: spending({ spent: 0, reserved: 1_000_000 }) })), undefined);
  assert.ok(check(tool, freshFacts({ spend: spending({ spent: 1_000_000, reserved: 0 }) })));
});

test('a run without a fleet is counted for its agent', () => {
  const check = checkOf('llm.before', { daily_cost_limit: 1, per: 'fleet' });
  assert.ok(check(call({ estimatedCost: 1 }), freshFacts({ spend: spending({ spent: 1_000_000, reserved: 0 }) })));
});

test('an unknown price is a violation like any other, unless the policy says otherwise', () => {
  const unknown = call({ estimatedCost: undefined });
  const strict = checkOf('llm.before', { daily_cost_limit: 1 })(unknown, freshFacts()) as { disposition?: string; field: string };
  assert.deepEqual([strict.field, strict.disposition], ['unknown_price', undefined]);
  assert.equal((checkOf('llm.before', { daily_cost_limit: 1, unknown_price: 'warn' })(unknown, freshFacts()) as { disposition?: string }).disposition, 'warn');
  assert.equal(checkOf('llm.before', { daily_token_limit: 10 })(unknown, freshFacts()), undefined);
});

test('a limit on one model leaves tools and other models alone', () => {
  const rules = { model_limits: { m: { daily_token_limit: 10 } } };
  assert.equal(checkOf('tool.before', rules), undefined);
  assert.equal(checkOf('llm.before', rules)(call({ model: 'constructor', inputTokens: 99 }), freshFacts()), undefined);
  assert.ok(checkOf('llm.before', rules)(call({ inputTokens: 99 }), freshFacts()));
});

test('an approved gate lets the ledger pass too', () => {
  const rules = cost.rules.parse({ per_run_cost_limit: 1 });
  const gate = { name: 'p', onViolation: 'gate' } as const;
  assert.equal(cost.budgets!(rules, gate, freshFacts())[0]!.hard, true);
  assert.equal(cost.budgets!(rules, gate, freshFacts({ granted: new Set(['p']) }))[0]!.hard, false);
});

test('a plain allow answers nothing', () => {
  assert.equal(checkOf('llm.before', { per_run_cost_limit: 1 })(call({ estimatedCost: 1 }), freshFacts()), undefined);
});
