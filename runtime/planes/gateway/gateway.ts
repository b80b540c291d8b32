// The LLM gateway: a reverse proxy on loopback whose address names the run, so that every language, framework and command line reaches it by its base URL alone.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GATEWAY_PATH } from '../../../protocol/agent-wire.ts';
import type { AgentPort } from '../port.ts';
import { drained, readAll } from './bytes.ts';
import { converse } from './exchange.ts';
import { isObject, parse } from './json.ts';
import { sendFailure } from './outlet.ts';
import { passThrough } from './passthrough.ts';
import { Session } from './session.ts';
import { StreamDelivery } from './stream.ts';
import { createTokenCounter, type CountTokens } from './tokens.ts';
import { createUpstream, forwarded, type Send, type Target } from './upstream.ts';
import { WholeDelivery } from './whole.ts';
import { anthropicMessages } from './wires/anthropic-messages.ts';
import { openaiChat } from './wires/openai-chat.ts';
import { openaiResponses } from './wires/openai-responses.ts';
import type { Failure, Wire } from './wires/wire.ts';

export interface GatewayOptions {
  /** The run that a token belongs to: the same port each time. Undefined for a token that is nobody's. */
  readonly portFor: (token: string) => AgentPort | undefined;
  /** Told of what should not happen. Never holds a text of the agent or the model. */
  readonly log?: (message: string) => void;
  readonly countTokens?: CountTokens;
  /** How long a verdict may take before a streaming agent is shown life, and how often it is shown again. Milliseconds. */
  readonly holdAfterMs?: number;
  readonly keepAliveMs?: number;
  /** Largest request body, in bytes. */
  readonly maxBodyBytes?: number;
}

export interface Gateway {
  /** Listens on loopback only; port 0 takes a free one. `url` has no path: a run's base is `url/r/TOKEN`. */
  listen(port?: number): Promise<{ readonly port: number; readonly url: string }>;
  /** Ends what is in flight and stops listening. */
  close(): Promise<void>;
}

export const WIRES: readonly Wire[] = [openaiChat, openaiResponses, anthropicMessages];

export function createGateway(options: GatewayOptions): Gateway {
  const settings = { log: () => {}, countTokens: options.countTokens ?? createTokenCounter(), holdAfterMs: 400, keepAliveMs: 5_000, maxBodyBytes: 32 * 1024 * 1024, ...withoutUndefined(options) };
  const upstream = createUpstream();
  const sessions = new WeakMap<AgentPort, Session>();
  const server = createServer((request, response) => {
    handle(request, response, settings, upstream.send, sessionOf).catch((error: unknown) => {
      settings.log(`gateway: ${error instanceof Error ? error.stack : String(error)}`);
      if (response.headersSent) response.destroy();
      else sendFailure(openaiChat, { kind: 'upstream', message: 'the gateway failed on this request and let nothing through; its log says why' }, response);
    });
  });
  // A held request is silent for as long as a person thinks.
  server.requestTimeout = 0;
  // An agent that thinks for a minute between two calls keeps its connection.
  server.keepAliveTimeout = 75_000;
  return {
    listen: (port = 0) => listen(server, port),
    close: async () => {
      await close(server);
      upstream.close();
    },
  };

  /** The memory of a run lives as long as its port. */
  function sessionOf(port: AgentPort): Session {
    const session = sessions.get(port) ?? new Session();
    sessions.set(port, session);
    return session;
  }
}

type Settings = Required<GatewayOptions>;

