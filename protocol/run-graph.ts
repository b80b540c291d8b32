// The run as a graph. Events are appended by the governor; one reducer, run by host, webview, debugger and replay, turns them into nodes and RunEdges.

import type { ActionKind, EventName, MicroUsd, Usage } from './action.ts';
import type { Disposition, GateTerms, Verdict } from './verdict.ts';

export const RUN_STATES = ['pending', 'running', 'suspended', 'completed', 'failed', 'blocked', 'killed', 'in-doubt'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** True for a state that no event leaves. */
export function ended(state: RunState): boolean {
  return state === 'completed' || state === 'failed' || state === 'blocked' || state === 'killed';
}

/** How strongly a run is held: L1 by environment and hooks, L2 the provider key is not with the agent, L3 confined. */
export type Level = 'L1' | 'L2' | 'L3';

export interface RunInfo {
  readonly id: string;
  readonly root: string;
  readonly parent?: string;
  /** 0 for a root run. */
  readonly depth: number;
  readonly agent: string;
  readonly fleet?: string;
  readonly workflow?: string;
  readonly user: string;
  readonly workspace: string;
  readonly command: readonly string[];
  readonly level: Level;
  /** What the launch says of the run: `purpose`, `region`, `consent_token` and whatever policies ask for. */
  readonly context?: Readonly<Record<string, string>>;
}

/** Where an action's text came to rest. Redacted before it is stored; long texts are cut and say so. */
export interface Shown {
  readonly title: string;
  readonly body?: string;
  readonly truncated?: boolean;
}

/** What happened, in order. `seq` is gapless within a run; `at` is milliseconds since the epoch. */
export type RunEvent = { readonly run: string; readonly seq: number; readonly at: number } & RunFact;

export type RunFact =
  | { readonly type: 'run.opened'; readonly info: RunInfo; readonly policyVersion: string; /** Node of the parent run that spawned this one. */ readonly spawnedBy?: string }
  | { readonly type: 'run.state'; readonly state: RunState; readonly reason?: string; /** Of the agent's process, once it ended. */ readonly exitCode?: number }
  | { readonly type: 'action.proposed'; readonly node: string; readonly kind: ActionKind; readonly name: string; readonly input?: Shown; readonly estimate?: MicroUsd;
      /** Nodes whose outcome led here: the LLM call that asked for a tool, the tool result that entered a request. */ readonly causes: readonly string[] }
  | { readonly type: 'action.judged'; readonly node: string; readonly event: EventName; readonly verdict: Verdict;
      /** What it does to the world, when it may go on. */ readonly effects?: EffectsDelta; /** What users said in it for the first time, redacted. */ readonly told?: readonly string[] }
  | { readonly type: 'action.ended'; readonly node: string; readonly outcome: ActionOutcome; readonly effects?: EffectsDelta; readonly learned?: Learned; readonly output?: Shown; readonly usage?: Usage; readonly cost?: MicroUsd; readonly costKnown?: boolean; readonly error?: string }
  | { readonly type: 'gate.opened'; readonly node: string; readonly gate: string; readonly policy: string; readonly message: string; readonly terms: GateTerms; readonly expiresAt: number; readonly contentHash: string }
  | { readonly type: 'gate.decided'; readonly node: string; readonly gate: string; readonly decision: GateOutcome; readonly by: string; readonly reason?: string }
  | { readonly type: 'budget'; readonly account: string; readonly unit: string; readonly limit?: number; readonly reserved: number; readonly spent: number; readonly overrun: number }
  | { readonly type: 'policy.changed'; readonly from: string; readonly to: string };

/** What one action adds to what a run did to the world. */
export interface EffectsDelta {
  readonly recordsModified?: number;
  readonly recordsDeleted?: number;
  /** Paths that are created, written or deleted. */
  readonly files?: readonly string[];
  readonly apiWrites?: number;
  readonly messages?: number;
  readonly amount?: MicroUsd;
  readonly memoryWrites?: number;
}

/** What an action brought into the run's context, as far as later checks ask for it. Redacted like all that is stored. */
export interface Learned {
  readonly documents?: readonly { readonly store: string; readonly id?: string; readonly source?: string; readonly score?: number; readonly text: string }[];
  readonly decision?: { readonly summary: string; readonly about?: string };
  /** Where text from outside came from: `tool:search`. */
  readonly taint?: string;
}

export type ActionOutcome = 'done' | 'refused' | 'failed' | 'aborted' | 'in-doubt';
/** `withdrawn`: the call no longer needs it (the policies changed, or the run ended). */
export type GateOutcome = 'approved' | 'rejected' | 'expired-allow' | 'expired-block' | 'withdrawn';

export interface RunNode {
  readonly id: string;
  readonly run: string;
  /** `run`, `gate`, or the kind of the action. */
  readonly kind: ActionKind | 'gate';
  readonly name: string;
  readonly state: 'proposed' | 'waiting' | 'running' | ActionOutcome | GateOutcome;
  /** Strongest disposition that any event of this node met. */
  readonly disposition: Disposition;
  readonly verdicts: readonly { readonly event: EventName; readonly verdict: Verdict }[];
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly input?: Shown;
  readonly output?: Shown;
  readonly usage?: Usage;
  readonly estimate?: MicroUsd;
  readonly cost?: MicroUsd;
  readonly costKnown?: boolean;
  readonly error?: string;
  /** Causal step within the tree of runs: 1 + the largest step of what led here. The x of the lanes view. */
  readonly step: number;
}

export const EDGE_TYPES = ['spawned', 'called', 'decided', 'caused', 'gated', 'resumed', 'retried', 'settled'] as const;
export type EdgeType = (typeof EDGE_TYPES)[number];

/** A typed edge: what led to what, when, under which verdict and at which cost. */
export interface RunEdge {
  readonly type: EdgeType;
  readonly from: string;
  readonly to: string;
  readonly at: number;
  readonly cost?: MicroUsd;
  readonly disposition?: Disposition;
}

export interface RunSummary extends RunInfo {
  readonly state: RunState;
  readonly reason?: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Settled cost of this run alone. */
  readonly cost: MicroUsd;
  readonly steps: number;
  readonly refusals: number;
  readonly openGates: number;
}

export interface GateView {
  readonly id: string;
  readonly run: string;
  readonly node: string;
  readonly policy: string;
  readonly message: string;
  readonly terms: GateTerms;
  readonly openedAt: number;
  readonly expiresAt: number;
  readonly contentHash: string;
  readonly decision?: GateOutcome;
  readonly by?: string;
  readonly reason?: string;
}

export interface Balance {
  readonly account: string;
  readonly unit: string;
  readonly limit?: number;
  readonly reserved: number;
  readonly spent: number;
  readonly overrun: number;
}

/** A tree of runs. Keys are ids; insertion order is the order of events. Treated as immutable: `applyEvent` returns a new graph that shares what did not change. */
export interface RunGraph {
  readonly runs: ReadonlyMap<string, RunSummary>;
  readonly nodes: ReadonlyMap<string, RunNode>;
  readonly edges: readonly RunEdge[];
  readonly gates: ReadonlyMap<string, GateView>;
  readonly balances: ReadonlyMap<string, Balance>;
  readonly policyVersion?: string;
  /** Events that were never seen, by run: holes in its sequence. */
  readonly missing?: ReadonlyMap<string, number>;
}

/** The node that stands for a run itself. */
export const runNode = (run: string): string => `${run}/run`;
/** The node that stands for a gate. */
export const gateNode = (gate: string): string => `${gate}/gate`;

export const EMPTY_GRAPH: RunGraph = { runs: new Map(), nodes: new Map(), edges: [], gates: new Map(), balances: new Map() };
