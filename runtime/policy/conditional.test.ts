// `when:` over whole policies: where it holds, where it cannot be said, and what is found at edit time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../protocol/action.ts';
import { freshFacts, freshRun } from './facts.ts';
import { compilePolicies } from './index.ts';

const compile = (when: string, more = '', rules = 'blocked_tools: [pay]', category = 'safety') => compilePolicies([{ path: 'a.fullarc.yaml', text: `policies:\n  - name: p\n    category: ${category}\n    when: ${when}\n    rules: { ${rules} }\n${more}` }]);
const pay = (args: Record<string, unknown>): ActionEvent => ({ event: 'tool.before', name: 'pay', args });

test('a policy is asked only where its condition holds', () => {
  const { engine, findings } = compile('tool.args.amount > 100 && run.depth > 0');
  assert.deepEqual(findings.filter(({ severity }) => severity === 'error'), []);
  const child = freshFacts({ run: freshRun({ depth: 1 }) });
  assert.equal(engine.decide(pay({ amount: 101 }), child).disposition, 'block');
  assert.equal(engine.decide(pay({ amount: 100 }), child).disposition, 'allow');
  assert.equal(engine.decide(pay({ amount: 101 }), freshFacts()).disposition, 'allow');
});

test('a condition that cannot be said refuses, or warns when the policy asks for it', () => {
  assert.equal(compile('tool.args.amount > 100').engine.decide(pay({}), freshFacts()).disposition, 'block');
  assert.equal(compile('tool.args.amount > 100', '    on_error: warn\n').engine.decide(pay({}), freshFacts()).disposition, 'warn');
  assert.equal(compile('has(tool.args.amount) && tool.args.amount > 100').engine.decide(pay({}), freshFacts()).disposition, 'allow');
});

test('a fact that the kind of action lacks is an error where it stands', () => {
  const { findings } = compile('llm.model == "m"', '', 'blocked_tools: [pay]');
  assert.deepEqual(findings.map(({ severity, code, line, column, endColumn }) => [severity, code, line, column, endColumn]), [['error', 'fullarc/expression/unknown-name', 4, 11, 14]]);
});

test('that a condition leaves out some of the events is said', () => {
  const { findings, engine } = compile('llm.input_tokens > 10', '', 'per_run_cost_limit: 1', 'cost');
  assert.deepEqual(findings.map(({ severity, code }) => [severity, code]), [['information', 'fullarc/expression/narrows']]);
  assert.equal(engine.decide(pay({}), freshFacts()).disposition, 'allow');
});

test('escalation counts the violations of the run', () => {
  const { engine } = compilePolicies([{ path: 'a.fullarc.yaml', text: 'policies:\n  - name: p\n    category: safety\n    on_violation: warn\n    escalate: [{ after: 2, within: 10m, on_violation: block }]\n    rules: { blocked_tools: [pay] }\n' }]);
  const at = (times: readonly number[]) => { const facts = freshFacts(); return freshFacts({ host: { ...facts.host, violations: (name) => (name === 'p' ? times.map((ago) => facts.now - ago) : []) } }); };
  assert.equal(engine.decide(pay({}), at([1])).disposition, 'warn');
  assert.equal(engine.decide(pay({}), at([2, 1])).disposition, 'block');
  assert.equal(engine.decide(pay({}), at([700_000, 1])).disposition, 'warn');
});

test('a narrower policy replaces a broader one only where it says so, and only where it is in scope', () => {
  const text = (more: string) => `policies:\n  - name: broad\n    category: safety\n    overridable: true\n    rules: { blocked_tools: [pay] }\n  - name: narrow\n    category: safety\n    scope: { agents: [cashier] }\n    ${more}\n    rules: { blocked_tools: [refund] }\n`;
  const { engine, findings } = compilePolicies([{ path: 'a.fullarc.yaml', text: text('overrides: broad') }]);
  assert.deepEqual(findings, []);
  assert.equal(engine.decide(pay({}), freshFacts({ agent: 'cashier' })).disposition, 'allow');
  assert.equal(engine.decide(pay({}), freshFacts({ agent: 'other' })).disposition, 'block');
  assert.equal(compilePolicies([{ path: 'a.fullarc.yaml', text: text('mode: shadow\n    overrides: broad') }]).engine.decide(pay({}), freshFacts({ agent: 'cashier' })).disposition, 'block');
  const codes = (source: string) => compilePolicies([{ path: 'a.fullarc.yaml', text: source }]).findings.map(({ code }) => code);
  assert.deepEqual(codes(text('overrides: brod')), ['fullarc/reference/unknown-policy']);
  assert.deepEqual(codes(text('overrides: broad').replace('overridable: true', 'mode: enforce')), ['fullarc/reference/not-overridable']);
  assert.deepEqual(codes(text('overrides: narrow')), ['fullarc/reference/overrides-itself']);
  assert.deepEqual(codes(text('overrides: broad\n    when: run.depth > 0')), ['fullarc/meaning/overridden-and-conditional']);
});

test('a budget with a condition binds only the calls for which it holds', () => {
  const { engine } = compile('llm.model == "dear"', '', 'per_run_cost_limit: 1', 'cost');
  const call = (model: string): ActionEvent => ({ event: 'llm.before', wire: 'openai-chat', provider: 'p', model, stream: false, hasSystemPrompt: false, inputTokens: 1, tools: [], texts: [] });
  assert.deepEqual([call('dear'), call('cheap'), undefined].map((event) => engine.budgets(freshFacts(), event).map(({ conditional }) => conditional ?? false)), [[false], [], [true]]);
});

test('what holds for a run as a whole cannot hang on single actions', () => {
  assert.deepEqual(compile('run.depth > 0', '', 'retention_days: 30', 'audit').findings.map(({ code }) => code), ['fullarc/meaning/unconditional']);
});
