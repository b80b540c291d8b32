// The bounds of actions that are going on, out of what policies ask: only those that stop something, and of several the tightest.

import type { ActionKind } from '../protocol/action.ts';
import type { ActionBounds } from '../protocol/agent-wire.ts';
import type { ActionLimit } from './policy/api.ts';

/** What holds for an action of this kind; empty when nothing does. */
export function boundsOf(limits: readonly ActionLimit[], kind: ActionKind): ActionBounds {
  if (limits.length === 0) return NONE;
  const timeout = tightest(limits, kind, 'timeoutMs');
  const output = tightest(limits, kind, 'maxOutputBytes');
  if (!timeout && !output) return NONE;
  return {
    ...(timeout && { timeoutMs: timeout.timeoutMs }),
    ...(output && { maxOutputBytes: output.maxOutputBytes }),
    boundedBy: { ...(timeout && { timeout: timeout.policy }), ...(output && { output: output.policy }) },
  };
}

/** How long a run may take from its start, in milliseconds, and why it is stopped then; undefined when it may take as long as it likes. */
export function runDeadline(limits: readonly ActionLimit[]): { readonly timeoutMs: number; readonly reason: string } | undefined {
  const limit = tightest(limits, 'run', 'timeoutMs');
  return limit && { timeoutMs: limit.timeoutMs!, reason: `the run has taken the ${secondsText(limit.timeoutMs!)} it may (policy ${limit.policy})` };
}

/** `1 second`, `90 seconds`, `0.5 seconds`. */
export function secondsText(ms: number): string {
  const seconds = Math.round(ms / 100) / 10;
  return `${seconds} second${seconds === 1 ? '' : 's'}`;
}

const NONE: ActionBounds = Object.freeze({});

function tightest(limits: readonly ActionLimit[], kind: ActionKind, bound: 'timeoutMs' | 'maxOutputBytes'): ActionLimit | undefined {
  let found: ActionLimit | undefined;
  for (const limit of limits) if (limit.hard && limit.kind === kind && limit[bound] !== undefined && limit[bound] < (found?.[bound] ?? Infinity)) found = limit;
  return found;
}
