// The `operations` category: deadlines of runs and of single actions, tries after failures, and how much goes on at once.

import { z } from 'zod';
import { EVENT_NAMES, type ActionEvent, type EventName } from '../../../protocol/action.ts';
import type { ActionLimit } from '../api.ts';
import { defineCategory, type Checks, type PolicyHeader, type Violation } from '../category.ts';
import { freshHost, freshRun, type Facts } from '../facts.ts';

const SECOND = 1_000;
const RUN: ActionEvent<'run.before'> = { event: 'run.before', command: ['node', 'agent.mjs'] };
const TIMED = ['llm', 'tool', 'exec', 'http', 'spawn'] as const;

const count = (text: string, example: number) => z.int().positive().optional().describe(text).meta({ unit: 'count', examples: [example] });
const seconds = (text: string, example: number) => z.number().positive().max(30 * 86_400).optional().describe(text).meta({ unit: 'seconds', examples: [example] });

const rules = z.strictObject({
  timeout_seconds: seconds('How long a run may take, from its start, the time that it waits for people included. When it is over, nothing more begins, and a run that goes on is stopped.', 300),
  warn_at_percent: z.number().positive().max(100).default(80).describe('Share of `timeout_seconds` from which actions are recorded as a warning.').meta({ unit: 'percent', examples: [80] }),
  action_timeout_seconds: z.strictObject({
    llm: seconds('How long a call of a model may take, its whole answer included.', 120),
    tool: seconds('How long a tool call may take.', 60),
    exec: seconds('How long a program may run.', 60),
    http: seconds('How long a request may take, its whole answer included.', 30),
    spawn: seconds('How long an agent that a run spawned may take.', 600),
  }).optional().describe('How long single actions may take, by kind. One that takes longer is cut off while it is going on.').meta({ examples: [{ tool: 60, exec: 120 }] }),
  max_retries: z.int().min(0).optional().describe('How often a failed tool or model call may be tried again, counted over failures in a row.').meta({ unit: 'count', examples: [3] }),
  max_concurrent_runs: count('How many runs of the agent may go on at the same time.', 5),
  max_concurrent_actions: count('How many actions of one run may go on at the same time, of every kind.', 8),
});
type Rules = z.output<typeof rules>;
type Judge = (event: ActionEvent, facts: Facts) => Violation | undefined;

export const operations = defineCategory({
  id: 'operations',
  title: 'Operations',
  group: 'Operational guardrails',
  why: 'A run that hangs holds its budget, its credentials and the attention of whoever waits for it. These deadlines are not reports after the fact: once the time is over nothing more begins, and what is still going on is stopped. Before that the agent is warned, so that it can finish with what it has.',
  rules,
  dispositions: ['warn', 'gate', 'block'],
  onViolation: 'block',
  checks(rules): Checks {
    return Object.fromEntries(EVENT_NAMES.flatMap((name) => {
      const judge = strongestOf(judgesOf(rules, name));
      return judge ? [[name, judge]] : [];
    }));
  },
  limits: (rules, policy) => limitsOf(rules, policy),
  examples: [
    { title: 'The time of the run is over', rules: 'timeout_seconds: 300', event: call(), facts: after(301), expect: 'block', field: 'timeout_seconds' },
    { title: 'There is time left', rules: 'timeout_seconds: 300', event: call(), facts: after(200), expect: 'allow' },
    { title: 'It is nearly over', rules: '{ timeout_seconds: 300, warn_at_percent: 90 }', event: call(), facts: after(280), expect: 'warn', field: 'warn_at_percent' },
    { title: 'Not yet', rules: '{ timeout_seconds: 300, warn_at_percent: 90 }', event: call(), facts: after(260), expect: 'allow' },
    { title: 'A run that took too long and ended by itself', rules: 'timeout_seconds: 300', event: { event: 'run.after', outcome: 'completed' }, facts: after(412), expect: 'warn', field: 'timeout_seconds' },
    { title: 'A tool may take a minute; it is stopped then, not refused now', rules: 'action_timeout_seconds: { tool: 60 }', event: call(), facts: after(200), expect: 'allow' },
    { title: 'After the fourth failure in a row', rules: 'max_retries: 3', event: call(), facts: { run: freshRun({ retries: 4 }) }, expect: 'block', field: 'max_retries' },
    { title: 'A third try again', rules: 'max_retries: 3', event: call(), facts: { run: freshRun({ retries: 3 }) }, expect: 'allow' },
    { title: 'A sixth run of the agent', rules: 'max_concurrent_runs: 5', event: RUN, facts: { host: freshHost({ running: (by, what) => (by === 'agent' && what === 'runs' ? 5 : 0) }) }, expect: 'block', field: 'max_concurrent_runs' },
    { title: 'A fifth run of the agent', rules: 'max_concurrent_runs: 5', event: RUN, facts: { host: freshHost({ running: (by, what) => (by === 'agent' && what === 'runs' ? 4 : 9) }) }, expect: 'allow' },
    { title: 'A ninth action at once', rules: 'max_concurrent_actions: 8', event: call(), facts: { host: freshHost({ running: (by, what) => (by === 'run' && what === 'actions' ? 8 : 0) }) }, expect: 'block', field: 'max_concurrent_actions' },
    { title: 'An eighth action at once', rules: 'max_concurrent_actions: 8', event: call(), facts: { host: freshHost({ running: (by, what) => (by === 'run' && what === 'actions' ? 7 : 9) }) }, expect: 'allow' },
  ],
});

