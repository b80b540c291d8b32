// From the project's plain shapes to those of the language server protocol. Ours count lines and columns from 1, LSP from 0.

import { CodeActionKind, CompletionItemKind, DiagnosticSeverity, DiagnosticTag, InsertTextFormat, InsertTextMode, MarkupKind, SymbolKind } from 'vscode-languageserver';
import type { CodeAction, CompletionItem, Diagnostic, DocumentSymbol, Hover, Range, TextEdit, WorkspaceSymbol } from 'vscode-languageserver';
import type { Finding, Severity, TextRange } from '../protocol/finding.ts';
import type { Action } from './features/code-actions.ts';
import type { Proposal } from './features/completion.ts';
import type { Info } from './features/hover.ts';
import type { OutlineSymbol, SymbolSort } from './features/symbols.ts';

export function toRange({ line, column, endLine, endColumn }: TextRange): Range {
  return { start: { line: line - 1, character: column - 1 }, end: { line: endLine - 1, character: endColumn - 1 } };
}

export function fromRange({ start, end }: Range): TextRange {
  return { line: start.line + 1, column: start.character + 1, endLine: end.line + 1, endColumn: end.character + 1 };
}

/** `uriOf` answers the address of a file that a related place names. */
export function toDiagnostic(finding: Finding, uriOf: (file: string) => string): Diagnostic {
  const related = finding.related?.map((place) => ({ location: { uri: uriOf(place.file), range: toRange(place) }, message: place.message }));
  const tags = UNNECESSARY.test(finding.code) ? [DiagnosticTag.Unnecessary] : undefined;
  return { range: toRange(finding), severity: SEVERITY[finding.severity], code: finding.code, source: 'fullarc', message: finding.message, ...(related ? { relatedInformation: related } : {}), ...(tags ? { tags } : {}) };
}

/** The topic travels along, so that the documentation can be made when the client asks for it. */
export function toCompletionItem(proposal: Proposal): CompletionItem {
  return {
    label: proposal.label,
    kind: PROPOSAL[proposal.sort],
    textEdit: { range: toRange(proposal.range), newText: proposal.text },
    insertTextFormat: proposal.snippet ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
    insertTextMode: InsertTextMode.asIs,
    ...(proposal.detail ? { labelDetails: { description: proposal.detail } } : {}),
    sortText: proposal.rank,
    ...(proposal.topic ? { data: proposal.topic } : {}),
  };
}

export const toMarkup = (value: string): { readonly kind: MarkupKind; readonly value: string } => ({ kind: MarkupKind.Markdown, value });

export function toHover(info: Info): Hover {
  return { contents: toMarkup(info.markdown), range: toRange(info.range) };
}

export function toEdits(edits: readonly (TextRange & { readonly text: string })[]): TextEdit[] {
  return edits.map((edit) => ({ range: toRange(edit), newText: edit.text }));
}

export function toCodeAction(action: Action, uri: string, uriOf: (file: string) => string): CodeAction {
  return {
    title: action.title,
    kind: action.kind === 'quick-fix' ? CodeActionKind.QuickFix : CodeActionKind.SourceFixAll,
    edit: { changes: Object.fromEntries(Object.entries(Object.groupBy(action.edits, ({ file }) => (file === undefined ? uri : uriOf(file)))).map(([address, edits = []]) => [address, toEdits(edits)])) },
    ...(action.findings.length > 0 ? { diagnostics: action.findings.map((finding) => toDiagnostic(finding, uriOf)) } : {}),
    ...(action.preferred ? { isPreferred: true } : {}),
  };
}

export function toDocumentSymbol(symbol: OutlineSymbol): DocumentSymbol {
  return { name: symbol.name, detail: symbol.detail, kind: SYMBOL[symbol.sort], range: toRange(symbol.range), selectionRange: toRange(symbol.selection), children: symbol.children.map(toDocumentSymbol) };
}

export function toWorkspaceSymbol(symbol: OutlineSymbol, uri: string): WorkspaceSymbol {
  return { name: symbol.name, kind: SYMBOL[symbol.sort], containerName: symbol.detail, location: { uri, range: toRange(symbol.selection) } };
}

const UNNECESSARY = /\/(shadowed|redundant|unreachable)$/;

const SEVERITY: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

const SYMBOL: Readonly<Record<SymbolSort, SymbolKind>> = {
  section: SymbolKind.Namespace,
  agent: SymbolKind.Object,
  fleet: SymbolKind.Package,
  tool: SymbolKind.Function,
  domain: SymbolKind.Struct,
  signal: SymbolKind.Event,
  policy: SymbolKind.Class,
  rule: SymbolKind.Property,
};

const PROPOSAL: Readonly<Record<Proposal['sort'], CompletionItemKind>> = {
  key: CompletionItemKind.Property,
  value: CompletionItemKind.EnumMember,
  category: CompletionItemKind.Class,
  name: CompletionItemKind.Reference,
  snippet: CompletionItemKind.Snippet,
  fact: CompletionItemKind.Field,
  function: CompletionItemKind.Function,
};
