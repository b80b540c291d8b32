// What a check may know beside the event itself. Plain data, filled in by the governor (or by a test), so that the same event and facts always give the same verdict.

import type { MicroUsd } from '../../protocol/action.ts';
import type { Disposition } from '../../protocol/verdict.ts';

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
  /** Where text in this run's context came from that nobody vouches for: `tool:fetch_page`, `parent:tool:search`. */
  readonly taint: readonly string[];
  /** Agents from the one that spawned this run up to the root's. */
  readonly ancestors: readonly string[];
  /** Runs that this one spawned: going on, and in all. */
  readonly children: { readonly live: number; readonly total: number };
  /** What this run did to the world so far. */
  readonly effects: Effects;
  /** The same over its whole spawn tree. */
  readonly treeEffects: Effects;
}

/** Running totals of what was allowed to happen. Counted when it is allowed, corrected when it is over. */
export interface Effects {
  readonly recordsModified: number;
  readonly recordsDeleted: number;
  /** Different paths that were created, written or deleted. */
  readonly filesChanged: number;
  readonly apiWrites: number;
  readonly messages: number;
  /** Money that messages and tools moved. */
  readonly amount: MicroUsd;
  readonly memoryWrites: number;
}

export const NO_EFFECTS: Effects = Object.freeze({ recordsModified: 0, recordsDeleted: 0, filesChanged: 0, apiWrites: 0, messages: 0, amount: 0, memoryWrites: 0 });

/** Whom something is counted for. */
export const COUNTED_BY = ['run', 'tree', 'agent', 'workflow', 'fleet', 'user', 'all'] as const;
export type CountedBy = (typeof COUNTED_BY)[number];
/** What is counted. `actions` are all kinds together, the start of a run aside. */
export const COUNTED = ['runs', 'actions', 'llm_calls', 'tool_calls', 'http_requests', 'commands', 'spawns'] as const;
export type Counted = (typeof COUNTED)[number];

/** A document that reached the run's context. */
export interface RetrievedMark {
  readonly at: number;
  readonly store: string;
  readonly id?: string;
  readonly source?: string;
  readonly score?: number;
  /** Its beginning, redacted; at most `RETRIEVED_TEXT` UTF-16 code units. */
  readonly text: string;
}
export const RETRIEVED_TEXT = 4_000;

/** A reasoning record of the run. */
export interface DecisionMark {
  readonly at: number;
  readonly summary: string;
  readonly about?: string;
}

/** A verdict that was not plainly an allow. */
export interface Incident {
  readonly at: number;
  readonly policy: string;
  readonly disposition: Disposition;
}

/**
 * What a check may ask about what happened before: windows, counters, history. The governor answers from its store, a test from literals,
 * a replay from the record; each answer depends on nothing but what is on record, so it is the same before and after a crash.
 */
export interface Host {
  /** When earlier actions of this kind started, oldest first, for the last 25 hours; the one that is judged is not among them. With `names`, only those of these tools, models, hosts, programs or agents: a name, or several names and globs, counted together. */
  starts(by: CountedBy, what: Counted, names?: string | readonly string[]): readonly number[];
  /** How many of them have not ended. */
  running(by: CountedBy, what: Counted): number;
  /** When a policy objected to something in this run, oldest first. */
  violations(policy: string): readonly number[];
  /** Recorded incidents, oldest first, of the last 25 hours. */
  incidents(by: CountedBy): readonly Incident[];
  /** When a person last let a gate of this policy go on, for whom it is asked; undefined when nobody did in the last 25 hours. Absent where it is not on record. */
  released?(policy: string, by: CountedBy): number | undefined;
  /** Documents that reached this run and the runs it was spawned by, oldest first; the newest 500. */
  retrieved(): readonly RetrievedMark[];
  /** What users said to this run and the input it was started with, redacted, oldest first; each at most `RETRIEVED_TEXT`. */
  told(): readonly string[];
  /** Reasoning records of this run, oldest first. */
  decisions(): readonly DecisionMark[];
  /** Items that the run's session holds in memory, by kind. */
  remembered(): Readonly<Record<string, number>>;
  /** What a judge answered to a question that a category asked (`Category.questions`); undefined when nobody asked it, or it got no answer. */
  judgement(id: string): Judgement | undefined;
}

/** The answer of a model that was asked to judge a text. */
export interface Judgement {
  /** 0 (fails) to 1 (holds). */
  readonly score: number;
  readonly reason: string;
}

export interface Facts {
  /** Milliseconds since the epoch, from the governor's clock. */
  readonly now: number;
  readonly agent: string;
  readonly fleet?: string;
  readonly workflow?: string;
  readonly user: string;
  /** Where the action was intercepted: one of `PLANES`. */
  readonly plane?: string;
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
  /** What the launch says of the run: `purpose`, `region`, `consent_token`, `sandbox`, `session` and whatever policies ask for. */
  readonly context: Readonly<Record<string, string>>;
  /** What happened before, asked for when a check needs it. */
  readonly host: Host;
  /** Policies whose gate a person approved for exactly this call. */
  readonly granted: ReadonlySet<string>;
}

export const HISTORY_LIMIT = 64;

const ZERO: Spend = { cost: { spent: 0, reserved: 0 }, tokens: { spent: 0, reserved: 0 } };

/** A past in which nothing happened, but for what is given. */
export function freshHost(answers: Partial<Host> = {}): Host {
  const none = (): readonly never[] => NOTHING;
  return { starts: none, running: () => 0, violations: none, incidents: none, retrieved: none, told: none, decisions: none, remembered: () => ({}), judgement: () => undefined, ...answers };
}

const NOTHING: readonly never[] = Object.freeze([]);

/** Facts of a run that has done nothing yet. */
export function freshRun(overrides: Partial<RunFacts> = {}): RunFacts {
  return {
    id: 'run', root: 'run', depth: 0, startedAt: Date.UTC(2026, 0, 5, 12), steps: 0, toolCalls: 0, llmCalls: 0, tokens: 0, cost: 0, treeCost: 0, retries: 0,
    taint: [], ancestors: [], children: { live: 0, total: 0 }, effects: NO_EFFECTS, treeEffects: NO_EFFECTS, ...overrides,
  };
}

/** Facts of a run that has done nothing yet: the base of every test and example. */
export function freshFacts(overrides: Partial<Facts> = {}): Facts {
  return {
    now: Date.UTC(2026, 0, 5, 12),
    agent: 'agent',
    user: 'user',
    run: freshRun(),
    spend: { run: ZERO, tree: ZERO, day: { agent: ZERO, user: ZERO, all: ZERO }, month: { agent: ZERO, user: ZERO, all: ZERO }, models: {} },
    history: [],
    breakers: {},
    context: {},
    host: freshHost(),
    granted: new Set(),
    ...overrides,
  };
}
