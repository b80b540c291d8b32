// Audit: what never enters a record, and how several policies come together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AuditRules } from '../api.ts';
import { ALWAYS_REDACTED, audit, DEFAULT_AUDIT, mergeAudit } from './audit.ts';

const rules: fc.Arbitrary<AuditRules> = fc.record({ log_inputs: fc.boolean(), log_outputs: fc.boolean(), log_steps: fc.boolean(), log_tool_calls: fc.boolean(), redact_fields: fc.array(fc.constantFrom('SSN', 'iban', 'Token')), retention_days: fc.integer({ min: 1, max: 9 }), max_text_length: fc.nat(9) }).map((each) => audit.audit!(audit.rules.parse(each)));

test('merging is commutative, associative and idempotent', () => {
  fc.assert(fc.property(rules, rules, rules, (a, b, c) => {
    assert.deepEqual(mergeAudit(a, b), mergeAudit(b, a));
    assert.deepEqual(mergeAudit(mergeAudit(a, b), c), mergeAudit(a, mergeAudit(b, c)));
    assert.deepEqual(mergeAudit(a, a), a);
  }));
});

test('no policy takes a key away from those that are always redacted', () => {
  fc.assert(fc.property(rules, rules, (a, b) => ALWAYS_REDACTED.every((key) => mergeAudit(a, b).redactFields.includes(key))));
});

test('fields are compared in lower case', () => assert.ok(audit.audit!(audit.rules.parse({ redact_fields: ['SSN'] })).redactFields.includes('ssn')));

test('without a policy everything is kept for ninety days', () => {
  assert.deepEqual([DEFAULT_AUDIT.logInputs, DEFAULT_AUDIT.retentionDays, DEFAULT_AUDIT.maxText], [true, 90, 20_000]);
});
