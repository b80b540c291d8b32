// The `scheduling` category: the days and hours at which an agent may run, by the calendar and the clocks of a time zone.

import { z } from 'zod';
import { EVENT_NAMES, type ActionEvent } from '../../../protocol/action.ts';
import { defineCategory, type Checks, type Violation } from '../category.ts';
import { dateText, dayNumber, isZone, nextOpening, wallTime, weekdayOf, zoneNamed, type WallTime, type Zone } from '../detect/calendar.ts';
import type { Facts } from '../facts.ts';

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const SHORT = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** How far ahead the next opening is looked for, in days, and how many of them are worth a look: opening hours repeat weekly. */
const HORIZON = 800;
const MOST_LOOKS = 15;

const time = (text: string, example: string) => z.union([z.int().min(0).max(24), z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: 'is no time of day: write an hour such as 9, or a time such as "09:30"' })]).describe(text).meta({ examples: [example] });
const weekday = z.union([z.int().min(0).max(6), z.enum([...DAYS, ...SHORT])]);
const date = z.string().refine((text) => dayNumber(text) !== undefined, { error: 'is no date: write it as YYYY-MM-DD' });
const span = { start: time('When it begins: an hour, or a time as "HH:MM".', '22:00'), end: time('When it is over: an hour, or a time as "HH:MM". Earlier than the beginning means on the next day.', '06:00') };
const notEmpty = ({ start, end }: { readonly start: Clock; readonly end: Clock }): boolean => minuteOf(start) % 1440 !== minuteOf(end);
const EMPTY = { error: 'begins and ends at the same time: for a whole day write start 0 and end 24' };

const rules = z.strictObject({
  allowed_hours: z.strictObject(span).refine(notEmpty, EMPTY).optional().describe('Hours in which the agent may run, the end itself not included. An end before the start reaches into the next day.').meta({ examples: [{ start: 9, end: 17 }] }),
  allowed_days: z.array(weekday).min(1).optional().describe('Days on which the agent may run: names, or numbers from 0 for Monday to 6 for Sunday. The hours after midnight of overnight `allowed_hours` belong to the day on which they began.').meta({ examples: [['monday', 'tuesday', 'wednesday', 'thursday', 'friday']] }),
  timezone: z.string().refine(isZone, { error: 'is no time zone: write a name of the IANA database such as Europe/Berlin' }).default('UTC').describe('Time zone of all these rules, as a name of the IANA database. Daylight saving is followed.').meta({ examples: ['Europe/Berlin'] }),
  blackout_dates: z.array(z.union([date, z.strictObject({ from: date, to: date }).refine(({ from, to }) => from <= to, { error: 'ends before it begins' })])).min(1).optional().describe('Dates on which the agent may not run, as YYYY-MM-DD, or ranges of them with `from` and `to`, both included.').meta({ examples: [['2026-12-25', { from: '2026-12-29', to: '2027-01-02' }]] }),
  maintenance_windows: z.array(z.strictObject({
    day: weekday.optional().describe('Day of the week on which it begins; every day without it.').meta({ examples: ['sunday'] }),
    ...span,
  }).refine(notEmpty, EMPTY)).min(1).optional().describe('Times of the week in which the agent may not run.').meta({ examples: [[{ day: 'sunday', start: '22:00', end: '02:00' }]] }),
  enforce_mid_run: z.boolean().default(false).describe('Whether a run that is going on is held to the schedule at every action. Otherwise only its start is.').meta({ examples: [true] }),
});
type Rules = z.output<typeof rules>;
type Clock = number | string;

/** A time of the week, in minutes of the day; `end` at or before `start` is on the next day. */
interface Span {
  /** 0 is Monday; every day without it. */
  readonly weekday?: number;
  readonly start: number;
  readonly end: number;
}

interface Schedule {
  readonly zone: Zone;
  readonly hours: Span | undefined;
  readonly days: ReadonlySet<number> | undefined;
  readonly blackouts: readonly { readonly from: number; readonly to: number }[];
  readonly maintenance: readonly Span[];
}

type Closed = 'blackout_dates' | 'maintenance_windows' | 'allowed_days' | 'allowed_hours';

