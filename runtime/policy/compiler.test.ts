// However files are edited, compiling them again gives what compiling them at once gives.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCompiler } from './compiler.ts';
import { freshFacts } from './facts.ts';
import { compilePolicies } from './index.ts';

const tool = (name: string) => ({ event: 'tool.before', name, args: {} }) as const;

test('any row of texts compiles like each of them alone', () => {
  const policy = fc.record({ name: fc.constantFrom('a', 'b', 'c'), tool: fc.constantFrom('x', 'y', 'z') });
  const lines = fc.array(policy, { maxLength: 4 }).map((policies) => ['policies:', ...policies.map(({ name, tool: blocked }) => `  - { name: ${name}, category: safety, rules: { blocked_tools: [${blocked}] } }`)].join('\n'));
  const block = fc.array(policy, { maxLength: 4 }).map((policies) => `policies:\n${policies.map(({ name, tool: blocked }) => `  - name: ${name}\n    category: safety\n    rules:\n      blocked_tools: [${blocked}]\n`).join('')}`);
  const text = fc.oneof(lines, block, fc.string({ maxLength: 30 }));
  const files = fc.uniqueArray(fc.record({ path: fc.constantFrom('one', 'two', 'three'), text }), { selector: (file) => file.path, maxLength: 3 });
  fc.assert(fc.property(fc.array(files, { minLength: 1, maxLength: 6 }), (versions) => {
    const compile = createCompiler();
    for (const sources of versions) {
      const [again, alone] = [compile(sources), compilePolicies(sources)];
      assert.equal(again.engine.version, alone.engine.version);
      assert.deepEqual(again.findings, alone.findings);
      assert.deepEqual(again.engine.policies, alone.engine.policies);
      for (const name of ['x', 'y', 'z']) assert.deepEqual(again.engine.decide(tool(name), freshFacts()), alone.engine.decide(tool(name), freshFacts()));
    }
  }), { numRuns: 300 });
});

for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
  test(`a name that every object has is a name like any other: ${name}`, () => {
    const texts = [
      `${name}: 1\n`,
      `agents: { ${name}: {} }\ntools: { ${name}: {} }\nfleets: { ${name}: {} }\n`,
      `policies:\n  - name: a\n    category: ${name}\n`,
      `policies:\n  - name: a\n    category: cost\n    ${name}: 1\n    rules: { ${name}: 1 }\n`,
      `policies:\n  - name: a\n    category: cost\n    scope: { agents: [${name}], ${name}: [x] }\n    rules: { model_limits: { ${name}: { daily_cost_limit: 1 } } }\n`,
    ];
    for (const text of texts) assert.doesNotThrow(() => compilePolicies([{ path: 'a.fullarc.yaml', text }]), text);
    assert.ok(compilePolicies([{ path: 'a.fullarc.yaml', text: texts[0]! }]).findings.some((finding) => finding.severity === 'error'));
  });
}
