// From what the governor said (or could not say) to what the agent is told.

import type { Disposition } from '../../../protocol/verdict.ts';
import type { AgentPort } from '../port.ts';
import type { Failure } from './wires/wire.ts';

export interface Refusal {
  readonly go: false;
  readonly disposition: Disposition;
  readonly message: string;
  readonly retryAfterMs?: number;
}

export function refused({ disposition, message, retryAfterMs }: Refusal): Failure {
  return { kind: disposition === 'throttle' || disposition === 'retry' ? 'throttled' : 'refused', message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** What the model is told of an answer that must be written again. */
export const sentBack = ({ message }: { readonly message: string }): string => `[governance] your answer was not delivered: ${message}`;

/** No answer is a refusal: the gateway fails closed. */
export function unanswered(error: unknown, port: AgentPort): Refusal {
  const message = killed(port)?.message ?? `the governor did not answer (${error instanceof Error ? error.message : String(error)}); nothing goes on without it`;
  return { go: false, disposition: 'block', message };
}

/** What to tell an agent whose run was killed; undefined for one that lives. */
export function killed({ stopped }: AgentPort): Failure | undefined {
  if (!stopped?.aborted) return undefined;
  const { reason } = stopped;
  return { kind: 'refused', message: reason instanceof Error ? reason.message : String(reason) };
}