async function handle(request: IncomingMessage, response: ServerResponse, settings: Settings, send: Send, sessionOf: (port: AgentPort) => Session): Promise<void> {
  const [, token, scheme, host, rest] = GATEWAY_PATH.exec(request.url ?? '') ?? [];
  const url = host && HOST.test(host) ? URL.parse(`${scheme}://${host}${rest ?? '/'}`) ?? undefined : undefined;
  const governing = url && WIRES.find((each) => each.path.test(pathOf(url)));
  const wire = governing ?? (request.headers['anthropic-version'] ? anthropicMessages : openaiChat);
  const fail = (failure: Failure): void => sendFailure(wire, failure, response);
  if (!isLocal(request)) return fail({ kind: 'refused', message: `this gateway answers to 127.0.0.1 and localhost, not to ${request.headers.host}` });
  if (!token || !url) return fail({ kind: 'invalid', message: 'this is not an address of the gateway; set the base URL to http://127.0.0.1:PORT/r/TOKEN/u/SCHEME/HOST/PATH' });
  const port = settings.portFor(token);
  if (!port) return fail({ kind: 'unauthorized', message: 'this token belongs to no open run; start the agent through Fullarc' });
  const target: Target = { scheme: scheme as Target['scheme'], host: url.host, path: url.pathname + url.search, method: request.method ?? 'GET' };

  const body = await bodyOf(request, settings.maxBodyBytes);
  if (body === 'too large') return fail({ kind: 'too-large', message: `the request is larger than ${settings.maxBodyBytes} bytes, the most this gateway reads` });
  const signal = lifeOf(response, port);
  const session = sessionOf(port);
  if (!governing || request.method !== 'POST') return passThrough({ wire, request, response, body, target, port, session, send, signal });

  if (request.headers['content-encoding']) return fail({ kind: 'unsupported', message: 'a compressed request cannot be judged; send it without `content-encoding`' });
  const asked = parse(body?.toString('utf8') ?? '');
  if (!isObject(asked)) return fail({ kind: 'invalid', message: 'the request body is not a JSON object' });
  const { countTokens, holdAfterMs, keepAliveMs } = settings;
  const redactor = () => port.policies().streamRedactor(port.facts());
  const redact = (text: string): string => {
    const whole = redactor();
    return whole ? whole.push(text) + whole.flush() : text;
  };
  const whole = (): boolean => port.policies().wholeOutput(port.facts());
  const delivery = asked['stream'] === true
    ? new StreamDelivery(wire, (clean) => wire.splice(asked, (text) => clean(text) ?? redact(text)), response, { redactor, whole, holdAfterMs, keepAliveMs, signal })
    : new WholeDelivery(wire, response);
  await converse({ wire, body: asked, target, headers: forwarded(request.headers), port, session, send, delivery, countTokens, whole, signal });
}

/** A plain name or address with an optional port: nothing that names one host to a policy and another to the network. */
const HOST = /^([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i;

/** The path as the provider will understand it: dots resolved (by `URL`), letters decoded, no slash at the end. */
function pathOf({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname).replace(/\/+$/, '');
  } catch {
    return pathname.replace(/\/+$/, '');
  }
}

/** A web page that makes a name of its own resolve to this machine still sends that name. */
function isLocal(request: IncomingMessage): boolean {
  return ['127.0.0.1', 'localhost'].includes((request.headers.host ?? '').replace(/:\d+$/, ''));
}

/** Reads to the end even what is too large, so that the client hears why instead of losing its connection. */
async function bodyOf(request: IncomingMessage, most: number): Promise<Buffer | undefined | 'too large'> {
  try {
    const body = await readAll(request, most);
    return body.byteLength === 0 ? undefined : body;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    await drained(request);
    return 'too large';
  }
}

/** Aborts when the agent hangs up before its answer is complete, or its run is killed. */
function lifeOf(response: ServerResponse, { stopped }: AgentPort): AbortSignal {
  const life = new AbortController();
  const stop = (): void => life.abort(stopped?.reason);
  if (stopped?.aborted) stop();
  else stopped?.addEventListener('abort', stop, { once: true });
  response.once('close', () => {
    stopped?.removeEventListener('abort', stop);
    if (!response.writableFinished) life.abort(new Error('the agent hung up'));
  });
  return life.signal;
}

async function listen(server: Server, port: number): Promise<{ port: number; url: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, '127.0.0.1', resolve);
  await promise;
  const bound = (server.address() as AddressInfo).port;
  return { port: bound, url: `http://127.0.0.1:${bound}` };
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}

const withoutUndefined = (options: GatewayOptions): GatewayOptions => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as GatewayOptions;
