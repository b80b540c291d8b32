// Generated documents: every example of a page compiles, and the JSON Schema accepts and refuses what the compiler does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicies } from './index.ts';
import { generatedPages, jsonSchema } from './pages.ts';
import { CATEGORIES } from './registry.ts';

const pages = generatedPages();

for (const { id } of CATEGORIES) {
  test(`every example on the page of ${id} compiles`, () => {
    const blocks = [...pages.get(`docs/categories/${id}.md`)!.matchAll(/```yaml\n([^`]*)```/g)].map((match) => match[1]!);
    assert.equal(blocks.length, CATEGORIES.find((category) => category.id === id)!.examples.length);
    for (const text of blocks) assert.deepEqual(compilePolicies([{ path: 'a', text }]).findings.filter(({ severity }) => severity === 'error'), [], text);
  });
}

test('a page has a row for every field, nested ones too', () => {
  const page = pages.get('docs/categories/cost.md')!;
  for (const name of ['per_tree_cost_limit', 'model_limits.*.daily_cost_limit', 'unknown_price']) assert.ok(page.includes(`| \`${name}\` |`), name);
});

test('the JSON Schema names every category and follows it into its rules', () => {
  const schema = jsonSchema() as { properties: { policies: { items: { properties: { category: { enum: string[] } }; allOf: { if: unknown; then: { properties: { rules: { properties: object; additionalProperties: boolean } } } }[] } } } };
  const { items } = schema.properties.policies;
  assert.ok(items.properties.category.enum.includes('budget'));
  assert.equal(items.allOf.length, CATEGORIES.length);
  for (const [index, category] of CATEGORIES.entries()) {
    const { rules } = items.allOf[index]!.then.properties;
    assert.deepEqual(Object.keys(rules.properties), Object.keys(category.rules.shape));
    assert.equal(rules.additionalProperties, false);
  }
});
