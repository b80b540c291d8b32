// The `cost` category: money and token limits per run, per spawn tree, per day and per month.

import { z } from 'zod';
import type { ActionEvent } from '../../../protocol/action.ts';
import { formatUsd, microUsd } from '../../../protocol/money.ts';
import type { BudgetLimit, BudgetScope } from '../api.ts';
import { defineCategory, type PolicyHeader, type Violation } from '../category.ts';
import type { Facts, Spend, WindowSpend } from '../facts.ts';

const dollars = (text: string, formerly?: string) => z.number().positive().max(1e9).optional().describe(text).meta({ unit: 'USD', examples: [10], ...(formerly && { formerly: [formerly] }) });
const tokens = (text: string, formerly?: string) => z.int().positive().optional().describe(text).meta({ unit: 'tokens', examples: [200_000], ...(formerly && { formerly: [formerly] }) });

const rules = z.strictObject({
  per_run_cost_limit: dollars('What one run and the runs it spawned may spend.', 'per_workflow_cost_limit'),
  per_tree_cost_limit: dollars('What the whole spawn tree of a root run may spend, its children included.'),
  per_run_token_limit: tokens('Input and output tokens that one run and the runs it spawned may use.', 'per_workflow_token_limit'),
  per_tree_token_limit: tokens('Input and output tokens that the whole spawn tree of a root run may use.'),
  daily_cost_limit: dollars('What may be spent in one day (UTC), counted for whom `per` names.'),
  daily_token_limit: tokens('Tokens that may be used in one day (UTC), counted for whom `per` names.'),
  monthly_cost_limit: dollars('What may be spent in one calendar month (UTC), counted for whom `per` names.'),
  monthly_token_limit: tokens('Tokens that may be used in one calendar month (UTC), counted for whom `per` names.'),
  per: z.enum(['agent', 'fleet', 'user', 'all']).default('agent').describe('Whose spending the daily and monthly limits count. A run without a fleet is counted for its agent.'),
  model_limits: z.record(z.string(), z.strictObject({
    daily_cost_limit: dollars('What the agent may spend on this model in one day (UTC).'),
    daily_token_limit: tokens('Tokens the agent may use of this model in one day (UTC).'),
  })).optional().describe('Daily limits of single models, by exact model name.').meta({ reference: 'model', examples: [{ 'gpt-4o': { daily_cost_limit: 5 } }] }),
  warning_threshold_percent: z.number().positive().max(100).default(80).describe('Share of a limit from which calls are recorded as a warning.').meta({ unit: 'percent' }),
  unknown_price: z.enum(['block', 'warn', 'allow']).default('block').describe('What happens to a call whose model has no known price while a cost limit applies. `block` treats it as a violation, with the disposition of the policy.'),
});
type Rules = z.output<typeof rules>;

/** One limit of a policy, prepared: how to read what was used, and how to name it. */
interface Limit {
  readonly field: string;
  readonly fact: string;
  readonly unit: BudgetLimit['unit'];
  readonly limit: number;
  readonly warnAt: number;
  /** Applies to calls of this model only. */
  readonly model?: string;
  readonly spend: (facts: Facts) => Spend | undefined;
  readonly scope: (facts: Facts) => BudgetScope;
}

