// The `kill-switch` category: a circuit breaker that stops an agent whose runs keep failing, and lets one run probe whether it is well again.

import { z } from 'zod';
import type { ActionEvent } from '../../../protocol/action.ts';
import type { BreakerRules, NextBreaker } from '../api.ts';
import { defineCategory, type Violation } from '../category.ts';
import type { BreakerState, Facts } from '../facts.ts';

const MINUTE = 60_000;

const rules = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether failures are counted at all. The manual switch works either way.'),
  kill_on_error_rate: z.number().positive().max(1).default(0.5).describe('Share of failed runs above which the breaker opens.').meta({ unit: 'share' }),
  error_window_minutes: z.number().positive().max(10_080).default(5).describe('How far back runs are counted.').meta({ unit: 'minutes' }),
  min_samples: z.int().min(1).default(10).describe('Fewest runs in the window before the share means anything.').meta({ unit: 'runs' }),
  auto_recover_after_minutes: z.number().positive().max(525_600).default(30).describe('How long the breaker stays open before one run may probe.').meta({ unit: 'minutes' }),
});

export const killSwitch = defineCategory({
  id: 'kill-switch',
  aliases: ['kill'],
  title: 'Kill switch',
  group: 'Operational guardrails',
  why: 'An agent that fails again and again does damage and costs money each time. When too many of its latest runs failed, the breaker opens and every further action is refused, those of running agents included. After a while one run is let through; only when it succeeds does the breaker close. A person can pull the switch at any time, with or without this policy.',
  rules,
  dispositions: ['block'],
  onViolation: 'block',
  checks(rules, policy) {
    if (!rules.enabled) return {};
    const check = (_: ActionEvent, facts: Facts) => refusal(policy.name, rules.kill_on_error_rate, rules.auto_recover_after_minutes * MINUTE, facts);
    return { 'run.before': check, 'llm.before': check, 'tool.before': check, 'http.before': check, 'exec.before': check, 'spawn.before': check };
  },
  breaker: (rules, policy): BreakerRules | undefined => (rules.enabled
    ? { policy: policy.name, errorRate: rules.kill_on_error_rate, windowMs: rules.error_window_minutes * MINUTE, minSamples: rules.min_samples, recoverAfterMs: rules.auto_recover_after_minutes * MINUTE }
    : undefined),
  examples: [
    { title: 'Six of ten runs failed: nothing more starts', rules: 'kill_on_error_rate: 0.5', event: { event: 'run.before', command: ['agent'] }, facts: breaker('open'), expect: 'block', field: 'kill_on_error_rate' },
    { title: 'Running agents are stopped as well', rules: '{ error_window_minutes: 5, min_samples: 10 }', event: { event: 'tool.before', name: 'search', args: {} }, facts: breaker('open'), expect: 'block', field: 'kill_on_error_rate' },
    { title: 'One run probes whether it works again', rules: 'auto_recover_after_minutes: 30', event: { event: 'run.before', command: ['agent'] }, facts: breaker('half-open'), expect: 'allow' },
    { title: 'A healthy agent runs', rules: 'enabled: true', event: { event: 'run.before', command: ['agent'] }, facts: breaker('closed'), expect: 'allow' },
    { title: 'Switched off', rules: 'enabled: false', event: { event: 'run.before', command: ['agent'] }, facts: breaker('open'), expect: 'allow' },
  ],
});

/**
 * The next state after these outcomes, at `now` (milliseconds). Outcomes are those of runs that ended, in any order.
 *
 * closed → open when, within the window, at least `minSamples` runs ended and more than `errorRate` of them failed; open → half-open
 * after `recoverAfterMs`; half-open → closed or open again by the first run that ends afterwards. Runs that ended before a
 * recovery are never counted after it. The caller lets only one run see `half-open`; to all others it still shows `open`.
 */
export const nextBreaker: NextBreaker = (state, rules, outcomes, now) => {
  const probesFrom = state.openedAt === undefined ? -Infinity : state.openedAt + rules.recoverAfterMs;
  const counted = outcomes.filter((outcome) => outcome.at > now - rules.windowMs && outcome.at <= now && outcome.at >= probesFrom);
  const errors = counted.filter((outcome) => !outcome.ok).length;
  const tally = { errors, samples: counted.length };
  if (state.state === 'closed') return tooManyErrors(tally, rules) ? { state: 'open', openedAt: now, ...tally } : { ...kept(state), state: 'closed', ...tally };
  if (state.state === 'open') return now >= probesFrom ? { ...kept(state), state: 'half-open', errors: 0, samples: 0 } : state;
  const probe = outcomes.filter((outcome) => outcome.at >= probesFrom && outcome.at <= now).reduce<{ readonly at: number; readonly ok: boolean } | undefined>((first, outcome) => (!first || outcome.at < first.at ? outcome : first), undefined);
  if (!probe) return state;
  return probe.ok ? { ...kept(state), state: 'closed', errors: 0, samples: 1 } : { state: 'open', openedAt: now, errors: 1, samples: 1 };
};

function tooManyErrors({ errors, samples }: { readonly errors: number; readonly samples: number }, rules: BreakerRules): boolean {
  return samples >= rules.minSamples && errors / samples > rules.errorRate;
}

function kept(state: BreakerState): Pick<BreakerState, 'openedAt'> {
  return state.openedAt === undefined ? {} : { openedAt: state.openedAt };
}

function refusal(policy: string, rate: number, recoverMs: number, facts: Facts): Violation | undefined {
  const state = Object.hasOwn(facts.breakers, policy) ? facts.breakers[policy] : undefined;
  if (state?.state !== 'open') return undefined;
  const waitMs = state.openedAt === undefined ? recoverMs : Math.max(0, state.openedAt + recoverMs - facts.now);
  return {
    field: 'kill_on_error_rate', limit: rate, fact: 'share of failed runs', value: state.samples > 0 ? state.errors / state.samples : 1, retryAfterMs: waitMs,
    message: `${state.errors} of the last ${state.samples} runs failed, so the kill switch is open.`,
    remedy: `Find out why they failed. One run may probe in ${Math.ceil(waitMs / MINUTE)} minutes.`,
  };
}

function breaker(state: BreakerState['state']): Partial<Facts> {
  const openedAt = state === 'closed' ? undefined : Date.UTC(2026, 0, 5, 11, 50);
  return { breakers: { example: { state, openedAt, errors: state === 'closed' ? 0 : 6, samples: 10 } } };
}