export const scheduling = defineCategory({
  id: 'scheduling',
  title: 'Scheduling',
  group: 'Operational guardrails',
  why: 'An agent that writes to customers at night, trades on a holiday or works on a system while it is maintained does harm by its timing alone. A schedule keeps it to the hours in which somebody is there to look after it, in the time zone of those people and through every change to and from daylight saving. The agent is told when it may go on.',
  rules,
  dispositions: ['warn', 'throttle', 'skip', 'gate', 'block'],
  onViolation: 'block',
  checks(rules): Checks {
    const schedule = scheduleOf(rules);
    if (!schedule.hours && !schedule.days && schedule.blackouts.length === 0 && schedule.maintenance.length === 0) return {};
    const check = (_: ActionEvent, facts: Facts): Violation | undefined => {
      const now = wallTime(schedule.zone, facts.now);
      const closed = closedBy(schedule, now);
      return closed && refusal(rules, schedule, closed, now, facts.now);
    };
    if (!rules.enforce_mid_run) return { 'run.before': check };
    return Object.fromEntries(EVENT_NAMES.filter((name) => name.endsWith('.before')).map((name) => [name, check]));
  },
  examples: [
    { title: 'A start after hours', rules: '{ allowed_hours: { start: 9, end: 17 } }', ...at('2026-01-05T17:00Z'), expect: 'block', field: 'allowed_hours' },
    { title: 'A start within hours', rules: '{ allowed_hours: { start: 9, end: 17 } }', ...at('2026-01-05T16:59Z'), expect: 'allow' },
    { title: 'Past the end of the night shift', rules: '{ allowed_hours: { start: "22:00", end: "06:00" } }', ...at('2026-01-05T06:00Z'), expect: 'block', field: 'allowed_hours' },
    { title: 'In the night shift', rules: '{ allowed_hours: { start: "22:00", end: "06:00" } }', ...at('2026-01-05T05:30Z'), expect: 'allow' },
    { title: 'A start on Saturday', rules: 'allowed_days: [mon, tue, wed, thu, fri]', ...at('2026-01-10T12:00Z'), expect: 'block', field: 'allowed_days' },
    { title: 'A start on Monday', rules: 'allowed_days: [0, 1, 2, 3, 4]', ...at('2026-01-05T12:00Z'), expect: 'allow' },
    { title: 'Nine in the morning in London is ten in Berlin', rules: '{ allowed_hours: { start: 10, end: 17 }, timezone: Europe/Berlin }', ...at('2026-01-05T09:00Z'), expect: 'allow' },
    { title: 'Eight in London is too early in Berlin', rules: '{ allowed_hours: { start: 10, end: 17 }, timezone: Europe/Berlin }', ...at('2026-01-05T08:59Z'), expect: 'block', field: 'allowed_hours' },
    { title: 'In summer it is an hour earlier', rules: '{ allowed_hours: { start: 10, end: 17 }, timezone: Europe/Berlin }', ...at('2026-07-06T08:00Z'), expect: 'allow' },
    { title: 'On a holiday', rules: 'blackout_dates: [2026-12-25]', ...at('2026-12-25T12:00Z'), expect: 'block', field: 'blackout_dates' },
    { title: 'Between the years', rules: 'blackout_dates: [{ from: 2026-12-29, to: 2027-01-02 }]', ...at('2027-01-02T23:59Z'), expect: 'block', field: 'blackout_dates' },
    { title: 'The day after', rules: 'blackout_dates: [{ from: 2026-12-29, to: 2027-01-02 }]', ...at('2027-01-03T00:00Z'), expect: 'allow' },
    { title: 'During maintenance, after midnight', rules: 'maintenance_windows: [{ day: sunday, start: "22:00", end: "02:00" }]', ...at('2026-01-05T01:59Z'), expect: 'block', field: 'maintenance_windows' },
    { title: 'At the same hour of another day', rules: 'maintenance_windows: [{ day: sunday, start: "22:00", end: "02:00" }]', ...at('2026-01-06T01:59Z'), expect: 'allow' },
    { title: 'A run that goes on after hours', rules: '{ allowed_hours: { start: 9, end: 17 }, enforce_mid_run: true }', event: { event: 'tool.before', name: 'search', args: {} }, facts: { now: Date.parse('2026-01-05T17:30Z') }, expect: 'block', field: 'allowed_hours' },
    { title: 'Only starts are held to the schedule', rules: '{ allowed_hours: { start: 9, end: 17 }, enforce_mid_run: false }', event: { event: 'tool.before', name: 'search', args: {} }, facts: { now: Date.parse('2026-01-05T17:30Z') }, expect: 'allow' },
  ],
});

function scheduleOf(rules: Rules): Schedule {
  return {
    zone: zoneNamed(rules.timezone),
    hours: rules.allowed_hours && spanOf(rules.allowed_hours),
    days: rules.allowed_days && new Set(rules.allowed_days.map(weekdayNumber)),
    blackouts: (rules.blackout_dates ?? []).map((each) => (typeof each === 'string' ? { from: dayNumber(each)!, to: dayNumber(each)! } : { from: dayNumber(each.from)!, to: dayNumber(each.to)! })),
    maintenance: (rules.maintenance_windows ?? []).map((each) => ({ ...spanOf(each), ...(each.day !== undefined && { weekday: weekdayNumber(each.day) }) })),
  };
}

