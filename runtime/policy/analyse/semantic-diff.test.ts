// Regions are what the engine does, and a difference between two sets is found, shown, or said to be undecided.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { proceeds } from '../../../protocol/verdict.ts';
import type { ActionEvent } from '../../../protocol/action.ts';
import { freshFacts, freshRun, type Facts } from '../facts.ts';
import { analysedSet } from './policy-set.ts';
import { coverageOf } from './category-regions.ts';
import { subtract, subtractAll, within, type Box, type Extent } from './regions.ts';
import { semanticDiff } from './semantic-diff.ts';
import { witnessIn } from './witness.ts';

const LOOSE = 'loops: { max_identical_calls: 50, detect_cycles: false }';
const set = (...policies: string[]) => analysedSet([{ path: 'p.yaml', text: policies.length === 0 ? 'agents: {}\n' : `policies:\n${policies.map((each) => `  - ${each}\n`).join('')}` }]);
const tools = (blocked: string, more = '') => set(`{ name: tools, category: safety, rules: { blocked_tools: ${blocked}, ${LOOSE} }${more} }`);

/** What an action is on each dimension. */
function valueOf(dimension: string, event: ActionEvent, facts: Facts): string | number | boolean | undefined {
  const spent = (whose: 'run' | 'tree', unit: 'cost' | 'tokens'): number => facts.spend[whose][unit].spent + facts.spend[whose][unit].reserved;
  if (event.event === 'tool.before') {
    if (dimension === 'tool') return event.name;
    if (dimension === 'server/tool') return event.server === undefined ? event.name : `${event.server}/${event.name}`;
    if (dimension === 'risk') return event.risk;
  }
  if (event.event === 'llm.before') {
    const tokens = event.inputTokens + (event.maxOutputTokens ?? 0);
    const sums: Record<string, number | string | boolean | undefined> = {
      model: event.model, provider: event.provider.toLowerCase(), tokens, 'run tokens': facts.run.tokens + tokens, temperature: event.temperature, 'system prompt': event.hasSystemPrompt,
      'run cost with this call': spent('run', 'cost') + (event.estimatedCost ?? 0), 'tree cost with this call': spent('tree', 'cost') + (event.estimatedCost ?? 0),
      'run tokens with this call': spent('run', 'tokens') + tokens, 'tree tokens with this call': spent('tree', 'tokens') + tokens,
    };
    if (dimension in sums) return sums[dimension];
  }
  switch (dimension) {
    case 'steps': return facts.run.steps;
    case 'tool calls': return facts.run.toolCalls;
    case 'failures in a row': return facts.run.retries;
    case 'run cost so far': return facts.spend.run.cost.spent;
    case 'tree tokens so far': return facts.spend.tree.tokens.spent;
    default: throw new Error(`the test does not know ${dimension}`);
  }
}

function contains(box: Box, of: (dimension: string) => string | number | boolean | undefined): boolean {
  return Object.entries(box).every(([dimension, extent]: [string, Extent]) => {
    const value = of(dimension);
    if ('need' in extent) return within(extent, value as string | undefined);
    if ('holds' in extent) return value === extent.holds;
    if (value === undefined) return extent.none === true;
    return typeof value === 'number' && (extent.lowOpen ? value > extent.low : value >= extent.low) && (extent.highOpen ? value < extent.high : value <= extent.high);
  });
}

