// Where an outbound HTTP request goes: untouched, to the LLM gateway, or to the governor for judgement first.

import { randomUUID } from 'node:crypto';
import type { HttpCall } from '../../../protocol/action.ts';
import type { Governor } from './governor.ts';
import type { Identity } from './identity.ts';
import { LONGEST } from './bounds.ts';
import type { Redirects } from './redirects.ts';
import { refusalError, timeoutError } from './refusal.ts';
import type { RefusalError } from './refusal.ts';
import { isLlmRequest } from './targets.ts';

export type Route = { readonly to: 'there' } | { readonly to: 'gateway'; readonly url: URL } | { readonly to: 'governor'; readonly call: HttpCall };

export interface Outbound {
  readonly method: string;
  readonly url: URL;
  /** Asked with a lower-case name. */
  hasHeader(name: string): boolean;
}

export function route({ method, url, hasHeader }: Outbound, gateway: URL | undefined): Route {
  if (gateway && url.host === gateway.host) return { to: 'there' };
  if (gateway && isLlmRequest(url, hasHeader)) return { to: 'gateway', url: throughGateway(url, gateway) };
  return { to: 'governor', call: httpCall(method, url) };
}

export interface Outcome {
  readonly status?: number;
  readonly error?: string;
  /** Of an answer that leads elsewhere. */
  readonly location?: string;
}

export interface JudgedCall {
  /** Undefined when the request may leave. */
  readonly refusal?: RefusalError;
  /** Its time begins: `cut` is called when that is over, unless the answer of this was called before, as the request or its answer ended. */
  begin(cut: (reason: Error) => void): () => void;
  /** Reports how it went, once: later reports are ignored. */
  ended(outcome: Outcome): void;
}

/** Asks about a request before it leaves. Never rejects. */
export async function judge({ governor, redirects }: HttpPlane, plain: HttpCall, signal?: AbortSignal): Promise<JudgedCall> {
  const key = randomUUID();
  const redirectedFrom = redirects.leadingTo(plain.url);
  const call = redirectedFrom === undefined ? plain : { ...plain, redirectedFrom };
  const answer = await governor.before(key, { event: 'http.before', ...call }, signal);
  let open = answer.go;
  return {
    ...(!answer.go && { refusal: refusalError(answer) }),
    begin: (cut) => {
      if (!answer.go || answer.timeoutMs === undefined) return () => {};
      const timer = setTimeout(() => cut(timeoutError(answer)), Math.min(answer.timeoutMs, LONGEST)).unref();
      return () => clearTimeout(timer);
    },
    ended: ({ location, ...outcome }) => {
      if (outcome.status !== undefined) redirects.answered(call.url, outcome.status, location);
      if (open) void governor.after(key, { event: 'http.after', ...call, ...outcome });
      open = false;
    },
  };
}

export type HttpPlane = Pick<Identity, 'gateway'> & { readonly governor: Governor; readonly redirects: Redirects };

function throughGateway(url: URL, gateway: URL): URL {
  return new URL(`${gateway.pathname.replace(/\/$/, '')}/u/${url.protocol.slice(0, -1)}/${url.host}${url.pathname}${url.search}`, gateway);
}

function httpCall(method: string, url: URL): HttpCall {
  const protocol = url.protocol.slice(0, -1);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { method: method.toUpperCase(), url: url.href, protocol, host, port: Number(url.port) || (protocol === 'https' ? 443 : 80) };
}
