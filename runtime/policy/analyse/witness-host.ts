// A past in which as much went on and began as a box asks for, so that an engine can be asked about it.

import { freshHost, type Host } from '../facts.ts';
import { numberWithin, type RangeExtent } from './regions.ts';

type Counts = readonly (readonly [string, RangeExtent])[];

/** `going` is named `per of`, `began` is JSON of `[per, of, windowMs, tools]`; starts are counted up to `now`, in milliseconds since the epoch. */
export function hostIn(now: number, going: Counts, began: Counts, remembered: number): Host {
  const running = new Map(going.map(([name, range]) => [name, numberWithin(range, 0) ?? 0]));
  const windows = began.map(([name, range]) => ({ ...parsed(name), range })).sort((a, b) => a.windowMs - b.windowMs);
  return freshHost({
    running: (per, of) => running.get(`${per} ${of}`) ?? 0,
    starts: (per, of, tools) => timesIn(now, windows.filter((each) => each.whose === JSON.stringify([per, of, tools ?? null]))),
    remembered: () => ({ item: remembered }),
  });
}

function parsed(name: string): { readonly whose: string; readonly windowMs: number } {
  const [per, of, windowMs, tools] = JSON.parse(name) as readonly [string, string, number, readonly string[] | null];
  return { whose: JSON.stringify([per, of, tools]), windowMs };
}

/** Each window, from the shortest, is filled up by starts that the one before it no longer holds. */
function timesIn(now: number, windows: readonly { readonly windowMs: number; readonly range: RangeExtent }[]): readonly number[] {
  const times: number[] = [];
  let shorter = 0;
  for (const { windowMs, range } of windows) {
    const missing = (numberWithin(range, times.length) ?? 0) - times.length;
    for (let index = 0; index < missing; index++) times.unshift(now - shorter);
    shorter = windowMs;
  }
  return times;
}
