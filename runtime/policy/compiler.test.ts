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

test('any row of edits of one file compiles like each text alone', () => {
  const edit = fc.record({ at: fc.nat(7), name: fc.constantFrom('a', 'b', 'c', 'other'), tool: fc.constantFrom('x', 'y', 'z', 'w'), more: fc.oneof({ weight: 12, arbitrary: fc.constantFrom('', 'scope: { agents: [anna] }', 'mode: shadow', 'overridable: true', 'on_violation: warn') }, { weight: 1, arbitrary: fc.constantFrom('scope: { agents: [nobody] }', 'mode: off', 'overrides: a', 'overrides: p1', 'when: "1 +"', '[', 'rules: {}\n') }) });
  const surroundings = fc.constantFrom('', 'agents: { anna: {}, default: {} }\n', 'tools: { x: { class: read } }\n', 'tests:\n  - name: t\n    steps: [{ event: tool.before, name: x, by: p1 }]\n');
  const asked = ['x', 'y', 'z', 'w', 'tool-1', 'tool-2'];
  fc.assert(fc.property(surroundings, fc.boolean(), fc.array(edit, { minLength: 8, maxLength: 60 }), (rest, last, edits) => {
    const compile = createCompiler();
    const lines = Array.from({ length: 8 }, (_, index) => `  - { name: p${index}, category: safety, rules: { blocked_tools: [tool-${index}] } }`);
    const plain = [...lines];
    const engines: (() => void)[] = [];
    let broken: number | undefined;
    for (const [index, { at, name, tool: blocked, more }] of [undefined, ...edits].map((each) => each ?? { at: 0, name: 'p0', tool: 'tool-0', more: '' }).entries()) {
      if (broken !== undefined) lines[broken] = plain[broken]!;
      lines[at] = `  - { name: ${index % 9 === 0 ? name : `p${at}`}, category: safety, rules: { blocked_tools: [${blocked}, "${at}*"] }${more && `, ${more}`} }`;
      const policies = `policies:\n${lines.join('\n')}\n`;
      const sources = [{ path: 'one', text: last ? policies + rest : rest + policies }, { path: 'two', text: '# nothing\n' }];
      const [again, alone] = [compile(sources), compilePolicies(sources)];
      broken = alone.findings.length > 0 ? at : undefined;
      const compare = (): void => {
        for (const name of asked) for (const agent of ['anna', 'default']) assert.deepEqual(again.engine.decide(tool(name), freshFacts({ agent })), alone.engine.decide(tool(name), freshFacts({ agent })));
      };
      assert.equal(again.engine.version, alone.engine.version);
      assert.deepEqual(again.findings, alone.findings);
      assert.deepEqual(again.engine.policies, alone.engine.policies);
      compare();
      engines.push(compare);
    }
    for (const compare of engines) compare(); // an engine says the same after others were made of it
  }), { numRuns: 40 });
});

test('more edits than an index is laid over, one policy after the other, are all obeyed', () => {
  const texts = Array.from({ length: 150 }, (_, index) => `  - { name: p${index}, category: safety, rules: { blocked_tools: [before-${index}] } }\n`);
  const compile = createCompiler();
  compile([{ path: 'one', text: `policies:\n${texts.join('')}` }]);
  texts.forEach((text, index) => {
    texts[index] = text.replace('before', 'after');
    const { engine } = compile([{ path: 'one', text: `policies:\n${texts.join('')}` }]);
    for (const at of [0, index, index + 1, 149]) {
      assert.equal(engine.decide(tool(`after-${at}`), freshFacts()).disposition, at <= index ? 'block' : 'allow');
      assert.equal(engine.decide(tool(`before-${at}`), freshFacts()).disposition, at > index && at < 150 ? 'block' : 'allow');
    }
  });
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
