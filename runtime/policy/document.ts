// A governance file as parts that are parsed alone: every top-level section and every policy. One broken policy never hurts another, and an edit parses again only what it touches.

import { isMap, isSeq, type Node } from 'yaml';
import type { TextRange } from '../../protocol/finding.ts';
import { cut, holdsTopLevelLine, itemStarts, nameColumns, type Cut } from './cut.ts';
import { outlineAt, outlineKeys, type OutlinePoint } from './outline.ts';
import { blankPart, keyText, MAX_TEXT, nodeAt, parse, type Parsed, type Path, type Problem, type Span } from './parse.ts';

export type { Parsed, Path, Problem, Span } from './parse.ts';

/** A stretch of the file with its syntax tree. Offsets inside `parsed` count from `start`. Parts tile the text. */
export interface Part {
  /** `whole` when the file could not be cut: the one part then is everything. */
  readonly kind: Cut['kind'] | 'whole';
  readonly start: number;
  readonly end: number;
  /** Line of `start`, from 1. */
  readonly line: number;
  readonly parsed: Parsed;
}

/** A top-level key. `value` is null for a `policies:` list whose items are parts of their own. */
export interface Section {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: unknown;
  readonly part: Part;
}

/** An item of `policies:`. */
export interface PolicyItem {
  readonly index: number;
  readonly value: unknown;
  readonly node: Node | null;
  /** All of its text, in offsets of the file. */
  readonly span: Span;
  readonly part: Part;
  /** Syntax errors inside it, in offsets of the file. */
  readonly problems: readonly Problem[];
}

/** Ranges of what a path names, in offsets of the file. A list item has no key. */
export interface Located {
  readonly key?: Span;
  /** Of the value; empty and right after the key when there is none. */
  readonly value: Span;
  readonly node: Node | null;
}

/** What a cursor stands on. `path` starts at the top of the file. */
export interface Cursor extends OutlinePoint {
  readonly part: Part;
  /** Keys that the mapping already has, the one under the cursor left out. */
  readonly siblings: readonly string[];
}

export interface GovernanceDocument {
  readonly text: string;
  readonly parts: readonly Part[];
  readonly sections: readonly Section[];
  readonly policies: readonly PolicyItem[];
  /** Syntax errors of the whole file, in its offsets. */
  readonly problems: readonly Problem[];
  /** The document after replacing `[start, end)` by `text`. This one stays as it is; untouched parts keep their `parsed` object. */
  edit(start: number, end: number, text: string): GovernanceDocument;
  /** Path to ranges; undefined when nothing is there. */
  locate(path: Path): Located | undefined;
  /** Offset to path, from indentation: also right in broken YAML. */
  cursor(offset: number): Cursor;
  /** Keys as written in the part that holds `offset`, each with its path from the top of the file. */
  keys(part: Part): readonly { readonly path: Path; readonly key: Span; readonly column: number }[];
  /** Line and column, from 1, in UTF-16 code units. */
  position(offset: number): { readonly line: number; readonly column: number };
  /** Offset of a line and column from 1; clamped to the line and to the text. */
  offset(line: number, column: number): number;
  range(span: Span): TextRange;
}

/** Reads a governance file. Never throws, for any text. */
export function openDocument(text: string): GovernanceDocument {
  return rebuild(text, []);
}

/** Cuts the whole text anew; parts whose kind and text are unchanged keep their syntax tree. */
function rebuild(text: string, known: readonly Part[]): GovernanceDocument {
  const cutting = text.length > MAX_TEXT ? undefined : cut(text);
  if (!cutting) return whole(text);
  const cache = new Map(known.map((part) => [`${part.kind}\n${part.parsed.text}`, part.parsed]));
  const parts = lay(cutting.cuts, 1, (piece) => {
    const source = text.slice(piece.start, piece.end);
    return cache.get(`${piece.kind}\n${source}`) ?? parsePart(piece.kind, source);
  });
  return finish(text, parts, cutting.dashColumn);
}

function whole(text: string): GovernanceDocument {
  return new CutDocument(text, [{ kind: 'whole', start: 0, end: text.length, line: 1, parsed: parse(text) }], undefined);
}

/** An alias whose anchor stands in another part needs the parser of the whole text. */
function finish(text: string, parts: readonly Part[], dashColumn: number | undefined): GovernanceDocument {
  const unresolved = new Set(parts.flatMap((part) => part.parsed.unresolved));
  for (const name of unresolved) if (text.includes(`&${name}`)) return whole(text);
  return new CutDocument(text, parts, dashColumn);
}

function parsePart(kind: Cut['kind'], text: string): Parsed {
  if (kind === 'preamble') return blankPart(text);
  const parsed = parse(text);
  if (kind === 'policy' || (isMap(parsed.node) && !parsed.node.flow) || parsed.problems.length > 0) return parsed;
  const line = text.trimEnd();
  return { ...parsed, problems: [{ code: 'syntax', start: 0, end: line.length, message: `\`${line.slice(0, 40)}\` is not a key with a value. Write \`${line.split(/\W/)[0]?.slice(0, 40) || 'key'}:\` and its value below it, or remove the line.` }] };
}

