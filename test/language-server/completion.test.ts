// What is offered at a cursor, and what the text is once it is taken.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete, explainTopic } from '../../language-server/features/completion.ts';
import type { Proposal } from '../../language-server/features/completion.ts';
import { describeCategories } from '../../runtime/policy/describe.ts';
import { applyEdits, open } from './support.ts';

function proposals(source: string): readonly Proposal[] {
  const { document, cursor, set } = open(source);
  return [...complete(document, cursor.offset, set)].sort((a, b) => (a.rank < b.rank ? -1 : 1));
}

const labels = (source: string): string[] => proposals(source).map(({ label }) => label);

/** The text after taking a proposal: tab stops become their placeholder, choices their first value, `$0` stays as the cursor. */
function take(source: string, label: string): string {
  const { document } = open(source);
  const proposal = proposals(source).find((each) => each.label === label);
  assert.ok(proposal, `${label} is not offered, but ${labels(source).join(', ')}`);
  const text = proposal.snippet ? proposal.text.replace(/\$\{\d+\|([^,|]*)[^}]*\|\}/g, '$1').replace(/\$\{\d+:((?:\\.|[^}\\])*)\}/g, '$1').replace(/\\([\\$}])/g, '$1') : proposal.text;
  return applyEdits(document, [{ ...proposal.range, text }]);
}

function checkHas(source: string, ...wanted: string[]): void {
  const offered = labels(source);
  for (const label of wanted) assert.ok(offered.includes(label), `${label} is not offered, but ${offered.join(', ')}`);
}

test('top-level keys, without those that are there', () => {
  assert.deepEqual(labels('$0').sort(), ['agents', 'domains', 'fleets', 'policies', 'signals', 'tests', 'tools']);
  assert.deepEqual(labels('agents: {}\nto$0\npolicies: []\n').sort(), ['domains', 'fleets', 'signals', 'tests', 'tools']);
  assert.equal(take('$0', 'agents'), 'agents:\n  $0');
});

test('keys of a policy: required ones first', () => {
  assert.deepEqual(labels('policies:\n  - name: a\n    $0\n    mode: off\n').slice(0, 3), ['category', 'description', 'owner']);
  checkHas('policies:\n  - name: a\n    category: cost\n    sco$0', 'scope', 'rules', 'on_violation');
  assert.equal(take('policies:\n  - name: a\n    ru$0', 'rules'), 'policies:\n  - name: a\n    rules:\n      $0');
  assert.equal(take('policies:\n  - ru$0', 'rules'), 'policies:\n  - rules:\n      $0');
  assert.equal(take('policies:\n  - name: a\n    sc$0ope: {}\n', 'scope'), 'policies:\n  - name: a\n    scope: {}\n');
});

test('categories, each with its page', () => {
  const offered = proposals('policies:\n  - name: a\n    category: $0');
  assert.deepEqual(offered.map(({ label }) => label).sort(), describeCategories().map(({ id }) => id).sort());
  for (const { topic, sort } of offered) {
    assert.equal(sort, 'category');
    assert.match(explainTopic(topic) ?? '', /On violation/);
  }
  assert.equal(take('policies:\n  - name: a\n    category:$0', 'cost'), 'policies:\n  - name: a\n    category: cost');
  assert.equal(take('policies:\n  - name: a\n    category: l$0lm # which\n', 'cost'), 'policies:\n  - name: a\n    category: cost # which\n');
});

test('fields of the category under rules, nested ones too', () => {
  checkHas('policies:\n  - category: cost\n    rules:\n      $0', 'per_run_cost_limit', 'model_limits', 'unknown_price');
  checkHas('policies:\n  - rules: { $0 }\n    category: cost\n', 'per_run_cost_limit');
  checkHas('policies:\n  - category: budget\n    rules:\n      $0', 'per_run_cost_limit');
  assert.deepEqual(labels('policies:\n  - category: llm\n    rules:\n      temperature_range: { $0 }\n').sort(), ['max', 'min']);
  assert.deepEqual(labels('policies:\n  - category: llm\n    rules:\n      temperature_range:\n        min: 0\n        $0'), ['max']);
  assert.deepEqual(labels('policies:\n  - category: cost\n    rules:\n      model_limits:\n        gpt-4o: { $0 }').sort(), ['daily_cost_limit', 'daily_token_limit']);
  assert.equal(take('policies:\n  - category: llm\n    rules: { temp$0 }\n', 'temperature_range'), 'policies:\n  - category: llm\n    rules: { temperature_range: { $0 } }\n');
});

