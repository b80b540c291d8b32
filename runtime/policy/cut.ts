// Where a governance file is cut: at its top-level keys and at the items of a block list `policies:`. Text in, spans out; nothing is parsed here.

/** A stretch of the file that is parsed alone. Cuts tile the text: each starts where the one before ends. */
export interface Cut {
  readonly kind: 'preamble' | 'section' | 'policy';
  readonly start: number;
  readonly end: number;
}

export interface Cutting {
  readonly cuts: readonly Cut[];
  /** Column (from 0) of the dashes of `policies:`, when it is a block list. */
  readonly dashColumn: number | undefined;
}

/**
 * Cuts the text, or answers undefined for a form that only a parser of the whole text understands: a flow-style or indented
 * document, explicit keys (`? `), or several documents in one file.
 *
 * A line that starts a top-level key, or an item at the list's own column, can never lie inside a scalar or collection of the
 * part above it (YAML 1.2.2, 6.1: their lines are indented deeper), so a cut is right however broken the part above is.
 */
export function cut(text: string): Cutting | undefined {
  const starts = sectionStarts(text);
  if (!starts) return undefined;
  const cuts: Cut[] = [];
  const first = starts[0] ?? text.length;
  if (first > 0) cuts.push({ kind: 'preamble', start: 0, end: first });
  let dashColumn: number | undefined;
  starts.forEach((start, index) => {
    const end = starts[index + 1] ?? text.length;
    const column = listColumn(text.slice(start, end));
    const items = column === undefined ? [] : itemStarts(text, start, end, column);
    dashColumn ??= column;
    cuts.push({ kind: 'section', start, end: items[0] ?? end });
    items.forEach((item, at) => cuts.push({ kind: 'policy', start: item, end: items[at + 1] ?? end }));
  });
  return { cuts, dashColumn };
}

/** Starts of the lines between `from` and `to` that open an item at this column. */
export function itemStarts(text: string, from: number, to: number, column: number): number[] {
  const dash = `\n${' '.repeat(column)}-`;
  const starts: number[] = [];
  for (let at = text.indexOf(dash, Math.max(0, from - 1)); at >= 0 && at + 1 < to; at = text.indexOf(dash, at + dash.length)) {
    if (at + 1 >= from && isBlank(text.charCodeAt(at + dash.length))) starts.push(at + 1);
  }
  return starts;
}

/** True when some line of this stretch begins in the first column with something other than a comment, a dash or a closing bracket. */
export function holdsTopLevelLine(text: string, from: number, to: number): boolean {
  for (let line = lineAfter(text, from - 1); line >= 0 && line < to; line = lineAfter(text, line)) {
    if (startsSection(text, line) || text.startsWith('---', line)) return true;
  }
  return false;
}

function sectionStarts(text: string): number[] | undefined {
  const starts: number[] = [];
  const origin = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let seen = false;
  for (let line = origin; line >= 0; line = lineAfter(text, line)) {
    const char = text.charCodeAt(line);
    if (text.startsWith('---', line) || text.startsWith('...', line)) {
      if (seen || !/^---[ \t]*(#.*)?\r?$/.test(lineAt(text, line))) return undefined;
    } else if (char === 0x25 /* % */) {
      return undefined;
    } else if (startsSection(text, line)) {
      if (!seen && /[[{?'"&!*|>]/.test(text[line]!)) return undefined;
      if (text.startsWith('? ', line)) return undefined;
      seen = true;
      starts.push(line);
    } else if (!seen && !isVoid(lineAt(text, line))) {
      return undefined;
    }
  }
  return starts;
}

function startsSection(text: string, line: number): boolean {
  const char = text.charCodeAt(line);
  if (Number.isNaN(char) || isBlank(char) || char === 0x23 /* # */ || char === 0x5d /* ] */ || char === 0x7d /* } */ || char === 0x2c /* , */) return false;
  return !(char === 0x2d /* - */ && (isBlank(text.charCodeAt(line + 1)) || text.startsWith('---', line)));
}

/**
 * Column of the dashes when this section is `policies:` with nothing but comments before its first item. The column at which most
 * policies stand counts, so that a first item that is indented wrongly does not take the others with it.
 */
function listColumn(section: string): number | undefined {
  const first = /^policies:[ \t]*(?:[ \t]#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*( *)-(?:[ \t\r\n]|$)/.exec(section)?.[1]?.length;
  if (first === undefined) return undefined;
  const counts = [...nameColumns(section)].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return counts[0]?.[0] ?? first;
}

/** How many lines `- name:` there are, by the column of their dash. */
export function nameColumns(text: string): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const match of text.matchAll(/^( *)-[ \t]+name:/gm)) counts.set(match[1]!.length, (counts.get(match[1]!.length) ?? 0) + 1);
  return counts;
}

function isBlank(char: number): boolean {
  return Number.isNaN(char) || char === 0x20 || char === 0x09 || char === 0x0a || char === 0x0d;
}

function isVoid(line: string): boolean {
  return /^\s*(#.*)?$/.test(line);
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? text.length : end);
}

function lineAfter(text: string, at: number): number {
  if (at < 0) return 0;
  const newline = text.indexOf('\n', at);
  return newline < 0 || newline + 1 >= text.length ? -1 : newline + 1;
}
