// LLM: models without surprises, and the index entry of a policy that only blocks names.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import type { Check, NamedCheck, Violation } from '../category.ts';
import { freshFacts } from '../facts.ts';
import { ALONE } from '../testing.ts';
import { llm } from './llm.ts';

const call = (extra: Partial<ActionEvent<'llm.before'>> = {}): ActionEvent<'llm.before'> => ({ event: 'llm.before', wire: 'openai-chat', provider: 'api.openai.com', model: 'gpt-4o', stream: false, hasSystemPrompt: true, inputTokens: 10, tools: [], texts: [], ...extra });
const entryOf = (rules: object) => llm.checks(llm.rules.parse(rules), { name: 'p', onViolation: 'block' })['llm.before'];
const found = (rules: object, event: ActionEvent<'llm.before'>, facts = freshFacts()) => (entryOf(rules) as Check<'llm.before'>)(event, facts, ALONE) as Violation | undefined;

for (const [model, field] of [['gpt-4o', undefined], ['gpt-4o-mini', 'allowed_models'], ['gpt-4', 'allowed_models'], ['claude-sonnet-4', undefined], ['', 'allowed_models'], ['GPT-4o', 'allowed_models']] as const) {
  test(`model ${JSON.stringify(model)} of [gpt-4o, claude-*] → ${field ?? 'allowed'}`, () => assert.equal(found({ allowed_models: ['gpt-4o', 'claude-*'] }, call({ model }))?.field, field));
}

test('a provider is compared without regard to case', () => {
  assert.equal(found({ allowed_providers: ['API.openai.com'] }, call({ provider: 'api.OpenAI.com' })), undefined);
});

test('tokens of the run are those used before and those this call may use', () => {
  const facts = freshFacts();
  const used = { ...facts, run: { ...facts.run, tokens: 90 } };
  assert.equal(found({ max_tokens_per_run: 100 }, call(), used), undefined);
  assert.equal(found({ max_tokens_per_run: 100 }, call({ maxOutputTokens: 1 }), used)?.value, 101);
});

for (const [temperature, field] of [[undefined, undefined], [0, 'temperature_range'], [0.2, undefined], [0.5, undefined], [0.50001, 'temperature_range']] as const) {
  test(`temperature ${temperature} of 0.2 to 0.5`, () => assert.equal(found({ temperature_range: { min: 0.2, max: 0.5 } }, call({ temperature }))?.field, field));
}

test('a policy that only blocks exact names is asked for those alone', () => {
  assert.deepEqual((entryOf({ blocked_models: ['a', 'b'] }) as NamedCheck<'llm.before'>).names, ['a', 'b']);
  assert.equal(typeof entryOf({ blocked_models: ['a', 'b*'] }), 'function');
  for (const other of [{ allowed_models: ['c'] }, { allowed_providers: ['x'] }, { max_tokens_per_call: 1 }, { max_tokens_per_run: 1 }, { temperature_range: {} }, { require_system_prompt: true }]) assert.equal(typeof entryOf({ blocked_models: ['a'], ...other }), 'function');
});

test('a range that is upside down is refused', () => assert.equal(llm.rules.safeParse({ temperature_range: { min: 1, max: 0 } }).success, false));
