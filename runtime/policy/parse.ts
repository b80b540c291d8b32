// One stretch of YAML parsed alone: its nodes, its plain value, and everything that is wrong with its syntax. Bounded for hostile text; never throws.

import { Composer, type CST, isAlias, isMap, isScalar, isSeq, Parser, type Node, type Pair } from 'yaml';

/** Half-open range of UTF-16 offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Keys and list positions from the top of the file: `['policies', 2, 'rules', 'max_steps']`. */
export type Path = readonly (string | number)[];

/** A syntax error. `code` is `tab`, `duplicate-key`, `alias`, `depth`, `size`, `documents` or `syntax`. */
export interface Problem extends Span {
  readonly code: 'tab' | 'duplicate-key' | 'alias' | 'depth' | 'size' | 'documents' | 'syntax';
  readonly message: string;
}

/** Immutable, with offsets from the start of its own text, so that it can be moved and shared. */
export interface Parsed {
  readonly text: string;
  readonly node: Node | null;
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Names of aliases without an anchor in this text. */
  readonly unresolved: readonly string[];
  readonly lineStarts: readonly number[];
}

/** Longest file that is read at all, in UTF-16 code units. */
export const MAX_TEXT = 16 * 1024 * 1024;
const MAX_DEPTH = 60;
const MAX_ALIASED = 10_000;
const MAX_PROBLEMS = 20;

export function parse(text: string): Parsed {
  const problems: Problem[] = [];
  const lineStarts = linesOf(text);
  if (text.length > MAX_TEXT) {
    problems.push({ code: 'size', start: 0, end: 0, message: `The file has ${text.length} characters, more than the ${MAX_TEXT} that are read. Split it into several files.` });
    return { text, node: null, value: undefined, problems, unresolved: [], lineStarts };
  }
  const node = compose(text, problems);
  const reader = new Reader(problems);
  const value = problems.some((problem) => problem.code === 'depth') ? undefined : reader.read(node, 0);
  return { text, node, value, problems: problems.slice(0, MAX_PROBLEMS), unresolved: reader.unresolved, lineStarts };
}

/** A stretch that holds only comments and blank lines. */
export function blankPart(text: string): Parsed {
  return { text, node: null, value: undefined, problems: [], unresolved: [], lineStarts: linesOf(text) };
}

/** Nodes of the key and of the value at a path below `node`. Undefined when nothing is there. */
export function nodeAt(node: Node | null, path: Path): { readonly key?: Node; readonly value: Node | null; readonly pair?: Pair } | undefined {
  let value: Node | null = node;
  let key: Node | undefined;
  let pair: Pair | undefined;
  for (const step of path) {
    if (isMap(value)) {
      pair = value.items.findLast((item) => keyText(item.key) === String(step));
      if (!pair) return undefined;
      key = pair.key as Node;
      value = pair.value as Node | null;
    } else if (isSeq(value) && typeof step === 'number' && step < value.items.length) {
      value = value.items[step] as Node | null;
      key = undefined;
      pair = undefined;
    } else {
      return undefined;
    }
  }
  return { key, value, pair };
}

/** A key as text; empty for a key that is itself a collection or an alias. */
export function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value ?? '') : '';
}

function compose(text: string, problems: Problem[]): Node | null {
  try {
    const tokens = [...new Parser().parse(text)];
    const deep = tooDeep(tokens);
    if (deep !== undefined) {
      problems.push({ code: 'depth', start: deep, end: Math.min(deep + 1, text.length), message: TOO_DEEP });
      return null;
    }
    const composer = new Composer({ strict: true, prettyErrors: false, logLevel: 'silent', uniqueKeys: false, keepSourceTokens: false });
    const [document, second] = [...composer.compose(tokens, true, text.length)];
    if (second) problems.push({ code: 'documents', start: second.range[0], end: Math.min(second.range[0] + 3, text.length), message: 'A governance file holds one YAML document. Remove the `---` or `...` line, or move what follows into a file of its own.' });
    const errors = document ? [...document.errors, ...document.warnings] : [];
    if (errors.length > 0) problems.push(...tabProblem(text));
    // What is missing at the end is marked on the last character that is there, not on the line after.
    const last = Math.max(0, text.trimEnd().length - 1);
    for (const error of errors.slice(0, MAX_PROBLEMS)) {
      const start = Math.min(error.pos[0], last);
      if (error.code === 'TAB_AS_INDENT' && problems[0]?.code === 'tab') continue;
      problems.push({ code: error.code === 'TAB_AS_INDENT' ? 'tab' : error.code === 'BAD_ALIAS' ? 'alias' : 'syntax', start, end: Math.min(Math.max(error.pos[1], start + 1), last + 1), message: sentence(error.code, error.message) });
    }
    return (document?.contents as Node | null) ?? null;
  } catch (error) {
    problems.push({ code: 'syntax', start: 0, end: Math.min(1, text.length), message: `This text cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}` });
    return null;
  }
}

