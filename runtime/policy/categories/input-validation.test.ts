// The `input-validation` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactText } from '../../../protocol/verdict.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { inputValidation } from './input-validation.ts';

const call = (name: string, args: Record<string, unknown>) => ({ event: 'tool.before', name, args }) as const;

test('examples', () => {
  assert.deepEqual(disagreements(inputValidation), []);
  assert.deepEqual(withoutExample(inputValidation), []);
});

test('the agent is told the path of what does not fit, and no value', () => {
  const rules = 'tool_schemas: { "mail/*": { properties: { to: { items: { type: string, format: email } } } } }';
  const [violation] = ask(inputValidation, rules, { ...call('send', { to: ['ann@example.com', 'not an address'] }), server: 'mail' }, {}, 'retry').violations;
  assert.equal(violation!.message, 'The arguments of mail/send do not fit the schema: /to/1 does not match format "email".');
  assert.doesNotMatch(JSON.stringify(violation), /not an address/);
  assert.equal(violation!.disposition, 'retry');
});

test('a declared schema that cannot be checked is a failed check', () => {
  assert.throws(() => ask(inputValidation, '{}', { ...call('a', {}), schema: { properties: { a: { pattern: '(?=x)' } } } }), /linear time/);
});

test('what has the wrong form is refused when HTML is only taken out', () => {
  const event = { event: 'signal.before', name: 's', source: 'api', payload: { a: { 'b/c': 'x<script>y</script>z' } } } as const;
  const [html, ...others] = ask(inputValidation, '{}', event, {}, 'redact').violations;
  assert.deepEqual([html!.disposition, html!.redactions![0]!.at, others.length], ['redact', '/payload/a/b~1c', 0]);
  assert.equal(redactText('x<script>y</script>z', html!.redactions!), 'xz');
  assert.equal(ask(inputValidation, 'input_schema: { required: [b] }', event, {}, 'redact').disposition, 'block');
});

test('sizes are bytes, and a run without an input is not an empty one', () => {
  const start = (text: string) => ({ event: 'run.before', command: [], input: [{ at: '/input', role: 'user', text }] }) as const;
  assert.equal(ask(inputValidation, 'max_input_size_kb: 1', start('é'.repeat(600))).disposition, 'block');
  assert.equal(ask(inputValidation, '{}', { event: 'run.before', command: ['x'] }).disposition, 'allow');
  assert.equal(ask(inputValidation, '{}', start('  ')).disposition, 'block');
  assert.equal(ask(inputValidation, '{}', start('{"a":[""]}')).disposition, 'block');
  assert.equal(ask(inputValidation, 'input_schema: { type: string, minLength: 3 }', start('hello')).disposition, 'allow');
});

test('rules that cannot work are refused', () => {
  assert.equal(inputValidation.rules.safeParse({ validate_schema: true }).success, false);
  assert.match(inputValidation.rules.safeParse({ tool_schemas: { a: { type: 'text' } } }).error!.issues[0]!.message, /"text"/);
});
