// Regions of actions as unions of boxes over named dimensions, and their exact difference. Emptiness is only claimed where it is proven; that something is left is shown by a point, or left open.

import { compileGlob, isGlob } from '../globs.ts';

/** Names that match a pattern of every group in `need`, and none in `avoid`. Where nothing is needed, having no name at all is within. */
export interface NameExtent {
  readonly need: readonly (readonly string[])[];
  readonly avoid: readonly string[];
}
/** Numbers from `low` to `high`; the ends belong to it unless they are open. */
export interface RangeExtent {
  readonly low: number;
  readonly high: number;
  readonly lowOpen?: boolean;
  readonly highOpen?: boolean;
  /** Whether having no number at all is within; absent where there always is one. */
  readonly none?: boolean;
}
/** An atom that nothing is known of but its text: two of the same text hold together. */
export interface AtomExtent {
  readonly holds: boolean;
}
export type Extent = NameExtent | RangeExtent | AtomExtent;
/** Dimensions that are not named are not bounded. */
export type Box = Readonly<Record<string, Extent>>;

export const named = (...patterns: readonly string[]): NameExtent => ({ need: [patterns], avoid: [] });
export const notNamed = (...patterns: readonly string[]): NameExtent => ({ need: [], avoid: patterns });
export const above = (limit: number): RangeExtent => ({ low: limit, lowOpen: true, high: Infinity });
export const atLeast = (limit: number): RangeExtent => ({ low: limit, high: Infinity });
/** For numbers that an action may lack; it is then not within. */
export const aboveIfAny = (limit: number): RangeExtent => ({ ...above(limit), none: false });
export const belowIfAny = (limit: number): RangeExtent => ({ low: -Infinity, high: limit, highOpen: true, none: false });
export const holds = (value: boolean): AtomExtent => ({ holds: value });

/** More pieces than this are not looked through: it is then said that nothing was decided. */
const MOST_BOXES = 20_000;

/** What is left of a box outside all the others; undefined when it falls into too many pieces. */
export function subtractAll(box: Box, others: readonly Box[]): readonly Box[] | undefined {
  let left: readonly Box[] = [box];
  for (const other of others) {
    left = left.flatMap((each) => subtract(each, other));
    if (left.length === 0) return left;
    if (left.length > MOST_BOXES) return undefined;
  }
  return left;
}

/** `a` without `b`, as disjoint boxes. */
export function subtract(a: Box, b: Box): readonly Box[] {
  const out: Box[] = [];
  let inside = a;
  for (const [dimension, extent] of Object.entries(b)) {
    const own = inside[dimension];
    const both = own ? meet(own, extent) : extent;
    if (isEmpty(both)) return [a];
    for (const outer of complement(extent)) {
      const piece = own ? meet(own, outer) : outer;
      if (!isEmpty(piece)) out.push({ ...inside, [dimension]: piece });
    }
    inside = { ...inside, [dimension]: both };
  }
  return out;
}

/** The box that is in both; undefined when there is none. */
export function meetBoxes(a: Box, b: Box): Box | undefined {
  const out: Record<string, Extent> = { ...a };
  for (const [dimension, extent] of Object.entries(b)) {
    const both = out[dimension] ? meet(out[dimension], extent) : extent;
    if (isEmpty(both)) return undefined;
    out[dimension] = both;
  }
  return out;
}

function meet(a: Extent, b: Extent): Extent {
  if ('need' in a && 'need' in b) return { need: [...a.need, ...b.need], avoid: [...a.avoid, ...b.avoid] };
  if ('low' in a && 'low' in b) {
    const low = Math.max(a.low, b.low);
    const high = Math.min(a.high, b.high);
    const none = a.none === undefined && b.none === undefined ? {} : { none: (a.none ?? true) && (b.none ?? true) };
    return { low, high, lowOpen: [a, b].some((each) => each.low === low && each.lowOpen), highOpen: [a, b].some((each) => each.high === high && each.highOpen), ...none };
  }
  if ('holds' in a && 'holds' in b) return a.holds === b.holds ? a : NEVER;
  throw new Error('one dimension has extents of two kinds');
}

