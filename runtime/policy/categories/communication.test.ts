// The `communication` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import { redactText } from '../../../protocol/verdict.ts';
import { freshFacts } from '../facts.ts';
import { compilePolicies } from '../index.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { communication } from './communication.ts';
import { recipientsOf } from './communication-recipients.ts';

const message = (over: Partial<ActionEvent<'message.before'>>): ActionEvent<'message.before'> => ({ event: 'message.before', channel: 'email', to: ['ann@example.com'], texts: [{ at: '/args/body', role: 'assistant', text: 'Hello' }], ...over });
const to = (...recipients: string[]) => message({ to: recipients });

/** What the message says after the policy had its say. */
function sent(rules: string, text: string): string {
  const { violations } = ask(communication, `{ require_disclaimer: true, disclaimer_text: "By an AI & co.", ${rules} }`, message({ texts: [{ at: '/args/body', role: 'assistant', text }] }));
  return redactText(text, violations.flatMap((each) => each.redactions ?? []));
}

test('examples', () => assert.deepEqual([disagreements(communication), withoutExample(communication)], [[], []]));

test('a list of recipients hides nobody', () => {
  assert.deepEqual(recipientsOf(['evil@bad.example,ann@example.com']), ['evil@bad.example', 'ann@example.com']);
  assert.deepEqual(recipientsOf(['ann@example.com\r\nBcc: evil@bad.example']), ['ann@example.com', 'evil@bad.example']);
  assert.deepEqual(recipientsOf(['evil@bad.example <ann@example.com>']), ['evil@bad.example', 'ann@example.com']);
  assert.deepEqual(recipientsOf(['"evil@bad.example" <ann@example.com>']), ['evil@bad.example', 'ann@example.com']);
  assert.deepEqual(recipientsOf(['"Lee, Ann" <ann@example.com>', 'MAILTO:ann@example.com.']), ['ann@example.com']);
  assert.deepEqual(recipientsOf(['#General', '@ann', '+1 555 0100', 'Ann Lee']), ['#general', '@ann', '+1 555 0100', 'ann lee']);
  assert.deepEqual(recipientsOf(['', ' ; ']), []);
});

test('only what is surely inside is inside', () => {
  const asked = (...recipients: string[]) => ask(communication, 'allowed_recipients: ["*@example.com", "#support"]', to(...recipients)).disposition;
  assert.equal(asked('ann@example.com', '#Support'), 'allow');
  for (const each of ['ann@example.com.evil.example', 'ann@evil.example, ann@example.com', 'ann@evil.example@example.com', 'ann@exаmple.com', '']) assert.equal(asked(each), 'block', each);
});

test('a blocked address stays blocked behind letters that look alike', () => {
  assert.equal(ask(communication, 'blocked_recipients: ["*@press.example"]', to('news@prеss.example')).disposition, 'block');
});

test('blocked wins over allowed', () => {
  const { violations } = ask(communication, '{ allowed_channels: ["*"], blocked_channels: [sms], allowed_recipients: ["*@example.com"], blocked_recipients: [all@example.com] }', message({ channel: 'sms', to: ['all@example.com'] }));
  assert.deepEqual(violations.map(({ field }) => field), ['blocked_channels', 'blocked_recipients']);
});

test('the disclaimer stands where it is read', () => {
  assert.equal(sent('disclaimer_position: prepend', 'Hello'), 'By an AI & co.\n\nHello');
  assert.equal(sent('disclaimer_position: append', 'Hello'), 'Hello\n\nBy an AI & co.');
  assert.equal(sent('disclaimer_position: footer', 'Hello'), 'Hello\n\n-- \nBy an AI & co.');
  assert.equal(sent('disclaimer_position: append', '<html><body class="a"><p>Hi</p></body></html>'), '<html><body class="a"><p>Hi</p><p>By an AI &amp; co.</p></body></html>');
  assert.equal(sent('disclaimer_position: prepend', '<html><body class="a"><p>Hi</p></body></html>'), '<html><body class="a"><p>By an AI &amp; co.</p><p>Hi</p></body></html>');
  assert.match(sent('disclaimer_position: append', '<p>Hi</p><!-- By an AI & co. -->'), /<p>By an AI &amp; co\.<\/p>$/, 'a comment is not read');
});

test('what went out with the disclaimer needs no second one', () => {
  for (const text of ['Hello', '<p>Hello</p>']) {
    const once = sent('disclaimer_position: append', text);
    assert.equal(sent('disclaimer_position: append', once), once);
  }
});

test('JSON is not broken by a sentence: it is refused', () => {
  assert.equal(ask(communication, 'require_disclaimer: true', message({ texts: [{ at: '/args/body', role: 'assistant', text: '{"blocks":[]}' }] })).disposition, 'block');
});

test('a policy that only warns still lets no message without its disclaimer pass unchanged', () => {
  assert.equal(ask(communication, 'require_disclaimer: true', message({ texts: [] }), {}, 'warn').disposition, 'block');
  assert.equal(ask(communication, '{ require_disclaimer: true, on_missing_disclaimer: warn }', message({ texts: [] })).disposition, 'warn');
});

test('nothing is watched that need not be', () => {
  assert.deepEqual(communication.checks(communication.rules.parse({}), { name: 'p', onViolation: 'block' }), {});
});

test('a tool that sends messages is governed as one, and its argument is what changes', () => {
  const text = `
tools: { send_email: { is: message, channel: email, to: args.to, text: args.body } }
policies: [{ name: mail, category: communication, rules: { allowed_recipients: ["*@example.com"], require_disclaimer: true, disclaimer_text: By an AI. } }]
`;
  const { engine } = compilePolicies([{ path: 'a.fullarc.yaml', text }]);
  const decide = (to: string) => engine.decide({ event: 'tool.before', name: 'send_email', args: { to, body: 'Hello' } }, freshFacts());
  const inside = decide('ann@example.com');
  assert.equal(inside.disposition, 'redact');
  assert.deepEqual(inside.redactions, [{ at: '/args/body', start: 5, end: 5, label: 'DISCLAIMER', text: '\n\nBy an AI.' }]);
  assert.equal(decide('ann@evil.example').disposition, 'block');
});