export const cost = defineCategory({
  id: 'cost',
  aliases: ['budget'],
  title: 'Cost',
  group: 'Operational guardrails',
  why: 'An agent that loops, or a parent that spawns many children, can spend a month\'s budget in minutes. A cost policy is checked before each call against what was spent and what is still reserved, so the call that would go over is held back and not only reported. Per-tree limits count every run that one root run set off.',
  rules,
  dispositions: ['warn', 'gate', 'block'],
  onViolation: 'block',
  checks(rules) {
    const limits = limitsOf(rules);
    if (limits.length === 0) return {};
    const usedUp = limits.filter((limit) => limit.model === undefined);
    const refuse = (_: ActionEvent, facts: Facts) => firstUsedUp(usedUp, facts);
    const llm = (event: ActionEvent<'llm.before'>, facts: Facts) => judge(limits, rules.unknown_price, event, facts);
    return usedUp.length === 0 ? { 'llm.before': llm } : { 'llm.before': llm, 'tool.before': refuse, 'spawn.before': refuse, 'run.before': refuse };
  },
  budgets: (rules, policy, facts) => budgetsOf(rules, policy, facts),
  examples: [
    {
      title: 'The call that would tip the tree over its ten dollars is held back',
      rules: 'per_tree_cost_limit: 10.00',
      event: llmCall({ estimatedCost: 3_000_000 }),
      facts: { spend: spent('tree', 8_000_000, 0) },
      expect: 'block', field: 'per_tree_cost_limit',
    },
    { title: 'A call that fits is allowed', rules: 'per_tree_cost_limit: 10.00', event: llmCall({ estimatedCost: 1_000_000 }), facts: { spend: spent('tree', 6_000_000, 0) }, expect: 'allow' },
    { title: 'One run may spend a dollar', rules: 'per_run_cost_limit: 1', event: llmCall({ estimatedCost: 1_000_001 }), expect: 'block', field: 'per_run_cost_limit' },
    { title: 'Exactly the limit is within it', rules: '{ per_run_cost_limit: 1, warning_threshold_percent: 100 }', event: llmCall({ estimatedCost: 999_999 }), expect: 'allow' },
    { title: 'Tokens of a run, the answer included', rules: 'per_run_token_limit: 1000', event: llmCall({ inputTokens: 600, maxOutputTokens: 500 }), expect: 'block', field: 'per_run_token_limit' },
    { title: 'Tokens that fit', rules: 'per_run_token_limit: 10000', event: llmCall({ inputTokens: 600, maxOutputTokens: 500 }), expect: 'allow' },
    { title: 'Tokens of a tree', rules: 'per_tree_token_limit: 1000', event: llmCall({ inputTokens: 600, maxOutputTokens: 500 }), expect: 'block', field: 'per_tree_token_limit' },
    { title: 'Tokens of a tree that fit', rules: 'per_tree_token_limit: 10000', event: llmCall({ inputTokens: 600, maxOutputTokens: 500 }), expect: 'allow' },
    { title: 'A day that is used up starts no further tool call', rules: 'daily_cost_limit: 5', event: { event: 'tool.before', name: 'search', args: {} }, facts: { spend: spent('day', 5_000_000, 0) }, expect: 'block', field: 'daily_cost_limit' },
    { title: 'A day with money left does', rules: 'daily_cost_limit: 5', event: { event: 'tool.before', name: 'search', args: {} }, facts: { spend: spent('day', 3_000_000, 0) }, expect: 'allow' },
    { title: 'Tokens of a day', rules: 'daily_token_limit: 5000', event: llmCall({}), facts: { spend: spent('day', 0, 4_950) }, expect: 'block', field: 'daily_token_limit' },
    { title: 'Tokens of a day that fit', rules: 'daily_token_limit: 5000', event: llmCall({}), facts: { spend: spent('day', 0, 1_000) }, expect: 'allow' },
    { title: 'Money of a month', rules: '{ monthly_cost_limit: 100, per: user }', event: { event: 'spawn.before', agent: 'child', command: ['child'], depth: 1 }, facts: { spend: spent('month', 100_000_000, 0) }, expect: 'block', field: 'monthly_cost_limit' },
    { title: 'A month with money left', rules: '{ monthly_cost_limit: 100, per: user }', event: { event: 'spawn.before', agent: 'child', command: ['child'], depth: 1 }, facts: { spend: spent('month', 50_000_000, 0) }, expect: 'allow' },
    { title: 'Tokens of a month', rules: 'monthly_token_limit: 5000', event: llmCall({}), facts: { spend: spent('month', 0, 4_950) }, expect: 'block', field: 'monthly_token_limit' },
    { title: 'Tokens of a month that fit', rules: 'monthly_token_limit: 5000', event: llmCall({}), facts: { spend: spent('month', 0, 1_000) }, expect: 'allow' },
    { title: 'Spending of everybody together', rules: '{ daily_cost_limit: 5, per: all }', event: llmCall({ estimatedCost: 2_000_000 }), facts: { spend: spent('day', 4_000_000, 0) }, expect: 'block', field: 'daily_cost_limit' },
    { title: 'One model has a limit of its own', rules: 'model_limits: { gpt-4o: { daily_cost_limit: 5 } }', event: llmCall({ estimatedCost: 2_000_000 }), facts: { spend: spent('models', 4_000_000, 0) }, expect: 'block', field: 'model_limits.gpt-4o.daily_cost_limit' },
    { title: 'Another model is not counted against it', rules: 'model_limits: { gpt-4o: { daily_cost_limit: 5 } }', event: llmCall({ model: 'gpt-4o-mini', estimatedCost: 2_000_000 }), facts: { spend: spent('models', 4_000_000, 0) }, expect: 'allow' },
    { title: 'From 80 % of a limit on, a warning', rules: 'per_run_cost_limit: 1', event: llmCall({ estimatedCost: 850_000 }), expect: 'warn', field: 'warning_threshold_percent' },
    { title: 'A model without a known price cannot be bounded', rules: 'per_run_cost_limit: 1', event: llmCall({ model: 'home-grown', estimatedCost: undefined }), expect: 'block', field: 'unknown_price' },
    { title: 'Unless the policy lets it pass', rules: '{ per_run_cost_limit: 1, unknown_price: allow }', event: llmCall({ model: 'home-grown', estimatedCost: undefined }), expect: 'allow' },
  ],
});

