// The `identity` category: its examples, what counts as passing oneself off as a human, and what does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ActionEvent } from '../../../protocol/action.ts';
import { redactText } from '../../../protocol/verdict.ts';
import { freshFacts } from '../facts.ts';
import { compilePolicies } from '../index.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { identity } from './identity.ts';
import { claimFinder } from './identity-claims.ts';

const output = (...texts: string[]): ActionEvent<'output.after'> => ({ event: 'output.after', final: true, texts: texts.map((text, index) => ({ at: `/${index}`, role: 'assistant', text })) });
const find = claimFinder();

test('examples', () => assert.deepEqual([disagreements(identity), withoutExample(identity)], [[], []]));

const CLAIMS = [
  'I am human.', "I'm a real person", 'Trust me, I am definitely a living, breathing human being!', 'Yes — I AM a human, like you.', 'I’m just a normal person from Ohio',
  'I am not a bot.', "I'm not an AI", 'I am certainly not a chatbot, I promise', "No, I'm no robot!", 'I am not an AI language model.', 'This is not a bot, this is Ann.', 'There is a real person behind this.',
  'As a fellow human, I understand.', 'We humans need sleep.', "You're talking to a real person.", 'You are now chatting with a live human agent.',
  'I am a licensed therapist.', "I'm your attorney, so listen.", 'Speaking as your doctor, I would wait.', 'My name is Dr. Smith.', "I'm a board-certified psychiatrist and I can help",
  'I аm а humаn.', 'I\u200b am a hu\u00adman.', 'Ｉ ａｍ ａ ｈｕｍａｎ.', 'I   am\na  human.',
  'Ich bin ein echter Mensch.', 'Ich bin kein Bot.', 'Je suis une vraie personne.', 'Je ne suis pas un robot.', 'Soy una persona real.', 'No soy un bot.', 'Soy un ser humano.',
];
const HARMLESS = [
  'I am an AI assistant.', 'I am not a human.', "I'm not a person, I'm a program.", 'I am a human resources assistant made of software.', 'I am not a machine learning expert.', 'I am not a doctor.', "I'm not a lawyer, but here is what the law says.",
  'Would you like to talk to a human?', 'A human will review this.', 'You will be connected with a real person shortly.', 'I cannot claim that I am a person.', 'You asked whether I am human. I am an AI.', 'I am not going to pretend I am a person.',
  'Humans need sleep.', 'Ask your doctor.', 'As a doctor, you know this.', 'This is not an airport.', 'I am the person-lookup tool', 'Ich bin ein KI-Assistent.', 'Je suis un assistant.', 'Soy un asistente de IA.', 'I am a personal assistant.', 'I am managing the queue.',
];
for (const text of CLAIMS) test(`a claim: ${text}`, () => assert.notEqual(find(text).length, 0));
for (const text of HARMLESS) test(`no claim: ${text}`, () => assert.deepEqual(find(text), []));

test('the claim is blacked out where it stands', () => {
  const text = 'Hello! I’m a real person, and here to help.';
  const { violations } = ask(identity, 'require_ai_disclosure: false', output(text), {}, 'redact');
  assert.equal(redactText(text, violations.flatMap((each) => each.redactions ?? [])), 'Hello! ##IMPERSONATION## and here to help.');
});

test('spans lie within the text, whatever stands around a claim', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }), (before, after) => {
    const text = `${before}. I am a human. ${after}`;
    const claims = find(text);
    for (const { start, end } of claims) assert.ok(0 <= start && start < end && end <= text.length);
  }));
});

test('the sentence is put in once, into the first text or the last', () => {
  const at = (rules: string) => ask(identity, `{ prevent_impersonation: false, ${rules} }`, output('One.', 'Two.')).violations.flatMap((each) => each.redactions ?? []).map(({ at, start }) => [at, start]);
  assert.deepEqual(at('disclosure_position: prepend'), [['/0', 0]]);
  assert.deepEqual(at('disclosure_position: append'), [['/1', 4]]);
});

test('a policy that asks for another try asks for it where nothing can be put in', () => {
  assert.equal(ask(identity, '{}', output('{"a":1}'), {}, 'retry').disposition, 'retry');
  assert.equal(ask(identity, '{}', output('{"a":1}'), {}, 'warn').disposition, 'block');
});

test('an answer that only asks for tools needs no disclosure', () => {
  assert.equal(ask(identity, '{}', output()).disposition, 'allow');
  const between = (toolRequests: string[]) => ask(identity, '{}', { event: 'llm.after', model: 'm', status: 'ok', toolRequests, texts: [{ at: '/0', role: 'assistant', text: 'I am a human.' }] }).disposition;
  assert.deepEqual([between(['search']), between([])], ['block', 'allow']);
});

test('answers are held back only where it matters', () => {
  const holds = (rules: Record<string, unknown>) => identity.wholeOutput!(identity.rules.parse(rules));
  assert.deepEqual([holds({}), holds({ prevent_impersonation: false, disclose_in: ['message'] }), holds({ prevent_impersonation: false, require_ai_disclosure: false })], [true, false, false]);
});

test('a pattern that cannot be used is an error', () => {
  assert.deepEqual(identity.rules.safeParse({ impersonation_patterns: ['ok', '(?=x)'] }).error?.issues.map(({ path }) => path), [['impersonation_patterns', 1]]);
});

test('an answer of the model is held back whole, and leaves with the disclosure in it', () => {
  const { engine } = compilePolicies([{ path: 'a.fullarc.yaml', text: 'policies: [{ name: who, category: identity, rules: { disclosure_text: By an AI. } }]' }]);
  const verdict = engine.decide({ event: 'llm.after', model: 'm', status: 'ok', toolRequests: [], texts: [{ at: '/0', role: 'assistant', text: 'Hello' }] }, freshFacts());
  assert.equal(redactText('Hello', verdict.redactions), 'By an AI.\n\nHello');
  assert.equal(engine.wholeOutput(freshFacts()), true);
});
