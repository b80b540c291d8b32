// Circuit breakers of `kill-switch` policies: fed with how runs end, asked at every decision.

import type { RunInfo } from '../protocol/run-graph.ts';
import type { LiveRun } from './live-run.ts';
import type { Engine } from './policy/api.ts';
import { nextBreaker } from './policy/categories/kill-switch.ts';
import { freshFacts, type BreakerState, type Facts } from './policy/facts.ts';

/** Newest outcomes kept per agent: more than any sensible window needs. */
const KEPT = 1000;
const CLOSED: BreakerState = { state: 'closed', errors: 0, samples: 0 };

type Outcome = { readonly at: number; readonly ok: boolean };

export class Breakers {
  readonly #outcomes = new Map<string, Outcome[]>();
  readonly #states = new Map<string, BreakerState>();
  /** The one run that a half-open breaker lets through, by breaker. */
  readonly #probes = new Map<string, string>();

  /** A run of this agent ended. */
  ran(engine: Engine, info: RunInfo, ok: boolean, at: number): void {
    this.restore(info, ok, at);
    this.#advance(engine, info, at);
  }

  /** A run that ended before this governor started. */
  restore(info: RunInfo, ok: boolean, at: number): void {
    const key = agentKey(info);
    const outcomes = this.#outcomes.get(key) ?? [];
    outcomes.push({ at, ok });
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
    for (const rules of engine.breakers(whoIs(info, now))) {
      const key = `${agentKey(info)}\n${rules.policy}`;
      states[rules.policy] = nextBreaker(this.#states.get(key) ?? CLOSED, rules, outcomes, now);
      this.#states.set(key, states[rules.policy] ?? CLOSED);
    }
    return states;
  }
}

const agentKey = (info: RunInfo): string => `${info.workspace}\n${info.agent}`;
const whoIs = (info: RunInfo, now: number): Facts => freshFacts({ now, agent: info.agent, fleet: info.fleet, workflow: info.workflow, user: info.user });
