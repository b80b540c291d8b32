// One line of YAML block text, read without a parser: its dashes, its key, and where its value begins.

/** A text by lines, without their line ends. Indices count from 0. */
export interface Lines {
  readonly count: number;
  line(index: number): string;
}

/** Columns count from 0, in UTF-16 code units. */
export interface LineShape {
  /** Columns of the `- ` marks that open items on this line. */
  readonly dashes: readonly number[];
  /** Column of the first character after the dashes; the line's length when there is none. */
  readonly column: number;
  /** Nothing but white space or a comment after the dashes. */
  readonly empty: boolean;
  readonly key?: LineKey;
}

export interface LineKey {
  readonly name: string;
  readonly start: number;
  /** Column of the colon. */
  readonly colon: number;
  /** Column of the first character of the value; the line's length when there is none. */
  readonly value: number;
}

export function linesOf(text: string): Lines {
  const lines = text.split(/\r\n|\n|\r/);
  return { count: lines.length, line: (index) => lines[index] ?? '' };
}

/** Reads a line. Linear in its length. */
export function shapeOf(line: string): LineShape {
  const dashes: number[] = [];
  let at = skipSpace(line, 0);
  while (line[at] === '-' && (at + 1 === line.length || isSpace(line[at + 1]))) {
    dashes.push(at);
    at = skipSpace(line, at + 1);
  }
  const empty = at >= line.length || line[at] === '#';
  return { dashes, column: at, empty, ...(empty ? {} : { key: keyAt(line, at) }) };
}

/** Column of the first mark of the line: how deep it sits. */
export function indentOf(shape: LineShape): number {
  return shape.dashes[0] ?? shape.column;
}

/** End of a plain value that starts at `from`: before a comment and trailing space. */
export function endOfPlain(line: string, from: number): number {
  let end = line.length;
  for (let at = from; at < line.length; at++) {
    if (line[at] === '#' && (at === from || isSpace(line[at - 1]))) { end = at; break; }
  }
  while (end > from && isSpace(line[end - 1])) end--;
  return end;
}

/** The text of a scalar on one line, without quotes and comment. */
export function scalarText(line: string, from: number): string {
  const quote = line[from];
  if (quote === '"' || quote === "'") {
    const close = line.indexOf(quote, from + 1);
    return line.slice(from + 1, close < 0 ? line.length : close);
  }
  return line.slice(from, endOfPlain(line, from));
}

export const isSpace = (char: string | undefined): boolean => char === ' ' || char === '\t';

export function skipSpace(line: string, from: number): number {
  while (isSpace(line[from])) from++;
  return from;
}

function keyAt(line: string, start: number): LineKey | undefined {
  const first = line[start] ?? '';
  if (first === '"' || first === "'") return quotedKey(line, start, first);
  if ('[]{},|>%@`&*!'.includes(first)) return undefined;
  for (let at = start; at < line.length; at++) {
    if (line[at] === '#' && isSpace(line[at - 1])) return undefined;
    if (endsKey(line, at)) return { name: line.slice(start, at).trimEnd(), start, colon: at, value: skipSpace(line, at + 1) };
  }
  return undefined;
}

function quotedKey(line: string, start: number, quote: string): LineKey | undefined {
  const close = line.indexOf(quote, start + 1);
  if (close < 0) return undefined;
  const colon = skipSpace(line, close + 1);
  return endsKey(line, colon) ? { name: line.slice(start + 1, close), start, colon, value: skipSpace(line, colon + 1) } : undefined;
}

const endsKey = (line: string, at: number): boolean => line[at] === ':' && (at + 1 === line.length || isSpace(line[at + 1]));
