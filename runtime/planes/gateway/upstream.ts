// The way to the provider: kept-alive connections, the agent's own headers and key, nothing compressed, and a hang-up when the agent hangs up.

import http, { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';

export interface Target {
  readonly scheme: 'http' | 'https';
  /** Host with its port, as the agent wrote it. */
  readonly host: string;
  /** Path with its query. */
  readonly path: string;
  readonly method: string;
}

/** Headers that belong to one connection (RFC 9110, section 7.6.1) or that the gateway sets itself. */
const OWN = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'host', 'content-length', 'accept-encoding', 'expect']);

const OWN_BUT_LENGTH = OWN.difference(new Set(['content-length']));

/** The agent's headers as the provider gets them. A compressed answer could not be judged while it streams. */
export function forwarded(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return { ...without(headers, OWN), 'accept-encoding': 'identity' };
}

/** The provider's headers as the agent gets them. */
export function returned(headers: IncomingHttpHeaders, rewritten: boolean): OutgoingHttpHeaders {
  return without(headers, rewritten ? OWN : OWN_BUT_LENGTH);
}

/** Sends a request; resolves with the head of its answer. Rejects when there is none. */
export type Send = (target: Target, headers: OutgoingHttpHeaders, body: Uint8Array | undefined, signal: AbortSignal) => Promise<IncomingMessage>;

/** Connections to providers, kept alive between calls until `close`. */
export function createUpstream(): { readonly send: Send; close(): void } {
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) } as const;
  return {
    send: ({ scheme, host, path, method }, headers, body, signal) => new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const open = scheme === 'https' ? https.request : http.request;
      const length = body === undefined ? {} : { 'content-length': body.byteLength };
      const request = open({ ...addressOf(host), path, method, headers: { ...headers, ...length }, agent: agents[scheme] }, resolve);
      const hangUp = (): void => void request.destroy(new Error('the call was broken off'));
      signal.addEventListener('abort', hangUp, { once: true });
      request.on('error', reject).once('close', () => signal.removeEventListener('abort', hangUp));
      request.end(body);
    }),
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** Name and port of `name:port` or `[address]:port`, as a URL writes them. */
function addressOf(host: string): { readonly host: string; readonly port?: number } {
  const [, name = host, port] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(host) ?? [];
  return { host: name, ...(port !== undefined && { port: Number(port) }) };
}

function without(headers: IncomingHttpHeaders, names: ReadonlySet<string>): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const name in headers) if (headers[name] !== undefined && !names.has(name)) kept[name] = headers[name];
  return kept;
}
