// The examples that people copy: every YAML block of the README and of the page of the language compiles, and its tests pass.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createEngine } from '../runtime/policy/engine.ts';
import { compileSet, openDocument } from '../runtime/policy/index.ts';
import { fileSchema } from '../runtime/policy/schema.ts';
import { runTest } from '../runtime/policy/tests/run.ts';

const ROOT = join(import.meta.dirname, '..');

for (const page of ['README.md', 'docs/policy-language.md']) {
  const blocks = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^([ \t]*)```yaml\n([^]*?)^[ \t]*```/gm)].map(([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
  test(`${page} has examples`, () => assert.ok(blocks.length > 0));
  for (const [index, text] of blocks.entries()) {
    test(`${page}: example ${index + 1} compiles, and its tests pass`, () => {
      const { findings, parts, tests } = compileSet([{ path: 'a.fullarc.yaml', document: openDocument(text) }]);
      assert.deepEqual(findings.filter(({ severity }) => severity === 'error' || severity === 'warning'), [], text);
      for (const each of tests) assert.deepEqual(runTest(each, createEngine(parts)).steps.flatMap(({ problems }) => problems), [], each.value.name);
    });
  }
}

test('the page of the language names every section of a file', () => {
  const page = readFileSync(join(ROOT, 'docs/policy-language.md'), 'utf8');
  for (const section of Object.keys(fileSchema.shape)) assert.ok(page.includes(`\`${section}\``), section);
});
