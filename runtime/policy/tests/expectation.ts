// What was expected of an action against what became of it, in sentences for the one who wrote the test.

import { refusalMessage, type Reason, type Verdict } from '../../../protocol/verdict.ts';
import type { Considered } from '../api.ts';
import type { WrittenExpectation } from './step-schema.ts';
import { milliseconds } from './words.ts';

/** What differs; empty when all is as expected. `considered` is asked for only when it is needed. */
export function differences(expected: WrittenExpectation, verdict: Verdict, considered: () => readonly Considered[]): string[] {
  const { action, policy, field, message_contains: part, redacts, retry_after: retryAfter } = expected;
  const problems = verdict.disposition === action ? [] : [`expected ${action}, got ${verdict.disposition}${because(verdict)}`];
  const own = policy === undefined ? verdict.reasons : verdict.reasons.filter((reason) => reason.policy === policy);
  const deciding = own.filter((reason) => reason.shadow || reason.disposition === action);
  if (policy !== undefined && deciding.length === 0) problems.push(...absent(policy, action, considered));
  if (field !== undefined && !own.some((reason) => reason.field === field || reason.field.startsWith(`${field}.`))) problems.push(`expected field ${field}, got ${list(own.map((reason) => reason.field))}`);
  const message = deciding.length > 0 ? deciding.map((reason) => reason.message).join(' ') : refusalMessage(verdict);
  if (part !== undefined && !message.includes(part)) problems.push(`expected a message with ${JSON.stringify(part)}, got ${JSON.stringify(message)}`);
  const labels = [...new Set(verdict.redactions.map(({ label }) => label))].sort();
  if (redacts !== undefined && labels.join() !== [...new Set(redacts)].sort().join()) problems.push(`expected redaction of ${list(redacts)}, got ${list(labels)}`);
  if (retryAfter !== undefined && !deciding.some((reason) => reason.retryAfterMs === milliseconds(retryAfter))) problems.push(`expected a retry after ${milliseconds(retryAfter)} ms, got ${list(deciding.flatMap((reason) => (reason.retryAfterMs === undefined ? [] : [`${reason.retryAfterMs} ms`])))}`);
  return problems;
}

/** Why a policy that was named did not do what was expected. */
function absent(policy: string, action: string, considered: () => readonly Considered[]): string[] {
  const found = considered().find((each) => each.policy.name === policy);
  if (!found) return [`policy ${policy} is not among those that were asked`];
  if (action === 'allow' && found.outcome === 'allowed') return [];
  const does = found.outcome === 'acted' ? `${policy} says ${list(found.reasons.map(({ disposition, field }) => `${disposition} (${field})`))}`
    : found.outcome === 'allowed' ? `${policy} looked at it and let it pass` : `${policy} was not asked: ${found.detail ?? found.outcome}`;
  return [`expected ${action} by ${policy}, but ${does}`];
}

function because({ disposition, reasons }: Verdict): string {
  const reason: Reason | undefined = reasons.find((each) => !each.shadow && each.disposition === disposition);
  return reason ? ` by ${reason.policy} (${reason.field}): ${reason.message}` : '';
}

const list = (items: readonly string[]): string => (items.length === 0 ? 'none' : items.join(', '));