test('values: choices, booleans, dispositions that the category honours', () => {
  checkHas('policies:\n  - category: cost\n    rules:\n      per: $0', 'agent', 'fleet', 'user', 'all');
  assert.deepEqual(labels('policies:\n  - category: llm\n    rules: { require_system_prompt: $0 }').sort(), ['false', 'true']);
  assert.deepEqual(labels('policies:\n  - category: kill-switch\n    on_violation: $0'), ['block']);
  assert.equal(labels('policies:\n  - category: cost\n    on_violation: $0')[0], 'block');
  assert.match(explainTopic(proposals('policies:\n  - category: cost\n    on_violation: $0')[0]?.topic) ?? '', /warn < gate < \*\*block\*\*/);
});

const NAMES = 'agents:\n  writer: { description: Writes. }\n  reader: {}\nfleets:\n  outreach: {}\n';

test('declared names where names belong, the written ones left out', () => {
  assert.deepEqual(labels(`${NAMES}policies:\n  - scope: { agents: [writer, $0] }\n`), ['reader']);
  assert.deepEqual(labels(`${NAMES}policies:\n  - scope:\n      agents:\n        - wri$0\n`).sort(), ['reader', 'writer']);
  assert.deepEqual(labels('# file: a.fullarc.yaml\npolicies:\n  - scope: { fleets: [$0] }\n# file: b.fullarc.yaml\nfleets: { outreach: {} }\n'), ['outreach']);
  assert.equal(take(`${NAMES}policies:\n  - scope: { fleets: $0 }\n`, 'outreach'), `${NAMES}policies:\n  - scope: { fleets: [outreach$0] }\n`);
  assert.equal(take(`${NAMES}policies:\n  - scope:\n      agents:\n        $0\n`, 'writer'), `${NAMES}policies:\n  - scope:\n      agents:\n        - writer\n`);
  assert.equal(take('agents:\n  writer: { fleet: "$0" }\nfleets: { outreach: {} }\n', 'outreach'), 'agents:\n  writer: { fleet: "outreach" }\nfleets: { outreach: {} }\n');
  const writer = proposals(`${NAMES}policies:\n  - scope: { agents: [$0] }\n`).find(({ label }) => label === 'writer');
  assert.match(explainTopic(writer?.topic) ?? '', /Writes\./);
});

test('models are those that policies of the workspace name, never an invented list', () => {
  const other = 'policies:\n  - name: a\n    category: llm\n    rules: { blocked_models: [gpt-4o] }\n  - name: b\n    category: cost\n    rules: { model_limits: { o9-large: { daily_cost_limit: 5 } } }\n  - name: c\n    category: llm\n    rules: { allowed_models: [$0] }\n';
  assert.deepEqual(labels(other).sort(), ['gpt-4o', 'o9-large']);
  assert.deepEqual(labels('policies:\n  - category: llm\n    rules: { allowed_models: [$0] }\n'), []);
});

test('names that are used but not declared are offered where they would be declared', () => {
  assert.equal(take('agents:\n  writer: {}\n  $0\npolicies:\n  - scope: { agents: [ghost, "w*", writer] }\n', 'ghost'), 'agents:\n  writer: {}\n  ghost:\n    $0\npolicies:\n  - scope: { agents: [ghost, "w*", writer] }\n');
  assert.deepEqual(labels('agents:\n  writer: {}\n  $0\npolicies:\n  - scope: { agents: [ghost, "w*", writer] }\n'), ['ghost']);
});

