// Merging verdicts is commutative, associative and idempotent, so policies can be indexed, cached and judged in any order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DISPOSITIONS, merge, mergeRedactions, redactText, refusalMessage, stronger, type Reason, type Redaction, type Verdict } from './verdict.ts';

const name = fc.constantFrom('a', 'b', 'c');
const disposition = fc.constantFrom(...DISPOSITIONS);
const gate = fc.record({ approvers: fc.array(name, { maxLength: 2 }), quorum: fc.nat(2), timeoutMs: fc.nat(2), onTimeout: fc.constantFrom('block', 'allow'), review: fc.constantFrom('quick', 'full') });
const reason: fc.Arbitrary<Reason> = fc.record({ policy: name, category: name, disposition, message: name, field: name, shadow: fc.constant(true), limit: fc.oneof(fc.nat(2), fc.record({ x: fc.nat(1), y: fc.nat(1) })), gate }, { requiredKeys: ['policy', 'category', 'disposition', 'message', 'field'] });
const words = fc.constantFrom('EMAIL', 'PHONE', 'KEY');
const removal: fc.Arbitrary<Redaction> = fc.tuple(name, fc.nat(10), fc.integer({ min: 1, max: 6 }), words, fc.option(fc.constantFrom('', '~'), { nil: undefined })).map(([at, start, length, label, text]) => ({ at, start, end: start + length, label, ...(text !== undefined && { text }) }));
const insertion: fc.Arbitrary<Redaction> = fc.tuple(name, fc.nat(12), words, fc.constantFrom('Written by an AI.', '+')).map(([at, start, label, text]) => ({ at, start, end: start, label, text }));
const redaction = fc.oneof({ weight: 3, arbitrary: removal }, { weight: 1, arbitrary: insertion });
/** As the engine gives them: merged with nothing, so sorted and without doubles. */
const verdict: fc.Arbitrary<Verdict> = fc.record({ disposition, reasons: fc.array(reason, { maxLength: 4 }), redactions: fc.array(redaction, { maxLength: 5 }) }).map((parts) => merge({ ...parts, policyVersion: 'v' }, ALLOW));
const ALLOW: Verdict = { disposition: 'allow', reasons: [], redactions: [], policyVersion: 'v' };

test('the order of merging does not matter', () => {
  fc.assert(fc.property(verdict, verdict, (a, b) => assert.deepEqual(merge(a, b), merge(b, a))), { numRuns: 1_000 });
});

test('the grouping of merging does not matter', () => {
  fc.assert(fc.property(verdict, verdict, verdict, (a, b, c) => assert.deepEqual(merge(merge(a, b), c), merge(a, merge(b, c)))), { numRuns: 1_000 });
});

test('merging a verdict with itself, or with a plain allow, changes nothing', () => {
  fc.assert(fc.property(verdict, (a) => {
    assert.deepEqual(merge(a, a), a);
    assert.deepEqual(merge(a, ALLOW), a);
  }));
});

test('a merged verdict is at least as strong as each', () => {
  fc.assert(fc.property(verdict, verdict, (a, b) => !stronger(a.disposition, merge(a, b).disposition) && !stronger(b.disposition, merge(a, b).disposition)));
});

test('merged redactions cover exactly what each covered, without overlap', () => {
  const covered = (spans: readonly Redaction[]) => new Set(spans.flatMap(({ at, start, end }) => Array.from({ length: end - start }, (_, index) => `${at}${start + index}`)));
  fc.assert(fc.property(fc.array(redaction, { maxLength: 8 }), (spans) => {
    const merged = mergeRedactions(spans);
    assert.deepEqual([...covered(merged)].sort(), [...covered(spans)].sort());
    merged.forEach((span, index) => assert.ok(index === 0 || merged[index - 1]!.at !== span.at || merged[index - 1]!.end <= span.start));
  }));
});

test('a redacted text holds the labels in place of the spans', () => {
  assert.equal(redactText('mail me at a@b.c now', [{ start: 11, end: 16, label: 'EMAIL' }]), 'mail me at ##EMAIL## now');
});

test('the sentence for the agent is that of the reason that decided', () => {
  const because = (disposition: Reason['disposition'], message: string, shadow?: true): Reason => ({ policy: 'p', category: 'c', disposition, message, field: 'f', ...(shadow && { shadow }) });
  const both = merge({ ...ALLOW, disposition: 'block', reasons: [because('warn', 'Careful.'), because('block', 'Only a shadow.', true), because('block', 'No.')] }, ALLOW);
  assert.equal(refusalMessage(both), 'No. (policy p)');
});
