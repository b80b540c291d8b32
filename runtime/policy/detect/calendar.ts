// What the calendar and the clock on the wall say at an instant in an IANA time zone, and when they next say something else. Pure: every function takes its instant.

/** A moment as a person in the zone reads it. */
export interface WallTime {
  /** Days since 1 January 1970, of the local date. */
  readonly day: number;
  /** 0 is Monday, 6 is Sunday. */
  readonly weekday: number;
  /** Minutes since midnight on the clock, 0 to 1439. */
  readonly minute: number;
}

/** A time zone with what is worth keeping for it. Made once, by whoever asks often. */
export interface Zone {
  readonly name: string;
  /** How far local time is ahead of UTC at this instant, in milliseconds. */
  offset(at: number): number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY_MS = 24 * 60 * MINUTE;

/** True for a name of the IANA time zone database that this machine knows. */
export function isZone(name: string): boolean {
  // Newer engines also take offsets such as +02:00. They have no daylight saving and older engines refuse them, so they are no names here.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Throws RangeError for a name that is no time zone. */
export function zoneNamed(name: string): Zone {
  if (/^(Etc\/)?(UTC|GMT|UCT|Zulu|Universal)$/i.test(name)) return { name, offset: () => 0 };
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23',
    year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  });
  return { name, offset: hourly((at) => wallSeconds(format, at) * 1000 - Math.floor(at / 1000) * 1000) };
}

/** Remembers the newest hour in which clocks did not change: decisions come many to the hour, and asking `Intl` takes microseconds. No clock ever changed twice in one. */
function hourly(offset: (at: number) => number): (at: number) => number {
  let from = NaN;
  let known = 0;
  return (at) => {
    if (at >= from && at < from + HOUR) return known;
    const start = Math.floor(at / HOUR) * HOUR;
    const first = offset(start);
    if (first !== offset(start + HOUR)) return offset(at);
    from = start;
    return (known = first);
  };
}

export function wallTime(zone: Zone, at: number): WallTime {
  const wall = at + zone.offset(at);
  const day = Math.floor(wall / DAY_MS);
  return { day, weekday: weekdayOf(day), minute: Math.floor((wall - day * DAY_MS) / MINUTE) };
}

/** 0 is Monday. 1 January 1970 was a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

/** The number of a date `YYYY-MM-DD`; undefined for what is none, 30 February included. */
export function dayNumber(date: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  const at = match ? Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) : NaN;
  return Number.isNaN(at) || dateText(at / DAY_MS) !== date ? undefined : at / DAY_MS;
}

/** `YYYY-MM-DD` of a day's number. */
export function dateText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The first instant at which clocks in the zone show this minute of this day or, when they jump over it, something later. */
export function instantOf(zone: Zone, day: number, minute: number): number {
  const wall = day * DAY_MS + minute * MINUTE;
  // Zones are at most fourteen hours from UTC, so a day to either side has passed whatever change there is near this time.
  const before = zone.offset(wall - DAY_MS);
  const after = zone.offset(wall + DAY_MS);
  const early = wall - Math.max(before, after);
  const late = wall - Math.min(before, after);
  if (early + zone.offset(early) === wall) return early;
  if (late + zone.offset(late) === wall) return late;
  return changeWithin(zone, early, late) ?? late;
}

/** A day in the zone, from its first instant to that of the next: 23, 24 or 25 hours, or what else a change of the clock makes of it. */
export function dayBounds(zone: Zone, day: number): { readonly start: number; readonly end: number } {
  return { start: instantOf(zone, day, 0), end: instantOf(zone, day + 1, 0) };
}

/** The calendar month of the zone in which the instant lies. */
export function monthBounds(zone: Zone, at: number): { readonly start: number; readonly end: number } {
  const date = new Date(at + zone.offset(at));
  const first = (months: number): number => instantOf(zone, Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1) / DAY_MS, 0);
  return { start: first(0), end: first(1) };
}

/**
 * The first instant after `from` at which `open` is true, when `open` can only change at the given minutes of local days (0 is midnight) and when the clocks change.
 * `mayOpen` says of a local day whether it is worth a look. Undefined when nothing opens within `days` days.
 */
export function nextOpening(zone: Zone, from: number, minutes: readonly number[], open: (at: number) => boolean, mayOpen: (day: number) => boolean, days: number): number | undefined {
  const today = wallTime(zone, from).day;
  for (let day = today; day <= today + days; day++) {
    if (!mayOpen(day)) continue;
    const found = changesOf(zone, day, minutes).find((at) => at > from && open(at));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The instants of a day at which something may change: each minute as often as clocks show it, and the change of the clocks itself. */
function changesOf(zone: Zone, day: number, minutes: readonly number[]): number[] {
  const { start, end } = dayBounds(zone, day);
  const first = [0, ...minutes].map((minute) => instantOf(zone, day, minute));
  const change = changeWithin(zone, start, end);
  if (change === undefined) return ascending(first);
  const gained = zone.offset(change - 1) - zone.offset(change);
  return ascending([...first, change, ...first.map((at) => at + gained).filter((at) => at >= change)]);
}

/** The instant in (from, to] from which another offset holds; undefined when both ends have the same. Clocks change at whole seconds. */
function changeWithin(zone: Zone, from: number, to: number): number | undefined {
  const after = zone.offset(to);
  if (zone.offset(from) === after) return undefined;
  let low = Math.floor(from / 1000);
  let high = Math.ceil(to / 1000);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zone.offset(middle * 1000) === after) high = middle;
    else low = middle;
  }
  return high * 1000;
}

function wallSeconds(format: Intl.DateTimeFormat, at: number): number {
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of format.formatToParts(at)) part[type] = Number(value);
  return Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!) / 1000;
}

const ascending = (times: readonly number[]): number[] => [...times].sort((a, b) => a - b);
