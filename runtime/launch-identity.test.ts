// Identity and context of a launch: what is taken, and that what is refused says why.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FullarcError } from '../protocol/control.ts';
import { CONTEXT_KEYS, contextOf, launchContext, launchIdentity } from './launch-identity.ts';

const fails = (code: string, message: RegExp) => (error: unknown): boolean => error instanceof FullarcError && error.code === code && message.test(error.message);
const WHO = { workspace: '/w', agent: 'writer', user: 'ana' };

test('entries of a command line become a context; the value may hold anything, `=` and nothing included', () => {
  assert.deepEqual(contextOf(['purpose=customer support', 'query=a=b', 'region=']), { purpose: 'customer support', query: 'a=b', region: '' });
  assert.equal(contextOf([]), undefined);
});

test('an entry that is none, or that is given twice, is refused', () => {
  assert.throws(() => contextOf(['purpose']), fails('bad-command', /"purpose" is not `key=value`/));
  assert.throws(() => contextOf(['=x']), fails('bad-command', /is not `key=value`/));
  assert.throws(() => contextOf(['a=1', 'a=2']), fails('bad-command', /a is given twice/));
});

test('names, lengths and numbers have their bounds', () => {
  for (const key of ['Purpose', '1st', 'a b', '', 'x'.repeat(65), '__proto__', 'é']) assert.throws(() => launchContext(JSON.parse(`{${JSON.stringify(key)}:"v"}`)), fails('bad-command', /is no name of a context entry/), key);
  assert.throws(() => launchContext({ a: 'x'.repeat(1_001) }), fails('bad-command', /no text of at most 1000/));
  assert.throws(() => launchContext({ a: 1 }), fails('bad-command', /no text/));
  assert.throws(() => launchContext(Object.fromEntries(Array.from({ length: CONTEXT_KEYS + 1 }, (_, n) => [`k${n}`, 'v']))), fails('bad-command', /51 entries/));
  for (const none of [null, [], 'a=b', 7]) assert.throws(() => launchContext(none), fails('bad-command', /no set of names/));
});

test('secrets are refused by their name and by their look; what policies ask for is not', () => {
  for (const key of ['api_key', 'db.password', 'github-token', 'client_secret']) assert.throws(() => launchContext({ [key]: 'x' }), fails('bad-command', /looks like a secret/), key);
  assert.throws(() => launchContext({ note: 'use AKIAIOSFODNN7EXAMPLE' }), fails('bad-command', /value of the context entry note looks like a credential/));
  assert.deepEqual(launchContext({ consent_token: 'consent-2026-17', session: 's1' }), { consent_token: 'consent-2026-17', session: 's1' });
});

test('who launches is taken, and nothing that came beside it', () => {
  assert.deepEqual(launchIdentity({ ...WHO, fleet: 'press', context: { region: 'eu' }, id: 'forged', root: 'forged' }), { ...WHO, fleet: 'press', context: { region: 'eu' } });
  assert.deepEqual(launchIdentity(WHO), WHO);
  assert.throws(() => launchIdentity({ ...WHO, agent: 7 }), fails('bad-message', /agent/));
  assert.throws(() => launchIdentity({ ...WHO, context: { secret: 'x' } }), fails('bad-command', /looks like a secret/));
});
