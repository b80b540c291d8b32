// When two calls are the same, when they are nearly so, and when a row of calls goes round in circles.

import type { CallMark } from '../facts.ts';

/**
 * Arguments as text: the same for values that JSON cannot tell apart, whatever the order of their keys. The governor hashes it into
 * `CallMark.hash`. Functions and symbols, which no wire carries, count as absent.
 */
export function canonicalArgs(args: unknown): string {
  if (Array.isArray(args)) return `[${args.map((item) => canonicalArgs(item)).join(',')}]`;
  if (typeof args !== 'object' || args === null) return JSON.stringify(args) ?? 'null';
  const entries = Object.entries(args).filter(([, value]) => value !== undefined && typeof value !== 'function' && typeof value !== 'symbol');
  return `{${entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([key, value]) => `${JSON.stringify(key)}:${canonicalArgs(value)}`).join(',')}}`;
}

/** The same with every number as `0`, runs of white space as one space, and letters in lower case. The governor hashes it into `CallMark.shape`. */
export function shapeOf(args: unknown): string {
  return canonicalArgs(args).replace(/(?:\\[nrt]|\s)+/g, ' ').replace(/\d+(?:[.,]\d+)*/g, '0').toLowerCase();
}

/** How many calls in a row, newest first, are like `like`. */
export function streak(history: readonly CallMark[], like: (mark: CallMark) => boolean): number {
  let count = 0;
  for (let at = history.length - 1; at >= 0 && like(history[at]!); at--) count++;
  return count;
}

/**
 * The shortest period, of 2 to `longest` calls, in which `calls` (oldest first) end with more than `most` full turns. Calls that are all the same
 * are a streak, not a cycle.
 */
export function cycle(calls: readonly CallMark[], most: number, longest: number): number | undefined {
  for (let period = 2; period <= longest && calls.length > period * most; period++) {
    if (streak(calls, (mark) => same(mark, calls.at(-1)!)) >= period) return undefined;
    let length = period;
    while (length < calls.length && same(calls.at(-1 - length)!, calls.at(-1 - length + period)!)) length++;
    if (length > period * most) return period;
  }
  return undefined;
}

const same = (a: CallMark, b: CallMark): boolean => a.kind === b.kind && a.name === b.name && a.hash === b.hash;
