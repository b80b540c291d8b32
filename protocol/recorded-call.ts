// A judged call as it is kept for asking other policies about it later, and what may be asked of the governor about such records. Plain data.

import type { ActionEvent, EventName } from './action.ts';
import type { Disposition } from './verdict.ts';

/** One judgement of one event. A call that waited for a person was judged more than once; all its records have the same node. */
export interface RecordedCall {
  /** Counts the judgements of this governor; later ones are higher. */
  readonly number: number;
  readonly run: string;
  /** Node of the run graph that stands for the call. */
  readonly node: string;
  readonly event: EventName;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly policyVersion: string;
  readonly disposition: Disposition;
  readonly identity: RecordedIdentity;
  readonly body: RecordedBody;
}

/** Whose call it was: the same for every call of the run. */
export interface RecordedIdentity {
  readonly root: string;
  readonly depth: number;
  readonly agent: string;
  readonly fleet?: string;
  readonly workflow?: string;
  readonly user: string;
  /** When the run began, in milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface RecordedBody {
  /** The event without what may not be stored. */
  readonly event: Partial<ActionEvent>;
  /** JSON pointers (RFC 6901) into the event, to what was left out of it. */
  readonly withheld?: readonly string[];
  readonly facts: PackedFacts;
  /** What the decision asked about the past, and the answer; `null` stands for none. */
  readonly asked?: Readonly<Record<string, unknown>>;
  /** How the call is remembered: kind, name, hash of its arguments, hash of their shape. */
  readonly mark?: readonly [kind: string, name: string, hash: string, shape?: string];
  readonly reasons?: readonly RecordedReason[];
  /** Who decided, when it was not the policies. */
  readonly by?: 'person' | 'ledger';
}

export interface RecordedReason {
  readonly policy: string;
  readonly disposition: Disposition;
  readonly field: string;
  readonly message: string;
  readonly shadow?: true;
}

/** Cost spent and reserved, tokens spent and reserved. */
export type PackedSpend = readonly [number, number, number, number];

/** The facts of a decision without whose call it was. Absent means empty, or nothing but zeros. */
export interface PackedFacts {
  readonly now: number;
  readonly plane?: string;
  /** Steps, tool calls, LLM calls, tokens, cost, cost of the tree, failures in a row, children that go on, children in all. */
  readonly run: readonly number[];
  readonly effects?: readonly number[];
  readonly treeEffects?: readonly number[];
  readonly taint?: readonly string[];
  readonly ancestors?: readonly string[];
  readonly spend?: { readonly run: PackedSpend; readonly tree: PackedSpend; readonly day: PackedWindow; readonly month: PackedWindow; readonly models?: Readonly<Record<string, PackedSpend>> };
  /** How many earlier calls of the run were known; they are the marks of its earlier records. */
  readonly history?: number;
  readonly breakers?: Readonly<Record<string, unknown>>;
  readonly killed?: { readonly scope: string; readonly by: string; readonly reason: string };
  readonly context?: Readonly<Record<string, string>>;
  /** Keys of the context whose values are not stored. */
  readonly contextWithheld?: readonly string[];
  readonly granted?: readonly string[];
}
/** Of the agent, the fleet (or null), the user, and all. */
export type PackedWindow = readonly [PackedSpend, PackedSpend | null, PackedSpend, PackedSpend];

export interface RecordQuery {
  /** Absolute folder. */
  readonly workspace: string;
  /** Only runs with a call since then, in milliseconds since the epoch. */
  readonly since?: number;
  readonly agent?: string;
  /** One run, and those below it. */
  readonly run?: string;
}

export interface ReplayRequests {
  /** Records of whole runs in the order of judgement, a page at a time: `next` of one page is `after` of the next, and absent at the end. */
  'replay.records': { params: RecordQuery & { readonly after?: number; readonly limit?: number }; result: { readonly calls: readonly RecordedCall[]; readonly next?: number; /** Runs and records that the query matches. */ readonly total: { readonly runs: number; readonly records: number } } };
}
