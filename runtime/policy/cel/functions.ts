// The functions and methods of expressions, one row for each overload. A row takes and gives unboxed values: Int, milliseconds, Duration.

import type { Duration } from '@marcbachmann/cel-js/evaluator';
import { EvaluationError } from './expression.ts';
import { toInt, type Int } from './integers.ts';
import { PARTS, parseDuration, parseTimestamp, partOf } from './time.ts';
import type { Kind } from './values.ts';

export interface Overload {
  /** Kinds of the receiver, for a method, and of the arguments. `any` takes everything, boxed. */
  readonly takes: readonly (Kind | 'any')[];
  readonly gives: Kind | 'any';
  readonly call: (...args: never[]) => unknown;
}

export interface Callable {
  readonly description: string;
  readonly overloads: readonly Overload[];
}

const row = <A extends unknown[]>(takes: Overload['takes'], gives: Overload['gives'], call: (...args: A) => unknown): Overload => ({ takes, gives, call: call as Overload['call'] });

const SIZES = [
  row(['string'], 'int', codePoints),
  row(['list'], 'int', (list: unknown[]) => list.length),
  row(['map'], 'int', (map: object) => Object.keys(map).length),
];

/** `name(...)`. */
export const FUNCTIONS: Readonly<Record<string, Callable>> = {
  size: { description: 'Length of a text in code points, or the number of items of a list or map.', overloads: SIZES },
  dyn: { description: 'The value, its type to be known only at run time.', overloads: [row(['any'], 'any', (value: unknown) => value)] },
  bool: { description: 'A boolean from a text such as `true`.', overloads: [row(['bool'], 'bool', (value: boolean) => value), row(['string'], 'bool', parseBool)] },
  int: { description: 'An integer from a text, or from a number without its fraction.', overloads: [row(['int'], 'int', (value: Int) => value), row(['double'], 'int', truncate), row(['string'], 'int', parseInteger)] },
  double: { description: 'A number from an integer or a text.', overloads: [row(['double'], 'double', (value: number) => value), row(['int'], 'double', (value: Int) => Number(value)), row(['string'], 'double', parseDouble)] },
  string: { description: 'The value as text.', overloads: [row(['string'], 'string', (value: string) => value), row(['bool'], 'string', String), row(['int'], 'string', String), row(['double'], 'string', printDouble)] },
  timestamp: { description: 'A moment from RFC 3339 text or from seconds since 1970.', overloads: [row(['string'], 'timestamp', parseTimestamp), row(['int'], 'timestamp', fromSeconds)] },
  duration: { description: 'A span of time from text such as `90s` or `1h30m`.', overloads: [row(['string'], 'duration', parseDuration)] },
};

/** The whole duration in that unit, unlike the parts of a timestamp. */
const DURATION_PARTS: Readonly<Record<string, (value: Duration) => Int>> = {
  getHours: ({ seconds }) => toInt(seconds / 3600n),
  getMinutes: ({ seconds }) => toInt(seconds / 60n),
  getSeconds: ({ seconds }) => toInt(seconds),
  getMilliseconds: ({ seconds, nanos }) => toInt(seconds * 1000n + BigInt(Math.floor(nanos / 1e6))),
};

