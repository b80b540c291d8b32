// The `scheduling` category: its examples, nights, changes of the clock, and when it opens again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EVENT_NAMES } from '../../../protocol/action.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { scheduling } from './scheduling.ts';

const start = { event: 'run.before', command: [] } as const;
const asked = (rules: string, now: string | number) => ask(scheduling, rules, start, { now: typeof now === 'string' ? Date.parse(now) : now });
const opens = (rules: string, now: string): string | undefined => {
  const wait = asked(rules, now).violations[0]?.retryAfterMs;
  return wait === undefined ? undefined : new Date(Date.parse(now) + wait).toISOString();
};

test('examples', () => {
  assert.deepEqual(disagreements(scheduling), []);
  assert.deepEqual(withoutExample(scheduling), []);
});

test('only the start is watched, unless every action is, and nothing without rules', () => {
  const watched = (rules: object): string[] => Object.keys(scheduling.checks(scheduling.rules.parse(rules), { name: 'p', onViolation: 'block' })).sort();
  assert.deepEqual(watched({ allowed_days: [0] }), ['run.before']);
  assert.deepEqual(watched({ allowed_days: [0], enforce_mid_run: true }), EVENT_NAMES.filter((name) => name.endsWith('.before')).sort());
  assert.deepEqual(watched({ timezone: 'Europe/Berlin' }), []);
});

test('what is no time, date, day or zone is refused with a word on how to write it', () => {
  const problem = (rules: unknown): string | undefined => scheduling.rules.safeParse(rules).error?.issues.map((issue) => JSON.stringify(issue)).join(' ');
  assert.match(problem({ timezone: 'Mars/Olympus' })!, /IANA/);
  assert.match(problem({ blackout_dates: ['2026-02-30'] })!, /YYYY-MM-DD/);
  assert.match(problem({ blackout_dates: [{ from: '2026-02-03', to: '2026-02-01' }] })!, /ends before/);
  assert.match(problem({ allowed_hours: { start: '9:30', end: 17 } })!, /time of day/);
  assert.match(problem({ allowed_hours: { start: 9, end: '09:00' } })!, /same time/);
  assert.ok(problem({ allowed_days: [7] }) && problem({ allowed_days: ['someday'] }) && problem({ allowed_hours: { start: 25, end: 2 } }));
  assert.equal(problem({ allowed_hours: { start: 0, end: 24 } }), undefined);
});

test('it tells the agent where it stands and when to come back', () => {
  const { violations } = asked('{ allowed_hours: { start: 9, end: 17 }, allowed_days: [mon, tue, wed, thu, fri], timezone: Europe/Berlin }', '2026-01-09T17:30Z');
  assert.equal(violations[0]!.message, 'It is Friday 2026-01-09 18:30 (Europe/Berlin), and the agent does not run at this time of day. Stop here and go on from Monday 2026-01-12 09:00 (Europe/Berlin).');
  assert.equal(violations[0]!.retryAfterMs, Date.parse('2026-01-12T08:00Z') - Date.parse('2026-01-09T17:30Z'));
});

test('a night belongs to the day on which it began', () => {
  const rules = '{ allowed_hours: { start: "22:00", end: "06:00" }, allowed_days: [friday] }';
  const verdicts = ['2026-01-09T05:00Z', '2026-01-09T22:00Z', '2026-01-10T05:59Z', '2026-01-10T06:00Z', '2026-01-10T22:00Z'].map((now) => asked(rules, now).disposition);
  assert.deepEqual(verdicts, ['block', 'allow', 'allow', 'block', 'block']);
  assert.equal(opens(rules, '2026-01-10T06:00Z'), '2026-01-16T22:00:00.000Z');
});

test('openings go round blackouts, maintenance and changes of the clock', () => {
  assert.equal(opens('blackout_dates: [2026-12-24, { from: 2026-12-25, to: 2027-06-30 }]', '2026-12-24T10:00Z'), '2027-07-01T00:00:00.000Z');
  assert.equal(opens('{ allowed_hours: { start: 9, end: 17 }, maintenance_windows: [{ start: 8, end: "10:30" }] }', '2026-01-05T09:15Z'), '2026-01-05T10:30:00.000Z');
  assert.equal(opens('{ allowed_hours: { start: "02:30", end: "05:00" }, timezone: Europe/Berlin }', '2026-03-29T00:00Z'), '2026-03-29T01:00:00.000Z');
  assert.equal(opens('{ allowed_hours: { start: 2, end: "02:30" }, timezone: Europe/Berlin }', '2026-10-25T00:45Z'), '2026-10-25T01:00:00.000Z');
});

test('a schedule that never opens says so', () => {
  const { violations } = asked('{ allowed_hours: { start: 9, end: 10 }, maintenance_windows: [{ start: 8, end: 11 }] }', '2026-01-05T09:15Z');
  assert.deepEqual([violations[0]!.retryAfterMs, violations[0]!.remedy], [undefined, 'Change the schedule: it never opens.']);
});

test('at the promised time it is open, and never a minute before', () => {
  const hour = fc.integer({ min: 0, max: 23 });
  const rules = fc.record({
    allowed_hours: fc.tuple(hour, hour).filter(([a, b]) => a !== b).map(([start, end]) => ({ start, end })),
    allowed_days: fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 7 }),
    maintenance_windows: fc.array(fc.record({ day: fc.nat(6), start: fc.constant('10:15'), end: hour.filter((each) => each !== 10) }), { minLength: 1, maxLength: 2 }),
    timezone: fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'UTC'),
  }, { requiredKeys: ['timezone', 'allowed_hours'] });
  fc.assert(fc.property(rules, fc.integer({ min: Date.UTC(2026, 2, 1), max: Date.UTC(2026, 10, 30) }), (fields, at) => {
    const text = JSON.stringify(fields);
    const now = Math.floor(at / 60_000) * 60_000;
    const wait = asked(text, now).violations[0]?.retryAfterMs;
    if (wait === undefined) return;
    assert.equal(asked(text, now + wait).disposition, 'allow');
    for (const share of [0.25, 0.5, 0.75]) assert.equal(asked(text, now + Math.floor(wait * share)).disposition, 'block');
    assert.equal(asked(text, now + wait - 1).disposition, 'block');
  }), { numRuns: 150 });
});
