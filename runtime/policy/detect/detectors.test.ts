// Each kind is found where it is, whole and under its own label, and nothing that only looks like it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redactText } from '../../../protocol/verdict.ts';
import { luhn } from './checksums.ts';
import { CREDENTIAL_TYPES, credentialDetectors, type CredentialType } from './credentials.ts';
import { PERSONAL_TYPES, personalDetectors, type PersonalType } from './personal.ts';
import { HARMLESS, IN_CONTEXT, SECRETS } from './samples.ts';
import { scan } from './scan.ts';

const ALL = [...personalDetectors(), ...credentialDetectors()];
const detectorsOf = (kind: string) => ALL.filter((detector) => detector.kind === kind);

for (const kind of [...PERSONAL_TYPES, ...CREDENTIAL_TYPES] satisfies readonly (PersonalType | CredentialType)[]) {
  test(`${kind} is found, and no more than it`, () => {
    const bare = (SECRETS[kind] ?? []).map((secret) => `see |${secret}| now`);
    const texts = [...bare, ...bare.map((text) => text.replace('see ', '(').replace(' now', ')')), ...(IN_CONTEXT[kind] ?? [])];
    assert.ok(texts.length > 0, 'there are samples');
    for (const text of texts) assert.equal(redacted(text.replaceAll('|', ''), detectorsOf(kind)), text.replace(/\|[^|]*\|/s, `##${kind.toUpperCase()}##`));
  });
}

for (const text of HARMLESS) {
  test(`nothing is found in: ${text.slice(0, 60).replaceAll('\n', ' ')}`, () => {
    assert.equal(redacted(text, ALL), text);
  });
}

test('every detector that a policy can name reports the kind it was asked for', () => {
  for (const kind of PERSONAL_TYPES) assert.deepEqual(new Set(personalDetectors([kind]).map((each) => each.kind)), new Set([kind]));
  for (const kind of CREDENTIAL_TYPES) assert.deepEqual(new Set(credentialDetectors([kind]).map((each) => each.kind)), new Set([kind]));
});

test('a card number is found among other digits, with any separators', () => {
  for (const text of ['1 4111 1111 1111 1111', '4111111111111111 12', '4111-1111-1111-1111.', 'card:4111111111111111,']) assert.match(redacted(text, detectorsOf('credit_card')), /##CREDIT_CARD##/);
});

test('Luhn holds for any digits with the digit that makes it hold, and for no other', () => {
  fc.assert(fc.property(fc.stringMatching(/^\d{12,18}$/), (digits) => {
    assert.equal([...'0123456789'].filter((check) => luhn(digits + check)).length, 1);
  }));
});

test('an IBAN with one character changed is none', () => {
  const iban = 'GB29NWBK60161331926819';
  fc.assert(fc.property(fc.nat({ max: 15 }), fc.nat({ max: 9 }), (at, digit) => {
    const place = at % 14 + 8;
    const changed = iban.slice(0, place) + digit + iban.slice(place + 1);
    assert.equal(redacted(changed, detectorsOf('iban')) === '##IBAN##', changed === iban);
  }));
});

test('a private key that breaks off is hidden as far as it came', () => {
  const key = SECRETS.private_key![0]!;
  for (const length of [60, 90, 150, key.length - 10]) assert.doesNotMatch(redacted(key.slice(0, length), ALL), /a1B2/);
});

test('what was redacted is left alone', () => {
  const all = Object.values(SECRETS).flat().join(' and ');
  const once = redacted(all, ALL);
  assert.equal(redacted(once, ALL), once);
  assert.equal(redacted('##EMAIL## ##PASSWORD##', ALL), '##EMAIL## ##PASSWORD##');
});

function redacted(text: string, detectors: Parameters<typeof scan>[1]): string {
  return redactText(text, scan(text, detectors));
}
