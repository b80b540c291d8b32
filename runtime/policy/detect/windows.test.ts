// Sliding windows and GCRA against models that count by hand, at every boundary and with clocks that go backwards.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countIn, gcra, retryAfter } from './windows.ts';

const arrivals = fc.array(fc.nat(60), { minLength: 1, maxLength: 60 }).map((gaps) => gaps.map((_, index) => gaps.slice(0, index + 1).reduce((a, b) => a + b)));
const limits = fc.record({ limit: fc.integer({ min: 1, max: 6 }), windowMs: fc.integer({ min: 1, max: 200 }) });
const ascending = (times: readonly number[]): number[] => [...times].sort((a, b) => a - b);

/** Lets through what fits, and says what went. */
function admitted(times: readonly number[], { limit, windowMs }: { readonly limit: number; readonly windowMs: number }): number[] {
  let kept: number[] = [];
  for (const now of times) if (countIn(kept, now, windowMs) < limit) kept = ascending([...kept, now]);
  return kept;
}

test('a count is what counting by hand gives', () => {
  fc.assert(fc.property(arrivals, fc.nat(4_000), fc.nat(300), (times, now, windowMs) => {
    const past = times.filter((time) => time <= now);
    assert.equal(countIn(past, now, windowMs), past.filter((time) => time > now - windowMs && time <= now).length);
  }), { numRuns: 1_000 });
});

test('no window of any arrivals holds more than the limit, and nothing that fits is refused', () => {
  fc.assert(fc.property(arrivals, limits, (times, rate) => {
    const went = admitted(times, rate);
    for (const end of went) assert.ok(went.filter((time) => time > end - rate.windowMs && time <= end).length <= rate.limit);
    const model: number[] = [];
    for (const now of times) if (model.filter((time) => now - time < rate.windowMs).length < rate.limit) model.push(now);
    assert.deepEqual(went, model);
  }), { numRuns: 1_000 });
});

test('the boundary belongs to the next window', () => {
  assert.equal(countIn([0, 1_000], 60_000, 60_000), 1);
  assert.equal(countIn([0, 1_000], 59_999, 60_000), 2);
  assert.equal(retryAfter([0, 1_000], 59_999, 60_000, 2), 1);
  assert.equal(retryAfter([0, 1_000], 60_000, 60_000, 2), 0);
  assert.equal(retryAfter([], 5, 60_000, 1), 0);
  assert.throws(() => retryAfter([], 5, 60_000, 0), RangeError);
});

test('the wait is exactly long enough', () => {
  fc.assert(fc.property(arrivals, limits, fc.nat(200), (times, { limit, windowMs }, later) => {
    const now = times.at(-1)! + later;
    const wait = retryAfter(times, now, windowMs, limit);
    assert.ok(countIn(times, now + wait, windowMs) < limit);
    if (wait > 0) assert.ok(countIn(times, now + wait - 1, windowMs) >= limit);
    else assert.ok(countIn(times, now, windowMs) < limit);
  }), { numRuns: 1_000 });
});

test('setting the clock back never makes room', () => {
  fc.assert(fc.property(fc.array(fc.nat(500), { maxLength: 40 }), limits, fc.nat(500), fc.nat(500), (times, rate, now, back) => {
    const sorted = ascending(times);
    assert.ok(countIn(sorted, now - back, rate.windowMs) >= countIn(sorted, now, rate.windowMs));
    const went = admitted(times, rate);
    for (const end of went) assert.ok(went.filter((time) => time > end - rate.windowMs && time <= end).length <= rate.limit);
  }), { numRuns: 1_000 });
});

/** Lets through what is due, and says what went. */
function paced(times: readonly number[], rate: { readonly limit: number; readonly windowMs: number }): number[] {
  const went: number[] = [];
  let state: number | undefined;
  for (const now of times) {
    const next = gcra(state, now, rate);
    if (next.allowed) went.push(now);
    state = next.state;
  }
  return went;
}

test('GCRA lets through what a bucket that fills evenly has left', () => {
  fc.assert(fc.property(arrivals, limits, (times, { limit, windowMs }) => {
    // In whole parts of a token, so that the model adds up exactly: a token is `windowMs` parts, a millisecond fills `limit` of them.
    let parts = limit * windowMs;
    let last = times[0]!;
    const model: number[] = [];
    for (const now of times) {
      parts = Math.min(limit * windowMs, parts + (now - last) * limit);
      last = now;
      if (parts < windowMs) continue;
      parts -= windowMs;
      model.push(now);
    }
    assert.deepEqual(paced(times, { limit, windowMs }), model);
  }), { numRuns: 1_000 });
});

test('GCRA bounds every stretch of time, and its wait is long enough', () => {
  fc.assert(fc.property(arrivals, limits, (times, rate) => {
    const went = paced(times, rate);
    went.forEach((from, index) => went.slice(index).forEach((to, count) => assert.ok(count + 1 <= rate.limit + ((to - from) * rate.limit) / rate.windowMs + 1e-6)));
    let state: number | undefined;
    for (const now of times) {
      const next = gcra(state, now, rate);
      if (!next.allowed) {
        assert.ok(gcra(next.state, now + next.retryAfterMs, rate).allowed);
        assert.ok(!gcra(next.state, now + next.retryAfterMs - 1, rate).allowed || next.retryAfterMs < 1);
      }
      state = next.state;
    }
  }));
});

test('GCRA gives nothing for a clock that is set back', () => {
  fc.assert(fc.property(arrivals, limits, fc.nat(300), (times, rate, back) => {
    let state: number | undefined;
    for (const now of times) state = gcra(state, now, rate).state;
    const now = times.at(-1)!;
    if (!gcra(state, now, rate).allowed) assert.equal(gcra(state, now - back, rate).allowed, false);
  }));
});
