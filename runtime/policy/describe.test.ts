// Descriptions: every key is explained, and every snippet, filled in, compiles.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { describeCategories, describeCategory, entryFields, fieldAt, type Field, fieldsAt, flowText, policyFields, shapeAt, topLevelFields } from './describe.ts';
import { compilePolicies } from './index.ts';
import { CATEGORIES } from './registry.ts';

/** What a person who accepts every proposal of a snippet gets. */
function filled(snippet: string): string {
  return snippet.replace(/\$\{\d+\|([^,|]*)[^}]*\|\}/g, '$1').replace(/\$\{\d+:((?:\\.|[^\\}])*)\}/g, (_, text: string) => text.replace(/\\(.)/g, '$1')).replace(/\$0/g, '');
}

test('every key of the language is described', () => {
  const all: Field[] = [...topLevelFields(), ...policyFields(), ...fieldsAt(['policies', 0, 'scope']), ...entryFields.agents(), ...entryFields.fleets(), ...entryFields.tools(), ...describeCategories().flatMap(({ fields }) => fields)];
  for (const { name, description, type } of all) assert.ok(description.endsWith('.') && type !== 'any value', name);
});

for (const { id } of CATEGORIES) {
  test(`the snippet of a ${id} policy compiles`, () => {
    const text = `policies:\n  - ${filled(describeCategory(id)!.snippet).trimEnd().replaceAll('\n', '\n    ')}\n`;
    assert.deepEqual(compilePolicies([{ path: 'a', text }]).findings.filter(({ severity }) => severity === 'error'), [], text);
  });

  test(`the snippets of the fields of ${id} are YAML with a value of the field's form`, () => {
    for (const field of describeCategory(id)!.fields) {
      const value = (parse(filled(field.snippet)) as Record<string, unknown>)[field.name];
      if (field.shape.kind === 'object' || field.shape.kind === 'map' || /\n/.test(field.snippet)) continue;
      const schema = CATEGORIES.find((category) => category.id === id)!.rules.shape[field.name] as { safeParse(value: unknown): { readonly success: boolean } };
      assert.ok(schema.safeParse(value).success, `${field.snippet} → ${JSON.stringify(value)}`);
    }
  });
}

test('paths lead to fields, also through names of the author\'s choice', () => {
  assert.equal(fieldAt(['agents', 'writer', 'fleet'])!.reference, 'fleet');
  assert.equal(fieldAt(['policies', 3, 'rules', 'model_limits', 'gpt', 'daily_cost_limit'], 'cost')!.unit, 'USD');
  assert.equal(fieldAt(['policies', 3, 'rules', 'model_limits', 'gpt', 'nothing'], 'cost'), undefined);
  assert.equal(fieldAt(['policies', 0, 'scope', 'agents', 0])!.name, 'agents');
  assert.deepEqual(fieldsAt([]).map(({ name }) => name), ['agents', 'fleets', 'tools', 'domains', 'signals', 'policies', 'tests']);
  assert.deepEqual(fieldsAt(['policies', 0, 'mode']), []);
  assert.deepEqual(shapeAt(['policies', 0, 'on_violation'], 'budget'), { kind: 'enum', values: ['warn', 'gate', 'block'] });
});

test('a category decides what rules and dispositions there are', () => {
  assert.equal(policyFields('cost').find(({ name }) => name === 'on_violation')!.default, 'block');
  assert.deepEqual(fieldsAt(['policies', 0, 'rules'], 'kill').map(({ name }) => name)[0], 'enabled');
  assert.equal(describeCategory('nothing'), undefined);
});

test('types are told as people say them', () => {
  const type = (category: string, name: string) => describeCategory(category)!.fields.find((field) => field.name === name)!.type;
  assert.equal(type('cost', 'daily_token_limit'), 'whole number above 0, tokens');
  assert.equal(type('cost', 'unknown_price'), 'block | warn | allow');
  assert.equal(type('llm', 'allowed_models'), 'list of texts');
  assert.equal(type('audit', 'log_inputs'), 'true | false');
});

test('a value as flow text reads back as itself', () => {
  for (const value of ['a', '*', 'true', '1', 'a: b', '', { a: [1, 'x*'], 'b c': false }, ['yes', 'a,b', 'x ']]) assert.deepEqual(parse(`v: ${flowText(value)}`), { v: value });
});
