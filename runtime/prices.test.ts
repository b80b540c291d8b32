// Prices: upper bounds are above what is charged, unknown models have none, and a budget buys exactly what it can.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { affordableOutput, costOf, estimateCost, maxOutputOf } from './prices.ts';

const MODELS = [
  { provider: 'api.openai.com', model: 'gpt-4o-mini' },
  { provider: 'api.openai.com', model: 'gpt-5' },
  { provider: 'api.anthropic.com', model: 'claude-sonnet-4-5' },
  { provider: 'generativelanguage.googleapis.com', model: 'gemini-2.5-pro' },
] as const;

test('a known model at its published price', () => {
  assert.equal(costOf({ ...MODELS[0], usage: { input: 1_000_000, output: 0 } }), 150_000);
  assert.equal(costOf({ ...MODELS[0], usage: { input: 0, output: 1_000_000 } }), 600_000);
  assert.equal(costOf({ ...MODELS[0], usage: { input: 1000, output: 500, cachedInput: 100 } }), 443, '442.5 micro-dollars, rounded up');
});

test('cached input is part of the input, and cheaper', () => {
  const plain = costOf({ ...MODELS[2], usage: { input: 10_000, output: 0 } });
  const cached = costOf({ ...MODELS[2], usage: { input: 10_000, output: 0, cachedInput: 10_000 } });
  const written = costOf({ ...MODELS[2], usage: { input: 10_000, output: 0, cacheWrite: 10_000 } });
  assert.deepEqual([plain, cached, written], [30_000, 3_000, 37_500]);
});

test('an unknown model has no price, and a known one is known behind a proxy', () => {
  const unknown = { provider: '127.0.0.1:8080', model: 'no-such-model' };
  assert.equal(estimateCost({ ...unknown, inputTokens: 1, maxOutputTokens: 1 }), undefined);
  assert.equal(costOf({ ...unknown, usage: { input: 1, output: 1 } }), undefined);
  assert.equal(affordableOutput({ ...unknown, inputTokens: 1, budget: 1 }), undefined);
  assert.equal(maxOutputOf('gpt-5'), undefined);
  assert.equal(costOf({ provider: '127.0.0.1:8080', model: 'gpt-4o-mini', usage: { input: 1_000_000, output: 0 } }), 150_000);
});

const amount = fc.nat({ max: 400_000 });

test('no usage within the bounds costs more than the estimate', () => {
  fc.assert(fc.property(fc.constantFrom(...MODELS), amount, amount, fc.float({ min: 0, max: 1, noNaN: true }), fc.float({ min: 0, max: 1, noNaN: true }), (model, input, output, cached, written) => {
    const cachedInput = Math.floor(input * cached);
    const cacheWrite = Math.floor((input - cachedInput) * written);
    const cost = costOf({ ...model, usage: { input, output, cachedInput, cacheWrite } });
    assert.ok(cost! <= estimateCost({ ...model, inputTokens: input, maxOutputTokens: output })!);
  }));
});

test('a budget buys as much output as fits and not one token more', () => {
  fc.assert(fc.property(fc.constantFrom(...MODELS), amount, fc.nat({ max: 5_000_000 }), (model, inputTokens, budget) => {
    const tokens = affordableOutput({ ...model, inputTokens, budget })!;
    if (tokens > 0) assert.ok(estimateCost({ ...model, inputTokens, maxOutputTokens: tokens })! <= budget);
    assert.ok(estimateCost({ ...model, inputTokens, maxOutputTokens: tokens + 1 })! > budget);
  }));
});