/** `receiver.name(...)`. */
export const METHODS: Readonly<Record<string, Callable>> = {
  size: FUNCTIONS['size']!,
  startsWith: { description: 'Whether the text begins so.', overloads: [row(['string', 'string'], 'bool', (text: string, part: string) => text.startsWith(part))] },
  endsWith: { description: 'Whether the text ends so.', overloads: [row(['string', 'string'], 'bool', (text: string, part: string) => text.endsWith(part))] },
  contains: { description: 'Whether the text has this part.', overloads: [row(['string', 'string'], 'bool', (text: string, part: string) => text.includes(part))] },
  matches: { description: 'Whether some part of the text matches an RE2 pattern, which must be written as a literal.', overloads: [row(['string', 'string'], 'bool', () => { throw new EvaluationError('invalid', 'matches() needs its pattern as a literal text'); })] },
  lowerAscii: { description: 'The text in lower case.', overloads: [row(['string'], 'string', (text: string) => text.toLowerCase())] },
  upperAscii: { description: 'The text in upper case.', overloads: [row(['string'], 'string', (text: string) => text.toUpperCase())] },
  trim: { description: 'The text without white space around it.', overloads: [row(['string'], 'string', (text: string) => text.trim())] },
  indexOf: { description: 'Where the part first begins, from zero, or -1.', overloads: [row(['string', 'string'], 'int', (text: string, part: string) => text.indexOf(part)), row(['string', 'string', 'int'], 'int', (text: string, part: string, from: Int) => (part === '' ? from : text.indexOf(part, positionIn(text, from, text.length - 1))))] },
  lastIndexOf: { description: 'Where the part last begins, from zero, or -1.', overloads: [row(['string', 'string'], 'int', (text: string, part: string) => text.lastIndexOf(part)), row(['string', 'string', 'int'], 'int', (text: string, part: string, from: Int) => (part === '' ? from : text.lastIndexOf(part, positionIn(text, from, text.length - 1))))] },
  substring: { description: 'The text from one position up to another.', overloads: [row(['string', 'int'], 'string', (text: string, start: Int) => text.substring(positionIn(text, start, text.length))), row(['string', 'int', 'int'], 'string', substring)] },
  split: { description: 'The pieces of the text between separators.', overloads: [row(['string', 'string'], 'list', (text: string, by: string) => text.split(by)), row(['string', 'string', 'int'], 'list', splitAtMost)] },
  join: { description: 'One text of a list of texts.', overloads: [row(['list'], 'string', (list: unknown[]) => join(list, '')), row(['list', 'string'], 'string', join)] },
  ...Object.fromEntries(PARTS.map((part) => [part, { description: 'A part of a moment, in UTC or in a time zone.', overloads: partRows(part) }])),
};

function partRows(part: (typeof PARTS)[number]): readonly Overload[] {
  return [
    row(['timestamp'], 'int', (ms: number) => partOf(ms, part)),
    row(['timestamp', 'string'], 'int', (ms: number, zone: string) => partOf(ms, part, zone)),
    ...(Object.hasOwn(DURATION_PARTS, part) ? [row(['duration'], 'int', DURATION_PARTS[part]!)] : []),
  ];
}

/** Overloads for so many arguments, the receiver included. */
export function overloadsOf(table: Readonly<Record<string, Callable>>, name: string, count: number): readonly Overload[] {
  return Object.hasOwn(table, name) ? table[name]!.overloads.filter(({ takes }) => takes.length === count) : [];
}

function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index++, count++) if (text.codePointAt(index)! > 0xffff) index++;
  return count;
}

function parseBool(text: string): boolean {
  if (['1', 't', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new EvaluationError('invalid', 'bool() needs `true` or `false`');
}

function truncate(value: number): Int {
  if (!Number.isFinite(value)) throw new EvaluationError('overflow', 'int() needs a finite number');
  return toInt(BigInt(Math.trunc(value)));
}

function parseInteger(text: string): Int {
  if (!/^-?\d{1,19}$/.test(text)) throw new EvaluationError('invalid', 'int() needs a whole number in decimal digits');
  return toInt(BigInt(text));
}

function parseDouble(text: string): number {
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (word) return word[2]!.toLowerCase() === 'nan' ? NaN : word[1] === '-' ? -Infinity : Infinity;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new EvaluationError('invalid', 'double() needs a number in decimal digits');
  return Number(text);
}

function printDouble(value: number): string {
  return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
}

function fromSeconds(seconds: Int): number {
  const ms = Number(seconds) * 1000;
  if (!(ms >= -62_135_596_800_000 && ms <= 253_402_300_799_999)) throw new EvaluationError('range', 'the time lies outside the years 1 to 9999');
  return ms;
}

function positionIn(text: string, position: Int, last: number): number {
  const index = Number(position);
  if (index < 0 || index > last) throw new EvaluationError('range', `position ${index} lies outside the text of length ${text.length}`);
  return index;
}

function substring(text: string, start: Int, end: Int): string {
  const from = positionIn(text, start, text.length);
  const to = positionIn(text, end, text.length);
  if (to < from) throw new EvaluationError('range', 'substring() ends before it starts');
  return text.substring(from, to);
}

function splitAtMost(text: string, by: string, limit: Int): string[] {
  if (limit === 0) return [];
  const pieces = text.split(by);
  if (limit < 0 || pieces.length <= limit) return pieces;
  return [...pieces.slice(0, Number(limit) - 1), pieces.slice(Number(limit) - 1).join(by)];
}

function join(list: readonly unknown[], by: string): string {
  for (const item of list) if (typeof item !== 'string') throw new EvaluationError('type', 'join() needs a list of texts');
  return list.join(by);
}
