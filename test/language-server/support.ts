// A policy set made of a fixture, for tests of single features.

import type { TextRange } from '../../protocol/finding.ts';
import { openDocument } from '../../runtime/policy/document.ts';
import type { GovernanceDocument } from '../../runtime/policy/document.ts';
import { PolicySet } from '../../language-server/policy-set.ts';
import { fixture } from '../support/fixture.ts';
import type { Annotation, FixtureCursor } from '../support/fixture.ts';

export interface Opened {
  readonly set: PolicySet;
  readonly documents: ReadonlyMap<string, GovernanceDocument>;
  readonly document: GovernanceDocument;
  readonly cursor: FixtureCursor;
}

/** All files of a fixture in one set; `document` is the one with the cursor, or else the first. */
export function open(source: string): Opened {
  const read = fixture(source);
  const set = new PolicySet();
  const documents = new Map(read.files.map(({ path, text }) => [path, openDocument(text)]));
  for (const [path, document] of documents) set.put(path, document);
  const path = source.includes('$0') ? read.cursor.path : read.files[0]?.path ?? '';
  return { set, documents, document: documents.get(path) ?? openDocument(''), get cursor() { return read.cursor; } };
}

/** The text of a range. */
export function textOf(document: GovernanceDocument, range: TextRange): string {
  return document.text.slice(document.offset(range.line, range.column), document.offset(range.endLine, range.endColumn));
}

/** The text after edits that do not overlap. */
export function applyEdits(document: GovernanceDocument, edits: readonly (TextRange & { readonly text: string })[]): string {
  return edits.map((edit) => ({ text: edit.text, start: document.offset(edit.line, edit.column), end: document.offset(edit.endLine, edit.endColumn) }))
    .sort((a, b) => b.start - a.start)
    .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), document.text);
}

/** Findings of a text that is a set of its own, as annotations. */
export function annotationsOf(text: string): readonly Annotation[] {
  const { set } = open(text);
  return set.findings('policies.fullarc.yaml').map((finding) => ({
    line: finding.line - 1,
    column: finding.column - 1,
    endColumn: Math.max(finding.column, finding.endLine > finding.line ? (text.split('\n')[finding.line - 1]?.length ?? 0) : finding.endColumn - 1),
    severity: finding.severity,
    code: finding.code,
    message: finding.message,
  }));
}
