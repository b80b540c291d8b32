// JSON Schema: what breaks is named by its path and never by its value, patterns are linear, and the schema stays as it was.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileSchema, faultText, schemaProblem, SchemaError } from './json-schema.ts';

const says = (schema: Record<string, unknown>, value: unknown) => faultText(compileSchema(schema)(value));

test('a fault is named by its path', () => {
  const schema = { type: 'object', required: ['to'], properties: { to: { type: 'object', required: ['name'], properties: { age: { type: 'integer', minimum: 18 } } } }, additionalProperties: false };
  assert.equal(says(schema, { to: { name: 'Ann', age: 20 } }), '');
  assert.equal(says(schema, {}), 'it has no property "to"');
  assert.equal(says(schema, { to: { name: 'Ann', age: '20' } }), '/to/age is of type string, not integer');
  assert.equal(says(schema, { to: { name: 'Ann', age: 7 } }), '/to/age is less than 18');
  assert.equal(says(schema, { to: { name: 'Ann' }, cc: 1 }), '/cc is not allowed there');
});

test('texts of the value are never told', () => {
  const schema = { properties: { card: { maxLength: 4, pattern: '^x$', enum: ['a'], format: 'email' } } };
  assert.doesNotMatch(JSON.stringify(compileSchema(schema, 9)({ card: '4111111111111111' })), /4111/);
  assert.doesNotMatch(says({ properties: { n: { maximum: 3 } } }, { n: 987654 }), /987654/);
});

test('a pattern means what it means everywhere in a schema', () => {
  const schema = { not: { pattern: '^secret' }, anyOf: [{ type: 'number' }, { pattern: 's$' }] };
  assert.equal(says(schema, 'words'), '');
  assert.notEqual(says(schema, 'secrets'), '');
  assert.notEqual(says(schema, 'word'), '');
  const named = { patternProperties: { '^x-': { type: 'string' }, 'n$': { minLength: 2 } }, additionalProperties: false };
  assert.equal(says(named, { 'x-n': 'ab' }), '');
  assert.notEqual(says(named, { 'x-n': 'a' }), '');
  assert.notEqual(says(named, { 'x-n': 1 }), '');
  assert.notEqual(says(named, { y: 'a' }), '');
});

test('a pattern agrees with the language it is written in', () => {
  fc.assert(fc.property(fc.string(), fc.constantFrom('^[a-z]+$', '\\d', 'a|b', '^$', '\\u0041', '[^a]$'), (text, pattern) => {
    assert.equal(compileSchema({ pattern })(text).length === 0, new RegExp(pattern, 'u').test(text));
  }));
});

test('a pattern that would never end does', () => {
  assert.equal(compileSchema({ pattern: '^(a+)+$' })(`${'a'.repeat(20_000)}!`).length, 1);
});

test('a schema that cannot be checked says why', () => {
  assert.match(schemaProblem({ properties: { a: { pattern: '(?=x)' } } })!, /linear time/);
  assert.match(schemaProblem({ type: 'text' })!, /"text".*none of/);
  assert.match(schemaProblem({ $ref: '#/$defs/none' })!, /does not hold/);
  assert.match(schemaProblem({ $ref: 'other.json' })!, /cannot be used/);
  assert.equal(schemaProblem({ $ref: '#/$defs/a', $defs: { a: { type: 'string' } } }), undefined);
  assert.throws(() => compileSchema({ type: 'nope' }), SchemaError);
});

test('drafts differ, and the schema is not written to', () => {
  const tuple = Object.freeze({ $schema: 'http://json-schema.org/draft-07/schema#', items: Object.freeze([Object.freeze({ type: 'string' })]), additionalItems: false });
  assert.equal(says(tuple, ['a']), '');
  assert.notEqual(says(tuple, ['a', 'b']), '');
  assert.notEqual(says({ prefixItems: [{ type: 'string' }], items: false }, ['a', 'b']), '');
});
