// The circuit breaker: closed → open → half-open → closed, over simulated time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ActionEvent } from '../../../protocol/action.ts';
import type { BreakerRules } from '../api.ts';
import type { Check, Violation } from '../category.ts';
import { type BreakerState, freshFacts } from '../facts.ts';
import { ALONE } from '../testing.ts';
import { killSwitch, nextBreaker } from './kill-switch.ts';

const RULES: BreakerRules = { policy: 'p', errorRate: 0.5, windowMs: 1_000, minSamples: 4, recoverAfterMs: 5_000 };
const CLOSED: BreakerState = { state: 'closed', errors: 0, samples: 0 };
const runs = (at: number, ...oks: readonly boolean[]) => oks.map((ok) => ({ at, ok }));

test('it opens above the share, and not at it', () => {
  assert.equal(nextBreaker(CLOSED, RULES, runs(100, false, false, true, true), 100).state, 'closed');
  assert.deepEqual(nextBreaker(CLOSED, RULES, runs(100, false, false, false, true), 100), { state: 'open', openedAt: 100, errors: 3, samples: 4 });
});

test('too few runs mean nothing, and old ones do not count', () => {
  assert.equal(nextBreaker(CLOSED, RULES, runs(100, false, false, false), 100).state, 'closed');
  assert.equal(nextBreaker(CLOSED, RULES, runs(100, false, false, false, false), 1_100).state, 'closed');
});

test('after the time to recover, one run decides', () => {
  const open = nextBreaker(CLOSED, RULES, runs(100, false, false, false, false), 100);
  assert.equal(nextBreaker(open, RULES, [], 5_099).state, 'open');
  const half = nextBreaker(open, RULES, [], 5_100);
  assert.equal(half.state, 'half-open');
  assert.equal(nextBreaker(half, RULES, [], 6_000).state, 'half-open');
  assert.equal(nextBreaker(half, RULES, runs(5_200, true), 5_200).state, 'closed');
  assert.deepEqual(nextBreaker(half, RULES, runs(5_200, false), 5_200), { state: 'open', openedAt: 5_200, errors: 1, samples: 1 });
});

test('failures from before a recovery never open it again', () => {
  const wide = { ...RULES, windowMs: 100_000 };
  const old = runs(100, false, false, false, false);
  const open = nextBreaker(CLOSED, wide, old, 100);
  const closed = nextBreaker(nextBreaker(open, wide, old, 5_100), wide, [...old, ...runs(5_200, true)], 5_200);
  assert.equal(closed.state, 'closed');
  assert.equal(nextBreaker(closed, wide, [...old, ...runs(5_200, true), ...runs(5_300, true)], 5_300).state, 'closed');
});

test('the order of outcomes does not matter, and an open breaker never closes without a probe', () => {
  const outcomes = fc.array(fc.record({ at: fc.nat(8_000), ok: fc.boolean() }), { maxLength: 12 });
  fc.assert(fc.property(outcomes.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))), fc.nat(9_000), fc.constantFrom<BreakerState>(CLOSED, { state: 'open', openedAt: 500, errors: 4, samples: 4 }), ([list, shuffled], now, state) => {
    const next = nextBreaker(state, RULES, list, now);
    assert.deepEqual(nextBreaker(state, RULES, shuffled, now), next);
    if (state.state === 'open') assert.notEqual(next.state, 'closed');
  }));
});

const checkOf = (rules: object) => killSwitch.checks(killSwitch.rules.parse(rules), { name: 'p', onViolation: 'block' });

test('while open, everything that begins is refused, and told when to come back', () => {
  const facts = freshFacts({ now: 60_000, breakers: { p: { state: 'open', openedAt: 0, errors: 6, samples: 10 } } });
  const checks = checkOf({ auto_recover_after_minutes: 3 });
  assert.deepEqual(Object.keys(checks).sort(), ['exec.before', 'http.before', 'llm.before', 'run.before', 'spawn.before', 'tool.before']);
  const event: ActionEvent<'run.before'> = { event: 'run.before', command: [] };
  const violation = (checks['run.before'] as Check<'run.before'>)(event, facts, ALONE) as Violation;
  assert.deepEqual([violation.retryAfterMs, violation.value], [120_000, 0.6]);
});

test('another policy\'s breaker, or one that is half open, refuses nothing', () => {
  const check = checkOf({})['run.before'] as Check<'run.before'>;
  const event: ActionEvent<'run.before'> = { event: 'run.before', command: [] };
  assert.equal(check(event, freshFacts({ breakers: { other: { state: 'open', errors: 1, samples: 1 } } }), ALONE), undefined);
  assert.equal(check(event, freshFacts({ breakers: { p: { state: 'half-open', errors: 0, samples: 0 } } }), ALONE), undefined);
});