const names = fc.subarray(['search', 'drop_table', 'drop_*', 'github/*', '*', 'read?'], { minLength: 1, maxLength: 3 });
const models = fc.subarray(['gpt-4o', 'gpt-*', 'claude-?', '*-mini'], { minLength: 1 });
const small = fc.integer({ min: 1, max: 6 });
const RULES: Record<string, fc.Arbitrary<Record<string, unknown>>> = {
  safety: fc.record({ blocked_tools: names, max_steps: small, max_tool_calls: small, max_retries: small }, { requiredKeys: [] }),
  llm: fc.record({ blocked_models: models, allowed_models: models, allowed_providers: fc.constant(['API.*']), max_tokens_per_call: small, max_tokens_per_run: small, temperature_range: fc.constant({ min: 0.2, max: 0.7 }), require_system_prompt: fc.boolean() }, { requiredKeys: [] }),
  approval: fc.record({ require_approval_for: names, min_risk: fc.constantFrom('medium', 'high'), auto_approve_below_risk: fc.constantFrom('medium', 'high') }, { requiredKeys: ['require_approval_for'] }),
  cost: fc.record({ per_run_cost_limit: fc.constantFrom(0.000002, 0.000004), per_tree_token_limit: small }, { requiredKeys: ['per_run_cost_limit'] }).map((rules) => ({ ...rules, warning_threshold_percent: 100 })),
};
const amount = fc.integer({ min: 0, max: 7 });
const events: fc.Arbitrary<ActionEvent> = fc.oneof(
  fc.record({ name: fc.constantFrom('search', 'drop_table', 'read1', 'issue'), server: fc.constantFrom(undefined, 'github'), risk: fc.constantFrom(undefined, 'low', 'medium', 'high', 'critical') })
    .map(({ name, server, risk }): ActionEvent => ({ event: 'tool.before', name, args: {}, ...(server && { server }), ...(risk && { risk }) })),
  fc.record({ model: fc.constantFrom('gpt-4o', 'gpt-4o-mini', 'claude-3', 'x'), provider: fc.constantFrom('api.openai.com', 'other'), input: amount, output: amount, cost: amount, temperature: fc.constantFrom(undefined, 0, 0.2, 0.5, 0.7, 1), system: fc.boolean() })
    .map(({ model, provider, input, output, cost, temperature, system }): ActionEvent => ({ event: 'llm.before', wire: 'openai-chat', provider, model, stream: false, hasSystemPrompt: system, inputTokens: input, maxOutputTokens: output, estimatedCost: cost, tools: [], texts: [], ...(temperature !== undefined && { temperature }) })),
);
const moments: fc.Arbitrary<Facts> = fc.tuple(amount, amount, amount, amount, amount).map(([steps, toolCalls, retries, tokens, spent]) => {
  const spend = { cost: { spent, reserved: 0 }, tokens: { spent: 0, reserved: 0 } };
  return freshFacts({ run: freshRun({ steps, toolCalls, retries, tokens }), spend: { ...freshFacts().spend, run: spend, tree: spend } });
});

describe('a region', () => {
  for (const [category, rules] of Object.entries(RULES)) {
    it(`of ${category} holds exactly what the engine objects to`, () => {
      fc.assert(fc.property(rules, events, moments, (given, event, facts) => {
        const known = analysedSet([{ path: 'p.yaml', text: JSON.stringify({ policies: [{ name: 'p', category, on_violation: 'block', rules: given }] }) }]);
        const policy = known.policies.get('p');
        if (!policy) return;
        const { regions } = coverageOf(category, policy.rules, policy)!;
        const inside = regions.some((region) => region.event === event.event && contains(region.box, (dimension) => valueOf(dimension, event, facts)));
        const verdict = known.engine.decide(event, facts);
        const uncovered = verdict.reasons.some(({ field, disposition }) => disposition === 'warn' || field.startsWith('loops'));
        assert.equal(inside, verdict.disposition === 'block' && !uncovered, JSON.stringify([given, verdict]));
      }), { numRuns: 300 });
    });
  }

  it('without another holds what is in the one and not in the other', () => {
    const range = fc.tuple(amount, amount, fc.boolean(), fc.boolean()).map(([a, b, lowOpen, highOpen]) => ({ low: Math.min(a, b), high: Math.max(a, b), lowOpen, highOpen }));
    const some = fc.subarray(['a', 'b', 'a*', '?b'], { minLength: 1 });
    const extent = fc.oneof(some.map((group) => ({ need: [group], avoid: [] })), some.map((avoid) => ({ need: [], avoid })));
    const box = fc.record({ n: range, s: extent, t: extent, atom: fc.boolean().map((value) => ({ holds: value })) }, { requiredKeys: [] }) as fc.Arbitrary<Box>;
    fc.assert(fc.property(box, box, fc.record({ n: amount, s: fc.constantFrom('a', 'b', 'ab', 'c'), t: fc.constantFrom('a', 'bb', 'cb'), atom: fc.boolean() }), (a, b, point) => {
      const of = (dimension: string) => point[dimension as keyof typeof point];
      const pieces = subtract(a, b).filter((piece) => contains(piece, of)).length;
      assert.equal(pieces > 0, contains(a, of) && !contains(b, of));
      if (contains(b, of)) assert.equal(pieces, 0);
      assert.ok(pieces <= 1, 'pieces are disjoint');
    }));
  });

  it('is shown by an action in it, whenever one is named', () => {
    fc.assert(fc.property(RULES['llm']!, RULES['safety']!, (llm, safety) => {
      for (const [category, given] of [['llm', llm], ['safety', safety]] as const) {
        for (const { event, box } of coverageOf(category, given, { name: 'p', onViolation: 'block' })!.regions) {
          const witness = witnessIn(event, box);
          if (witness && (event === 'llm.before' || event === 'tool.before')) assert.ok(contains(box, (dimension) => valueOf(dimension, witness.event, witness.facts)), JSON.stringify(box));
        }
      }
    }));
  });
});

