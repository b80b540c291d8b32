// What the engine answers: dispositions from weakest to strongest, the verdict with its reasons, and the one way verdicts are merged.

/** Weakest first. The strongest of all policies in scope wins; there is no other order. */
export const DISPOSITIONS = ['allow', 'warn', 'redact', 'throttle', 'retry', 'skip', 'gate', 'block'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

const STRENGTH = Object.fromEntries(DISPOSITIONS.map((name, index) => [name, index])) as Record<Disposition, number>;

/** True when `a` is stronger than `b`. */
export function stronger(a: Disposition, b: Disposition): boolean {
  return STRENGTH[a] > STRENGTH[b];
}

/** Place in the order of dispositions, from 0 for the weakest. */
export function strength(disposition: Disposition): number {
  return STRENGTH[disposition];
}

/** True when the action may go on (perhaps with redactions). */
export function proceeds(disposition: Disposition): boolean {
  return STRENGTH[disposition] <= STRENGTH.redact;
}

/** A place in a policy file. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Why one policy gave one disposition. Complete enough to explain itself to a person, a debugger and the agent. */
export interface Reason {
  readonly policy: string;
  readonly category: string;
  readonly disposition: Disposition;
  /** True when the policy is in shadow mode: recorded, without effect. */
  readonly shadow?: boolean;
  /** One sentence for people and for the agent. Never holds the sensitive text itself. */
  readonly message: string;
  /** The rule that decided, for example `per_tree_cost_limit`, and its value in the policy. */
  readonly field: string;
  readonly limit?: unknown;
  /** The fact it was compared with, for example `tree cost`, and its value. */
  readonly fact?: string;
  readonly value?: unknown;
  /** What would have had to differ for this policy to allow. */
  readonly remedy?: string;
  readonly place?: Place;
  /** Set by a policy whose check could not be made. */
  readonly error?: string;
  /** For `throttle` and `retry`: when to try again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** For `gate`: who may decide and what happens without an answer. */
  readonly gate?: GateTerms;
}

/** What a policy asks of a human gate. */
export interface GateTerms {
  /** Identities that may decide; empty means anyone with control of this governor. */
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly timeoutMs: number;
  readonly onTimeout: 'block' | 'allow';
  /** `quick` offers Approve in the notification; `full` only Review and Reject. */
  readonly review: 'quick' | 'full';
}

/** A span of a text part to be replaced by `##LABEL##`, or by `text`. Offsets are UTF-16 code units; `end` is exclusive. An empty span is an insertion and has a `text`; at a place that holds no text, a row, a document or a field, it replaces the whole value, or leaves it out where its `text` is empty. */
export interface Redaction {
  readonly at: string;
  readonly start: number;
  readonly end: number;
  /** Kind of what was found, in capitals: `EMAIL`, `CREDIT_CARD`, `AWS_KEY`; for rows that are left out `ROW`, for a sentence that is put in `DISCLAIMER`. */
  readonly label: string;
  /** What stands there instead; absent means `##LABEL##`. */
  readonly text?: string;
}

export interface Verdict {
  readonly disposition: Disposition;
  /** Policies that did not plainly allow, strongest first, shadow ones included. */
  readonly reasons: readonly Reason[];
  readonly redactions: readonly Redaction[];
  /** Hash of the policy set that decided. */
  readonly policyVersion: string;
}

/** Merges verdicts of one policy set: strongest disposition, all reasons, all redactions. Commutative, associative, idempotent. */
export function merge(a: Verdict, b: Verdict): Verdict {
  return {
    disposition: stronger(b.disposition, a.disposition) ? b.disposition : a.disposition,
    reasons: arrangeReasons([...a.reasons, ...b.reasons]),
    redactions: mergeRedactions([...a.redactions, ...b.redactions]),
    policyVersion: a.policyVersion,
  };
}

/** In the order in which they are told, strongest first, each once. Sorts `reasons` itself when it has to. */
export function arrangeReasons(reasons: Reason[]): Reason[] {
  let order = 1;
  for (let at = 1; at < reasons.length && order > 0; at++) order = byStrength(reasons[at]!, reasons[at - 1]!);
  if (order > 0) return reasons;
  // Equal ones stand side by side once they are sorted.
  return reasons.sort(byStrength).filter((reason, at) => at === 0 || byStrength(reasons[at - 1]!, reason) !== 0);
}

/** Sorted by place, overlapping spans joined; the label of the earliest span stands, of several the first in the alphabet: whatever the order of merging. */
export function mergeRedactions(spans: readonly Redaction[]): Redaction[] {
  const sorted = [...spans].sort(byPlace);
  const merged: Redaction[] = [];
  let covered: Redaction | undefined;
  for (const span of sorted) {
    const last = merged.at(-1);
    if (isInsertion(span)) {
      // What is put in stands beside what is taken out, never inside it, and once.
      if (covered?.at === span.at && span.start < covered.end) continue;
      if (!(last && last.at === span.at && last.start === span.start && isInsertion(last) && last.text === span.text)) merged.push(span);
    } else if (covered?.at === span.at && span.start < covered.end) {
      if (span.end > covered.end) covered = merged[merged.lastIndexOf(covered)] = { ...covered, end: span.end };
    } else merged.push(covered = span);
  }
  return merged;
}

/** Of equal beginnings, what is put in comes first, equal texts side by side; a removal that shows its label comes before one that shows a text. */
function byPlace(a: Redaction, b: Redaction): number {
  const where = compare(a.at, b.at) || a.start - b.start || Number(isInsertion(b)) - Number(isInsertion(a));
  const text = Number(a.text !== undefined) - Number(b.text !== undefined) || compare(a.text ?? '', b.text ?? '');
  return where || (isInsertion(a) ? text || compare(a.label, b.label) : compare(a.label, b.label) || text || b.end - a.end);
}

const isInsertion = (span: Redaction): boolean => span.start === span.end;

/** The text with every span replaced by `##LABEL##` or its own text. Spans must be of this text and merged. */
export function redactText(text: string, spans: readonly Pick<Redaction, 'start' | 'end' | 'label' | 'text'>[]): string {
  let out = '';
  let from = 0;
  for (const span of spans) {
    out += text.slice(from, span.start) + (span.text ?? `##${span.label}##`);
    from = span.end;
  }
  return out + text.slice(from);
}

/** The sentence an agent is told when an action does not go on. */
export function refusalMessage(verdict: Verdict): string {
  const reason = verdict.reasons.find((each) => !each.shadow && each.disposition === verdict.disposition);
  return reason ? `${reason.message} (policy ${reason.policy})` : `refused: ${verdict.disposition}`;
}

function byStrength(a: Reason, b: Reason): number {
  return Number(a.shadow ?? false) - Number(b.shadow ?? false)
    || STRENGTH[b.disposition] - STRENGTH[a.disposition]
    || compare(a.policy, b.policy) || compare(a.field, b.field) || (a === b ? 0 : compare(reasonKey(a), reasonKey(b)));
}
/** The same text for equal reasons, whatever the order of their keys. */
const reasonKey = (reason: Reason): string => JSON.stringify(reason, (_, value: unknown) => (isPlain(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => compare(a, b))) : value));
const isPlain = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
