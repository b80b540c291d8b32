// Reads the tests of a file: what is wrong with one never hurts another.

import type { Finding } from '../../../protocol/finding.ts';
import { issueFinding, type PolicyFile } from '../findings.ts';
import { type Issue, schemaIssues } from '../issues.ts';
import type { Path } from '../parse.ts';
import type { PlacedTest } from './run.ts';
import { testSchema, writtenOut } from './schema.ts';

/** Adds the tests that are whole to `tests`; answers what is wrong with the others. */
export function declareTests(file: PolicyFile, list: readonly unknown[], tests: PlacedTest[]): (Issue | { readonly finding: Finding })[] {
  return list.flatMap((written, index): (Issue | { readonly finding: Finding })[] => {
    const path: Path = ['tests', index];
    const value = writtenOut(written);
    const result = testSchema.safeParse(value);
    if (!result.success) return schemaIssues(result.error.issues, value, { path }, path);
    const first = tests.find((test) => test.value.name === result.data.name);
    if (first) return [{ finding: namedTwice(file, path, first) }];
    tests.push({ file, path, value: result.data });
    return [];
  });
}

function namedTwice(file: PolicyFile, path: Path, first: PlacedTest): Finding {
  const finding = issueFinding(file, path, { path: ['name'], on: 'value', code: 'fullarc/structure/duplicate-name', severity: 'error', message: 'Another test has this name already. Names are unique over all files; rename one of them.' });
  const span = first.file.document.locate([...first.path, 'name'])?.value;
  return span ? { ...finding, related: [{ file: first.file.path, ...first.file.document.range(span), message: 'the other one' }] } : finding;
}
