// HTML that acts: what browsers run is found, what they only show is not, and nothing active is left once the spans are out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redactText } from '../../../protocol/verdict.ts';
import { activeHtml } from './html.ts';

const clean = (text: string): string => redactText(text, activeHtml(text).map((span) => ({ ...span, label: 'HTML', text: '' })));

test('what a browser runs is taken out', () => {
  for (const [text, left] of [
    ['Hi <script>steal()</script> Ann', 'Hi  Ann'],
    ['a<SCRIPT src=//evil.example>', 'a'],
    ['<img src=x onerror=alert(1)>', '<img src=x>'],
    ['<svg/onload=alert(1)>', '<svg>'],
    ['<a href="java&#115;cript:alert(1)">go</a>', '<a>go</a>'],
    ['<a href=" java\tscript&colon;x">go</a>', '<a>go</a>'],
    ['[go](javascript:alert(1))', '[go](alert(1))'],
    ['<iframe src="https://evil.example">', ''],
    ['<b title="a>b" onclick="x()">t</b>', '<b title="a>b">t</b>'],
  ] as const) assert.equal(clean(text), left, text);
});

test('what is only shown stays', () => {
  for (const text of ['a < b and c > d', '<b>bold</b> <a href="https://example.com/on?x=1">link</a>', 'JavaScript: the good parts', 'Put it on=line', 'if (a < b) onward = 1', 'the manuscript: draft']) assert.deepEqual(activeHtml(text), [], text);
});

test('halves that are joined by taking something out are taken out too', () => {
  assert.deepEqual(activeHtml(clean('<scr<script></script>ipt>alert(1)</script>')), []);
  assert.deepEqual(activeHtml(clean('javajavascript:script:alert(1)')), []);
});

test('nothing active is left of anything', () => {
  const piece = fc.constantFrom('<', '>', 'script', '</script>', ' onload=', '"', "'", 'javascript:', 'x', ' ', '/', '<a href=', '<iframe ', '=', '&#106;', 'java');
  fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => assert.deepEqual(activeHtml(clean(pieces.join(''))), [])), { numRuns: 500 });
});

test('long hostile texts take little time', () => {
  for (const text of ['<'.repeat(100_000), '<a '.repeat(30_000), `<a ${'x='.repeat(50_000)}`, '<script'.repeat(10_000), '<a href="'.repeat(10_000)]) activeHtml(text);
});
