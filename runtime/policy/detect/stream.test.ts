// However a text is cut, what comes out is the redacted whole, and nothing of a secret comes out before.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Reason } from '../../../protocol/verdict.ts';
import { redactText } from '../../../protocol/verdict.ts';
import { credentialDetectors } from './credentials.ts';
import { customDetector, phraseDetector } from './custom.ts';
import { WINDOW } from './detector.ts';
import { personalDetectors } from './personal.ts';
import { HARMLESS, IN_CONTEXT, SECRETS } from './samples.ts';
import { joined, scan } from './scan.ts';
import { StreamScan } from './stream.ts';

const DETECTORS = [
  ...personalDetectors(), ...credentialDetectors(),
  customDetector('ticket', '\\bTCK-\\d{6}\\b'), customDetector('codename', '(?i)night(?:jar|ingale)s?'), phraseDetector('top secret plan'),
];
const PARTS = DETECTORS.map((detector) => ({ detector }));
const PLANTED = [...Object.values(SECRETS).flat(), 'TCK-004211', 'Nightingales', 'Top  secret\nplan'];
/** Beginnings that lead nowhere, and what was redacted before. */
const DECOYS = ['sk-', 'sk-proj-', 'ghp_a1', '+49 ', '4111 1111 ', '1', '-', '.', '@', 'a', ' ', '\n', '##', '##EMAIL##', '#', '-----BEGIN RSA PRIVATE KEY-----', 'password: ', 'password="', 'https://u:', 'eyJ', 'TCK-00', 'night', 'top secret ', '😀', '\ud83d', 'é', 'DE89 37', '10.', '::', 'AKIA'];

const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...PLANTED) },
  { weight: 3, arbitrary: fc.constantFrom(...DECOYS) },
  { weight: 1, arbitrary: fc.constantFrom(...HARMLESS, ...Object.values(IN_CONTEXT).flat().map((text) => text.replaceAll('|', ''))) },
  { weight: 2, arbitrary: fc.string({ maxLength: 6, unit: 'grapheme' }) },
  { weight: 2, arbitrary: fc.stringMatching(/^[ 0-9a-fA-F.:@+_/-]{0,12}$/) },
);
const text = fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(''));

describe('a stream', () => {
  test('gives what the redacted whole is, for any text and any cut', () => {
    fc.assert(fc.property(text, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }), (whole, sizes) => {
      assert.equal(streamed(cut(whole, sizes)), redacted(whole));
    }), { numRuns: 1500 });
  });

  test('gives the same for each cut in two, and for single characters', () => {
    for (const secret of PLANTED) {
      const whole = `Then: ${secret}, he said.`;
      const expected = redacted(whole);
      assert.notEqual(expected, whole);
      for (let at = 1; at < whole.length; at++) assert.equal(streamed([whole.slice(0, at), whole.slice(at)]), expected);
      assert.equal(streamed([...whole]), expected);
    }
  });

  test('never lets out a part of a planted secret, at no moment', () => {
    fc.assert(fc.property(fc.constantFrom(...PLANTED), fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 6 }), (secret, sizes) => {
      const stream = new StreamScan(PARTS);
      let out = '';
      for (const part of cut(`It is: ${secret} or so`, sizes)) {
        out += stream.push(part);
        assert.ok('It is: '.startsWith(out) || /^It is: ##[A-Z_]+##/.test(out), out);
      }
    }), { numRuns: 500 });
  });

  test('redacts what was redacted to the same', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.constantFrom(...PLANTED), fc.lorem({ maxCount: 4 })), { maxLength: 8 }), (pieces) => {
      const once = redacted(pieces.join(' '));
      assert.equal(redacted(once), once);
      assert.equal(streamed([...once]), once);
    }), { numRuns: 300 });
  });

  test('keeps back no more than a word of plain prose', () => {
    const prose = 'The quick brown fox jumps over the lazy dog, and then it rests a while. '.repeat(5);
    const stream = new StreamScan(PARTS);
    let out = 0;
    for (let at = 0; at < prose.length; at++) {
      out += stream.push(prose[at]!).length;
      assert.ok(at + 1 - out <= 12, `${at + 1 - out} kept back`);
    }
  });

  test('waits for no more than a window when nothing is certain', () => {
    const stream = new StreamScan([{ detector: customDetector('block', 'begin[^;]*;') }]);
    assert.ok(stream.push(`begin${'x'.repeat(3 * WINDOW)}`).length >= 2 * WINDOW);
  });

  test('takes a token of any length as one, and goes on after it', () => {
    const body = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIi${'Q0'.repeat(20_000)}`;
    const stream = new StreamScan(PARTS);
    let out = stream.push('token ');
    for (const part of cut(body, [64])) out += stream.push(part);
    assert.equal(out, 'token ');
    out += stream.push(' and on') + stream.flush();
    assert.equal(out, 'token ##JWT## and on');
    assert.deepEqual(stream.found, ['JWT']);
  });

  test('does not cut a surrogate pair in two', () => {
    const stream = new StreamScan(PARTS);
    assert.equal(stream.push('hi. \ud83d'), 'hi. ');
    assert.equal(stream.push('\ude00. x'), '\ud83d\ude00. ');
  });

  test('works with nothing to look for', () => {
    assert.equal(streamed(['a', 'b'], []), 'ab');
  });
});

describe('a stream that must stop', () => {
  const stop: Reason = { policy: 'p', category: 'content', disposition: 'block', field: 'pii_detection', message: 'no' };

  test('gives what came before the match, and nothing after', () => {
    const parts = PARTS.map(({ detector }) => ({ detector, ...(detector.kind === 'ssn' && { stop }) }));
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), (sizes) => {
      const stream = new StreamScan(parts);
      const out = cut('mail ann@example.com, SSN 123-45-6789, bye', sizes).map((part) => stream.push(part)).join('') + stream.flush();
      assert.equal(out, 'mail ##EMAIL##, SSN ');
      assert.equal(stream.blocked, stop);
      assert.equal(stream.push('more'), '');
      assert.deepEqual(stream.found, ['EMAIL', 'SSN']);
    }));
  });

  test('stops at its greatest length', () => {
    const stream = new StreamScan([], [{ max: 5, stop }]);
    assert.equal(stream.push('abc') + stream.push('defg') + stream.push('h') + stream.flush(), 'abcde');
    assert.equal(stream.blocked, stop);
  });

  test('or is cut off there, as the whole is', () => {
    fc.assert(fc.property(text, fc.integer({ min: 1, max: 60 }), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }), (whole, max, sizes) => {
      const rest = whole.length > max ? [{ start: max, end: whole.length, label: 'TRUNCATED' }] : [];
      const stream = new StreamScan(PARTS, [{ max }]);
      const out = cut(whole, sizes).map((part) => stream.push(part)).join('') + stream.flush();
      assert.equal(out, redactText(whole, joined([...scan(whole, DETECTORS), ...rest])));
    }), { numRuns: 500 });
  });
});

function cut(whole: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, turn = 0; at < whole.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    pieces.push(whole.slice(at, at + size));
    at += size;
  }
  return pieces;
}

function streamed(pieces: readonly string[], parts = PARTS): string {
  const stream = new StreamScan(parts);
  return pieces.map((each) => stream.push(each)).join('') + stream.flush();
}

function redacted(whole: string): string {
  return redactText(whole, scan(whole, DETECTORS));
}
