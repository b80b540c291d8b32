// Where the cursor is in a governance file that may be half written: found from indentation, so that an error elsewhere cannot hide it.

import { flowPlace } from './flow.ts';
import type { FlowPlace } from './flow.ts';
import { endOfPlain, indentOf, isSpace, scalarText, shapeOf, skipSpace } from './lines.ts';
import type { LineShape, Lines } from './lines.ts';

/** Keys from the root, and 0 for "an item of this list". */
export type Path = readonly (string | 0)[];

export interface CursorPlace {
  /** `key`: a key of the mapping at `path`; `value`: the value at `path`; `item`: an item of a list, which may turn out to be a key; `none`: nothing to say here. */
  readonly at: 'key' | 'value' | 'item' | 'none';
  readonly path: Path;
  /** Keys already in the mapping at `path` (for `value`: in the mapping around it), the one under the cursor left out. */
  readonly siblings: ReadonlySet<string>;
  /** What a completion replaces, on the line of the cursor: columns from 0. */
  readonly start: number;
  readonly end: number;
  /** The text between `start` and `end`. */
  readonly word: string;
  /** Column at which keys of this mapping stand; meaningless in flow style. */
  readonly indent: number;
  readonly flow: boolean;
  readonly quoted: boolean;
  /** A colon follows the key already, or is missing the space after it. */
  readonly colon: 'none' | 'present' | 'needs-space';
  /** Scalars of the mapping two steps below the root (a policy, a declared agent, a test), wherever its keys stand. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Lines and columns count from 0. Costs the lines between the cursor and the item it is in. */
export function placeAt(lines: Lines, line: number, column: number): CursorPlace {
  const text = lines.line(line);
  const shape = shapeOf(text);
  const own = ownPlace(text, shape, column);
  const chain = parentsOf(lines, line, own.column);
  if (own.at === 'none' || inComment(text, column) || chain.entries.some((entry) => entry.isText && entry.line !== line)) return nowhere;
  return inFlow(lines, line, column, chain, own) ?? inBlock(lines, line, text, chain, own);
}

const nowhere: CursorPlace = { at: 'none', path: [], siblings: new Set(), start: 0, end: 0, word: '', indent: 0, flow: false, quoted: false, colon: 'none', fields: new Map() };

/** What stands at the cursor's own line. */
interface Own {
  readonly at: 'key' | 'value' | 'item' | 'none';
  /** Where the walk to the parents starts. */
  readonly column: number;
  readonly start: number;
  readonly end: number;
  readonly quoted: boolean;
  readonly colon: CursorPlace['colon'];
  readonly indent: number;
}

/** A key or an item above the cursor. */
interface Entry {
  readonly step: string | 0;
  readonly line: number;
  readonly column: number;
  /** Column where the value or the item's content starts. */
  readonly value: number;
  readonly isText: boolean;
}

function ownPlace(text: string, shape: LineShape, column: number): Own {
  const base = { quoted: false, colon: 'none' as const };
  if (shape.empty) {
    const afterDash = shape.dashes.filter((dash) => dash < column);
    if (text[shape.column] === '#' && column > shape.column) return { ...base, at: 'none', column, start: column, end: column, indent: column };
    return { ...base, at: afterDash.length > 0 ? 'item' : 'key', column: afterDash.length > 0 ? Math.max(column, (afterDash.at(-1) ?? 0) + 1) : column, start: column, end: column, indent: column };
  }
  if (column < shape.column) return { ...base, at: 'none', column: shape.column, start: column, end: column, indent: shape.column };
  const { key } = shape;
  if (!key) {
    const token = tokenAt(text, shape.column, column);
    return token ? { ...base, at: shape.dashes.length > 0 ? 'item' : 'key', column: shape.column, ...token, indent: shape.column } : { ...base, at: 'none', column, start: column, end: column, indent: column };
  }
  if (column <= key.colon) return { ...base, at: 'key', column: key.start, start: key.start, end: Math.max(column, endOfName(text, key.start, key.colon)), colon: 'present', indent: key.start };
  const token = tokenAt(text, key.value, column);
  return { ...base, at: token ? 'value' : 'none', column: key.start, ...(token ?? { start: column, end: column, quoted: false }), colon: column === key.colon + 1 ? 'needs-space' : 'present', indent: key.start };
}

/** The scalar that starts at `start`, without its quotes; undefined when the cursor is on the wrong side of a quote. */
function tokenAt(text: string, start: number, cursor: number): { start: number; end: number; quoted: boolean } | undefined {
  if (cursor < start) return { start: cursor, end: cursor, quoted: false };
  const quote = text[start];
  if (quote !== '"' && quote !== "'") return { start, end: Math.max(cursor, endOfPlain(text, start)), quoted: false };
  const close = text.indexOf(quote, start + 1);
  const end = close < 0 ? text.length : close;
  return cursor > start && cursor <= end ? { start: start + 1, end, quoted: true } : undefined;
}

function endOfName(text: string, start: number, colon: number): number {
  let end = colon;
  while (end > start && isSpace(text[end - 1])) end--;
  return end;
}

interface Chain {
  /** Ancestors, outermost first. */
  readonly entries: readonly Entry[];
  /** Keys of the mapping the cursor is in. */
  readonly siblings: Map<string, string>;
}

/** Walks up: a key to the left is a parent, a dash to the left is the item, the same column is a sibling. */
function parentsOf(lines: Lines, line: number, column: number): Chain {
  const entries: Entry[] = [];
  const siblings = new Map<string, string>();
  let limit = { column, list: false };
  for (let at = line; at >= 0 && !(limit.column === 0 && !limit.list && entries.length > 0); at--) {
    const text = lines.line(at);
    const shape = shapeOf(text);
    if (shape.empty && shape.dashes.length === 0) continue;
    const { key } = shape;
    if (key && at !== line) {
      if (limit.list ? key.start <= limit.column && shape.dashes.length === 0 || key.start < limit.column : key.start < limit.column) {
        entries.push({ step: key.name, line: at, column: key.start, value: key.value, isText: isBlockText(text, key.value) });
        limit = { column: key.start, list: false };
      } else if (entries.length === 0 && !limit.list && key.start === limit.column) siblings.set(key.name, scalarText(text, key.value));
    }
    for (const dash of [...shape.dashes].reverse()) {
      if (limit.list || dash >= limit.column) continue;
      entries.push({ step: 0, line: at, column: dash, value: shape.column, isText: isBlockText(text, shape.column) });
      limit = { column: dash, list: true };
    }
  }
  return { entries: entries.reverse(), siblings };
}

const isBlockText = (text: string, value: number): boolean => text[value] === '|' || text[value] === '>';

function inBlock(lines: Lines, line: number, text: string, chain: Chain, own: Own): CursorPlace {
  const path: (string | 0)[] = chain.entries.map((entry) => entry.step);
  const siblings = new Set([...chain.siblings.keys(), ...keysBelow(lines, line, own.column)]);
  const { key } = shapeOf(text);
  if (own.at === 'value' && key) path.push(key.name);
  return {
    at: own.at, path, siblings, start: own.start, end: own.end, word: text.slice(own.start, own.end), indent: own.indent,
    flow: false, quoted: own.quoted, colon: own.colon, fields: fieldsOf(lines, line, chain, own),
  };
}

function keysBelow(lines: Lines, line: number, column: number): string[] {
  const names: string[] = [];
  for (let at = line + 1; at < lines.count; at++) {
    const shape = shapeOf(lines.line(at));
    if (shape.empty && shape.dashes.length === 0) continue;
    if (indentOf(shape) < column) break;
    if (shape.key?.start === column) names.push(shape.key.name);
  }
  return names;
}

/** Scalars of the item or declaration at depth two. */
function fieldsOf(lines: Lines, line: number, chain: Chain, own: Own): Map<string, string> {
  const fields = new Map<string, string>();
  const holder = chain.entries[1];
  const column = holder ? contentColumn(lines, holder, own.indent, chain.entries[2]) : undefined;
  if (!holder || column === undefined) return fields;
  for (let at = holder.line; at < lines.count; at++) {
    const text = lines.line(at);
    const shape = shapeOf(text);
    if (shape.empty && shape.dashes.length === 0) continue;
    if (at > holder.line && indentOf(shape) <= holder.column) break;
    if (shape.key?.start === column) fields.set(shape.key.name, scalarText(text, shape.key.value));
  }
  return fields;
}

/** Column at which the keys of an item or of a mapping stand. */
function contentColumn(lines: Lines, holder: Entry, indent: number, child: Entry | undefined): number | undefined {
  if (holder.step !== 0) return child?.column ?? indent;
  const shape = shapeOf(lines.line(holder.line));
  return shape.empty ? child?.column ?? indent : shape.column;
}

/** The innermost view when the cursor is inside `{ … }` or `[ … ]` of an ancestor or of its own line. */
function inFlow(lines: Lines, line: number, column: number, chain: Chain, own: Own): CursorPlace | undefined {
  for (const [depth, entry] of [...chain.entries, ...ownEntries(lines, line, own)].entries()) {
    const first = lines.line(entry.line)[entry.value];
    if (first !== '{' && first !== '[') continue;
    const region = flowRegion(lines, entry, line, column);
    const found = region.cursor < 0 ? undefined : flowPlace(region.text, region.cursor);
    if (!found) continue;
    const above: (string | 0)[] = [...chain.entries, ...ownEntries(lines, line, own)].slice(0, depth + 1).map((each) => each.step);
    return fromFlow(lines, line, column, above, found, region.cursor, fieldsOf(lines, line, chain, own));
  }
  return undefined;
}

/** The key or the item on the cursor's own line whose value may hold the cursor. */
function ownEntries(lines: Lines, line: number, own: Own): Entry[] {
  const shape = shapeOf(lines.line(line));
  if (own.at === 'value' && shape.key) return [{ step: shape.key.name, line, column: shape.key.start, value: shape.key.value, isText: false }];
  return [];
}

/** The text from the value of an entry to the next line that is not inside it. */
function flowRegion(lines: Lines, entry: Entry, line: number, column: number): { text: string; cursor: number } {
  const parts = [lines.line(entry.line).slice(entry.value)];
  let cursor = line === entry.line ? column - entry.value : -1;
  let length = parts[0]?.length ?? 0;
  for (let at = entry.line + 1; at < lines.count; at++) {
    const text = lines.line(at);
    const start = skipSpace(text, 0);
    const closes = text[start] === '}' || text[start] === ']';
    if (at > line && start < text.length && start <= entry.column && !closes) break;
    if (at === line) cursor = length + 1 + column;
    parts.push(text);
    length += 1 + text.length;
    if (at > line && closes && start <= entry.column) break;
  }
  return { text: parts.join('\n'), cursor };
}

function fromFlow(lines: Lines, line: number, column: number, above: (string | 0)[], found: FlowPlace, cursor: number, outer: Map<string, string>): CursorPlace {
  if (found.comment) return nowhere;
  const path = [...above];
  let fields = outer;
  found.frames.forEach((frame, depth) => {
    if (path.length === 2) fields = frame.entries;
    const key = found.keys[depth];
    if (frame.kind === '[') path.push(0);
    else if (key !== undefined) path.push(key);
  });
  const frame = found.frames.at(-1);
  const text = lines.line(line);
  const start = Math.max(0, column - (cursor - found.token));
  const end = found.quote ? closing(text, start, found.quote) : Math.max(column, endOfFlowWord(text, start));
  const word = text.slice(start, end);
  const isKey = frame?.kind === '{' && found.keys.at(-1) === undefined;
  const siblings = new Set(frame?.kind === '{' ? frame.entries.keys() : []);
  if (isKey) siblings.delete(word);
  return {
    at: frame?.kind === '[' ? 'item' : isKey ? 'key' : 'value', path, siblings, start, end, word, indent: start, flow: true, quoted: found.quote !== undefined,
    colon: text[end] === ':' ? 'present' : frame?.kind === '{' && !isKey && text[column - 1] === ':' ? 'needs-space' : 'none', fields,
  };
}

function closing(text: string, start: number, quote: string): number {
  const close = text.indexOf(quote, start);
  return close < 0 ? text.length : close;
}

function endOfFlowWord(text: string, start: number): number {
  let end = start;
  while (end < text.length && !/[,[\]{}]/.test(text[end] ?? '') && !(text[end] === ':' && !/\S/.test(text[end + 1] ?? ' ')) && !(text[end] === '#' && isSpace(text[end - 1]))) end++;
  while (end > start && isSpace(text[end - 1])) end--;
  return end;
}

function inComment(text: string, column: number): boolean {
  const shape = shapeOf(text);
  if (shape.empty) return text[shape.column] === '#' && column > shape.column;
  const from = shape.key ? shape.key.value : shape.column;
  if (column <= from || '"\'[{'.includes(text[from] ?? '')) return false;
  const end = endOfPlain(text, from);
  return text.indexOf('#', end) >= 0 && column > text.indexOf('#', end);
}
