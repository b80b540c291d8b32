// The time that a call may take, as its policies bound it: a signal that ends with the agent's own, or when the time is over.

import type { ActionBounds } from '../../../protocol/agent-wire.ts';
import { secondsText } from '../../action-bounds.ts';

export interface Deadline {
  /** Aborts with the signal it was made from, or when the time is over. */
  readonly signal: AbortSignal;
  /** Why the call was cut off; undefined while its time was not over. */
  passed(): string | undefined;
  /** The call has ended. */
  clear(): void;
}

/** `what` names the call in the reason: `call of the model`. */
export function deadline(signal: AbortSignal, { timeoutMs, boundedBy }: ActionBounds, what: string): Deadline {
  if (timeoutMs === undefined) return { signal, passed: () => undefined, clear: () => {} };
  const over = new AbortController();
  let reason: string | undefined;
  const timer = setTimeout(() => {
    reason = `this ${what} took longer than the ${secondsText(timeoutMs)} it may${boundedBy?.timeout ? ` (policy ${boundedBy.timeout})` : ''}; it was cut off`;
    over.abort(new Error(reason));
  }, Math.min(timeoutMs, LONGEST));
  return { signal: AbortSignal.any([signal, over.signal]), passed: () => reason, clear: () => clearTimeout(timer) };
}

/** The longest that a timer of Node's can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;