function judge(limits: readonly Limit[], unknownPrice: Rules['unknown_price'], event: ActionEvent<'llm.before'>, facts: Facts): Violation | undefined {
  let warning: Limit | undefined;
  let unknown = false;
  for (let index = 0; index < limits.length; index++) {
    const limit = limits[index]!;
    if (limit.model !== undefined && limit.model !== event.model) continue;
    const money = limit.unit === 'usd_micro';
    if (money && event.estimatedCost === undefined) unknown = true;
    const used = usedOf(limit, facts) + (money ? event.estimatedCost ?? 0 : event.inputTokens + (event.maxOutputTokens ?? 0));
    if (used > limit.limit) return exceeded(limit, used, 'With this call');
    if (!warning && used >= limit.warnAt) warning = limit;
  }
  if (unknown && unknownPrice !== 'allow') return unpriced(event.model, unknownPrice);
  return warning && approaching(warning, usedOf(warning, facts) + (warning.unit === 'usd_micro' ? event.estimatedCost ?? 0 : event.inputTokens + (event.maxOutputTokens ?? 0)));
}

/** What needs no money itself still must not begin when the money is gone. Only what was spent counts: a reservation may yet be given back. */
function firstUsedUp(limits: readonly Limit[], facts: Facts): Violation | undefined {
  for (let index = 0; index < limits.length; index++) {
    const limit = limits[index]!;
    const tally = tallyOf(limit, facts);
    if (tally && tally.spent >= limit.limit) return exceeded(limit, tally.spent, 'So far');
  }
  return undefined;
}

function tallyOf(limit: Limit, facts: Facts) {
  const spend = limit.spend(facts);
  return spend && (limit.unit === 'usd_micro' ? spend.cost : spend.tokens);
}

function usedOf(limit: Limit, facts: Facts): number {
  const tally = tallyOf(limit, facts);
  return tally ? tally.spent + tally.reserved : 0;
}

function exceeded(limit: Limit, used: number, when: string): Violation {
  const { field, fact, unit } = limit;
  return {
    field, fact, limit: asWritten(unit, limit.limit), value: asWritten(unit, used),
    message: `${when}, ${fact} is ${show(unit, used)}; the limit is ${show(unit, limit.limit)}.`,
    remedy: `Raise ${field} to at least ${show(unit, used)}, use a cheaper or shorter call, or wait until the period ends.`,
  };
}

function approaching(limit: Limit, used: number): Violation {
  return {
    field: 'warning_threshold_percent', disposition: 'warn', fact: `${limit.fact} in percent of ${limit.field}`, limit: (limit.warnAt * 100) / limit.limit, value: Math.round((used * 100) / limit.limit),
    message: `With this call, ${limit.fact} is ${show(limit.unit, used)} of the ${show(limit.unit, limit.limit)} that ${limit.field} allows.`,
  };
}

function unpriced(model: string, action: 'block' | 'warn'): Violation {
  return {
    field: 'unknown_price', ...(action === 'warn' && { disposition: action }), fact: 'model', value: model, limit: action,
    message: `The model ${model} has no known price, so its cost cannot be held to a limit.`,
    remedy: 'Use a model with a known price, or set unknown_price to warn or allow.',
  };
}

function show(unit: Limit['unit'], amount: number): string {
  return unit === 'usd_micro' ? formatUsd(amount) : `${amount} tokens`;
}

