// Whatever is cut out of a list in a JSON text, what is left is JSON, and is what is left.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeRedactions, redactText } from '../../protocol/verdict.ts';
import { cutList, jsonList } from './json-cuts.ts';

const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer(), { maxLength: 2 }));
const row = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'ä"', '0'), value);

test('what is left of a list is JSON without the rows and fields that were cut', () => {
  fc.assert(fc.property(fc.array(row, { maxLength: 6 }), fc.array(fc.nat(5)), fc.array(fc.record({ index: fc.nat(5), field: fc.constantFrom('a', 'b', 'ä"'), label: fc.constantFrom(undefined, 'PII') })), fc.constantFrom(0, 1, 2), (rows, dropped, blank, indent) => {
    const text = JSON.stringify({ before: 1, hits: rows, after: '}' }, null, indent);
    const drop = new Set(dropped);
    const cuts = cutList(jsonList([{ at: '/t', role: 'tool', text }], ['hits'], 'rows'), { drop, blank });
    const left = JSON.parse(redactText(text, mergeRedactions(cuts))) as { hits: unknown[] };
    const expected = rows.flatMap((each, index) => {
      if (drop.has(index)) return [];
      const gone = new Set<string>(blank.filter((cut) => cut.index === index && cut.label === undefined).map(({ field }) => field));
      const black = new Set<string>(blank.filter((cut) => cut.index === index && cut.label !== undefined).map(({ field }) => field));
      return [Object.fromEntries(Object.entries(each).filter(([field]) => !gone.has(field)).map(([field, item]) => [field, black.has(field) ? '##PII##' : item]))];
    });
    assert.deepEqual(left, { before: 1, hits: expected, after: '}' });
  }));
});

test('a result without the list is an error that says where it should be', () => {
  assert.throws(() => jsonList([{ at: '/t', role: 'tool', text: 'no JSON' }], ['hits', 0], 'documents'), /no list at result\.hits\[0\], where `tools:` says its documents are/);
  assert.throws(() => jsonList([{ at: '/t', role: 'tool', text: '{"hits": {}}' }], ['hits'], 'rows'), /no list/);
});
