// What a cursor stands on, read from indentation alone, so that an answer exists while the YAML around it is broken. Cost: the text of one policy.

import type { Path, Span } from './parse.ts';

/** A key as it is written, with the path of the value it names. */
export interface OutlineKey {
  readonly path: Path;
  readonly key: Span;
  /** Column of the key, from 0. */
  readonly column: number;
}

/** Where a cursor is. Offsets are those of the text given to `outlineAt`. */
export interface OutlinePoint {
  /** `key`: the mapping in which a key is being written. `value`: the value itself, a list item included. */
  readonly where: 'key' | 'value' | 'comment';
  readonly path: Path;
  /** The word under the cursor, without quotes: what a completion replaces. Empty when there is none. */
  readonly word: Span;
  /** True inside `[...]` or `{...}`. */
  readonly flow: boolean;
  /** True inside quotes. */
  readonly quoted: boolean;
  /** Column (from 0) at which the mapping's keys stand, for a new line. */
  readonly column: number;
}

interface Frame {
  readonly kind: 'map' | 'seq' | 'flow-map' | 'flow-seq';
  readonly column: number;
  /** Path of the collection. */
  readonly path: Path;
  step: string | number | undefined;
}

/** Deeper nesting is not followed: the parser refuses it anyway. */
const MAX_FRAMES = 80;

type Mode = 'block' | 'flow' | 'scalar' | 'comment';

interface Scan {
  readonly keys: OutlineKey[];
  frames: Frame[];
  mode: Mode;
  quote: string | undefined;
  /** Start of the token the scan ended in. */
  token: number;
  /** True when the last token stands where a value is expected. */
  inValue: boolean;
  column: number;
}

