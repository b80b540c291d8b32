// Mending a finding: its own fixes, the same for all findings of its code in the file, and everything that has one answer at once.

import type { Finding, Fix, TextRange } from '../../protocol/finding.ts';

export interface Action {
  readonly title: string;
  readonly kind: 'quick-fix' | 'fix-all';
  readonly edits: Fix['edits'];
  /** What it mends. */
  readonly findings: readonly Finding[];
  /** True for the only fix of its finding: the editor's Auto Fix applies it. */
  readonly preferred: boolean;
}

/** Actions for a selection. `findings` are all of one file. */
export function codeActions(findings: readonly Finding[], selection: TextRange): readonly Action[] {
  const touched = findings.filter((finding) => touches(finding, selection));
  const single = touched.flatMap(fixesOf);
  const codes = new Set(touched.filter((finding) => finding.fixes?.length).map((finding) => finding.code));
  return unique([...single, ...[...codes].flatMap((code) => fixAllOf(findings, code))]);
}

/** Every finding of the file that has exactly one fix, mended in one step. */
export function fixAll(findings: readonly Finding[]): Action | undefined {
  return together('Fix all that has one answer', 'fix-all', findings.filter((finding) => finding.fixes?.length === 1));
}

function fixesOf(finding: Finding): readonly Action[] {
  const fixes = finding.fixes ?? [];
  return fixes.map((fix) => ({ title: fix.title, kind: 'quick-fix', edits: fix.edits, findings: [finding], preferred: fixes.length === 1 }));
}

function fixAllOf(findings: readonly Finding[], code: string): readonly Action[] {
  const same = findings.filter((finding) => finding.code === code && finding.fixes?.length);
  const action = same.length > 1 ? together('', 'quick-fix', same) : undefined;
  if (!action || action.findings.length < 2) return [];
  return [{ ...action, title: `Fix all ${action.findings.length} of ${code.split('/').at(-1)} in this file` }];
}

/** The first fix of each finding, leaving out those whose edits would touch one taken already. */
function together(title: string, kind: Action['kind'], findings: readonly Finding[]): Action | undefined {
  const edits: Fix['edits'][number][] = [];
  const mended: Finding[] = [];
  for (const finding of findings) {
    const fix = finding.fixes?.[0];
    if (!fix || fix.edits.some((edit) => edits.some((taken) => overlaps(edit, taken)))) continue;
    edits.push(...fix.edits);
    mended.push(finding);
  }
  return mended.length > 0 ? { title, kind, edits, findings: mended, preferred: false } : undefined;
}

/** Fixes with the same title and the same edits are one action. */
function unique(actions: readonly Action[]): readonly Action[] {
  return [...new Map(actions.map((action) => [JSON.stringify([action.title, action.edits]), action])).values()];
}

const before = (aLine: number, aColumn: number, bLine: number, bColumn: number): boolean => aLine < bLine || (aLine === bLine && aColumn < bColumn);

/** True when the ranges share a place, their ends included. */
function touches(a: TextRange, b: TextRange): boolean {
  return !before(a.endLine, a.endColumn, b.line, b.column) && !before(b.endLine, b.endColumn, a.line, a.column);
}

/** True when two edits cannot both be made: they share text, or insert at the same place. */
function overlaps(a: Fix['edits'][number], b: Fix['edits'][number]): boolean {
  if (a.file !== b.file) return false;
  const same = a.line === b.line && a.column === b.column;
  return same || (before(a.line, a.column, b.endLine, b.endColumn) && before(b.line, b.column, a.endLine, a.endColumn));
}
