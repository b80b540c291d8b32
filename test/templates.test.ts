// The templates: one for each category and each failure, sound alone and together, and every policy of theirs does in their own tests what it is for.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../protocol/finding.ts';
import { isForFailure } from '../protocol/template.ts';
import { proceeds } from '../protocol/verdict.ts';
import type { Engine, PolicySource, PolicySummary } from '../runtime/policy/api.ts';
import { freshFacts } from '../runtime/policy/facts.ts';
import { openDocument } from '../runtime/policy/document.ts';
import { createEngine } from '../runtime/policy/engine.ts';
import { compilePolicies, compileSet } from '../runtime/policy/index.ts';
import { CATEGORIES } from '../runtime/policy/registry.ts';
import { runTest } from '../runtime/policy/tests/run.ts';
import { fitTemplate } from '../runtime/template-fit.ts';
import { templateNamed, templates, TEMPLATE_GROUPS } from '../runtime/templates.ts';

const FAILURE_MODES = ['cascade', 'data-leakage', 'hallucination-in-action', 'prompt-injection', 'runaway-loop', 'scope-creep'];

const all = templates();
const pathOf = (name: string): string => `.fullarc/${name}.fullarc.yaml`;
const said = (findings: readonly Finding[]): readonly string[] => findings.map(({ file, line, severity, message }) => `${file}:${line} ${severity}: ${message}`);
const errorsOf = (sources: readonly PolicySource[]): readonly string[] => said(compilePolicies(sources).findings.filter(({ severity }) => severity === 'error'));
/** Policies as they are written; grants of domains count as policies too. */
const written = (engine: Engine): readonly PolicySummary[] => engine.policies.filter(({ name }) => !name.startsWith('domains.'));

describe('templates', () => {
  it('are one for each category and one for each failure', () => {
    assert.deepEqual(all.filter(isForFailure).map(({ name }) => name), FAILURE_MODES.map((mode) => `failure-${mode}`));
    assert.deepEqual(all.filter((each) => !isForFailure(each)).map(({ name }) => name), TEMPLATE_GROUPS.flatMap((group) => CATEGORIES.filter((category) => category.group === group).map(({ id }) => id)));
  });

  it('have a policy of their category, or of several where they are for a failure', () => {
    for (const { name, text } of all) {
      const categories = new Set(compilePolicies([{ path: pathOf(name), text }]).engine.policies.map(({ category }) => category));
      assert.ok(name.startsWith('failure-') ? categories.size >= 3 : categories.has(name), `${name}: ${[...categories].join(', ')}`);
    }
  });

  it('compile together without an error', () => {
    assert.deepEqual(errorsOf(all.map(({ name, text }) => ({ path: pathOf(name), text }))), []);
  });

  it('explain what their policies are for, under names that are no ordinary words', () => {
    const policies = all.flatMap(({ name, text }) => written(compilePolicies([{ path: pathOf(name), text }]).engine));
    assert.deepEqual(policies.filter(({ name }) => !/^[a-z]+(-[a-z]+)+$/.test(name)), []);
    assert.deepEqual(policies.filter(({ name, description }) => description === undefined && !name.startsWith('baseline-')), []);
  });

  it('are found by category, alias and failure, and a slip is answered with what was meant', () => {
    assert.equal(templateNamed('budget').name, 'cost');
    assert.equal(templateNamed('scope-creep').name, 'failure-scope-creep');
    assert.throws(() => templateNamed('sfaety'), (error: { readonly code?: string; readonly remedy?: string }) => error.code === 'no-such-policy' && /Did you mean safety\?/.test(error.remedy ?? ''));
  });
});

for (const { name, text } of all) {
  describe(`the template ${name}`, () => {
    const { parts, tests, findings } = compileSet([{ path: pathOf(name), document: openDocument(text) }]);
    const engine = createEngine(parts);
    const results = tests.map((test) => runTest(test, engine));
    const verdicts = results.flatMap(({ steps }) => steps.map(({ verdict }) => verdict));

    it('compiles alone without an error or a warning', () => assert.deepEqual(said(findings.filter(({ severity }) => severity === 'error' || severity === 'warning')), []));

    it('passes its own tests', () => {
      assert.deepEqual(results.flatMap((result) => result.steps.flatMap((step) => step.problems.map((problem) => `${result.name}, step ${step.step + 1}: ${problem}`))), []);
    });

    it('has a step that is let pass, and one that is not wherever it can object', () => {
      assert.ok(verdicts.some(({ disposition }) => disposition === 'allow'));
      assert.ok(verdicts.some(({ disposition }) => disposition !== 'allow') || name === 'audit');
      if (isForFailure({ name })) assert.ok(verdicts.some(({ disposition }) => !proceeds(disposition)));
    });

    it('has a test that reaches each policy', () => {
      const acted = new Set(verdicts.flatMap(({ reasons }) => reasons.map(({ policy }) => policy)));
      const silent = [...engine.limits(freshFacts()), ...engine.alerts(freshFacts())].map(({ policy }) => policy);
      const idle = engine.policies.filter(({ name: policy, category }) => !acted.has(policy) && !silent.includes(policy) && category !== 'audit');
      assert.deepEqual(idle.map(({ name: policy }) => policy), []);
    });

    it('fits into a workspace with one agent of its own, and passes its tests there', () => {
      const own = { path: 'agents.yaml', text: 'agents:\n  clerk: { description: Answers letters }\n' };
      const set = compileSet([own, { path: pathOf(name), text: fitTemplate(text, [own]).text }].map((file) => ({ path: file.path, document: openDocument(file.text) })));
      assert.deepEqual(said(set.findings.filter(({ severity }) => severity === 'error' || severity === 'warning')), []);
      assert.deepEqual(set.tests.filter((test) => !runTest(test, createEngine(set.parts)).passed).map(({ value }) => value.name), []);
    });

    it('fits beside itself, under other names', () => {
      const own = { path: pathOf(name), text };
      const fitted = fitTemplate(text, [own]);
      assert.deepEqual(errorsOf([own, { path: pathOf(`${name}-2`), text: fitted.text }]), []);
      assert.deepEqual(fitted.renamed.map(({ from }) => from), written(engine).map((policy) => policy.name));
    });
  });
}