const KEY = /^("(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*'|[^\s#[\]{},&*!|>'"%@`:-](?:[^\n:#]|:(?=\S)|(?<=\S)#)*?|[-?:](?=\S)(?:[^\n:#]|:(?=\S))*?)[ \t]*:(?=[ \t\r]|$)/;

/** All keys of the text in order, flow mappings included. */
export function outlineKeys(text: string): readonly OutlineKey[] {
  return scan(text).keys;
}

export function outlineAt(text: string, offset: number): OutlinePoint {
  const state = scan(text.slice(0, offset));
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(lineStart, offset);
  if (state.mode === 'block' && before.trim() === '') return blank(state, text, offset, before.length);
  const word = wordAround(text, offset, state.token);
  const quoted = state.quote !== undefined;
  if (state.mode === 'comment') return { where: 'comment', path: [], word, flow: false, quoted: false, column: 0 };
  const frame = state.frames.at(-1);
  if (!frame) return { where: 'key', path: [], word, flow: false, quoted, column: 0 };
  const flow = frame.kind.startsWith('flow');
  const mapping = frame.kind === 'map' || frame.kind === 'flow-map';
  if (mapping && !state.inValue) {
    if (state.column > frame.column && frame.kind === 'map' && frame.step !== undefined) return { where: 'key', path: valuePath(frame), word, flow, quoted, column: state.column };
    return { where: 'key', path: frame.path, word, flow, quoted, column: frame.column };
  }
  return { where: 'value', path: valuePath(frame), word, flow, quoted, column: frame.column };
}

/** An empty line belongs to what its column says. */
function blank(state: Scan, text: string, offset: number, column: number): OutlinePoint {
  const frames = [...state.frames];
  while (frames.length > 1 && frames.at(-1)!.column > column) frames.pop();
  const frame = frames.at(-1);
  const word = { start: offset, end: offset };
  const base = { word, flow: false, quoted: false };
  if (!frame || frame.column > column) return { ...base, where: 'key', path: [], column };
  if (frame.kind === 'seq') return { ...base, where: column > frame.column ? 'key' : 'value', path: [...frame.path, column > frame.column ? Number(frame.step) : Number(frame.step) + 1], column };
  if (column > frame.column && frame.step !== undefined) return { ...base, where: 'key', path: valuePath(frame), column };
  return { ...base, where: 'key', path: frame.path, column: frame.column };
}

function valuePath(frame: Frame): Path {
  return frame.step === undefined ? frame.path : [...frame.path, frame.step];
}

function wordAround(text: string, offset: number, token: number): Span {
  let start = offset;
  while (start > token && /[^\s"'[\]{},]/.test(text[start - 1]!)) start--;
  let end = offset;
  while (end < text.length && /[^\s"'[\]{},#]/.test(text[end]!) && !(text[end] === ':' && /\s|$/.test(text[end + 1] ?? ''))) end++;
  return { start, end };
}

function scan(text: string): Scan {
  const state: Scan = { keys: [], frames: [], mode: 'block', quote: undefined, token: 0, inValue: false, column: 0 };
  let scalarColumn = -1;
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (start <= text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end);
    const indent = line.length - line.trimStart().length;
    const content = indent < line.length;
    if (state.mode === 'comment') state.mode = 'block';
    if (state.mode === 'scalar' && content && indent <= scalarColumn) state.mode = 'block';
    if (state.mode === 'flow' && content && abandonsFlow(state, line, indent)) leaveFlow(state);
    if (state.mode === 'flow') flowChars(state, text, start, end);
    else if (state.mode === 'scalar') state.token = start + indent;
    else if (content) {
      const opened = blockLine(state, text, start, end, indent);
      if (opened !== undefined) scalarColumn = opened;
    } else {
      state.inValue = false;
      state.token = end;
    }
    start = end + 1;
  }
  return state;
}

/** Content at or left of the collection that holds the open bracket: YAML wants it deeper, so the bracket was never closed. */
function abandonsFlow(state: Scan, line: string, indent: number): boolean {
  const holder = state.frames.findLast((frame) => frame.kind === 'map' || frame.kind === 'seq');
  return holder !== undefined && indent <= holder.column && !/[\]},#]/.test(line[indent]!);
}

function leaveFlow(state: Scan): void {
  state.frames = state.frames.filter((frame) => !frame.kind.startsWith('flow'));
  state.mode = 'block';
  state.quote = undefined;
}

/** One line of block style. Answers the column of the parent when a block scalar opens. */
function blockLine(state: Scan, text: string, start: number, end: number, indent: number): number | undefined {
  let column = indent;
  state.inValue = false;
  for (;;) {
    const at = start + column;
    state.token = at;
    state.column = column;
    const rest = text.slice(at, end);
    if (rest.startsWith('#')) {
      state.mode = 'comment';
      return undefined;
    }
    const dash = /^-(?:[ \t]+|$)/.exec(rest);
    if (dash) {
      listItem(state, column);
      column += Math.max(dash[0].length, 2);
      state.inValue = true;
      if (start + column >= end) {
        state.token = end;
        return undefined;
      }
      continue;
    }
    const key = KEY.exec(rest);
    if (!key) return scalar(state, text, at, end, column);
    const name = unquote(key[1]!);
    const path = openKey(state, column, name);
    state.keys.push({ path, key: { start: at, end: at + key[1]!.length }, column });
    const gap = /^[ \t]*/.exec(text.slice(at + key[0].length, end))![0].length;
    const value = at + key[0].length + gap;
    state.inValue = true;
    state.token = value;
    return value >= end ? undefined : scalar(state, text, value, end, column);
  }
}

function scalar(state: Scan, text: string, at: number, end: number, column: number): number | undefined {
  state.token = at;
  const char = text[at];
  if (char === '[' || char === '{' || char === '"' || char === "'") {
    state.mode = 'flow';
    flowChars(state, text, at, end);
    return undefined;
  }
  if (char === '#') state.mode = 'comment';
  if ((char === '|' || char === '>') && state.inValue) {
    state.mode = 'scalar';
    return state.frames.at(-1)?.column ?? column;
  }
  if (/\s#/.test(text.slice(at, end))) state.mode = 'comment';
  return undefined;
}

function listItem(state: Scan, column: number): void {
  const { frames } = state;
  while (frames.length > 0 && frames.at(-1)!.column > column) frames.pop();
  const top = frames.at(-1);
  if (top?.kind === 'seq' && top.column === column) {
    top.step = Number(top.step) + 1;
    return;
  }
  if (frames.length < MAX_FRAMES) frames.push({ kind: 'seq', column, path: top ? valuePath(top) : [], step: 0 });
}

function openKey(state: Scan, column: number, name: string): Path {
  const { frames } = state;
  while (frames.length > 0 && (frames.at(-1)!.column > column || (frames.at(-1)!.column === column && frames.at(-1)!.kind === 'seq'))) frames.pop();
  let top = frames.at(-1);
  if (!top || top.kind !== 'map' || top.column !== column) {
    top = { kind: 'map', column, path: top ? valuePath(top) : [], step: name };
    frames.push(top);
  }
  top.step = name;
  return [...top.path, name];
}

/** Reads flow style and quotes from `at` to the end of the line; the mode stays `flow` while something is open. */
function flowChars(state: Scan, text: string, at: number, end: number): void {
  const { frames } = state;
  let token = at;
  for (let i = at; i < end; i++) {
    const char = text[i]!;
    if (state.quote) {
      if (char === '\\' && state.quote === '"') i++;
      else if (char === state.quote) {
        if (char === "'" && text[i + 1] === "'") i++;
        else state.quote = undefined;
      }
      continue;
    }
    const top = frames.at(-1);
    const flow = top?.kind.startsWith('flow') ?? false;
    if ((char === '"' || char === "'") && text.slice(token, i).trim() === '') {
      state.quote = char;
      token = i + 1;
    } else if (char === '[' || char === '{') {
      if (frames.length < MAX_FRAMES) frames.push({ kind: char === '[' ? 'flow-seq' : 'flow-map', column: state.column, path: top ? valuePath(top) : [], step: char === '[' ? 0 : undefined });
      state.inValue = char === '[';
      token = i + 1;
    } else if (flow && (char === ']' || char === '}')) {
      frames.pop();
      state.inValue = true;
      token = i + 1;
    } else if (flow && char === ',') {
      top!.step = top!.kind === 'flow-seq' ? Number(top!.step) + 1 : undefined;
      state.inValue = top!.kind === 'flow-seq';
      token = i + 1;
    } else if (flow && char === ':' && top!.kind === 'flow-map' && !state.inValue && /[\s,\]}]|$/.test(text[i + 1] ?? '')) {
      const raw = text.slice(token, i).replace(/["']$/, '');
      top!.step = raw.trim();
      const lead = raw.length - raw.trimStart().length;
      state.keys.push({ path: valuePath(top!), key: { start: token + lead, end: token + lead + top!.step.length }, column: state.column });
      state.inValue = true;
      token = i + 1;
    } else if (char === '#' && /\s/.test(text[i - 1] ?? ' ')) {
      if (end === text.length) state.mode = 'comment';
      break;
    }
  }
  state.token = token;
  if (state.mode === 'flow' && state.quote === undefined && !frames.at(-1)?.kind.startsWith('flow')) state.mode = 'block';
}

function unquote(key: string): string {
  return /^["']/.test(key) ? key.slice(1, -1) : key;
}
