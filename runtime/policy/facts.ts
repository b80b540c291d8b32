// What a check may know beside the event itself. Plain data, filled in by the governor (or by a test), so that the same event and facts always give the same verdict.

import type { MicroUsd } from '../../protocol/action.ts';

/** Spent and still reserved, in the unit of the tally. */
export interface Tally {
  readonly spent: number;
  readonly reserved: number;
}

/** Money in micro-dollars and tokens, of one account. */
export interface Spend {
  readonly cost: Tally;
  readonly tokens: Tally;
}

/** Calendar windows of spend, by whom it is counted for. Days and months are those of UTC. */
export interface WindowSpend {
  readonly agent: Spend;
  readonly fleet?: Spend;
  readonly user: Spend;
  readonly all: Spend;
}

/** One earlier call of the run: enough to see that it is being repeated. */
export interface CallMark {
  readonly kind: 'tool' | 'llm' | 'http' | 'exec' | 'spawn';
  readonly name: string;
  /** SHA-256 of the canonical arguments (`canonicalArgs`). */
  readonly hash: string;
  /** SHA-256 of the same with numbers and white space made alike (`shapeOf`): calls that differ in nothing else share it. */
  readonly shape?: string;
  readonly at: number;
}

export interface BreakerState {
  readonly state: 'closed' | 'open' | 'half-open';
  /** When it opened, in milliseconds since the epoch. */
  readonly openedAt?: number;
  readonly errors: number;
  readonly samples: number;
}

export interface RunFacts {
  readonly id: string;
  readonly root: string;
  /** 0 for a root run. */
  readonly depth: number;
  readonly startedAt: number;
  /** Actions proposed so far, of every kind. */
  readonly steps: number;
  readonly toolCalls: number;
  readonly llmCalls: number;
  /** Tokens used by this run's own LLM calls, settled. */
  readonly tokens: number;
  readonly cost: MicroUsd;
  readonly treeCost: MicroUsd;
  /** Failed tool and LLM calls in a row. */
  readonly retries: number;
  readonly taint: readonly string[];
}

export interface Facts {
  /** Milliseconds since the epoch, from the governor's clock. */
  readonly now: number;
  readonly agent: string;
  readonly fleet?: string;
  readonly workflow?: string;
  readonly user: string;
  readonly run: RunFacts;
  readonly spend: {
    /** This run and the runs it spawned. */
    readonly run: Spend;
    /** The whole tree, from the root. */
    readonly tree: Spend;
    readonly day: WindowSpend;
    readonly month: WindowSpend;
    /** Spend of the day by model, for the agent. */
    readonly models: Readonly<Record<string, Spend>>;
  };
  /** The newest calls of the run, oldest first; at most `HISTORY_LIMIT`. */
  readonly history: readonly CallMark[];
  /** State of each `kill-switch` policy, by policy name. */
  readonly breakers: Readonly<Record<string, BreakerState>>;
  /** A person pulled the switch for this run, its agent, its fleet or everything. */
  readonly killed?: { readonly scope: string; readonly by: string; readonly reason: string };
  /** Policies whose gate a person approved for exactly this call. */
  readonly granted: ReadonlySet<string>;
}

export const HISTORY_LIMIT = 64;

const ZERO: Spend = { cost: { spent: 0, reserved: 0 }, tokens: { spent: 0, reserved: 0 } };

/** Facts of a run that has done nothing yet: the base of every test and example. */
export function freshFacts(overrides: Partial<Facts> = {}): Facts {
  return {
    now: Date.UTC(2026, 0, 5, 12),
    agent: 'agent',
    user: 'user',
    run: { id: 'run', root: 'run', depth: 0, startedAt: Date.UTC(2026, 0, 5, 12), steps: 0, toolCalls: 0, llmCalls: 0, tokens: 0, cost: 0, treeCost: 0, retries: 0, taint: [] },
    spend: { run: ZERO, tree: ZERO, day: { agent: ZERO, user: ZERO, all: ZERO }, month: { agent: ZERO, user: ZERO, all: ZERO }, models: {} },
    history: [],
    breakers: {},
    granted: new Set(),
    ...overrides,
  };
}
