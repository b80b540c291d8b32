// Local time against known changes of the clock, and the next opening against a search minute by minute.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DAY_MS, dateText, dayBounds, dayNumber, instantOf, isZone, monthBounds, nextOpening, wallTime, weekdayOf, zoneNamed } from './calendar.ts';

const HOUR = 60 * 60_000;
const berlin = zoneNamed('Europe/Berlin');
const day = (date: string): number => dayNumber(date)!;
const iso = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());
const instant = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2037, 0) });
/** Of a third of an hour, of an hour, of half an hour of daylight saving, without any, across the date line, and with midnights that do not exist. */
const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'America/Sao_Paulo', 'Africa/Casablanca', 'UTC'].map(zoneNamed);

test('a name of the database is a zone; offsets and inventions are not', () => {
  assert.deepEqual(['Europe/Berlin', 'utc', 'America/Argentina/Buenos_Aires', '+02:00', 'Mars/Olympus', ''].map(isZone), [true, true, true, false, false, false]);
  assert.throws(() => zoneNamed('Mars/Olympus'), RangeError);
});

test('dates have numbers, and impossible ones do not', () => {
  assert.deepEqual(['1970-01-01', '2024-02-29', '2026-02-29', '2026-1-5', 'x'].map(dayNumber), [0, 19_782, undefined, undefined, undefined]);
  assert.equal(dateText(19_782), '2024-02-29');
  assert.deepEqual([day('2026-01-05'), day('2026-01-11'), -4].map(weekdayOf), [0, 6, 6]);
});

test('the wall shows what the zone says', () => {
  assert.deepEqual(wallTime(berlin, Date.UTC(2026, 0, 5, 23, 30)), { day: day('2026-01-06'), weekday: 1, minute: 30 });
  assert.deepEqual(wallTime(berlin, Date.UTC(2026, 6, 5, 21, 59, 59, 999)), { day: day('2026-07-05'), weekday: 6, minute: 1439 });
  assert.deepEqual(wallTime(zoneNamed('Asia/Kathmandu'), Date.UTC(2026, 0, 5)), { day: day('2026-01-05'), weekday: 0, minute: 345 });
});

test('a time that is skipped is when the clocks jump, a time that comes twice is its first', () => {
  assert.equal(iso(instantOf(berlin, day('2026-03-29'), 150)), '2026-03-29T01:00:00.000Z');
  assert.equal(iso(instantOf(berlin, day('2026-03-29'), 180)), '2026-03-29T01:00:00.000Z');
  assert.equal(iso(instantOf(berlin, day('2026-10-25'), 150)), '2026-10-25T00:30:00.000Z');
  assert.equal(iso(instantOf(zoneNamed('America/Sao_Paulo'), day('2018-11-04'), 0)), '2018-11-04T03:00:00.000Z');
});

test('days and months are as long as the clocks make them', () => {
  const length = ({ start, end }: { readonly start: number; readonly end: number }): number => (end - start) / HOUR;
  assert.deepEqual(['2026-03-28', '2026-03-29', '2026-10-25'].map((date) => length(dayBounds(berlin, day(date)))), [24, 23, 25]);
  assert.equal(length(dayBounds(zoneNamed('Pacific/Apia'), day('2011-12-30'))), 0);
  assert.equal(length(monthBounds(berlin, Date.UTC(2026, 2, 15))), 31 * 24 - 1);
  assert.deepEqual(Object.values(monthBounds(berlin, Date.UTC(2026, 11, 31, 23))).map(iso), ['2026-12-31T23:00:00.000Z', '2027-01-31T23:00:00.000Z']);
});

test('reading the wall and finding the instant are inverse, but for the second pass of an hour', () => {
  fc.assert(fc.property(fc.constantFrom(...zones), instant, (zone, at) => {
    const minute = Math.floor(at / 60_000) * 60_000;
    const wall = wallTime(zone, minute);
    const found = instantOf(zone, wall.day, wall.minute);
    assert.deepEqual(wallTime(zone, found), wall);
    assert.ok(found <= minute && minute - found <= HOUR + 60_000);
  }), { numRuns: 2_000 });
});

test('every instant lies in its own day and month, and days follow one another', () => {
  fc.assert(fc.property(fc.constantFrom(...zones), instant, (zone, at) => {
    const { day: number } = wallTime(zone, at);
    const { start, end } = dayBounds(zone, number);
    assert.ok(start <= at && at < end);
    assert.equal(dayBounds(zone, number + 1).start, end);
    const month = monthBounds(zone, at);
    assert.ok(month.start <= start && end <= month.end);
  }), { numRuns: 1_000 });
});

test('what is remembered of a zone never changes an answer', () => {
  fc.assert(fc.property(instant, fc.array(fc.integer({ min: -3 * HOUR, max: 3 * HOUR }), { maxLength: 8 }), (at, steps) => {
    const used = zoneNamed('Europe/Berlin');
    for (const step of steps) assert.equal(used.offset(at + step), zoneNamed('Europe/Berlin').offset(at + step));
  }));
  const change = Date.UTC(2026, 9, 25, 1);
  assert.deepEqual([change - 1, change, change - HOUR, change + HOUR].map((at) => berlin.offset(at) / HOUR), [2, 1, 2, 1]);
});

test('the next opening is the first minute at which it is open, also around changes of the clock', () => {
  const near = fc.constantFrom(...[Date.UTC(2026, 2, 28, 20), Date.UTC(2026, 9, 24, 20), Date.UTC(2026, 0, 5)]);
  const minute = fc.integer({ min: 0, max: 1439 });
  fc.assert(fc.property(fc.constantFrom(berlin, zones[2]!, zones[1]!), near, fc.integer({ min: 0, max: 12 * 60 }), minute, minute, (zone, base, later, start, end) => {
    const open = (at: number): boolean => {
      const now = wallTime(zone, at).minute;
      return start <= end ? now >= start && now < end : now >= start || now < end;
    };
    const from = base + later * 60_000;
    let expected: number | undefined;
    for (let at = from + 60_000; expected === undefined && at < from + 2 * DAY_MS; at += 60_000) if (open(at)) expected = at;
    const found = nextOpening(zone, from, [start, end], open, () => true, 3);
    // A search may be inside an open time, where the next minute is open as well; what is asked for is the next change to open, so start from a closed one.
    if (!open(from)) assert.equal(iso(found), iso(expected));
  }), { numRuns: 300 });
});

test('days that cannot open are not looked at, and never is undefined', () => {
  const looked: number[] = [];
  const open = nextOpening(berlin, Date.UTC(2026, 0, 5, 12), [480], () => true, (each) => { looked.push(each); return each === day('2026-01-08'); }, 10);
  assert.equal(iso(open), '2026-01-07T23:00:00.000Z');
  assert.deepEqual(looked.map(dateText), ['2026-01-05', '2026-01-06', '2026-01-07', '2026-01-08']);
  assert.equal(nextOpening(berlin, 0, [], () => false, () => true, 5), undefined);
});
