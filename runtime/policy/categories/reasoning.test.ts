// The `reasoning` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshHost } from '../facts.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { reasoning } from './reasoning.ts';

const tool = { event: 'tool.before', name: 'wire_money', server: 'bank', args: {}, risk: 'critical' } as const;

test('examples', () => {
  assert.deepEqual(disagreements(reasoning), []);
  assert.deepEqual(withoutExample(reasoning), []);
});

test('a decision about another tool, or an old one, does not count', () => {
  const host = (about: string, at: number) => ({ now: 3_600_000, host: freshHost({ decisions: () => [{ at, summary: 'go', about }] }) });
  const rules = 'decide_before: { min_risk: high, within_minutes: 30 }';
  assert.equal(ask(reasoning, rules, tool, host('bank/wire_money', 3_000_000), 'gate').disposition, 'allow');
  assert.equal(ask(reasoning, rules, tool, host('wire_money', 60_000), 'gate').disposition, 'gate');
  assert.equal(ask(reasoning, rules, tool, host('send_email', 3_000_000), 'gate').disposition, 'gate');
  assert.equal(ask(reasoning, rules, { ...tool, risk: 'low' }, {}, 'gate').disposition, 'allow');
});

test('what was done in between starts the row of decisions anew', () => {
  const host = freshHost({ decisions: () => [1, 2, 3].map((at) => ({ at, summary: 'think' })) });
  const event = { event: 'decision.after', summary: 'think' } as const;
  assert.equal(ask(reasoning, 'max_reasoning_depth: 2', event, { host }).disposition, 'warn');
  assert.equal(ask(reasoning, 'max_reasoning_depth: 2', event, { host, history: [{ kind: 'tool', name: 'a', hash: '', at: 2 }, { kind: 'llm', name: 'm', hash: '', at: 4 }] }).disposition, 'allow');
});

test('an attribute of one\'s own is found by its name, in parts of words never', () => {
  const event = (explanation: string) => ({ event: 'decision.after', summary: 'refuse', explanation }) as const;
  const rules = 'bias_detection: { protected_attributes: [post code, gender] }';
  assert.equal(ask(reasoning, rules, event('The Post-Code is a bad one.')).disposition, 'warn');
  assert.equal(ask(reasoning, rules, event('She is a woman.')).disposition, 'warn');
  assert.equal(ask(reasoning, rules, event('The manual was not followed; the engendered cost is high.')).disposition, 'allow');
});