describe('a semantic diff', () => {
  it('finds what is newly allowed and newly refused, and shows both', () => {
    const { newlyAllowed, newlyRefused, undecided } = semanticDiff(tools('["drop_*"]'), tools('[drop_table, send_mail]'));
    assert.deepEqual(undecided, []);
    assert.ok(newlyAllowed.length > 0 && newlyRefused.length > 0);
    for (const { event } of newlyRefused) assert.equal(event.event === 'tool.before' && event.name, 'send_mail');
    for (const { event } of newlyAllowed) assert.match(event.event === 'tool.before' ? `${event.server === undefined ? '' : `${event.server}/`}${event.name}` : '', /^(.*\/)?drop_(?!table$)/);
  });

  it('proves that nothing changes when another policy covers what was removed', () => {
    const wide = `{ name: wide, category: safety, rules: { blocked_tools: ["drop_*"], ${LOOSE} } }`;
    const narrow = `{ name: narrow, category: safety, rules: { blocked_tools: [drop_table], ${LOOSE} } }`;
    const { newlyAllowed, newlyRefused } = semanticDiff(set(wide, narrow), set(wide));
    assert.deepEqual([newlyAllowed, newlyRefused], [[], []]);
  });

  it('weighs scopes, modes and limits', () => {
    const scoped = semanticDiff(tools('[x]', ', scope: { agents: [writer] }'), tools('[x]', ', scope: { agents: ["w*"] }'));
    assert.match(scoped.newlyRefused[0]?.facts.agent ?? '', /^w(?!riter$)/);
    assert.ok(semanticDiff(tools('[x]'), tools('[x]', ', mode: shadow')).newlyAllowed.length > 0);
    const spend = (limit: number) => set(`{ name: spend, category: cost, rules: { per_tree_cost_limit: ${limit} } }`);
    const tight = semanticDiff(spend(10), spend(5)).newlyRefused;
    assert.ok(tight.some(({ facts }) => facts.spend.tree.cost.spent >= 5_000_000 && facts.spend.tree.cost.spent <= 10_000_000));
  });

  it('says what it does not cover', () => {
    const content = semanticDiff(set(), set('{ name: pii, category: content, rules: {} }'));
    assert.match(content.undecided[0]?.why ?? '', /content are not covered/);
    const loops = semanticDiff(set('{ name: a, category: safety, rules: { loops: { max_identical_calls: 3 } } }'), set('{ name: a, category: safety, rules: { loops: { max_identical_calls: 4 } } }'));
    assert.deepEqual(loops.undecided, [{ policy: 'a', why: 'not covered: loops' }]);
    const when = semanticDiff(tools('[x]'), tools('[x]', ', when: run.steps > 100'));
    assert.ok(when.undecided.length > 0 || when.newlyAllowed.length > 0);
  });

  it('shows only what both engines confirm', () => {
    fc.assert(fc.property(RULES['safety']!, RULES['safety']!, (a, b) => {
      const of = (rules: unknown) => analysedSet([{ path: 'p.yaml', text: JSON.stringify({ policies: [{ name: 'p', category: 'safety', rules }] }) }]);
      const [before, after] = [of(a), of(b)];
      const { newlyAllowed, newlyRefused } = semanticDiff(before, after);
      for (const { event, facts } of newlyRefused) assert.ok(proceeds(before.engine.decide(event, facts).disposition) && !proceeds(after.engine.decide(event, facts).disposition));
      for (const { event, facts } of newlyAllowed) assert.ok(!proceeds(before.engine.decide(event, facts).disposition) && proceeds(after.engine.decide(event, facts).disposition));
    }), { numRuns: 60 });
  });

  it('leaves nothing of a region that is covered piece by piece', () => {
    assert.deepEqual(subtractAll({ n: { low: 0, high: 10 } }, [{ n: { low: 0, high: 4, highOpen: true } }, { n: { low: 4, high: 10 } }]), []);
  });
});