function lay(cuts: readonly Cut[], firstLine: number, parsedOf: (piece: Cut) => Parsed): Part[] {
  let line = firstLine;
  return cuts.map((piece) => {
    const parsed = parsedOf(piece);
    const part: Part = { ...piece, line, parsed };
    line += parsed.lineStarts.length - 1;
    return part;
  });
}

class CutDocument implements GovernanceDocument {
  readonly text: string;
  readonly parts: readonly Part[];
  readonly #dashColumn: number | undefined;
  #sections: readonly Section[] | undefined;
  #policies: readonly PolicyItem[] | undefined;

  constructor(text: string, parts: readonly Part[], dashColumn: number | undefined) {
    this.text = text;
    this.parts = parts;
    this.#dashColumn = dashColumn;
  }

  get sections(): readonly Section[] {
    return (this.#sections ??= this.parts.flatMap((part) => (part.kind === 'section' || part.kind === 'whole' ? sectionsOf(part) : [])));
  }

  get policies(): readonly PolicyItem[] {
    return (this.#policies ??= policiesOf(this.parts));
  }

  get problems(): readonly Problem[] {
    return this.parts.flatMap((part, index) => [...moved(part), ...strayItems(part, this.parts[index + 1])]);
  }

  edit(start: number, end: number, insert: string): GovernanceDocument {
    const text = this.text.slice(0, start) + insert + this.text.slice(end);
    const first = this.#find(Math.max(0, start - 1));
    const last = this.#find(end);
    const from = this.parts[first]?.start ?? 0;
    const delta = insert.length - (end - start);
    const to = (this.parts[last]?.end ?? 0) + delta;
    const local = this.#dashColumn !== undefined && this.parts.slice(first, last + 1).every((part) => part.kind === 'policy') && !holdsTopLevelLine(text, from, to)
      && sameColumn(this.#dashColumn, this.text.slice(from, this.parts[last]!.end), text.slice(from, to));
    // Cutting here alone is right only where it gives the cuts that the whole text gave.
    if (!local || itemStarts(this.text, from + 1, this.parts[last]!.end, this.#dashColumn!).length !== last - first) return rebuild(text, this.parts);
    const starts = [from, ...itemStarts(text, from + 1, to, this.#dashColumn!)];
    const cuts = starts.map((at, index): Cut => ({ kind: 'policy', start: at, end: starts[index + 1] ?? to }));
    const fresh = lay(cuts, this.parts[first]!.line, (piece) => parsePart('policy', text.slice(piece.start, piece.end)));
    const before = fresh.at(-1)!;
    const after = this.parts[last + 1];
    const lines = after ? before.line + before.parsed.lineStarts.length - 1 - after.line : 0;
    const tail = this.parts.slice(last + 1).map((part) => ({ ...part, start: part.start + delta, end: part.end + delta, line: part.line + lines }));
    return finish(text, [...this.parts.slice(0, first), ...fresh, ...tail], this.#dashColumn);
  }

  locate(path: Path): Located | undefined {
    const [top, index, ...rest] = path;
    const item = top === 'policies' && typeof index === 'number' ? this.policies[index] : undefined;
    if (item?.part.kind === 'policy') return located(item.part, [0, ...rest]);
    const section = this.sections.findLast((candidate) => candidate.key === top);
    return section && located(section.part, path);
  }

  cursor(offset: number): Cursor {
    const part = this.parts[this.#find(offset)] ?? { kind: 'preamble', start: 0, end: 0, line: 1, parsed: blankPart('') };
    const text = part.parsed.text;
    const at = Math.min(offset, part.end) - part.start;
    const point = outlineAt(text, at);
    const column = at - (text.lastIndexOf('\n', at - 1) + 1);
    const outside = part.kind === 'policy' && column < this.#dashColumn! && point.where !== 'comment';
    const path = outside ? [] : this.#filePath(part, point.path);
    const word = { start: point.word.start + part.start, end: point.word.end + part.start };
    const siblings = outside ? this.sections.map((section) => section.key) : point.where === 'key' ? siblingKeys(outlineKeys(text), point) : [];
    return { ...point, where: outside ? 'key' : point.where, path, word, part, siblings: path.length === 0 ? this.sections.filter((section) => section.keySpan.end < word.start || section.keySpan.start > word.end).map((section) => section.key) : siblings };
  }

  keys(part: Part): readonly { readonly path: Path; readonly key: Span; readonly column: number }[] {
    return outlineKeys(part.parsed.text).map(({ path, key, column }) => ({ path: this.#filePath(part, path), key: { start: key.start + part.start, end: key.end + part.start }, column }));
  }

  position(offset: number): { readonly line: number; readonly column: number } {
    const at = Math.max(0, Math.min(offset, this.text.length));
    const part = this.parts[this.#find(at)];
    if (!part) return { line: 1, column: 1 };
    const starts = part.parsed.lineStarts;
    const line = lastAtMost(starts, at - part.start, (start) => start);
    return { line: part.line + line, column: at - (line === 0 ? this.#lineOf(part) : part.start + starts[line]!) + 1 };
  }

  offset(line: number, column: number): number {
    const part = this.parts[lastAtMost(this.parts, line, (candidate) => candidate.line)];
    if (!part) return 0;
    // Several parts can share a line when one is empty, or is a byte order mark; the last of them holds its text.
    const starts = part.parsed.lineStarts;
    const index = Math.max(0, Math.min(line - part.line, starts.length - 1));
    const start = index === 0 ? this.#lineOf(part) : part.start + starts[index]!;
    const newline = this.text.indexOf('\n', start);
    return Math.min(start + Math.max(0, column - 1), newline < 0 ? this.text.length : newline);
  }

  /** Where the line begins that a part begins on: almost always the part itself. */
  #lineOf({ start }: Part): number {
    return start === 0 ? 0 : this.text.lastIndexOf('\n', start - 1) + 1;
  }

  range(span: Span): TextRange {
    const from = this.position(span.start);
    const to = this.position(span.end);
    return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  }

  #find(offset: number): number {
    return lastAtMost(this.parts, offset, (part) => part.start);
  }

  #filePath(part: Part, path: Path): Path {
    if (part.kind !== 'policy') return path;
    const index = this.policies.findIndex((item) => item.part === part);
    return path.length === 0 ? ['policies'] : ['policies', index, ...path.slice(1)];
  }
}

function sectionsOf(part: Part): Section[] {
  const { node, value } = part.parsed;
  if (!isMap(node)) return [];
  const values = (value ?? {}) as Record<string, unknown>;
  return node.items.map((pair) => {
    const key = keyText(pair.key);
    return { key, keySpan: spanOf(pair.key as Node | null, part.start), value: values[key], part };
  });
}

function policiesOf(parts: readonly Part[]): PolicyItem[] {
  const items: PolicyItem[] = [];
  for (const [at, part] of parts.entries()) {
    const list = part.kind === 'policy' ? part.parsed : listIn(part);
    if (!list) continue;
    const nodes = isSeq(list.node) ? list.node.items : [];
    const values = Array.isArray(list.value) ? list.value : [];
    const problems = [...moved(part), ...strayItems(part, parts[at + 1])];
    if (part.kind === 'policy') {
      items.push({ index: items.length, value: values[0], node: (nodes[0] as Node | undefined) ?? null, span: part, part, problems });
    } else {
      nodes.forEach((node, index) => {
        const span = spanOf(node as Node | null, part.start);
        items.push({ index: items.length, value: values[index], node: node as Node | null, span, part, problems: problems.filter((problem) => problem.start >= span.start && problem.start <= span.end) });
      });
    }
  }
  return items;
}

/** Items before the first cut stand at another column than most: valid alone, but not together with the others. */
function strayItems(part: Part, next: Part | undefined): readonly Problem[] {
  const list = part.kind === 'section' && next?.kind === 'policy' ? listIn(part)?.node : undefined;
  if (!isSeq(list) || list.items.length === 0) return [];
  return list.items.map((item) => {
    const { start, end } = spanOf(item as Node | null, part.start);
    return { code: 'syntax', start, end, message: 'This policy is not indented like most of the others. Put its dash below theirs.' };
  });
}

/** True when an edit leaves most policies at the column they are cut at. */
function sameColumn(column: number, before: string, after: string): boolean {
  const old = nameColumns(before);
  const now = nameColumns(after);
  return (old.get(column) ?? 0) > 0 && (now.get(column) ?? 0) >= old.get(column)! && [...now].every(([at, count]) => at === column || count <= (old.get(at) ?? 0));
}

/** The list under `policies:` of a part that holds it whole. */
function listIn(part: Part): { readonly node: Node | null; readonly value: unknown } | undefined {
  const found = part.kind === 'preamble' ? undefined : nodeAt(part.parsed.node, ['policies']);
  return found && { node: found.value, value: (part.parsed.value as Record<string, unknown> | undefined)?.['policies'] };
}

function located(part: Part, path: Path): Located | undefined {
  const found = nodeAt(part.parsed.node, path);
  if (!found) return undefined;
  const key = found.key && spanOf(found.key, part.start);
  const bare = found.value?.range ? undefined : { start: key?.end ?? part.start, end: key?.end ?? part.start };
  return { key, value: bare ?? spanOf(found.value, part.start), node: found.value };
}

function spanOf(node: Node | null, base: number): Span {
  const [start, end] = node?.range ?? [0, 0];
  return { start: base + start, end: base + end };
}

function moved(part: Part): readonly Problem[] {
  return part.parsed.problems.map((problem) => ({ ...problem, start: problem.start + part.start, end: problem.end + part.start }));
}

function siblingKeys(keys: ReturnType<typeof outlineKeys>, point: OutlinePoint): readonly string[] {
  const inside = keys.filter(({ path, key }) => path.length === point.path.length + 1 && point.path.every((step, at) => step === path[at]) && !(key.start <= point.word.start && point.word.start <= key.end));
  return [...new Set(inside.map(({ path }) => String(path.at(-1))))];
}

/** Index of the last element whose number is at most `limit`; 0 when there is none. */
function lastAtMost<T>(list: readonly T[], limit: number, number: (item: T) => number): number {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (number(list[middle]!) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