test('a whole policy, at a dash and where the dash is missing', () => {
  const whole = /^policies:\n  - name: cost-policy\n    category: cost\n    rules:\n      \w+: .*\n    \$0$/;
  assert.match(take('policies:\n  $0', 'cost policy'), whole);
  assert.match(take('policies:\n  - $0', 'cost policy'), whole);
  assert.match(take('policies:\n  - name: a\n    category: llm\n  $0', 'cost policy'), /category: llm\n  - name: cost-policy\n    category: cost\n/);
  assert.equal(labels('policies:\n  - name: a\n    $0').some((label) => label.endsWith(' policy')), false);
});

test('broken text around does not matter', () => {
  checkHas('policies:\n  - name: "a\n    category: $0\n', 'cost');
  checkHas('policies:\n  - scope: { agents: [a, b\n    category: cost\n    rules:\n      per: $0\n', 'fleet');
  checkHas('policies:\n  - name: x\n\tcategory: cost\n  - name: y\n    category: cost\n    rules:\n      $0\n', 'per_run_cost_limit');
  checkHas('<<<<<<< ours\npolicies:\n  - name: x\n    $0\n>>>>>>> theirs\n', 'category');
  checkHas('agents: { writer: {\npolicies:\n  - category: $0\n', 'cost');
});

test('nothing in comments and free text', () => {
  assert.deepEqual(labels('policies:\n  - name: a # $0'), []);
  assert.deepEqual(labels('policies:\n  - message: Do no$0t\n'), []);
  assert.deepEqual(labels('policies:\n  - message: |\n      Do no$0t\n'), []);
});

test('what is replaced is on the line of the cursor and holds it', () => {
  for (const source of ['pol$0icies:', 'policies:\n  - na$0me: x', 'policies:\n  - category: "co$0st"', 'policies:\n  - scope: { agents: [a$0] }\nagents: {ab: {}}', 'policies:\n  - category:$0']) {
    const { document, cursor } = open(source);
    for (const { range } of proposals(source)) {
      assert.equal(range.line, range.endLine);
      assert.ok(document.offset(range.line, range.column) <= cursor.offset && cursor.offset <= document.offset(range.endLine, range.endColumn), source);
    }
  }
});

test('a policy to override: of the same category, those that may be replaced first', () => {
  const set = 'policies:\n  - { name: loose, category: cost, rules: { per_run_cost_limit: 5 } }\n  - { name: company, category: budget, overridable: true, rules: { per_run_cost_limit: 9 } }\n  - { name: words, category: safety, overridable: true, rules: { blocked_tools: [x] } }\n  - name: mine\n    category: cost\n    overrides: $0\n';
  assert.deepEqual(labels(set), ['company', 'loose']);
});

test('a step of an escalation is stronger than what the policy begins with', () => {
  assert.deepEqual(labels('policies:\n  - name: a\n    category: cost\n    on_violation: warn\n    escalate: [{ after: 3, on_violation: $0 }]\n').sort(), ['block', 'gate']);
  assert.deepEqual(labels('policies:\n  - name: a\n    category: cost\n    on_violation: gate\n    escalate:\n      - on_violation: $0\n'), ['block']);
});

test('domains where a tool or a rule names its source, tools in every list of tools', () => {
  const domains = 'domains:\n  crm: { kind: sql }\n  handbook: { kind: vector }\ntools:\n  mail: { class: once }\n';
  assert.deepEqual(labels(`${domains}  run_sql: { is: data, source: $0 }\n`), ['crm', 'handbook']);
  checkHas(`${domains}policies:\n  - category: data-access\n    rules: { read_only_sources: [$0] }\n`, 'crm');
  for (const [category, rules] of [['grounding', 'actions: [$0]'], ['reasoning', 'decide_before: { tools: [$0] }'], ['rate-limit', 'tools: [$0]'], ['approval', 'require_approval_for: [$0]'], ['input-validation', 'sanitize_arguments_of: [$0]'], ['safety', 'blocked_tools: [$0]']]) checkHas(`${domains}policies:\n  - category: ${category}\n    rules: { ${rules} }\n`, 'mail');
});
