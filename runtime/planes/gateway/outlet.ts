// How an answer that is not streamed leaves: the gateway's own refusals, and what the provider said word for word.

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { returned } from './upstream.ts';
import type { Failure, Wire } from './wires/wire.ts';

/** Sends a failure in the provider's form; a client that has gone does not hear it. */
export function sendFailure(wire: Pick<Wire, 'failure'>, failure: Failure, response: ServerResponse): void {
  const { status, body } = wire.failure(failure);
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.byteLength, ...retryHeaders(failure) }).end(bytes);
}

/** Hands the provider's answer on as it comes. */
export async function passOn(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(answer.statusCode ?? 502, returned(answer.headers, false));
  await pipeline(answer, response).catch(() => response.destroy());
}

/** The SDKs of OpenAI and Anthropic read both: a refusal is final, a throttled call comes back when it may. */
function retryHeaders({ kind, retryAfterMs }: Failure): OutgoingHttpHeaders {
  if (kind === 'refused' || kind === 'timeout') return { 'x-should-retry': 'false' };
  if (kind !== 'throttled') return {};
  return retryAfterMs === undefined ? { 'retry-after': '1' } : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))), 'retry-after-ms': String(Math.ceil(retryAfterMs)) };
}
