// What running the tests says about the text: tests that fail, policies that a test names and never reaches, policies that no test reaches.

import type { Finding } from '../../../protocol/finding.ts';
import { createEngine } from '../engine.ts';
import type { PolicyFile } from '../findings.ts';
import { sortFindings } from '../findings.ts';
import type { CompiledSet } from '../index.ts';
import { CoverageWatch } from './coverage.ts';
import { actingPolicies } from './policy-places.ts';
import { rangeOf, runTest, type PlacedTest, type TestResult } from './run.ts';

/** Runs all tests of a compiled set. `files` are those it was compiled from. Costs a decision for each step and each policy. */
export function testFindings(set: CompiledSet, files: readonly PolicyFile[]): Finding[] {
  if (set.tests.length === 0) return [];
  const engine = createEngine(set.parts);
  const policies = actingPolicies(files, set.parts.policies);
  const watch = new CoverageWatch(engine, policies);
  const results = set.tests.map((test) => runTest(test, engine, { watch: watch.watch }));
  const { acted, reached } = watch;
  return sortFindings([
    ...results.flatMap(failures),
    ...set.tests.flatMap((test) => unreached(test, acted)),
    ...policies.filter(({ policy }) => policy.mode === 'enforce' && !reached.has(policy.name)).map(({ policy, file, path }): Finding => ({
      file: file.path, ...rangeOf({ file }, [...path, 'name'], path), severity: 'hint', code: 'fullarc/test/no-test', message: `No test reaches \`${policy.name}\`: nobody would notice if it did something else.`,
    })),
  ]);
}

/** One for each event that did not go as expected. */
export function failures({ file, name, steps }: TestResult): Finding[] {
  return steps.filter(({ problems }) => problems.length > 0).map(({ place, problems, verdict }) => {
    const related = verdict.reasons.flatMap(({ policy, place: at }) => (at ? [{ file: at.file, line: at.line, column: at.column, endLine: at.line, endColumn: at.column + 1, message: `policy ${policy}` }] : []));
    return { file, ...place, severity: 'error', code: 'fullarc/test/failed', message: `Test "${name}": ${problems.join('; ')}.`, ...(related.length > 0 && { related }) };
  });
}

/** A policy that is named as the one that acts, and acts in no test at all. */
function unreached({ file, path, value }: PlacedTest, acted: ReadonlySet<string>): Finding[] {
  return value.steps.flatMap(({ expect, after }, step) => [[expect, ['expect']] as const, [after?.expect, ['after', 'expect']] as const].flatMap(([expected, below]): Finding[] => {
    if (expected?.policy === undefined || expected.action === 'allow' || acted.has(expected.policy) || BUILT_IN.test(expected.policy)) return [];
    return [{ file: file.path, ...rangeOf({ file }, [...path, 'steps', step, ...below, 'policy']), severity: 'warning', code: 'fullarc/test/unreached', message: `\`${expected.policy}\` acts in no test, and here it is expected to. Look at its scope, its \`when:\` and its mode.` }];
  }));
}

/** The data layer acts under names of its own. */
const BUILT_IN = /^(domains\..+|tools\..+|signals|kill-switch)$/;
