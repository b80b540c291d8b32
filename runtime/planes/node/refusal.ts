// What the agent's code meets when an action is refused: an ordinary error with a code it can tell apart.

import type { ActionBounds, BeforeAnswer } from '../../../protocol/agent-wire.ts';
import type { Disposition } from '../../../protocol/verdict.ts';
import { reasonOf } from './bounds.ts';

export const REFUSED = 'ERR_FULLARC_REFUSED';

export const TIMED_OUT = 'ERR_FULLARC_TIMEOUT';

export type Refused = Extract<BeforeAnswer, { readonly go: false }>;

export interface RefusalError extends Error {
  readonly code: typeof REFUSED;
  readonly disposition: Disposition;
  /** When trying again makes sense, in milliseconds from now. */
  readonly retryAfterMs?: number;
}

export function refusalError({ message, disposition, retryAfterMs }: Refused): RefusalError {
  return Object.assign(new Error(`[governance] ${message}`), { code: REFUSED, disposition, ...(retryAfterMs !== undefined && { retryAfterMs }) } as const);
}

/** What a request meets whose time is over. */
export function timeoutError(bounds: ActionBounds): Error {
  return Object.assign(new Error(`[governance] the request was broken off: ${reasonOf('timeout', bounds)}`), { code: TIMED_OUT });
}
