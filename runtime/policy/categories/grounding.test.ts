// The `grounding` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import { mergeRedactions, redactText } from '../../../protocol/verdict.ts';
import { freshHost } from '../facts.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { grounding } from './grounding.ts';

const output = (...texts: string[]): ActionEvent<'output.after'> => ({ event: 'output.after', final: true, texts: texts.map((text, index) => ({ at: `/${index}`, role: 'assistant', text })) });
const read = (...texts: string[]) => ({ host: freshHost({ retrieved: () => texts.map((text, at) => ({ at, store: 's', text })) }) });

test('examples', () => {
  assert.deepEqual(disagreements(grounding), []);
  assert.deepEqual(withoutExample(grounding), []);
});

test('a withheld answer is replaced as a whole, once', () => {
  const event = output('Mars has 7 moons.', 'And Venus 3.');
  const [violation] = ask(grounding, '{ abstention_threshold: 0.5, abstention_response: No. }', event, read('nothing')).violations;
  assert.deepEqual(event.texts.map(({ at, text }) => redactText(text, mergeRedactions(violation!.redactions!.filter((each) => each.at === at)))), ['No.', '']);
});

test('the number of a citation is no number of the answer\'s', () => {
  assert.equal(ask(grounding, 'factual_consistency_check: true', output('It takes 30 days [12].'), read(...Array.from({ length: 12 }, () => '30 days'))).disposition, 'allow');
});

test('an answer that says nothing checkable needs no support', () => {
  assert.equal(ask(grounding, '{ max_unsupported_claims: 0, abstention_threshold: 1 }', output('You are welcome!')).disposition, 'allow');
});

test('recipients and ids of an action come from somewhere', () => {
  const call = (args: Record<string, unknown>): ActionEvent<'tool.before'> => ({ event: 'tool.before', name: 'pay', server: 'bank', args });
  const rules = 'actions: [bank/pay]';
  const facts = read('Invoice INV-2041 of ann@example.com is over $1,200.50.');
  assert.equal(ask(grounding, rules, call({ to: 'Ann@example.com', invoice: 'INV-2041', amount: 1200.5, parts: 1 }), facts, 'gate').disposition, 'allow');
  assert.deepEqual(ask(grounding, rules, call({ to: 'eve@example.com', items: [{ invoice: 'INV-9' }] }), facts, 'gate').violations[0]!.value, ['/args/to', '/args/items/0/invoice']);
});

test('documents without a score count as irrelevant, and no documents are not judged', () => {
  const event = (documents: ActionEvent<'retrieval.after'>['documents']): ActionEvent<'retrieval.after'> => ({ event: 'retrieval.after', store: 's', documents });
  assert.equal(ask(grounding, 'score_relevance_floor: 0.1', event([{}])).disposition, 'warn');
  assert.equal(ask(grounding, 'score_relevance_floor: 0.1', event([])).disposition, 'allow');
  assert.equal(ask(grounding, '{ score_relevance_floor: 0.5, score_eval_mode: average }', event([{ score: 0.9 }, { score: 0.2 }])).disposition, 'allow');
});
