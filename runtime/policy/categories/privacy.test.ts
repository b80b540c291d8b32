// The `privacy` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import { ALONE, ask, disagreements, withoutExample } from '../testing.ts';
import { privacy } from './privacy.ts';

const prompt = (text: string, provider = 'localhost'): ActionEvent<'llm.before'> => ({ event: 'llm.before', wire: 'openai-chat', provider, model: 'm', stream: false, hasSystemPrompt: false, inputTokens: 1, tools: [], texts: [{ at: '/m', role: 'user', text }] });
const says = (rules: string, event: ActionEvent, context: Record<string, string> = {}, on = privacy.onViolation) => ask(privacy, rules, event, { context }, on);

test('examples', () => {
  assert.deepEqual(disagreements(privacy), []);
  assert.deepEqual(withoutExample(privacy), []);
});

test('a blank token is no consent, and what cannot be blacked out is refused', () => {
  assert.equal(says('require_consent: true', { event: 'run.before', command: [] }, { consent_token: ' ' }).disposition, 'block');
  assert.equal(says('require_consent: true', { event: 'run.before', command: [] }, {}, 'redact').disposition, 'block');
});

test('personal data is blacked out where it stands, and its text is in no message', () => {
  const rules = '{ purpose_limitation: [outreach], pii_classes: [email] }';
  const asked = says(rules, prompt('to ann@example.com, SSN 123-45-6789'), {}, 'redact');
  assert.deepEqual(asked.violations[0]!.redactions, [{ at: '/m', start: 3, end: 18, label: 'EMAIL' }]);
  assert.doesNotMatch(asked.violations[0]!.message, /ann@/);
  const found = says(rules, { event: 'retrieval.after', store: 's', documents: [{ text: 'x' }, { text: 'ann@example.com', fields: { by: { mail: 'bo@example.com' }, n: 1 } }] }, {}, 'redact');
  assert.deepEqual(found.violations[0]!.blank, [{ index: 1, field: 'by', label: 'EMAIL' }, { index: 1, field: 'text', label: 'EMAIL' }]);
  assert.equal(says(rules, prompt('ann@example.com'), {}, 'warn').violations[0]!.redactions, undefined);
  assert.equal(says(rules, prompt('ann@example.com'), { purpose: 'outreach' }).disposition, 'allow');
});

test('the region of a model is what its host says, or the policy', () => {
  const rules = '{ data_residency: [eu-west-1, europe-west4, westeurope], provider_regions: { "*.corp.example": eu-west-1 } }';
  const region = (provider: string) => says(rules, prompt('hi', provider), { region: 'eu-west-1' }).disposition;
  for (const host of ['bedrock-runtime.eu-west-1.amazonaws.com', 'europe-west4-aiplatform.googleapis.com', 'westeurope.api.cognitive.microsoft.com', 'llm.corp.example', '127.0.0.1', 'localhost']) assert.equal(region(host), 'allow', host);
  for (const host of ['bedrock-runtime.us-east-1.amazonaws.com', 'us-central1-aiplatform.googleapis.com', 'api.openai.com', 'bedrock-runtime.eu-west-1.amazonaws.com.evil.example']) assert.equal(region(host), 'block', host);
  const personal = '{ data_residency: [eu-west-1], pii_classes: [email] }';
  assert.equal(says(personal, prompt('hi', 'api.openai.com'), { region: 'eu-west-1' }).disposition, 'allow');
  assert.equal(says(personal, prompt('ann@example.com', 'api.openai.com'), { region: 'eu-west-1' }).disposition, 'block');
});

test('fields are taken out of rows and documents, those of other sources too', () => {
  const rules = 'data_minimization: { allowed_fields: [id, "crm.name"] }';
  const row = (source: string): ActionEvent => ({ event: 'data.after', source, operation: 'read', rows: [{ id: 1, name: 'Ann' }] });
  assert.equal(says(rules, row('crm')).disposition, 'allow');
  assert.deepEqual(says(rules, row('hr')).violations[0]!.blank, [{ index: 0, field: 'name' }]);
  assert.deepEqual(says(rules, { event: 'retrieval.after', store: 's', documents: [{ text: 'kept', fields: { id: 1, author: 'Ann' } }] }).violations[0]!.blank, [{ index: 0, field: 'author' }]);
  assert.deepEqual(says('data_minimization: { max_fields: 1 }', row('crm')).violations[0]!.blank, [{ index: 0, field: 'name' }]);
});

test('minimisation and consent are both said', () => {
  const { violations } = says('{ require_consent: true, pii_classes: [email], data_minimization: { allowed_fields: [id] } }', { event: 'data.after', source: 'crm', operation: 'read', rows: [{ id: 1, mail: 'ann@example.com' }] });
  assert.deepEqual(violations.map((each) => [each.field, each.disposition]), [['require_consent', undefined], ['data_minimization.allowed_fields', 'redact']]);
});

test('nothing is watched that need not be', () => {
  const watched = (rules: Record<string, unknown>) => Object.keys(privacy.checks(privacy.rules.parse(rules), { name: 'p', onViolation: 'block' }));
  assert.deepEqual(watched({}), []);
  assert.deepEqual(watched({ data_minimization: { max_fields: 3 } }), ['data.after', 'retrieval.after']);
});

test('an answer is held back whole only when personal data is looked for in it', () => {
  const whole = (rules: Record<string, unknown>) => privacy.wholeOutput!(privacy.rules.parse(rules));
  assert.ok(whole({ require_consent: true, pii_classes: ['email'] }));
  assert.ok(!whole({ require_consent: true }) && !whole({ pii_classes: ['email'] }));
});

test('a list that nothing asks for is said at edit time', () => {
  const review = (rules: Record<string, unknown>) => privacy.review!(privacy.rules.parse(rules), ALONE).map(({ field }) => field);
  assert.deepEqual(review({ pii_classes: ['email'], provider_regions: { 'a.example': 'eu' } }), ['pii_classes', 'provider_regions']);
  assert.deepEqual(review({ pii_classes: ['email'], data_residency: ['eu'], provider_regions: { 'a.example': 'eu' } }), []);
});
