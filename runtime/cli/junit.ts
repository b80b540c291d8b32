// Results of policy tests as JUnit XML, the form that build servers read.

import type { TestResult } from '../policy/tests/run.ts';

/** One suite for each file. Times are not told: a test is pure, and takes next to none. */
export function junitXml(results: readonly TestResult[]): string {
  const files = Map.groupBy(results, ({ file }) => file);
  const failed = results.filter(({ passed }) => !passed).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="fullarc" tests="${results.length}" failures="${failed}" errors="0">`,
    ...[...files].flatMap(([file, own]) => suite(file, own)),
    '</testsuites>', '',
  ].join('\n');
}

function suite(file: string, results: readonly TestResult[]): string[] {
  const failed = results.filter(({ passed }) => !passed).length;
  return [`  <testsuite name="${escaped(file)}" tests="${results.length}" failures="${failed}" errors="0" skipped="0">`, ...results.flatMap(testcase), '  </testsuite>'];
}

function testcase({ name, file, place, steps }: TestResult): string[] {
  const head = `    <testcase name="${escaped(name)}" classname="${escaped(file)}" file="${escaped(file)}" line="${place.line}"`;
  const failures = steps.filter(({ problems }) => problems.length > 0);
  if (failures.length === 0) return [`${head}/>`];
  const text = failures.map(({ step, event, place: at, problems }) => `${file}:${at.line}: step ${step + 1}, ${event.event}: ${problems.join('; ')}`);
  // A test case has at most one failure, so that every reader understands it.
  return [`${head}>`, `      <failure type="fullarc/test/failed" message="${escaped(failures[0]!.problems[0]!)}">${escaped(text.join('\n'))}</failure>`, '    </testcase>'];
}

/** For text and for attributes in double quotes. Characters that XML 1.0 has no form for are replaced. */
function escaped(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD')
    .replaceAll(/[&<>"\n\r\t]/g, (character) => ENTITIES[character]!);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;', '\r': '&#13;', '\t': '&#9;' };
