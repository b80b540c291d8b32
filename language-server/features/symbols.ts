// What a governance file holds, as an outline: sections with their declarations, policies with their rules.

import type { TextRange } from '../../protocol/finding.ts';
import type { GovernanceDocument, Part, Span } from '../../runtime/policy/document.ts';
import { SECTIONS } from '../names.ts';

export type SymbolSort = 'section' | 'agent' | 'fleet' | 'tool' | 'domain' | 'signal' | 'policy' | 'rule';

export interface OutlineSymbol {
  readonly name: string;
  /** Category of a policy, key of the section for a declaration. */
  readonly detail: string;
  readonly sort: SymbolSort;
  readonly range: TextRange;
  /** The name itself; always inside `range`. */
  readonly selection: TextRange;
  readonly children: readonly OutlineSymbol[];
}

export function documentSymbols(document: GovernanceDocument): readonly OutlineSymbol[] {
  const sections = document.sections.filter(({ key }) => key !== 'policies').map((section) => sectionSymbol(document, section.key, section.keySpan, section.part));
  return [...sections, ...document.policies.flatMap((item) => policySymbol(document, item.index, item.span, item.value))];
}

/** Declarations and policies whose name holds the letters of the query in order, as editors search. */
export function matchingSymbols(document: GovernanceDocument, query: string): readonly OutlineSymbol[] {
  const wanted = query.toLowerCase();
  return documentSymbols(document).flatMap((symbol) => (symbol.sort === 'section' ? symbol.children : [symbol])).filter((symbol) => holdsInOrder(symbol.name.toLowerCase(), wanted));
}

function sectionSymbol(document: GovernanceDocument, key: string, keySpan: Span, part: Part): OutlineSymbol {
  const starts = document.sections.filter((section) => section.part === part && section.keySpan.start > keySpan.start).map((section) => section.keySpan.start);
  const span = trimmed(document, { start: keySpan.start, end: Math.min(part.end, ...starts) });
  return { name: key, detail: '', sort: 'section', range: document.range(span), selection: document.range(keySpan), children: declared(document, key, part, span.end) };
}

function declared(document: GovernanceDocument, section: string, part: Part, end: number): OutlineSymbol[] {
  const names = document.keys(part).filter(({ path }) => path[0] === section && path.length === 2);
  return names.map(({ path, key }, at) => {
    const span = trimmed(document, { start: key.start, end: names[at + 1]?.key.start ?? end });
    return { name: String(path[1]) || section, detail: section, sort: sortOf(section), range: document.range(span), selection: document.range(key), children: [] };
  });
}

function policySymbol(document: GovernanceDocument, index: number, span: Span, value: unknown): OutlineSymbol[] {
  const name = textAt(document, ['policies', index, 'name']);
  const range = trimmed(document, span);
  if (range.end <= range.start) return [];
  const at = document.locate(['policies', index, 'name'])?.value;
  const selection = at && at.end > at.start && at.end <= range.end ? at : { start: range.start, end: Math.min(range.end, lineEnd(document.text, range.start)) };
  return [{ name: name || '(unnamed policy)', detail: text(value, 'category'), sort: 'policy', range: document.range(range), selection: document.range(selection), children: rules(document, index, value) }];
}

function rules(document: GovernanceDocument, index: number, value: unknown): OutlineSymbol[] {
  const fields = isRecord(value) && isRecord(value['rules']) ? Object.keys(value['rules']) : [];
  return fields.flatMap((field) => {
    const found = document.locate(['policies', index, 'rules', field]);
    if (!found?.key) return [];
    const span = trimmed(document, { start: found.key.start, end: Math.max(found.key.end, found.value.end) });
    return [{ name: field, detail: '', sort: 'rule' as const, range: document.range(span), selection: document.range(found.key), children: [] }];
  });
}

const sortOf = (section: string): SymbolSort => (Object.hasOwn(SECTIONS, section) ? SECTIONS[section as keyof typeof SECTIONS] : 'rule');

function textAt(document: GovernanceDocument, path: readonly (string | number)[]): string {
  const span = document.locate(path)?.value;
  return span ? document.text.slice(span.start, span.end).trim().replace(/^(["'])(.*)\1$/s, '$2') : '';
}

/** Leading blanks and trailing blank lines are no part of what is shown. */
function trimmed(document: GovernanceDocument, { start, end }: Span): Span {
  const text = document.text.slice(start, end);
  const lead = text.length - text.trimStart().length;
  return { start: Math.min(start + lead, end), end: Math.max(start + Math.min(lead, text.length), end - (text.length - text.trimEnd().length)) };
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  return newline < 0 ? text.length : newline;
}

function holdsInOrder(name: string, query: string): boolean {
  let at = 0;
  for (const char of query) {
    at = name.indexOf(char, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const text = (value: unknown, key: string): string => (isRecord(value) && typeof value[key] === 'string' ? value[key] : '');
