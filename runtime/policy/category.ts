// The shape of a category: one literal per file under categories/, from which types, schema, completion, hover, documentation, evaluation and example tests derive.

import type { z } from 'zod';
import type { ActionEvent, EventName } from '../../protocol/action.ts';
import type { Disposition, GateTerms, Redaction } from '../../protocol/verdict.ts';
import type { ActionLimit, AlertRules, AuditRules, BreakerRules, BudgetLimit, MemoryRules, PolicySet } from './api.ts';
import type { Facts } from './facts.ts';

export const GROUPS = ['Operational guardrails', 'Data and security boundaries', 'Cognitive governance', 'Agent action control', 'Trust, privacy and compliance'] as const;
export type Group = (typeof GROUPS)[number];

/** What a check found. `disposition` overrides the policy's `on_violation` (a warning threshold, a per-check action). */
export interface Violation {
  /** The rule that decided, as a dotted path under `rules:`. */
  readonly field: string;
  /** One sentence for the person and the agent; never the sensitive text itself. */
  readonly message: string;
  readonly disposition?: Disposition;
  readonly limit?: unknown;
  readonly fact?: string;
  readonly value?: unknown;
  readonly remedy?: string;
  readonly redactions?: readonly Redaction[];
  /** For `retrieval.after` and `data.after`: documents or rows, by index, that must not reach the agent. Goes with `redact`. */
  readonly drop?: readonly number[];
  /** For the same: fields of documents or rows that are replaced by `##LABEL##`, or left out when there is no label. Goes with `redact`. */
  readonly blank?: readonly { readonly index: number; readonly field: string; readonly label?: string }[];
  readonly retryAfterMs?: number;
  readonly gate?: GateTerms;
}

/** Undefined is a plain allow, and the usual answer: it must not allocate. `set` is the policies it stands among. */
export type Check<E extends EventName> = (event: ActionEvent<E>, facts: Facts, set: PolicySet) => Violation | readonly Violation[] | undefined;

/** A check that does not always matter. The index leaves it alone where it cannot. */
export interface NarrowCheck<E extends EventName> {
  /** Action names it can matter for (tool, model, host, program, agent): exact or globs. `server/tool` is the tool of one MCP server. */
  readonly names?: readonly string[];
  /** It only matters where this holds. Cheap, and one function for all policies of the category: those that share it are left alone together. */
  readonly given?: (facts: Facts) => boolean;
  readonly check: Check<E>;
}

/** A check that can only ever matter for these action names goes into their buckets of the index alone. */
export interface NamedCheck<E extends EventName> extends NarrowCheck<E> {
  readonly names: readonly string[];
}

/** Several entries of one event are each asked, and each may object. */
export type Checks = { readonly [E in EventName]?: Check<E> | NarrowCheck<E> | readonly (Check<E> | NarrowCheck<E>)[] };

/** A question to a model about a text, asked before the verdict, through the governed LLM route. */
export interface JudgeQuestion {
  /** SHA-256 of policy, model, criteria and text: what `Host.judgement` is asked with. */
  readonly id: string;
  readonly criteria: string;
  readonly model: string;
  /** Asks for `{"score": 0 to 1, "reason": "..."}` and nothing else. */
  readonly prompt: string;
  /** What the questions of this policy may cost in one run, in micro-dollars. */
  readonly budget?: number;
}

/** An example of a category: shown in documentation and completion, run as a test. */
export interface Example {
  readonly title: string;
  /** `rules:` of the policy, as YAML. */
  readonly rules: string;
  readonly event: ActionEvent;
  readonly facts?: Partial<Facts>;
  /** Disposition expected, and the field that decides when it is not `allow`. */
  readonly expect: Disposition;
  readonly field?: string;
}

export interface PolicyHeader {
  readonly name: string;
  readonly onViolation: Disposition;
}

export interface Category<S extends z.ZodObject = z.ZodObject> {
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly title: string;
  readonly group: Group;
  /** Why it exists, in a paragraph for a person who has to decide whether to use it. */
  readonly why: string;
  /** Every field described, with its unit in `.meta({ unit })` where it has one. Unknown keys are errors. */
  readonly rules: S;
  readonly dispositions: readonly Disposition[];
  readonly onViolation: Disposition;
  /** Builds the checks of one policy, once: sets, patterns and unit conversions are prepared here, outside the decision. */
  checks(rules: z.output<S>, policy: PolicyHeader): Checks;
  /** Limits of the run of these facts, for the ledger to enforce again, atomically. */
  budgets?(rules: z.output<S>, policy: PolicyHeader, facts: Facts): readonly BudgetLimit[];
  /** Bounds on actions in flight: the governor and the planes stop what passes them. */
  limits?(rules: z.output<S>, policy: PolicyHeader, facts: Facts): readonly ActionLimit[];
  /** Whom to tell of verdicts, and when to pause the agent. */
  alerts?(rules: z.output<S>, policy: PolicyHeader): AlertRules | undefined;
  /** What becomes of remembered items. */
  memory?(rules: z.output<S>, policy: PolicyHeader): MemoryRules | undefined;
  /** True when the policy has to see an answer whole before any of it reaches the agent: it is then held back while it streams. */
  wholeOutput?(rules: z.output<S>): boolean;
  /** What a judge has to be asked before this event is decided; the answers come back through `Host.judgement`. */
  questions?(rules: z.output<S>, policy: PolicyHeader, event: ActionEvent): readonly JudgeQuestion[];
  /** What the rules have against the other policies, at edit time: `field` is a dotted path under `rules:`. */
  review?(rules: z.output<S>, set: PolicySet): readonly { readonly field: string; readonly message: string; readonly severity?: 'error' | 'warning' }[];
  /** How records are kept. */
  audit?(rules: z.output<S>): AuditRules;
  /** The circuit breaker this policy asks for; undefined when it is switched off. */
  breaker?(rules: z.output<S>, policy: PolicyHeader): BreakerRules | undefined;
  readonly examples: readonly Example[];
}

/** Keeps the literal's own types while checking its shape. */
export function defineCategory<S extends z.ZodObject>(category: Category<S>): Category<S> {
  return category;
}
