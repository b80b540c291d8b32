// What a lint is: a judgement on one policy that compiles, but hardly means what it says.

import type { Finding, Fix, Severity } from '../../protocol/finding.ts';
import type { GovernanceDocument, Located, Path } from '../../runtime/policy/document.ts';
import { categoryNamed } from '../../runtime/policy/registry.ts';

export interface LintedPolicy {
  readonly file: string;
  readonly document: GovernanceDocument;
  /** Id of the category, also where an alias is written. */
  readonly category: string;
  /** As written; a value may be of any type. */
  readonly rules: Readonly<Record<string, unknown>>;
  /** Place of a path below the policy. */
  locate(path: Path): Located | undefined;
}

export type Lint = (policy: LintedPolicy) => readonly Finding[];

/** The policy as lints see it; undefined without a known category and a mapping of rules. */
export function lintedPolicy(file: string, document: GovernanceDocument, index: number, value: Readonly<Record<string, unknown>>): LintedPolicy | undefined {
  const { category: written, rules } = value;
  const category = typeof written === 'string' ? categoryNamed(written)?.id : undefined;
  if (category === undefined || !isRecord(rules)) return undefined;
  return { file, document, category, rules, locate: (path) => document.locate(['policies', index, ...path]) };
}

/** A finding on the value at a path, or on the policy's `rules:` when nothing is written there. */
export function findingAt(policy: LintedPolicy, path: Path, finding: { readonly code: string; readonly severity: Severity; readonly message: string; readonly fixes?: readonly Fix[] }): Finding {
  const found = policy.locate(path) ?? policy.locate(['rules']);
  const span = found && found.value.end > found.value.start && !policy.document.text.slice(found.value.start, found.value.end).includes('\n') ? found.value : found?.key ?? { start: 0, end: 0 };
  return { file: policy.file, ...policy.document.range(span), ...finding };
}

/** The fix that writes another value in the place of a scalar or of a list on one line. */
export function replaceValue(policy: LintedPolicy, path: Path, title: string, text: string): readonly Fix[] {
  const value = policy.locate(path)?.value;
  if (!value || policy.document.text.slice(value.start, value.end).includes('\n')) return [];
  return [{ title, edits: [{ ...policy.document.range(value), text }] }];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
