// What `fullarc test` prints: each failure with its place and the reason, then what the tests leave open.

import type { Coverage } from '../policy/tests/coverage.ts';
import type { MutationScore } from '../policy/tests/mutation.ts';
import type { StepResult, TestResult } from '../policy/tests/run.ts';
import type { Finding } from '../../protocol/finding.ts';

export interface TestReport {
  readonly results: readonly TestResult[];
  readonly findings: readonly Finding[];
  readonly coverage?: Coverage;
  readonly mutation?: MutationScore;
}

export function reportLines({ results, coverage, mutation }: TestReport): string[] {
  const failed = results.filter(({ passed }) => !passed);
  return [
    ...results.filter(({ passed }) => passed).map(({ name }) => `ok    ${name}`),
    ...failed.flatMap(failureLines),
    ...(coverage ? coverageLines(coverage) : []), ...(mutation ? mutationLines(mutation) : []),
    `${results.length} ${results.length === 1 ? 'test' : 'tests'}, ${failed.length} failed${coverage ? `, ${percent(coverage.percent)} of conditions seen` : ''}${mutation ? `, ${percent(mutation.percent)} of mutants noticed` : ''}`,
  ];
}

/** As JSON: places, problems and reasons, without texts of the actions themselves. */
export function reportJson({ results, findings, coverage, mutation }: TestReport): unknown {
  return {
    tests: results.map(({ name, file, place, passed, steps }) => ({ name, file, ...place, passed, steps: steps.map(stepJson) })),
    findings: findings.map(({ file, line, column, severity, code, message }) => ({ file, line, column, severity, code, message })),
    ...(coverage && { coverage: { percent: coverage.percent, seen: coverage.seen, of: coverage.conditions.length, missing: coverage.conditions.filter(({ seen }) => !seen).map(({ seen: _, place, ...each }) => ({ ...each, line: place.line, column: place.column })) } }),
    ...(mutation && { mutation: { percent: mutation.percent, tried: mutation.tried, noticed: mutation.noticed, left: mutation.left, survivors: mutation.survivors.map(({ place, ...each }) => ({ ...each, line: place.line, column: place.column })) } }),
  };
}

function stepJson({ step, event, expected, verdict, problems, place }: StepResult): unknown {
  return {
    step: step + 1, event: event.event, line: place.line, column: place.column, ...(expected && { expected }), got: verdict.disposition, problems,
    reasons: verdict.reasons.map(({ policy, disposition, field, message, place: at, shadow }) => ({ policy, disposition, field, message, ...(shadow && { shadow }), ...(at && { file: at.file, line: at.line }) })),
  };
}

function failureLines({ name, file, steps }: TestResult): string[] {
  return [`FAIL  ${name}`, ...steps.filter(({ problems }) => problems.length > 0).flatMap((step) => [
    `      ${file}:${step.place.line}:${step.place.column}  step ${step.step + 1}, ${step.event.event}`,
    ...step.problems.map((problem) => `        ${problem}`),
    ...step.verdict.reasons.map(({ policy, disposition, fact, value, field, limit, place }) => `        ${policy} → ${disposition}${fact === undefined ? '' : `, ${fact} = ${shown(value)}`}${limit === undefined ? '' : `, ${field} = ${shown(limit)}`}${place ? `  ${place.file}:${place.line}` : ''}`),
    ...step.considered.filter(({ outcome, detail }) => outcome === 'out-of-scope' && detail).slice(0, MOST_LINES).map(({ policy, detail }) => `        ${policy.name}: ${detail}`),
  ])];
}

function coverageLines({ conditions }: Coverage): string[] {
  const missing = conditions.filter(({ seen }) => !seen);
  return missing.length === 0 ? [] : ['not seen by any test:', ...missing.map(({ file, place, policy, what, field }) => `  ${file}:${place.line}:${place.column}  ${policy}: ${field === undefined ? what : `\`${field}\` decides`}`)];
}

function mutationLines({ survivors, left }: MutationScore): string[] {
  return [
    ...(survivors.length === 0 ? [] : ['mutants that no test notices:', ...survivors.map(({ file, place, policy, change }) => `  ${file}:${place.line}:${place.column}  ${policy}: ${change}`)]),
    ...(left === 0 ? [] : [`${left} mutants were not tried; --most-mutants raises the bound`]),
  ];
}

const MOST_LINES = 5;
const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)) ?? '';
/** Rounded down, so that 100 % means all. */
const percent = (value: number): string => `${Math.floor(value)} %`;