/** What is asked at an event, in the order in which it is told. */
function judgesOf(rules: Rules, name: EventName): readonly Judge[] {
  const { timeout_seconds: timeout, max_retries: retries, max_concurrent_runs: runs, max_concurrent_actions: actions } = rules;
  const judges: Judge[] = [];
  if (name === 'run.after' && timeout !== undefined) judges.push((_, facts) => overran(timeout, facts));
  if (!name.endsWith('.before')) return judges;
  if (name === 'run.before') {
    if (runs !== undefined) judges.push((_, facts) => crowded('max_concurrent_runs', runs, facts.host.running('agent', 'runs'), `runs of the agent ${facts.agent}`));
    return judges;
  }
  if (timeout !== undefined) judges.push((_, facts) => late(timeout, rules.warn_at_percent, facts));
  if (retries !== undefined && (name === 'llm.before' || name === 'tool.before')) judges.push((_, facts) => tooManyRetries(retries, facts.run.retries));
  if (actions !== undefined) judges.push((_, facts) => crowded('max_concurrent_actions', actions, facts.host.running('run', 'actions'), 'actions of this run'));
  return judges;
}

/** The first refusal, or else the first warning. */
function strongestOf(judges: readonly Judge[]): Judge | undefined {
  if (judges.length === 0) return undefined;
  return (event, facts) => {
    let warning: Violation | undefined;
    for (let index = 0; index < judges.length; index++) {
      const found = judges[index]!(event, facts);
      if (found && found.disposition !== 'warn') return found;
      warning ??= found;
    }
    return warning;
  };
}

function late(timeout: number, warnAt: number, facts: Facts): Violation | undefined {
  const took = elapsed(facts);
  if (took > timeout) {
    return {
      field: 'timeout_seconds', limit: timeout, fact: 'seconds since the run started', value: took,
      message: `This run has taken ${spanText(took)}, and ${spanText(timeout)} are all it has. Nothing more begins: end it now, and say what is done and what is missing.`,
      remedy: 'Start another run for what is missing, in smaller steps.',
    };
  }
  if (took < (timeout * warnAt) / 100) return undefined;
  return {
    field: 'warn_at_percent', limit: warnAt, fact: 'seconds since the run started', value: took, disposition: 'warn',
    message: `This run has taken ${spanText(took)} of its ${spanText(timeout)}. Finish what matters most within ${spanText(timeout - took)}.`,
    remedy: 'Finish, or leave out what can wait.',
  };
}

/** Nothing is left to be refused; that it took too long is put on record. */
function overran(timeout: number, facts: Facts): Violation | undefined {
  const took = elapsed(facts);
  if (took <= timeout) return undefined;
  return { field: 'timeout_seconds', limit: timeout, fact: 'seconds since the run started', value: took, disposition: 'warn', message: `This run took ${spanText(took)}; ${spanText(timeout)} are what it may take.`, remedy: 'Do it in smaller runs, or give it more time.' };
}

function tooManyRetries(most: number, failures: number): Violation | undefined {
  if (failures <= most) return undefined;
  return {
    field: 'max_retries', limit: most, fact: 'failures in a row', value: failures,
    message: `${failures} calls failed one after another, and ${most} tries again are allowed. Stop trying: say what failed and what you would need.`,
    remedy: 'Find out why they fail before starting again.',
  };
}

function crowded(field: 'max_concurrent_runs' | 'max_concurrent_actions', most: number, going: number, what: string): Violation | undefined {
  if (going < most) return undefined;
  return { field, limit: most, fact: `${what} going on`, value: going, message: `${going} ${what} are going on, and ${most} may at once. Wait until one of them has ended.`, remedy: 'Wait until one has ended, or end one.' };
}

/** A policy that only warns, or asks a person, stops nothing that is going on. */
function limitsOf(rules: Rules, policy: PolicyHeader): readonly ActionLimit[] {
  const hard = policy.onViolation === 'block';
  const limit = (kind: ActionLimit['kind'], field: string, timeout: number | undefined): readonly ActionLimit[] => (timeout === undefined ? [] : [{ policy: policy.name, field, kind, timeoutMs: Math.round(timeout * SECOND), hard }]);
  return [...limit('run', 'timeout_seconds', rules.timeout_seconds), ...TIMED.flatMap((kind) => limit(kind, `action_timeout_seconds.${kind}`, rules.action_timeout_seconds?.[kind]))];
}

/** Never negative, as it would be after the clock was set back. */
const elapsed = (facts: Facts): number => Math.max(0, (facts.now - facts.run.startedAt) / SECOND);

/** `4 minutes 30 seconds`; of hours, the minutes are enough. */
function spanText(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  const parts = whole < 3_600 ? [[Math.floor(whole / 60), 'minute'], [whole % 60, 'second']] as const : [[Math.floor(whole / 3_600), 'hour'], [Math.floor((whole % 3_600) / 60), 'minute']] as const;
  return parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount} ${unit}${amount === 1 ? '' : 's'}`).join(' ');
}

function call(): ActionEvent<'tool.before'> {
  return { event: 'tool.before', name: 'search', args: {} };
}

/** So many seconds into the run. */
function after(seconds: number): Partial<Facts> {
  const run = freshRun();
  return { run, now: run.startedAt + seconds * SECOND };
}
