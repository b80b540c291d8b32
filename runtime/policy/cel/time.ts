// Timestamps and durations: how they are written, added and taken apart. Timestamps are milliseconds since the epoch here.

import { Duration } from '@marcbachmann/cel-js/evaluator';
import { EvaluationError } from './expression.ts';

/** Year 1 to year 9999, as the CEL specification bounds timestamps. */
const EARLIEST = -62_135_596_800_000;
const LATEST = 253_402_300_799_999;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** Throws an EvaluationError for anything but an RFC 3339 time. Fractions are kept to the millisecond. */
export function parseTimestamp(text: string): number {
  const ms = RFC_3339.test(text) ? Date.parse(text.toUpperCase()) : NaN;
  if (Number.isNaN(ms)) throw new EvaluationError('invalid', 'timestamp() needs a time as in 2026-01-31T12:00:00Z');
  return boundedTimestamp(ms);
}

export function boundedTimestamp(ms: number): number {
  if (!(ms >= EARLIEST && ms <= LATEST)) throw new EvaluationError('range', 'the time lies outside the years 1 to 9999');
  return ms;
}

const UNIT_NANOS: Readonly<Record<string, bigint>> = { h: 3_600_000_000_000n, m: 60_000_000_000n, s: 1_000_000_000n, ms: 1_000_000n, us: 1_000n, µs: 1_000n, ns: 1n };
const BILLION = 1_000_000_000n;

/** Go's duration syntax (https://pkg.go.dev/time#ParseDuration): `90s`, `1h30m`, `-1.5h`. */
export function parseDuration(text: string): Duration {
  const part = /(\d*)(?:\.(\d*))?(ns|us|µs|ms|s|m|h)/y;
  const negative = text.startsWith('-');
  let nanos = 0n;
  part.lastIndex = /^[+-]/.test(text) ? 1 : 0;
  if (text.length > 64 || part.lastIndex === text.length) throw badDuration();
  while (part.lastIndex < text.length) {
    const [, whole, fraction = '', unit] = part.exec(text) ?? [];
    if (whole === undefined || unit === undefined || whole + fraction === '') throw badDuration();
    const scale = UNIT_NANOS[unit]!;
    nanos += BigInt(whole || '0') * scale + (BigInt(fraction.slice(0, 13).padEnd(13, '0')) * scale) / 10n ** 13n;
  }
  if (negative) nanos = -nanos;
  return new Duration(nanos / BILLION, Number(nanos % BILLION));
}

const badDuration = (): EvaluationError => new EvaluationError('invalid', 'duration() needs a span of time as in 90s, 10m or 1h30m');

/** A duration of so many milliseconds. Exact, which the library's own conversion is not beyond some years. */
export function spanOf(ms: number): Duration {
  return new Duration(Math.trunc(ms / 1000), Math.round((ms % 1000) * 1e6));
}

/** The moment a duration later, to the millisecond. */
export function later(ms: number, by: Duration): number {
  return boundedTimestamp(ms + Number(by.seconds) * 1000 + Math.floor(by.nanos / 1e6));
}

export function earlier(ms: number, by: Duration): number {
  return boundedTimestamp(ms - Number(by.seconds) * 1000 - Math.floor(by.nanos / 1e6));
}

/** Calendar parts by the name of the CEL method that gives them. */
export type Part = 'getFullYear' | 'getMonth' | 'getDate' | 'getDayOfMonth' | 'getDayOfWeek' | 'getDayOfYear' | 'getHours' | 'getMinutes' | 'getSeconds' | 'getMilliseconds';
export const PARTS: readonly Part[] = ['getFullYear', 'getMonth', 'getDate', 'getDayOfMonth', 'getDayOfWeek', 'getDayOfYear', 'getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'];

/** One part of a moment, in UTC or in a zone given by its IANA name. Months, days of the week (from Sunday), of the month and of the year count from zero; `getDate` counts from one. */
export function partOf(ms: number, part: Part, zone?: string): number {
  const date = new Date(zone === undefined ? ms : wallClock(ms, zone));
  switch (part) {
    case 'getFullYear': return date.getUTCFullYear();
    case 'getMonth': return date.getUTCMonth();
    case 'getDate': return date.getUTCDate();
    case 'getDayOfMonth': return date.getUTCDate() - 1;
    case 'getDayOfWeek': return date.getUTCDay();
    case 'getDayOfYear': return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000);
    case 'getHours': return date.getUTCHours();
    case 'getMinutes': return date.getUTCMinutes();
    case 'getSeconds': return date.getUTCSeconds();
    case 'getMilliseconds': return date.getUTCMilliseconds();
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();
const FORMATS_KEPT = 64;

/** What a clock in that zone shows, as if it were UTC. */
function wallClock(ms: number, zone: string): number {
  const fields: Record<string, number> = {};
  for (const { type, value } of zoneFormat(zone).formatToParts(ms)) fields[type] = Number(value);
  const milliseconds = ((ms % 1000) + 1000) % 1000;
  return Date.UTC(fields['year']!, fields['month']! - 1, fields['day']!, fields['hour']!, fields['minute']!, fields['second']!, milliseconds);
}

/** Throws an EvaluationError when there is no such zone. */
export function zoneFormat(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    if (formats.size >= FORMATS_KEPT) formats.clear();
    formats.set(zone, format);
    return format;
  } catch {
    throw new EvaluationError('invalid', `there is no time zone \`${zone.slice(0, 40)}\`: use an IANA name as in Europe/Berlin`);
  }
}
