// The `quality` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import { freshHost } from '../facts.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { judgeQuestions, quality } from './quality.ts';

const output = (text: string): ActionEvent<'output.after'> => ({ event: 'output.after', final: true, texts: [{ at: '/t', role: 'assistant', text }] });

test('examples', () => {
  assert.deepEqual(disagreements(quality), []);
  assert.deepEqual(withoutExample(quality), []);
});

test('each template check fails and passes', () => {
  for (const [check, bad, good] of [
    ['type: not_contains, value: Guarantee', 'A guarantee.', 'A hope.'],
    ['type: regex, pattern: "TCK-\\\\d+"', 'no ticket', 'see TCK-12'],
    ['type: regex, pattern: "TCK-\\\\d+", invert: true', 'see TCK-12', 'no ticket'],
    ['type: json_schema, schema: { type: array }', '{}', '[]'],
    ['type: length, min: 3', 'no', 'yes'],
  ] as const) {
    assert.equal(ask(quality, `template_checks: [{ ${check}, action: block }]`, output(bad)).disposition, 'block', check);
    assert.equal(ask(quality, `template_checks: [{ ${check}, action: block }]`, output(good)).disposition, 'allow', check);
  }
});

test('the agent is told why, and only what was sent back counts as a try', () => {
  const rules = '{ validate_json_output: true, retry_config: { max_retries: 1, feedback_template: "{attempt}/{max_retries}: {reason}" } }';
  assert.equal(ask(quality, rules, output('no')).violations[0]!.message, '1/1: The answer is not what it must be: it is not JSON.');
  const warned = freshHost({ incidents: () => [{ at: 1, policy: 'policy', disposition: 'warn' }, { at: 2, policy: 'other', disposition: 'retry' }] });
  assert.equal(ask(quality, rules, output('no'), { host: warned }).disposition, 'retry');
});

test('the judge is asked what the check then looks up; without an answer the check fails', () => {
  const rules = quality.rules.parse({ llm_checks: [{ criteria: 'Is kind.' }] });
  const [question] = judgeQuestions(rules, 'Hello', 'policy');
  assert.deepEqual(quality.questions!(rules, { name: 'policy', onViolation: 'retry' }, output('Hello')), [question]);
  assert.equal(question!.budget, 500_000);
  const host = freshHost({ judgement: (id) => (id === question!.id ? { score: 0.4, reason: 'curt' } : undefined) });
  assert.equal(ask(quality, 'llm_checks: [{ criteria: Is kind. }]', output('Hello'), { host }).violations[0]!.value, 0.4);
  assert.throws(() => ask(quality, 'llm_checks: [{ criteria: Is kind. }]', output('Bye'), { host }), /no usable answer/);
});

test('an answer is held back only when something looks at it', () => {
  assert.equal(quality.wholeOutput!(quality.rules.parse({})), false);
  assert.equal(quality.wholeOutput!(quality.rules.parse({ require_sources: true })), true);
});

test('rules that cannot work are refused', () => {
  for (const rules of [{ template_checks: [{ type: 'contains' }] }, { template_checks: [{ type: 'regex', pattern: '(?=x)' }] }, { template_checks: [{ type: 'length' }] }, { validate_json_output: false }]) assert.equal(quality.rules.safeParse(rules).success, false, JSON.stringify(rules));
});
