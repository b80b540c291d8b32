// Requests that are not model calls (lists, embeddings, files): asked for as plain HTTP, then handed through unread.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpCall } from '../../../protocol/action.ts';
import type { BeforeAnswer } from '../../../protocol/agent-wire.ts';
import type { AgentPort } from '../port.ts';
import { deadline } from './deadline.ts';
import { refused, unanswered } from './failures.ts';
import { passOn, sendFailure } from './outlet.ts';
import type { Session } from './session.ts';
import { forwarded, type Send, type Target } from './upstream.ts';
import type { Wire } from './wires/wire.ts';

export interface Passage {
  /** Whose form errors have. */
  readonly wire: Wire;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer | undefined;
  readonly target: Target;
  readonly port: AgentPort;
  readonly session: Session;
  readonly send: Send;
  readonly signal: AbortSignal;
}

export async function passThrough({ wire, request, response, body, target, port, session, send, signal }: Passage): Promise<void> {
  const call = httpCall(target);
  const { key, done } = session.key('http', `${call.method} ${call.url}\n${body?.toString('base64') ?? ''}`);
  const judged: BeforeAnswer = await port.before({ key, event: { event: 'http.before', ...call } }, signal).catch((error: unknown) => unanswered(error, port));
  if (!judged.go) {
    done(false);
    return sendFailure(wire, refused(judged), response);
  }
  const limit = deadline(signal, judged, 'request');
  try {
    const answer = await send(target, forwarded(request.headers), body, limit.signal);
    const settled = await port.after({ key, event: { event: 'http.after', ...call, status: answer.statusCode } }).catch((error: unknown) => unanswered(error, port));
    done(settled.go);
    if (settled.go) return await passOn(answer, response);
    answer.destroy();
    sendFailure(wire, refused(settled), response);
  } catch (error) {
    done(false);
    const late = limit.passed();
    const message = late ?? `${target.host} could not be reached: ${error instanceof Error ? error.message : String(error)}`;
    await port.after({ key, event: { event: 'http.after', ...call, error: message } }).catch(() => undefined);
    if (!response.headersSent) sendFailure(wire, { kind: late === undefined ? 'upstream' : 'timeout', message }, response);
  } finally {
    limit.clear();
  }
}

function httpCall({ scheme, host, path, method }: Target): HttpCall {
  const url = new URL(`${scheme}://${host}${path}`);
  return { method, url: url.href, protocol: scheme, host: url.hostname, port: Number(url.port) || (scheme === 'https' ? 443 : 80) };
}