const TOO_DEEP = `Nested too deeply. ${MAX_DEPTH} levels are allowed.`;
const TAB = 'A tab is used for indentation. YAML allows only spaces there; replace it with two spaces.';

/** Offset of the first token that is nested beyond the limit: found before the composer, which recurses. */
function tooDeep(tokens: readonly CST.Token[]): number | undefined {
  let level: CST.Token[] = [...tokens];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH + 1) return level[0]!.offset;
    level = level.flatMap((token) => {
      if (token.type === 'document') return token.value ? [token.value] : [];
      if (!('items' in token)) return [];
      return token.items.flatMap((item) => [item.key, item.value].filter((child): child is CST.Token => child !== null && child !== undefined && 'items' in child));
    });
  }
  return undefined;
}

/** The first line that is indented by a tab. Asked only when something is wrong: tabs are allowed in text. */
function tabProblem(text: string): Problem[] {
  const line = /^ *(\t[ \t]*)\S/m.exec(text);
  if (!line) return [];
  const start = line.index + line[0].indexOf('\t');
  return [{ code: 'tab', start, end: start + line[1]!.length, message: TAB }];
}

function sentence(code: string, message: string): string {
  if (code === 'TAB_AS_INDENT') return TAB;
  if (code === 'BAD_ALIAS') return 'An unquoted `*` starts a YAML alias. Put a glob that begins with `*` in quotes: "*".';
  const short = message.length > 300 ? `${message.slice(0, 299)}…` : message;
  return short.endsWith('.') ? short : `${short}.`;
}

/** Turns nodes into plain values, and finds on the way what YAML itself leaves to the reader: duplicate keys, aliases, depth. */
class Reader {
  readonly unresolved: string[] = [];
  readonly #problems: Problem[];
  /** Values by anchor, with the number of nodes each stands for. */
  readonly #anchors = new Map<string, { readonly value: unknown; readonly size: number }>();
  #size = 0;
  #aliased = 0;

  constructor(problems: Problem[]) {
    this.#problems = problems;
  }

  read(node: Node | null, depth: number): unknown {
    if (node === null || node === undefined) return null;
    this.#size++;
    if (depth > MAX_DEPTH) return this.#problem(node, 'depth', TOO_DEEP);
    if (isAlias(node)) return this.#alias(node);
    const before = this.#size;
    const value = isMap(node) ? this.#map(node.items, depth) : isSeq(node) ? node.items.map((item) => this.read(item as Node | null, depth + 1)) : isScalar(node) ? node.value : undefined;
    const anchor = 'anchor' in node ? node.anchor : undefined;
    if (anchor) this.#anchors.set(anchor, { value, size: 1 + this.#size - before });
    return value;
  }

  #map(pairs: readonly Pair[], depth: number): unknown {
    const map: Record<string, unknown> = {};
    for (const pair of pairs) {
      const key = keyText(pair.key);
      if (pair.key !== null && !isScalar(pair.key)) this.#problem(pair.key as Node, 'syntax', 'A key must be plain text here, not a list, a mapping or an alias. Put it in quotes if it is meant as text.');
      if (Object.hasOwn(map, key)) this.#problem(pair.key as Node, 'duplicate-key', `\`${key}\` is written twice in this mapping. Keep one of them.`);
      const value = this.read(pair.value as Node | null, depth + 1);
      if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
      else map[key] = value;
    }
    return map;
  }

  #alias(node: Node & { readonly source: string }): unknown {
    const target = this.#anchors.get(node.source);
    // The parser has already said so of a bare `*`.
    if (node.source === '') return undefined;
    if (!target) {
      this.unresolved.push(node.source);
      return this.#problem(node, 'alias', `\`*${node.source}\` is a YAML alias without an anchor. If it is meant as a glob, put it in quotes: "*${node.source}".`);
    }
    this.#size += target.size;
    this.#aliased += target.size;
    if (this.#aliased > MAX_ALIASED) return this.#problem(node, 'size', `Aliases in this text stand for more than ${MAX_ALIASED} values. Write them out, or use fewer.`);
    return target.value;
  }

  #problem(node: Node | null, code: Problem['code'], message: string): undefined {
    const [start, end] = node?.range ?? [0, 0];
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ code, start, end, message });
    return undefined;
  }
}

function linesOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