function complement(extent: Extent): readonly Extent[] {
  if ('holds' in extent) return [{ holds: !extent.holds }];
  if ('need' in extent) return [...extent.need.map((group) => ({ need: [], avoid: group })), ...(extent.avoid.length > 0 ? [{ need: [extent.avoid], avoid: [] }] : [])];
  const { low, high, lowOpen = false, highOpen = false, none } = extent;
  const numbers = none === undefined ? {} : { none: false };
  return [
    ...(low > -Infinity ? [{ low: -Infinity, high: low, highOpen: !lowOpen, ...numbers }] : []),
    ...(high < Infinity ? [{ low: high, lowOpen: !highOpen, high: Infinity, ...numbers }] : []),
    ...(none === false ? [{ ...NEVER, none: true }] : []),
  ];
}

const NEVER: RangeExtent = { low: 1, high: 0 };

/** True only when nothing can be within. */
function isEmpty(extent: Extent): boolean {
  if ('holds' in extent) return false;
  if ('low' in extent) return extent.none !== true && (extent.low > extent.high || (extent.low === extent.high && Boolean(extent.lowOpen || extent.highOpen)));
  const { need, avoid } = extent;
  if (need.some((group) => group.every((pattern) => avoid.some((other) => covers(other, pattern))))) return true;
  return need.some((group) => group.every((pattern) => !isGlob(pattern)) && !group.some((name) => within(extent, name)));
}

/** True only when every name that `inner` matches is matched by `outer`: a `*` of `inner` can fall within a `*` of `outer` alone, and a `?` within either. */
function covers(outer: string, inner: string): boolean {
  if (outer === inner || (!isGlob(inner) && compileGlob(outer)(inner))) return true;
  // Places in `outer` at which what is left of it has to match what is left of `inner`.
  let at = skipStars(outer, new Set([0]));
  for (const letter of inner) {
    const next = new Set<number>();
    for (const place of at) {
      if (outer[place] === '*') next.add(place);
      else if (outer[place] === letter || (outer[place] === '?' && letter !== '*')) next.add(place + 1);
    }
    at = skipStars(outer, next);
  }
  return at.has(outer.length);
}

/** A `*` can also match nothing. */
function skipStars(pattern: string, places: Set<number>): Set<number> {
  for (const place of places) if (pattern[place] === '*') places.add(place + 1);
  return places;
}

export function within({ need, avoid }: NameExtent, name: string | undefined): boolean {
  if (name === undefined) return need.length === 0;
  return need.every((group) => group.some((pattern) => compileGlob(pattern)(name))) && !avoid.some((pattern) => compileGlob(pattern)(name));
}

/** Names within an extent, the simplest first; none when none was found. */
export function namesWithin(extent: NameExtent, usual: readonly string[]): readonly string[] {
  const tried = [...usual, ...extent.need.flat().flatMap(instances)];
  return [...new Set(tried)].filter((name) => name !== '' && within(extent, name));
}

function instances(pattern: string): readonly string[] {
  if (!isGlob(pattern)) return [pattern];
  return ['', 'x', 'other', 'a-b', 'x/y'].map((filler) => pattern.replaceAll('*', filler).replaceAll('?', 'x'));
}

/** A number within a range: `usual` when it is, otherwise one near an end. */
export function numberWithin({ low, high, lowOpen = false, highOpen = false }: RangeExtent, usual: number): number | undefined {
  const tried = [usual, low, low + 1, low + 0.01, high, high - 1, high - 0.01, (low + high) / 2];
  return tried.find((each) => Number.isFinite(each) && each >= 0 && (lowOpen ? each > low : each >= low) && (highOpen ? each < high : each <= high));
}
