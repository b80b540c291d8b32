// `when:`: a policy's checks behind a condition, typed for each event they look at.

import { EVENT_NAMES, type ActionEvent, type EventName } from '../../protocol/action.ts';
import type { PolicySet } from './api.ts';
import type { Check, Checks, NarrowCheck } from './category.ts';
import { checkExpression } from './cel/check.ts';
import { conditionOf, environmentOf } from './cel/environments.ts';
import type { ExpressionIssue } from './cel/expression.ts';
import type { Facts } from './facts.ts';
import type { Issue } from './issues.ts';

/**
 * The checks that are made only where the condition holds. An event whose kind or phase lacks a fact that the condition reads is not looked
 * at any more, which is said; when that leaves nothing, the condition is an error.
 */
export function conditional(checks: Checks, when: string | undefined): { readonly checks: Checks; readonly issues: readonly Issue[]; readonly holds?: Holds } {
  if (when === undefined) return { checks, issues: [] };
  const watched = EVENT_NAMES.filter((event) => checks[event] !== undefined);
  // A policy without checks bounds what goes on, whatever it is.
  const bound = (watched.length > 0 ? watched : EVENT_NAMES).map((event) => {
    const { program, issues } = checkExpression(when, environmentOf(event), 'bool');
    return { event, issues, condition: program && conditionOf(program) };
  });
  const usable = bound.filter(({ condition }) => condition !== undefined);
  if (usable.length === 0) return { checks: {}, issues: (bound[0]?.issues ?? []).map((issue) => expressionIssue(issue, when)) };
  const entries = usable.filter(({ event }) => checks[event] !== undefined).map(({ event, condition }) => [event, guarded(checks[event] as Entry | readonly Entry[], condition!)] as const);
  const left = bound.filter(({ condition }) => condition === undefined).map(({ event }) => event);
  const notes = usable[0]!.issues.map((issue) => expressionIssue(issue, when));
  const conditions = new Map(usable.map(({ event, condition }) => [event, condition!]));
  const holds: Holds = (event, facts) => conditions.get(event.event)?.(event, facts) ?? false;
  return { checks: Object.fromEntries(entries) as unknown as Checks, holds, issues: left.length === 0 || watched.length === 0 ? notes : [...notes, narrows(when, usable.map(({ event }) => event), left)] };
}

/** Whether the condition holds for an event; false where the policy does not look at it. Throws where it cannot be said. */
export type Holds = (event: ActionEvent, facts: Facts) => boolean;

type AnyOf = (event: ActionEvent, facts: Facts, set: PolicySet) => ReturnType<Check<EventName>>;
type Entry = AnyOf | (Omit<NarrowCheck<EventName>, 'check'> & { readonly check: AnyOf });

function guarded(entries: Entry | readonly Entry[], condition: (event: ActionEvent, facts: Facts) => boolean): Entry | readonly Entry[] {
  const guard = (check: AnyOf): AnyOf => (event, facts, set) => (condition(event, facts) ? check(event, facts, set) : undefined);
  const one = (entry: Entry): Entry => (typeof entry === 'function' ? guard(entry) : { ...entry, check: guard(entry.check) });
  return Array.isArray(entries) ? entries.map(one) : one(entries as Entry);
}

function expressionIssue({ start, end, message, code, replace }: ExpressionIssue, text: string): Issue {
  const idle = code === 'fullarc/expression/always-true' || code === 'fullarc/expression/always-false';
  return { path: ['when'], on: 'value', code, severity: idle ? 'warning' : 'error', message, within: { text, start, end }, ...(replace !== undefined && { mend: { title: `Change to \`${replace}\``, replace } }) };
}

function narrows(text: string, kept: readonly EventName[], left: readonly EventName[]): Issue {
  return {
    path: ['when'], on: 'value', code: 'fullarc/expression/narrows', severity: 'information', within: { text, start: 0, end: text.length },
    message: `With this condition the policy looks at ${kept.join(', ')} alone: ${left.join(', ')} ${left.length === 1 ? 'lacks' : 'lack'} a fact that it reads.`,
  };
}
