// The `retrieval` category: its examples, and what they leave out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ActionEvent, RetrievedDocument } from '../../../protocol/action.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { retrieval } from './retrieval.ts';

const found = (documents: readonly RetrievedDocument[], more: Partial<ActionEvent<'retrieval.after'>> = {}): ActionEvent<'retrieval.after'> => ({ event: 'retrieval.after', store: 'docs', documents, ...more });
const dropped = (rules: string, documents: readonly RetrievedDocument[]): number[] => ask(retrieval, rules, found(documents)).violations.flatMap((each) => each.drop ?? []);

test('examples', () => {
  assert.deepEqual(disagreements(retrieval), []);
  assert.deepEqual(withoutExample(retrieval), []);
});

test('each document is judged by itself, and the agent is told how many fell short', () => {
  const { violations } = ask(retrieval, '{ min_relevance_score: 0.5, max_source_age_days: 1 }', found([{ score: 0.4, updatedAt: 0 }, { score: 0.6, updatedAt: Date.UTC(2026, 0, 5) }, { updatedAt: Date.UTC(2026, 0, 5) }]));
  assert.deepEqual(violations.map(({ field, drop }) => [field, drop]), [['max_source_age_days', [0]], ['min_relevance_score', [0]], ['min_relevance_score', [2]]]);
  assert.match(violations[1]!.message, /^1 of 3 documents scored less than 0\.5\./);
});

test('what one rule drops does not count for the next: of three documents, two irrelevant, one is too few', () => {
  const { disposition, violations } = ask(retrieval, '{ min_relevance_score: 0.5, min_chunks: 2, max_chunks: 2 }', found([{ score: 0.9 }, { score: 0.1 }, { score: 0.1 }]));
  assert.equal(disposition, 'block');
  assert.deepEqual(violations.map((each) => each.field), ['min_relevance_score', 'min_chunks']);
});

test('a warning drops nothing; a search that failed is not called poor', () => {
  const { violations } = ask(retrieval, '{ min_relevance_score: 0.5, on_low_relevance: warn }', found([{ score: 0.1 }]));
  assert.deepEqual(violations.map(({ disposition, drop }) => [disposition, drop]), [['warn', undefined]]);
  assert.equal(ask(retrieval, 'min_chunks: 1', found([], { error: 'timeout' })).disposition, 'allow');
});

test('surplus documents are those with the lowest scores', () => {
  assert.deepEqual(dropped('max_chunks: 2', [{ score: 0.1 }, { score: 0.9 }, {}, { score: 0.5 }]), [0, 2]);
  assert.deepEqual(dropped('max_chunks: 1', [{}, {}, {}]), [1, 2]);
});

test('collections: of the document, of the search, of the store', () => {
  const rules = 'allowed_collections: [docs, "wiki/public-*"]';
  const asked = (event: ActionEvent) => ask(retrieval, rules, event).disposition;
  assert.equal(asked(found([{}])), 'allow');
  assert.equal(asked(found([{ collection: 'secret' }])), 'redact');
  assert.equal(asked(found([{}], { store: 'wiki', collection: 'public-faq' })), 'allow');
  assert.equal(asked(found([{}], { store: 'other', collection: 'public-faq' })), 'redact');
  assert.equal(asked({ event: 'retrieval.before', store: 'other', collection: 'public-faq' }), 'block');
  assert.equal(asked({ event: 'retrieval.before', store: 'other' }), 'allow');
});

test('sources have one spelling', () => {
  const allows = (pattern: string, source: string) => ask(retrieval, `allowed_sources: ["${pattern}"]`, found([{ source }])).disposition === 'allow';
  assert.ok(allows('https://docs.example.com/a/*', 'https://DOCS.example.com/a/b'));
  assert.ok(allows('docs.example.com', 'https://docs.example.com:8443/a'));
  for (const source of ['https://docs.example.com/a/../b', 'https://docs.example.com/a/%2e%2e/b', 'https://docs.example.com@evil.example/a/b']) assert.ok(!allows('https://docs.example.com/a/*', source), source);
  for (const source of ['/h/../etc/passwd', '/h/./../../etc', '/h/..', '\\h\\..\\etc']) assert.ok(!allows('/h/*', source), source);
  assert.ok(allows('/h/*', '/h/./a/../b'));
});

test('after thinning out, no source has more than its share, unless it has a single document', () => {
  const documents = fc.array(fc.record({ source: fc.constantFrom('a', 'b', 'c', 'd'), score: fc.double({ min: 0, max: 1, noNaN: true }) }), { maxLength: 40 });
  fc.assert(fc.property(documents, fc.double({ min: 0.05, max: 1, noNaN: true }), (all, ratio) => {
    const gone = new Set(dropped(`{ require_source_diversity: true, max_single_source_ratio: ${ratio.toFixed(6)} }`, all));
    const left = all.filter((_, index) => !gone.has(index));
    for (const group of Map.groupBy(left, (each) => each.source).values()) assert.ok(group.length === 1 || group.length <= Number(ratio.toFixed(6)) * left.length);
    for (const source of new Set(all.map((each) => each.source))) assert.ok(left.some((each) => each.source === source), 'every source keeps one');
  }));
});

test('nothing is watched that need not be', () => {
  const watched = (rules: Record<string, unknown>) => Object.keys(retrieval.checks(retrieval.rules.parse(rules), { name: 'p', onViolation: 'redact' }));
  assert.deepEqual(watched({}), []);
  assert.deepEqual(watched({ min_chunks: 1 }), ['retrieval.after']);
});
