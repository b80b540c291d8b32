// What a compiled policy set offers. `compilePolicies` in index.ts makes it; the same code runs in governor, gateway, language server and tests.

import type { ActionEvent, ActionKind, Risk, ToolClass } from '../../protocol/action.ts';
import type { Finding } from '../../protocol/finding.ts';
import type { Disposition, Place, Reason, Verdict } from '../../protocol/verdict.ts';
import type { JudgeQuestion } from './category.ts';
import type { BreakerState, Facts } from './facts.ts';

export interface PolicySource {
  readonly path: string;
  readonly text: string;
}

/** Compiles a set of files as one. Never throws for any text: what is wrong is in `findings`. When one of them is an error, `engine` holds the policies that are whole, and callers that enforce must refuse the set. */
export type CompilePolicies = (sources: readonly PolicySource[]) => { readonly engine: Engine; readonly findings: readonly Finding[] };

export interface PolicySummary {
  readonly name: string;
  readonly category: string;
  readonly mode: 'enforce' | 'shadow' | 'off';
  readonly onViolation: Disposition;
  readonly description?: string;
  readonly place: Place;
}

/** One policy's part in a decision: what it saw and why it did or did not act. */
export interface Considered {
  readonly policy: PolicySummary;
  readonly outcome: 'out-of-scope' | 'not-watching' | 'allowed' | 'acted' | 'off';
  readonly reasons: readonly Reason[];
  readonly detail?: string;
}

export type BudgetScope = 'run' | 'tree' | `day.${'agent' | 'fleet' | 'user' | 'all'}` | `month.${'agent' | 'fleet' | 'user' | 'all'}` | `day.model:${string}`;

/** A limit that a `cost` policy sets for the run of these facts. The ledger enforces the hard ones again, atomically. */
export interface BudgetLimit {
  readonly policy: string;
  readonly scope: BudgetScope;
  readonly unit: 'usd_micro' | 'tokens';
  readonly limit: number;
  /** False when going over only warns. */
  readonly hard: boolean;
  /** True when a `when:` decides for each action whether it counts, and none was given. */
  readonly conditional?: boolean;
}

/** How records are kept, merged over the `audit` policies in scope: the most private setting wins, the longest retention wins. */
export interface AuditRules {
  readonly logInputs: boolean;
  readonly logOutputs: boolean;
  readonly logSteps: boolean;
  readonly logToolCalls: boolean;
  /** Lower-case substrings of keys whose values are never stored; the built-in ones included. */
  readonly redactFields: readonly string[];
  readonly retentionDays: number;
  /** Longest stored text, in UTF-16 code units. */
  readonly maxText: number;
}

/** A bound on an action that is going on. */
export interface ActionLimit {
  readonly policy: string;
  readonly field: string;
  readonly kind: ActionKind;
  /** Longest time from the start of the action (of the run, for `run`), in milliseconds. */
  readonly timeoutMs?: number;
  /** Longest output of a program, in bytes. */
  readonly maxOutputBytes?: number;
  /** False when passing it is only recorded. */
  readonly hard: boolean;
}

/** Whom a `control` policy tells of verdicts. */
export interface AlertRules {
  readonly policy: string;
  readonly webhook?: string;
  /** Name of the environment variable of the governor that holds the key of the signature. */
  readonly secretEnv?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly notifyOn: readonly Disposition[];
  readonly cooldownMs: number;
}

/** What becomes of the items a run remembers. */
export interface MemoryRules {
  readonly policy: string;
  /** Items of the run's session are deleted when the run ends. */
  readonly purgeOnCompletion: boolean;
  /** Longest time an item is kept, in milliseconds. */
  readonly retentionMs?: number;
}

/** The policies that a check stands among. */
export interface PolicySet {
  /** Those in force for these facts: enforced, and in scope. */
  inForce(facts: Facts): readonly PolicyInForce[];
  /** All of the set, whatever their scope and mode. */
  readonly all: readonly PolicyInForce[];
  /** The fleet that `agents:` puts an agent into. Absent where nobody knows what is declared. */
  fleetOf?(agent: string): string | undefined;
}
export interface PolicyInForce {
  readonly name: string;
  readonly category: string;
  readonly mode: 'enforce' | 'shadow' | 'off';
  readonly onViolation: Disposition;
  /** Parsed by the category's schema, defaults filled in. */
  readonly rules: Readonly<Record<string, unknown>>;
}

export interface BreakerRules {
  readonly policy: string;
  /** Share of failed runs, 0 to 1, above which the breaker opens. */
  readonly errorRate: number;
  readonly windowMs: number;
  readonly minSamples: number;
  readonly recoverAfterMs: number;
}

/** Redacts a text that arrives in pieces: what `push` returns can never be part of a match that a later piece completes. */
export interface StreamRedactor {
  push(piece: string): string;
  /** The rest, at the end of the text. */
  flush(): string;
  /** Labels of what was redacted so far. */
  readonly found: readonly string[];
  /** Set once a match must stop the stream (`block`): nothing more is returned. */
  readonly blocked?: Reason;
}

export interface Engine {
  /** First 16 hex digits of a SHA-256 over the paths of the sources and the SHA-256 of each chunk of their texts, as `versionOf` in version.ts lays it out: the policy version. */
  readonly version: string;
  readonly policies: readonly PolicySummary[];
  /** Pure. A check that throws blocks with its policy's name (or warns, when the policy says `on_error: warn`). */
  decide(event: ActionEvent, facts: Facts): Verdict;
  /** The same decision with every policy's part in it. Slower; for people. */
  explain(event: ActionEvent, facts: Facts): { readonly verdict: Verdict; readonly considered: readonly Considered[] };
  /** What else the event is: the message that a tool sends, the output that an answer of the model is. Judged together with it. */
  seenAs(event: ActionEvent): readonly ActionEvent[];
  /** The kind of action that a tool is as well, as `tools:` says. */
  meaning(tool: string): ActionKind | undefined;
  /** What policies in scope want a judge to be asked before this event is decided. */
  questions(event: ActionEvent, facts: Facts): readonly JudgeQuestion[];
  /** With an event, only those of policies whose `when:` holds for it; one of which that cannot be said counts. */
  budgets(facts: Facts, event?: ActionEvent): readonly BudgetLimit[];
  audit(facts: Facts): AuditRules;
  breakers(facts: Facts): readonly BreakerRules[];
  /** Bounds on actions in flight. */
  limits(facts: Facts, event?: ActionEvent): readonly ActionLimit[];
  alerts(facts: Facts): readonly AlertRules[];
  memory(facts: Facts): readonly MemoryRules[];
  /** True when some policy in scope has to see an answer of the model whole before any of it goes on. */
  wholeOutput(facts: Facts): boolean;
  /** For text of the model on its way to the agent; undefined when no policy in scope looks at it. */
  streamRedactor(facts: Facts): StreamRedactor | undefined;
  /** What `tools:` says of a tool, by exact name or glob. */
  tool(name: string): { readonly class: ToolClass; readonly risk?: Risk };
  /** Declared agents. */
  readonly agents: ReadonlyMap<string, { readonly fleet?: string; readonly owner?: string; readonly description?: string; readonly entry: readonly string[] }>;
}

/** The next state of a circuit breaker. Exported by categories/kill-switch.ts. */
export type NextBreaker = (state: BreakerState, rules: BreakerRules, outcomes: readonly { readonly at: number; readonly ok: boolean }[], now: number) => BreakerState;
