// Inside expressions: what is offered while they are half written, and what a name in them means.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { complete, explainTopic } from '../../language-server/features/completion.ts';
import type { Proposal } from '../../language-server/features/completion.ts';
import { hover } from '../../language-server/features/hover.ts';
import { applyEdits, open, textOf } from './support.ts';

const policy = (when: string, category = 'cost', rules = 'per_run_cost_limit: 1'): string => `policies:\n  - name: p\n    category: ${category}\n    rules: { ${rules} }\n    when: ${when}\n    mode: shadow\n`;

function proposals(source: string): readonly Proposal[] {
  const { document, cursor, set } = open(source);
  return complete(document, cursor.offset, set);
}

const labels = (source: string): readonly string[] => proposals(source).map(({ label }) => label);

function explained(source: string, label: string): string {
  const found = proposals(source).find((each) => each.label === label);
  assert.ok(found, `${label} is not offered, but ${labels(source).join(', ')}`);
  return `${found.detail ?? ''}\n${explainTopic(found.topic) ?? ''}`;
}

/** The text of the line after taking a proposal, its tab stops removed. */
function take(source: string, label: string): string {
  const { document, cursor } = open(source);
  const found = proposals(source).find((each) => each.label === label);
  assert.ok(found, `${label} is not offered`);
  return applyEdits(document, [{ ...found.range, text: found.text.replace(/\$\{\d:(\w+)\}|\$\d/g, '$1') }]).split('\n')[cursor.line]!.trim();
}

test('at the root: the facts of the events that the policy looks at, and functions', () => {
  const offered = labels(policy('$0'));
  for (const name of ['agent', 'run', 'action', 'now', 'llm', 'has', 'size', 'timestamp']) assert.ok(offered.includes(name), name);
  assert.ok(!labels(policy('$0', 'safety', 'blocked_tools: [pay]')).includes('llm'));
  assert.ok(labels(policy('$0', 'safety', 'blocked_tools: [pay]')).includes('tool'));
});

test('after a dot: the members, with their type and the events that have them', () => {
  assert.deepEqual(labels(policy('action.$0')), ['kind', 'phase', 'event', 'name']);
  assert.match(explained(policy('run.$0'), 'tree_cost'), /^double\n\*\*run\.tree_cost\*\*[^]*US dollars[^]*every event/);
  assert.match(explained(policy('llm.$0'), 'temperature'), /has\(llm\.temperature\)[^]*Only in `llm\.before`/);
  assert.deepEqual(labels(policy('llm.usage.$0', 'content', 'blocked_phrases: [x]')), ['input', 'output']);
});

test('half-written expressions in every form of a scalar', () => {
  const members = ['kind', 'phase', 'event', 'name'];
  for (const form of ['action.$0', 'run.depth > 0 && action.ph$0', '"action.$0"', '"agent == \\"a\\" && action.$0"', "'agent == ''a'' || (action.$0'", '|\n      run.depth > 0 &&\n      action.$0', '>-\n      action.$0\n', 'run.depth > 0 &&\n      action.$0', '!(action.$0 == "x"']) {
    assert.deepEqual(labels(policy(form)), members, form);
  }
  assert.equal(take(policy('run.de$0 > 1'), 'depth'), 'when: run.depth > 1');
  assert.equal(take(policy('run.$0depth > 1'), 'steps'), 'when: run.steps > 1');
  assert.equal(take('policies:\n  - category: cost\n    when:$0\n', 'run'), 'when: run');
});

test('methods fit what the dot belongs to', () => {
  const methods = labels(policy('agent.$0'));
  assert.ok(methods.includes('startsWith') && !methods.includes('getHours') && !methods.includes('exists'));
  assert.ok(labels(policy('now.$0')).includes('getHours'));
  assert.ok(labels(policy('run.taint.$0')).includes('exists'));
  assert.ok(labels(policy('agent.lowerAscii().$0')).includes('contains'));
  assert.ok(labels(policy('run.taint[0].$0')).includes('contains'));
  assert.ok(labels(policy('tool.args.to.$0')).includes('endsWith'));
  assert.equal(take(policy('run.taint.ex$0'), 'exists'), 'when: run.taint.exists(item, )');
});

test('the variable of a macro is what it goes through', () => {
  const retrieval = (when: string): string => policy(when, 'retrieval', 'min_relevance_score: 0.5');
  assert.ok(labels(retrieval('retrieval.documents.exists(d, d.$0')).includes('score'), labels(retrieval('retrieval.documents.exists(d, d.$0')).join());
  assert.ok(labels(retrieval('retrieval.documents[0].$0')).includes('updated_at'));
  assert.ok(labels(retrieval('retrieval.documents.filter(d, d.score > 0.5).all(e, $0')).includes('e'));
});

test('grants, tools and signals have expressions of their own', () => {
  assert.ok(labels('domains:\n  crm:\n    kind: sql\n    grants:\n      - where: $0\n').includes('row'));
  assert.ok(labels('tools:\n  mail: { is: message, to: "$0" }\n').includes('args'));
  assert.deepEqual(labels('tools:\n  find: { is: retrieval, store: s, documents: $0 }\n'), ['result']);
  assert.ok(labels('tools:\n  find: { is: retrieval, store: s, score: "$0" }\n').includes('item'));
  assert.deepEqual(labels('signals:\n  lead:\n    schema: { lead_id: string }\n    idempotency_key: payload.$0\n'), ['lead_id']);
});

test('nothing inside a text or behind a number', () => {
  for (const when of ['\'agent == "wri$0\'', 'run.depth > 1$0', 'agent == "a" # ru$0']) assert.deepEqual(labels(policy(when)), [], when);
});

function checkHover(source: string, word: string, wanted: RegExp): void {
  const { document, cursor, set } = open(source);
  const info = hover(document, cursor.offset, set);
  assert.ok(info, word);
  assert.equal(textOf(document, info.range), word);
  assert.match(info.markdown, wanted);
}

test('hover tells of facts, functions and macros', () => {
  checkHover(policy('run.tree_$0cost > 1.0'), 'tree_cost', /whole tree/);
  checkHover(policy('ru$0n.depth > 1'), 'run', /The run that acts/);
  checkHover(policy('run.taint.exi$0sts(t, t == "web")'), 'exists', /some item/);
  checkHover(policy('si$0ze(agent) > 3'), 'size', /Length of a text/);
  checkHover('domains:\n  crm:\n    grants:\n      - where: ro$0w.region == "EU"\n', 'row', /row or document/);
});

test('never throws, whatever is written before the cursor', () => {
  const pieces = fc.constantFrom('run', '.', 'depth', '(', ')', '[', ']', '"', "'", '&&', ' ', 'exists', ',', 'd', '1', '{', '}', '\\', 'has', '\n      ', '|', '#', ':');
  fc.assert(fc.property(fc.array(pieces, { maxLength: 14 }), (words) => { proposals(policy(`${words.join('')}$0`)); }), { numRuns: 300 });
});
