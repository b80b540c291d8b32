// What the agent's code meets when an action is refused: an ordinary error with a code it can tell apart.

import type { BeforeAnswer } from '../../../protocol/agent-wire.ts';
import type { Disposition } from '../../../protocol/verdict.ts';

export const REFUSED = 'ERR_FULLARC_REFUSED';

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
