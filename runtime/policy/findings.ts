// Issues and syntax problems as findings: with ranges, related places and ready edits.

import { isMap, isScalar, type YAMLMap } from 'yaml';
import type { Finding, Fix, TextRange } from '../../protocol/finding.ts';
import type { GovernanceDocument, Span } from './document.ts';
import type { Code, Issue, Mend } from './issues.ts';
import type { Path, Problem } from './parse.ts';

/** A governance file and its document. */
export interface PolicyFile {
  readonly path: string;
  readonly document: GovernanceDocument;
}

/** The finding for an issue below `base`, a path from the top of the file. */
export function issueFinding({ path: file, document }: PolicyFile, base: Path, issue: Issue): Finding {
  const path = [...base, ...issue.path];
  const span = narrowed(document, issueSpan(document, path, issue.on), issue);
  const fix = issue.mend && mendFix(document, path, span, issue.mend);
  return { file, ...document.range(span), severity: issue.severity, code: issue.code, message: issue.message, ...(fix && { fixes: [fix] }) };
}

export function problemFinding({ path: file, document }: PolicyFile, problem: Problem): Finding {
  const fix = problemFix(document, problem);
  return { file, ...document.range(problem), severity: 'error', code: PROBLEM_CODES[problem.code], message: problem.message, ...(fix && { fixes: [fix] }) };
}

/** Files in order of their names, places in order of the text: the same findings for any order of the sources. */
export function sortFindings(findings: Finding[]): Finding[] {
  const sorted = findings.map(brief).sort((a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.code, b.code) || compare(a.message, b.message));
  return sorted.length <= MOST_IN_FILE ? sorted : [...Map.groupBy(sorted, ({ file }) => file).values()].flatMap(fewEnough);
}

/** Longest message, in UTF-16 code units: a name in it can be as long as the file. */
const LONGEST_MESSAGE = 600;

function brief(finding: Finding): Finding {
  return finding.message.length <= LONGEST_MESSAGE ? finding : { ...finding, message: `${finding.message.slice(0, LONGEST_MESSAGE - 1)}…` };
}

/** Findings of one file that are told one by one: nobody reads more, and a list that went wrong can have one for each line. */
const MOST_IN_FILE = 200;

/** The first ones, errors before all others, and how many more there are. */
function fewEnough(found: readonly Finding[]): readonly Finding[] {
  if (found.length <= MOST_IN_FILE) return found;
  const errors = found.filter(({ severity }) => severity === 'error');
  const told = new Set([...errors, ...found.filter(({ severity }) => severity !== 'error')].slice(0, MOST_IN_FILE));
  const rest = found.filter((each) => !told.has(each));
  const first = rest[0]!;
  const severity = rest.some((each) => each.severity === 'error') ? 'error' : first.severity;
  return [...found.filter((each) => told.has(each)), { ...first, severity, code: 'fullarc/structure/too-many' satisfies Code, message: `${rest.length} more findings in this file, of which this is the first: ${first.message}`.slice(0, 300), fixes: undefined, related: undefined }];
}

const PROBLEM_CODES: Record<Problem['code'], Code> = {
  syntax: 'fullarc/syntax/yaml', alias: 'fullarc/syntax/alias', depth: 'fullarc/syntax/depth', size: 'fullarc/syntax/size', documents: 'fullarc/syntax/documents',
  tab: 'fullarc/structure/tab', 'duplicate-key': 'fullarc/structure/duplicate-key',
};

function issueSpan(document: GovernanceDocument, path: Path, on: Issue['on']): Span {
  for (let length = path.length; length > 0; length--) {
    const found = document.locate(path.slice(0, length));
    if (!found) continue;
    if (on === 'mapping' || length < path.length) return found.key ?? firstLine(document, found.value);
    if (on === 'key' && found.key) return found.key;
    return found.value.end > found.value.start ? firstLine(document, found.value) : found.key ?? found.value;
  }
  return { start: 0, end: 0 };
}

/** The part of a text that an issue is about, where the text stands in the file as it is; otherwise the whole. */
function narrowed(document: GovernanceDocument, span: Span, { within }: Issue): Span {
  const at = within ? document.text.slice(span.start, span.end).indexOf(within.text) : -1;
  return within && at >= 0 ? { start: span.start + at + within.start, end: span.start + at + Math.max(within.end, within.start + 1) } : span;
}

/** A value that runs over several lines is marked on its first. */
function firstLine(document: GovernanceDocument, span: Span): Span {
  const newline = document.text.indexOf('\n', span.start);
  const end = newline < 0 || newline >= span.end ? span.end : newline;
  return { start: span.start, end: Math.max(span.start, document.text[end - 1] === '\r' ? end - 1 : end) };
}

function mendFix(document: GovernanceDocument, path: Path, span: Span, mend: Mend): Fix | undefined {
  if ('replace' in mend) {
    if (document.text.slice(span.start, span.end).includes('\n')) return undefined;
    return { title: mend.title, edits: [{ ...document.range(span), text: mend.replace }] };
  }
  const mapping = document.locate(path)?.node;
  const edit = isMap(mapping) && !mapping.flow ? insertion(document, path, mapping, mend.insert) : undefined;
  return edit && { title: mend.title, edits: [edit] };
}

/** After the first key when its value ends on the same line, else before it. */
function insertion(document: GovernanceDocument, path: Path, mapping: YAMLMap, text: string): (TextRange & { readonly text: string }) | undefined {
  const pair = mapping.items[0];
  const first = isScalar(pair?.key) ? document.locate([...path, String(pair.key.value)]) : undefined;
  if (!first?.key) return undefined;
  const from = document.position(first.key.start);
  const to = document.position(first.value.end);
  const indent = ' '.repeat(from.column - 1);
  const after = from.line === to.line && !text.startsWith('name:');
  const at = after ? { ...document.position(document.offset(from.line, Number.MAX_SAFE_INTEGER)) } : from;
  const place = { line: at.line, column: at.column, endLine: at.line, endColumn: at.column };
  return { ...place, text: after ? `\n${indent}${text}` : `${text}\n${indent}` };
}

function problemFix(document: GovernanceDocument, problem: Problem): Fix | undefined {
  if (problem.code === 'alias') {
    const word = /^\*[^\s,\]}]*/.exec(document.text.slice(problem.start))?.[0];
    return word && { title: `Put \`${word}\` in quotes`, edits: [{ ...document.range({ start: problem.start, end: problem.start + word.length }), text: JSON.stringify(word) }] } || undefined;
  }
  if (problem.code !== 'tab') return undefined;
  const start = document.text.lastIndexOf('\n', problem.start - 1) + 1;
  const lead = /^[ \t]*/.exec(document.text.slice(start))![0];
  return lead.includes('\t') ? { title: 'Replace tabs by spaces', edits: [{ ...document.range({ start, end: start + lead.length }), text: lead.replaceAll('\t', '  ') }] } : undefined;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