/** An amount in the unit that a policy is written in: dollars, or tokens. */
function asWritten(unit: Limit['unit'], amount: number): number {
  return unit === 'usd_micro' ? amount / 1e6 : amount;
}

function limitsOf(rules: Rules): Limit[] {
  const limits: Limit[] = [];
  const add = (field: string, amount: number | undefined, unit: Limit['unit'], fact: string, spend: Limit['spend'], scope: Limit['scope'], model?: string) => {
    if (amount === undefined) return;
    const limit = unit === 'usd_micro' ? microUsd(amount) : amount;
    limits.push({ field, unit, limit, warnAt: (limit * rules.warning_threshold_percent) / 100, fact, spend, scope, model });
  };
  const both = (period: string, fact: string, spend: Limit['spend'], scope: Limit['scope']) => {
    add(`${period}_cost_limit`, rules[`${period}_cost_limit` as keyof Rules] as number | undefined, 'usd_micro', `the cost of ${fact}`, spend, scope);
    add(`${period}_token_limit`, rules[`${period}_token_limit` as keyof Rules] as number | undefined, 'tokens', `the token use of ${fact}`, spend, scope);
  };
  const whom = { agent: 'this agent', fleet: 'this fleet', user: 'this user', all: 'all agents' }[rules.per];
  both('per_run', 'this run', (facts) => facts.spend.run, () => 'run');
  both('per_tree', 'this run\'s tree', (facts) => facts.spend.tree, () => 'tree');
  both('daily', `${whom} today`, (facts) => windowOf(facts.spend.day, rules.per), (facts) => `day.${account(facts.spend.day, rules.per)}`);
  both('monthly', `${whom} this month`, (facts) => windowOf(facts.spend.month, rules.per), (facts) => `month.${account(facts.spend.month, rules.per)}`);
  for (const [model, limit] of Object.entries(rules.model_limits ?? {})) {
    const spend = (facts: Facts) => (Object.hasOwn(facts.spend.models, model) ? facts.spend.models[model] : undefined);
    add(`model_limits.${model}.daily_cost_limit`, limit.daily_cost_limit, 'usd_micro', `the cost of ${model} today`, spend, () => `day.model:${model}`, model);
    add(`model_limits.${model}.daily_token_limit`, limit.daily_token_limit, 'tokens', `the token use of ${model} today`, spend, () => `day.model:${model}`, model);
  }
  return limits;
}

function account(window: WindowSpend, per: Rules['per']): Rules['per'] {
  return per === 'fleet' && !window.fleet ? 'agent' : per;
}

function windowOf(window: WindowSpend, per: Rules['per']): Spend {
  return window[per] ?? window.agent;
}

/** A gate that a person approved for this call lets it go over, so the ledger must not stop it again. */
function budgetsOf(rules: Rules, policy: PolicyHeader, facts: Facts): BudgetLimit[] {
  const hard = policy.onViolation !== 'warn' && !facts.granted.has(policy.name);
  return limitsOf(rules).map(({ unit, limit, scope }) => ({ policy: policy.name, scope: scope(facts), unit, limit, hard }));
}

function llmCall(overrides: Partial<ActionEvent<'llm.before'>>): ActionEvent<'llm.before'> {
  return { event: 'llm.before', wire: 'openai-chat', provider: 'api.openai.com', model: 'gpt-4o', stream: false, hasSystemPrompt: true, inputTokens: 100, maxOutputTokens: 100, tools: [], texts: [], estimatedCost: 1_000, ...overrides };
}

/** Spending for the examples: so much money and so many tokens in one place, nothing elsewhere. */
function spent(where: 'tree' | 'day' | 'month' | 'models', cost: number, used: number): Facts['spend'] {
  const none: Spend = { cost: { spent: 0, reserved: 0 }, tokens: { spent: 0, reserved: 0 } };
  const some: Spend = { cost: { spent: cost, reserved: 0 }, tokens: { spent: used, reserved: 0 } };
  const window = (spend: Spend): WindowSpend => ({ agent: spend, user: spend, all: spend });
  return { run: none, tree: where === 'tree' ? some : none, day: window(where === 'day' ? some : none), month: window(where === 'month' ? some : none), models: where === 'models' ? { 'gpt-4o': some } : {} };
}
