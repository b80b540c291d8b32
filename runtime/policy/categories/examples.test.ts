// Every example of every category does what it says, and every field is shown by examples.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { DISPOSITIONS } from '../../../protocol/verdict.ts';
import { freshFacts } from '../facts.ts';
import { compilePolicies } from '../index.ts';
import { CATEGORIES } from '../registry.ts';
import { fieldsOf, type Field } from '../describe.ts';

for (const category of CATEGORIES) {
  for (const example of category.examples) {
    test(`${category.id}: ${example.title}`, () => {
      const rules = parse(example.rules) as unknown;
      const text = JSON.stringify({ policies: [{ name: 'example', category: category.id, rules }] });
      const { engine, findings } = compilePolicies([{ path: 'example.fullarc.yaml', text }]);
      assert.deepEqual(findings.filter(({ severity }) => severity === 'error'), []);
      const verdict = engine.decide(example.event, freshFacts(example.facts));
      assert.equal(verdict.disposition, example.expect, JSON.stringify(verdict.reasons));
      if (example.expect === 'allow') return;
      assert.equal(verdict.reasons[0]!.field, example.field);
      assert.ok(verdict.reasons[0]!.message.endsWith('.'), `a sentence: ${verdict.reasons[0]!.message}`);
    });
  }

  test(`${category.id}: is complete`, () => {
    const fields = fieldsOf(category.rules);
    assert.ok(fields.length > 0 && category.why.length > 80);
    assert.ok(category.dispositions.includes(category.onViolation));
    assert.deepEqual(category.dispositions, DISPOSITIONS.filter((name) => category.dispositions.includes(name)), 'weakest first');
    const used = new Set(category.examples.flatMap((example) => Object.keys(parse(example.rules) as object)));
    for (const field of fields) {
      assert.ok(described(field), `${field.name} is described`);
      assert.ok(used.has(field.name), `${field.name} has an example`);
    }
    if (category.dispositions.some((name) => name !== 'allow')) assert.deepEqual([...new Set(category.examples.map(({ expect }) => expect === 'allow'))].sort(), [false, true], 'fires and does not fire');
  });
}

function described({ description, shape }: Field): boolean {
  const inner = shape.kind === 'list' || shape.kind === 'map' ? shape.item : shape;
  return description.endsWith('.') && (inner.kind !== 'object' || inner.fields.every(described));
}
