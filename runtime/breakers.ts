// Circuit breakers of `kill-switch` policies: fed with how runs end, asked at every decision.

import type { RunInfo, RunState } from '../protocol/run-graph.ts';
import { identityFacts, type LiveRun } from './live-run.ts';
import type { BreakerRules, Engine } from './policy/api.ts';
import { nextBreaker } from './policy/categories/kill-switch.ts';
import type { BreakerState } from './policy/facts.ts';

/** Newest outcomes kept per agent: more than any sensible window needs. */
const KEPT = 1000;
const CLOSED: BreakerState = { state: 'closed', errors: 0, samples: 0 };

type Outcome = { readonly at: number; readonly ok: boolean };

/** How a run came to an end. One that was refused before its agent did anything says nothing about the agent, and is not counted. */
export interface Ending {
  readonly state: RunState;
  readonly steps: number;
  readonly at: number;
}

export class Breakers {
  readonly #outcomes = new Map<string, Outcome[]>();
  readonly #states = new Map<string, BreakerState>();
  /** The one run that a half-open breaker lets through, by breaker. */
  readonly #probes = new Map<string, string>();

  /** A run of this agent ended. */
  ran(engine: Engine, info: RunInfo, ending: Ending): void {
    this.#advance(engine, info, ending.at); // what the breaker was until now, before the new outcome counts
    this.restore(info, ending);
    this.#advance(engine, info, ending.at);
  }

  /** A run that ended before this governor started. */
  restore(info: RunInfo, { state, steps, at }: Ending): void {
    if (state === 'blocked' && steps === 0) return;
    const key = agentKey(info);
    const outcomes = this.#outcomes.get(key) ?? [];
    outcomes.push({ at, ok: state === 'completed' });
    this.#outcomes.set(key, outcomes.slice(-KEPT));
  }

  /** The state of every breaker that is about this run, by policy. */
  states(engine: Engine, live: LiveRun, now: number): Readonly<Record<string, BreakerState>> {
    return Object.fromEntries(Object.entries(this.#advance(engine, live.info, now)).map(([policy, state]) => [policy, this.#seenBy(live, policy, state)]));
  }

  /** Half-open for the run that probes, open for all others; closed again is for everybody. A probe that ended without closing the breaker opened it. */
  #seenBy(live: LiveRun, policy: string, state: BreakerState): BreakerState {
    const key = `${agentKey(live.info)}\n${policy}`;
    if (state.state !== 'half-open') {
      this.#probes.delete(key);
      return state;
    }
    const probe = this.#probes.get(key) ?? live.info.id;
    this.#probes.set(key, probe);
    return probe === live.info.id ? state : { ...state, state: 'open' };
  }

  #advance(engine: Engine, info: RunInfo, now: number): Record<string, BreakerState> {
    const states: Record<string, BreakerState> = {};
    const outcomes = this.#outcomes.get(agentKey(info)) ?? [];
    for (const rules of engine.breakers(identityFacts(info, now))) {
      const key = `${agentKey(info)}\n${rules.policy}`;
      const state = nextBreaker(this.#states.get(key) ?? replayed(rules, outcomes), rules, outcomes, now);
      states[rules.policy] = state;
      this.#states.set(key, state);
    }
    return states;
  }
}

/** What a breaker that is met for the first time came to by the runs that ended so far: one that opened before a restart is still open after it. */
function replayed(rules: BreakerRules, outcomes: readonly Outcome[]): BreakerState {
  let state = CLOSED;
  const seen: Outcome[] = [];
  for (const outcome of [...outcomes].sort((a, b) => a.at - b.at)) {
    state = nextBreaker(state, rules, seen, outcome.at);
    seen.push(outcome);
    state = nextBreaker(state, rules, seen, outcome.at);
  }
  return state;
}

const agentKey = (info: RunInfo): string => `${info.workspace}\n${info.agent}`;
