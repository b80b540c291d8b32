// A document as the editor holds it: LSP changes applied to the incremental model.

import type { TextDocumentContentChangeEvent } from 'vscode-languageserver';
import { openDocument } from '../runtime/policy/document.ts';
import type { GovernanceDocument } from '../runtime/policy/document.ts';

/** The document after the changes, in order. Each change without a range replaces everything. */
export function applyChanges(document: GovernanceDocument, changes: readonly TextDocumentContentChangeEvent[]): GovernanceDocument {
  return changes.reduce(applyChange, document);
}

/** Offset of an LSP position (from 0); past the last line it is the end of the text, as LSP has it. */
export function offsetAt(document: GovernanceDocument, position: { readonly line: number; readonly character: number }): number {
  const last = document.position(document.text.length).line;
  return position.line >= last ? document.text.length : document.offset(position.line + 1, position.character + 1);
}

function applyChange(document: GovernanceDocument, change: TextDocumentContentChangeEvent): GovernanceDocument {
  if (!('range' in change)) return openDocument(change.text);
  const a = offsetAt(document, change.range.start);
  const b = offsetAt(document, change.range.end);
  return document.edit(Math.min(a, b), Math.max(a, b), change.text);
}
