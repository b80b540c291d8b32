// One policy is asked: what it objects to becomes a reason, a check that fails refuses, and a shadow is only noted.

import type { ActionEvent } from '../../protocol/action.ts';
import { stronger, type Disposition, type Place, type Reason, type Redaction } from '../../protocol/verdict.ts';
import type { PolicySet } from './api.ts';
import type { Violation } from './category.ts';
import type { CompiledPolicy } from './compile.ts';
import type { Facts } from './facts.ts';
import type { Cuts } from './json-cuts.ts';
import type { Watch } from './policy-index.ts';

/** A compiled policy where it stands. */
export interface PlacedPolicy extends CompiledPolicy {
  readonly place: Place;
}

/** What the policies in scope had to say; made only when one of them did not plainly allow. */
export interface Heard {
  readonly reasons: Reason[];
  readonly redactions: Redaction[];
  disposition: Disposition;
}

/** Collects across one decision; reused, so that a plain allow allocates nothing. */
export interface Listener {
  readonly set: PolicySet;
  heard: Heard | undefined;
  /** Rows and fields to be cut from a result; set while an event is judged that has some. */
  cuts: MutableCuts | undefined;
}

interface MutableCuts {
  readonly drop: Set<number>;
  readonly blank: Cuts['blank'][number][];
}

/** Asks one policy and notes what it found. A check that throws is an answer too. */
export function ask(watch: Watch<PlacedPolicy>, event: ActionEvent, facts: Facts, listener: Listener): void {
  let found: Violation | readonly Violation[] | undefined;
  let failure: unknown;
  let failed = false;
  try {
    found = watch.check(event, facts, listener.set);
  } catch (error) {
    failed = true;
    failure = error;
  }
  if (failed) note(listener, watch.policy, errorReason(watch.policy, failure), undefined);
  else if (found !== undefined) noteAll(listener, watch.policy, found, facts);
}

function noteAll(listener: Listener, policy: PlacedPolicy, found: Violation | readonly Violation[], facts: Facts): void {
  for (const violation of Array.isArray(found) ? (found as readonly Violation[]) : [found as Violation]) {
    const reason = reasonOf(policy, violation, facts);
    if (!reason) continue;
    const cuts = violation.drop !== undefined || violation.blank !== undefined;
    if (cuts && !listener.cuts && reason.disposition === 'redact') note(listener, policy, { ...reason, disposition: 'block', message: `${reason.message} ${UNCUT}` }, undefined);
    else {
      note(listener, policy, reason, violation.redactions);
      if (cuts && policy.mode !== 'shadow' && !stronger('redact', reason.disposition)) gatherCuts(listener, violation);
    }
  }
}

/** Said where rows cannot be left out of a result, because nobody knows where they stand in it. */
const UNCUT = 'Where they stand in the result is not known, so all of it is withheld.';

function gatherCuts({ cuts }: Listener, { drop = [], blank = [] }: Violation): void {
  if (!cuts) return;
  for (const index of drop) cuts.drop.add(index);
  cuts.blank.push(...blank);
}

export function hear(listener: Listener, reason: Reason): void {
  const heard = (listener.heard ??= { reasons: [], redactions: [], disposition: 'allow' });
  heard.reasons.push(reason);
  if (stronger(reason.disposition, heard.disposition)) heard.disposition = reason.disposition;
}

/** Undefined when the violation comes to nothing: it says allow, or a person already let its gate through. */
function reasonOf(policy: PlacedPolicy, violation: Violation, facts: Facts): Reason | undefined {
  const stated = violation.disposition ?? policy.onViolation;
  const disposition = policy.escalate.length > 0 && stated !== 'allow' ? escalated(policy, stated, facts) : stated;
  if (disposition === 'allow' || (disposition === 'gate' && facts.granted.has(policy.name))) return undefined;
  return reasonFor(policy, disposition, violation.field, policy.message ? `${violation.message} ${policy.message}` : violation.message, violation);
}

/** The strongest step that the run has earned by earlier violations. */
function escalated(policy: PlacedPolicy, stated: Disposition, facts: Facts): Disposition {
  const times = facts.host.violations(policy.name);
  const reached = policy.escalate.findLast(({ after, withinMs }) => (withinMs === Infinity ? times.length : times.filter((at) => at > facts.now - withinMs).length) >= after);
  return reached && stronger(reached.disposition, stated) ? reached.disposition : stated;
}

/** Has no keys that are undefined, so that equal reasons are equal as JSON and in a deep comparison. Most reasons have the same keys and are made in one go. */
function reasonFor(policy: PlacedPolicy, disposition: Disposition, field: string, message: string, more: Pick<Reason, (typeof OPTIONAL)[number]>): Reason {
  const { name, category, place } = policy;
  const { limit, fact, value, remedy } = more;
  const usual = policy.mode !== 'shadow' && limit !== undefined && fact !== undefined && value !== undefined && remedy !== undefined && more.retryAfterMs === undefined && more.gate === undefined && more.error === undefined;
  if (usual) return { policy: name, category: category.id, disposition, field, message, place, limit, fact, value, remedy };
  const reason: Mutable<Reason> = { policy: name, category: category.id, disposition, field, message, place };
  if (policy.mode === 'shadow') reason.shadow = true;
  for (const key of OPTIONAL) if (more[key] !== undefined) (reason as Record<string, unknown>)[key] = more[key];
  return reason;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const OPTIONAL = ['limit', 'fact', 'value', 'remedy', 'retryAfterMs', 'gate', 'error'] as const satisfies readonly (keyof Reason)[];

function errorReason(policy: PlacedPolicy, failure: unknown): Reason {
  const error = failure instanceof Error ? `${failure.name}: ${failure.message}` : String(failure);
  return reasonFor(policy, policy.onError, 'on_error', `The check of policy ${policy.name} could not be made.`, {
    limit: policy.onError, error, remedy: 'Report this failure; until then `on_error: warn` lets the action pass.',
  });
}

function note(listener: Listener, policy: PlacedPolicy, reason: Reason, redactions: readonly Redaction[] | undefined): void {
  if (policy.mode === 'shadow') return void (listener.heard ??= { reasons: [], redactions: [], disposition: 'allow' }).reasons.push(reason);
  hear(listener, reason);
  if (redactions) listener.heard!.redactions.push(...redactions);
}
