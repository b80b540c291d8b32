// The `memory` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import { redactText } from '../../../protocol/verdict.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { memory } from './memory.ts';

const KEY = 'aws_access_key_id = AKIAIOSFODNN7EXAMPLE';
const item = (over: Partial<ActionEvent<'memory.before'>>): ActionEvent<'memory.before'> => ({ event: 'memory.before', operation: 'write', texts: [], ...over });
const hook = (rules: Record<string, unknown>) => memory.memory!(memory.rules.parse(rules), { name: 'p', onViolation: 'block' });

test('examples', () => assert.deepEqual([disagreements(memory), withoutExample(memory)], [[], []]));

test('what becomes of items is asked for in the units of the governor', () => {
  assert.deepEqual(hook({ memory_retention_hours: 1.5 }), { policy: 'p', purgeOnCompletion: false, retentionMs: 5_400_000 });
  assert.deepEqual(hook({ purge_on_completion: true }), { policy: 'p', purgeOnCompletion: true });
  assert.equal(hook({}), undefined);
});

test('every way of using another session is refused, and with `cross_session_memory` only those that change it', () => {
  const refused = (rules: string) => (['read', 'list', 'write', 'delete'] as const).filter((operation) => ask(memory, rules, item({ operation, session: 'other' })).disposition === 'block');
  assert.deepEqual(refused('{}'), ['read', 'list', 'write', 'delete']);
  assert.deepEqual(refused('cross_session_memory: true'), ['write', 'delete']);
  assert.deepEqual(refused('{ session_isolation: false }'), []);
});

test('a policy that redacts blacks out what it finds, and refuses where nothing can be blacked out', () => {
  const texts = [{ at: '/args/text', role: 'assistant', text: KEY }] as const;
  const { disposition, violations } = ask(memory, 'forbidden_memory_types: [credentials]', item({ texts }), {}, 'redact');
  assert.equal(disposition, 'redact');
  assert.doesNotMatch(redactText(KEY, violations.flatMap((each) => each.redactions ?? [])), /AKIA/);
  assert.equal(ask(memory, 'forbidden_memory_types: [credentials]', item({ kind: 'credentials', texts }), {}, 'redact').disposition, 'block');
  assert.equal(ask(memory, 'read_only: true', item({}), {}, 'redact').disposition, 'block');
});

test('what is found is named, never shown', () => {
  const { violations } = ask(memory, 'forbidden_memory_types: [credentials]', item({ texts: [{ at: '/args/text', role: 'assistant', text: KEY }] }));
  assert.doesNotMatch(JSON.stringify(violations), /AKIA/);
});

test('families and kinds of the text: a card is financial, an address is not', () => {
  const asked = (types: string, text: string) => ask(memory, `forbidden_memory_types: [${types}]`, item({ texts: [{ at: '/t', role: 'assistant', text }] })).disposition;
  assert.equal(asked('financial', 'Card 4111 1111 1111 1111'), 'block');
  assert.equal(asked('financial', 'ann@example.com'), 'allow');
  assert.equal(asked('EMAIL', 'ann@example.com'), 'block');
  assert.equal(asked('"draft-*"', 'ann@example.com'), 'allow');
  assert.equal(ask(memory, 'forbidden_memory_types: ["draft-*"]', item({ kind: 'Draft-2' })).disposition, 'block');
});

test('what is deleted is not looked at, and what is written has no result to look at', () => {
  const texts = [{ at: '/args/text', role: 'assistant', text: KEY }] as const;
  assert.equal(ask(memory, 'forbidden_memory_types: [credentials]', item({ operation: 'delete', texts })).disposition, 'allow');
  assert.equal(ask(memory, 'forbidden_memory_types: [credentials]', { ...item({ texts }), event: 'memory.after' }).disposition, 'allow');
});

test('what is refused for its session is still shown without what was found in it', () => {
  const { violations } = ask(memory, 'forbidden_memory_types: [credentials]', item({ session: 'other', texts: [{ at: '/args/text', role: 'assistant', text: KEY }] }));
  assert.deepEqual(violations.map(({ field, redactions }) => [field, redactions?.length]), [['session_isolation', undefined], ['forbidden_memory_types', 1]]);
});
