// The `rate-limit` category: its examples, what it asks the host for, and the limit held over any arrivals.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ActionEvent } from '../../../protocol/action.ts';
import { freshHost, type Facts, type Host } from '../facts.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { rateLimit } from './rate-limit.ts';

const start: ActionEvent<'run.before'> = { event: 'run.before', command: [] };
const call = (name: string): ActionEvent<'tool.before'> => ({ event: 'tool.before', name, args: {} });
const NOW = Date.UTC(2026, 0, 5, 12);
const past = (...ago: readonly number[]): Partial<Facts> => ({ now: NOW, host: freshHost({ starts: () => ago.map((ms) => NOW - ms).sort((a, b) => a - b) }) });
const watched = (rules: object): string[] => Object.keys(rateLimit.checks(rateLimit.rules.parse(rules), { name: 'p', onViolation: 'throttle' })).sort();

test('examples', () => {
  assert.deepEqual(disagreements(rateLimit), []);
  assert.deepEqual(withoutExample(rateLimit), []);
});

test('it watches what it counts, and nothing without a limit', () => {
  assert.deepEqual(watched({ max_per_minute: 1 }), ['run.before']);
  assert.deepEqual(watched({ max_per_minute: 1, of: 'llm_calls' }), ['llm.before']);
  assert.deepEqual(watched({ max_concurrent: 1, of: 'http_requests' }), ['http.before']);
  assert.ok(['exec.before', 'file.before', 'llm.before', 'tool.before'].every((name) => watched({ max_per_minute: 1, of: 'actions' }).includes(name)));
  assert.ok(!watched({ max_per_minute: 1, of: 'actions' }).includes('run.before'));
  assert.deepEqual(watched({ burst_window_seconds: 5 }), []);
});

test('rules that would count nothing, or not what they say, are refused', () => {
  const strict = rateLimit.rules.strict(); // as the registry uses it
  const problem = (rules: object): string => strict.safeParse(rules).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join() ?? '';
  assert.match(problem({ max_per_year: 1 }), /max_per_year/);
  assert.match(problem({ max_per_minute: 1, tools: ['a'] }), /^tools .*of: tool_calls/);
  assert.match(problem({ max_concurrent: 1, of: 'tool_calls', tools: ['a'] }), /^max_concurrent/);
  assert.match(problem({ max_per_minute: 1, per: 'run' }), /^per /);
  assert.equal(problem({ max_per_minute: 1, per: 'run', of: 'llm_calls' }), '');
});

test('the host is asked for the subject and the tools, and for the agent where the subject is missing', () => {
  const asked: unknown[][] = [];
  const host: Host = freshHost({ starts: (...question) => { asked.push(question); return []; }, running: (...question) => { asked.push(question); return 0; } });
  ask(rateLimit, '{ max_per_minute: 1, of: tool_calls, per: user, tools: ["send_*", post] }', call('send_mail'), { host });
  ask(rateLimit, '{ max_per_minute: 1, per: fleet }', start, { host });
  ask(rateLimit, '{ max_concurrent: 1, per: fleet }', start, { host, fleet: 'f' });
  ask(rateLimit, '{ max_per_minute: 1, of: tool_calls, tools: [other] }', call('search'), { host });
  assert.deepEqual(asked, [['user', 'tool_calls', ['send_*', 'post']], ['agent', 'runs', undefined], ['fleet', 'runs']]);
});

test('the longest wait is told, in words that round up and to the millisecond', () => {
  const { violations } = ask(rateLimit, '{ max_per_minute: 2, max_per_hour: 3 }', start, past(3_000_000, 50_000, 10_500));
  assert.deepEqual([violations.length, violations[0]!.field, violations[0]!.retryAfterMs], [1, 'max_per_hour', 600_000]);
  const minute = ask(rateLimit, '{ max_per_minute: 2, max_per_hour: 30 }', start, past(50_000, 10_500)).violations[0]!;
  assert.deepEqual([minute.retryAfterMs, minute.value], [10_000, 2]);
  assert.equal(minute.message, 'The agent agent may begin 2 runs in 1 minute, and 2 have begun. Wait 10 seconds and try again, or do with fewer.');
  assert.match(ask(rateLimit, 'max_per_minute: 1', start, past(58_999)).violations[0]!.remedy!, /in 2 seconds/);
});

test('at the boundary one fits, and a millisecond before it does not', () => {
  assert.equal(ask(rateLimit, 'max_per_minute: 1', start, past(60_000)).disposition, 'allow');
  assert.equal(ask(rateLimit, 'max_per_minute: 1', start, past(59_999)).disposition, 'throttle');
});

test('no arrivals ever get more through than every window allows, and those who wait as told get through', () => {
  const rules = '{ max_per_minute: 4, burst_limit: 2, burst_window_seconds: 7, max_per_hour: 30, of: tool_calls, tools: ["s*", search] }';
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 80 }), (gaps) => {
    const times: number[] = [];
    const decide = (now: number) => ask(rateLimit, rules, call('search'), { now, host: freshHost({ starts: () => times }) });
    let now = NOW;
    for (const gap of gaps) {
      now += gap;
      const { disposition, violations } = decide(now);
      if (disposition === 'allow') times.push(now);
      else assert.equal(decide(now + violations[0]!.retryAfterMs!).disposition, 'allow');
    }
    for (const [windowMs, limit] of [[60_000, 4], [7_000, 2], [3_600_000, 30]] as const) for (const end of times) assert.ok(times.filter((time) => time > end - windowMs && time <= end).length <= limit);
  }));
});
