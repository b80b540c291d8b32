// One alert on its way out: signed, to an address that may be told, within a time, and without being led elsewhere.

import { createHmac } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

export interface Webhook {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Key of the signature; without one the alert is sent unsigned. */
  readonly key?: string;
}

/** How long a receiver may take to answer, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Resolves when the receiver took it (a status of 200 to 299); rejects with why it did not. `at` is in milliseconds since the epoch. Redirects are not followed. */
export function post({ url: address, headers, key }: Webhook, id: string, body: string, at: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const url = sendable(address);
    if (!url) return reject(new Error('it is neither https nor on this machine'));
    const bytes = Buffer.from(body);
    const own = { 'content-type': 'application/json', 'content-length': bytes.byteLength, 'user-agent': 'fullarc', 'fullarc-delivery': id, ...(key !== undefined && { 'fullarc-signature': signature(key, at, body) }) };
    const request = (url.protocol === 'https:' ? https : http).request(url, { method: 'POST', headers: { ...lowerCased(headers), ...own }, agent: false, signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) }, (answer) => {
      const status = answer.statusCode ?? 0;
      answer.resume().once('error', () => {});
      if (status >= 200 && status < 300) resolve();
      else reject(new Error(status >= 300 && status < 400 ? `it answered with HTTP ${status}, and redirects are not followed` : `it answered with HTTP ${status}`));
    });
    request.once('error', (error) => reject(error.name === 'TimeoutError' ? new Error(`it did not answer within ${PATIENCE_MS / 1000} seconds`) : error)).end(bytes);
  });
}

/**
 * `t=<seconds since the epoch>,v1=<HMAC-SHA256 in hex>`, over the seconds, a full stop and the body as it was sent. A receiver computes the same with
 * its copy of the key, compares in constant time, and turns away what is older than it likes.
 */
export function signature(key: string, at: number, body: string): string {
  const seconds = Math.floor(at / 1000);
  return `t=${seconds},v1=${createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex')}`;
}

/** The address, if an alert may go there: over https, or on this machine. */
export function sendable(address: string): URL | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  const here = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && here) ? url : undefined;
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