/** What is against this time; undefined when it is open. Must not allocate. */
function closedBy(schedule: Schedule, now: WallTime): Closed | undefined {
  if (isBlackout(schedule, now.day)) return 'blackout_dates';
  for (let index = 0; index < schedule.maintenance.length; index++) if (covers(schedule.maintenance[index]!, now)) return 'maintenance_windows';
  const { hours, days } = schedule;
  if (days && !days.has(hours && isAfterMidnight(hours, now.minute) ? dayBefore(now.weekday) : now.weekday)) return 'allowed_days';
  return hours && !covers(hours, now) ? 'allowed_hours' : undefined;
}

function covers({ weekday, start, end }: Span, { weekday: today, minute }: WallTime): boolean {
  if (minute >= start && (minute < end || end <= start)) return weekday === undefined || weekday === today;
  return end <= start && minute < end && (weekday === undefined || weekday === dayBefore(today));
}

const isAfterMidnight = ({ start, end }: Span, minute: number): boolean => end <= start && minute < end;
const dayBefore = (weekday: number): number => (weekday + 6) % 7;

function isBlackout({ blackouts }: Schedule, day: number): boolean {
  for (let index = 0; index < blackouts.length; index++) if (day >= blackouts[index]!.from && day <= blackouts[index]!.to) return true;
  return false;
}

function refusal(rules: Rules, schedule: Schedule, field: Closed, wall: WallTime, now: number): Violation {
  const opens = opening(schedule, now);
  const again = opens === undefined ? undefined : wallText(wallTime(schedule.zone, opens), rules.timezone);
  return {
    field, limit: rules[field], fact: 'local time', value: wallText(wall, rules.timezone),
    message: `It is ${wallText(wall, rules.timezone)}, and ${REASONS[field]}. ${again ? `Stop here and go on from ${again}.` : 'Stop here: nothing in the schedule opens again.'}`,
    remedy: again ? `Wait until ${again}.` : 'Change the schedule: it never opens.',
    ...(opens !== undefined && { retryAfterMs: opens - now }),
  };
}

const REASONS: Readonly<Record<Closed, string>> = {
  blackout_dates: 'the agent does not run on this date',
  maintenance_windows: 'the agent does not run during maintenance',
  allowed_days: 'the agent does not run on this day of the week',
  allowed_hours: 'the agent does not run at this time of day',
};

function opening(schedule: Schedule, now: number): number | undefined {
  const { zone, hours, days, maintenance } = schedule;
  const minutes = [...(hours ? [hours] : []), ...maintenance].flatMap(({ start, end }) => [start, end % 1440]);
  const overnight = hours !== undefined && hours.end <= hours.start;
  let looks = 0;
  const mayOpen = (day: number): boolean => {
    const weekday = weekdayOf(day);
    const possible = !isBlackout(schedule, day) && (!days || days.has(weekday) || (overnight && days.has(dayBefore(weekday))));
    return possible && ++looks <= MOST_LOOKS;
  };
  return nextOpening(zone, now, minutes, (at) => closedBy(schedule, wallTime(zone, at)) === undefined, mayOpen, HORIZON);
}

/** `Saturday 2026-01-10 09:05 (Europe/Berlin)`. */
function wallText({ day, weekday, minute }: WallTime, zone: string): string {
  const name = DAYS[weekday]!;
  return `${name[0]!.toUpperCase()}${name.slice(1)} ${dateText(day)} ${clockText(minute)} (${zone})`;
}

const clockText = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** A start at 24:00 is one at 00:00. */
function spanOf({ start, end }: { readonly start: Clock; readonly end: Clock }): Span {
  return { start: minuteOf(start) % 1440, end: minuteOf(end) };
}

function minuteOf(clock: Clock): number {
  if (typeof clock === 'number') return clock * 60;
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
}

function weekdayNumber(day: z.output<typeof weekday>): number {
  if (typeof day === 'number') return day;
  return Math.max(DAYS.indexOf(day as (typeof DAYS)[number]), SHORT.indexOf(day as (typeof SHORT)[number]));
}

function at(now: string): { readonly event: ActionEvent<'run.before'>; readonly facts: Partial<Facts> } {
  return { event: { event: 'run.before', command: ['node', 'agent.mjs'] }, facts: { now: Date.parse(now) } };
}
