// http.request, https.request and their get: held before a socket is taken from the agent, so that the request object exists at once, as its callers expect.

import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { onEmit } from './emit.ts';
import { judge, route } from './route.ts';
import type { HttpPlane, JudgedCall, Outcome } from './route.ts';

type Callback = (response: http.IncomingMessage) => void;
type RequestFunction = (...args: unknown[]) => http.ClientRequest;
/** What Node's ClientRequest calls to get its socket, and what it offers to be told of a failure; both long-standing though undocumented. */
interface SocketSource {
  addRequest(request: HeldRequest, options: http.RequestOptions & { readonly secureEndpoint?: boolean }, ...rest: readonly unknown[]): void;
}
type HeldRequest = http.ClientRequest & { agent?: SocketSource; onSocket(socket: null, error: Error | null): void };

export function hookNodeHttp(plane: HttpPlane): void {
  const plain = http.request as RequestFunction;
  for (const [module, protocol] of [[http, 'http:'], [https, 'https:']] as const) {
    const governed = governedRequest(module.request as RequestFunction, plain, protocol, module.globalAgent, plane);
    Object.assign(module, { request: governed, get: getOf(governed) });
  }
  syncBuiltinESMExports();
}

function governedRequest(original: RequestFunction, plain: RequestFunction, protocol: string, globalAgent: http.Agent, plane: HttpPlane): RequestFunction {
  return function request(this: unknown, ...args) {
    const wanted = normalize(args, protocol);
    if (!wanted) return original.apply(this, args);
    const { url, options, callback } = wanted;
    const method = typeof options.method === 'string' ? options.method : 'GET';
    const way = route({ method, url, hasHeader: (name) => headerNames(options.headers).includes(name) }, options.socketPath ? undefined : plane.gateway);
    if (way.to === 'there') return original.apply(this, args);
    if (way.to === 'gateway') return plain(towards(way.url, options), callback);
    const agent = sourceOf(options.agent, options, globalAgent);
    if (!agent) return original.apply(this, args);
    const held = holdingAgent(agent, protocol === 'https:', (request, signal) => judgeRequest(request, judge(plane, way.call, signal)));
    const request = original({ ...options, agent: held }, callback) as HeldRequest;
    request.agent = agent;
    return request;
  };
}

function getOf(request: RequestFunction): RequestFunction {
  return function get(...args) {
    const made = request(...args);
    made.end();
    return made;
  };
}

/**
 * An agent like `source` that takes the request and asks before `source` gives it a socket.
 * `secureEndpoint` is for the agents of agent-base (proxies), which otherwise look for https.js on the stack.
 */
function holdingAgent(source: SocketSource, secureEndpoint: boolean, ask: (request: HeldRequest, signal: AbortSignal) => Promise<Error | undefined>): SocketSource {
  return Object.create(source, {
    addRequest: {
      value: (request: HeldRequest, options: http.RequestOptions, ...rest: readonly unknown[]) => {
        const given = new AbortController();
        const { destroy } = request;
        request.destroy = (error) => {
          destroy.call(request, error);
          given.abort();
          return request;
        };
        void ask(request, given.signal).then((refusal) => {
          request.destroy = destroy;
          if (refusal && !request.destroyed) request.destroy(refusal);
          if (request.destroyed) request.onSocket(null, refusal && !given.signal.aborted ? refusal : null);
          else source.addRequest(request, { ...options, secureEndpoint }, ...rest);
        });
      },
    },
  }) as SocketSource;
}

async function judgeRequest(request: HeldRequest, judging: ReturnType<typeof judge>): Promise<Error | undefined> {
  const judged = await judging;
  if (!judged.refusal) observe(request, judged);
  return judged.refusal;
}

function observe(request: HeldRequest, { ended, begin }: JudgedCall): void {
  let response: http.IncomingMessage | undefined;
  const over = begin((reason) => void (response ?? request).destroy(reason));
  onEmit(request, (name, args) => {
    if (name === 'response') response = args[0] as http.IncomingMessage;
    if (name === 'response' || name === 'upgrade' || name === 'connect') ended(outcomeOf(args[0] as http.IncomingMessage));
    if (name === 'error') ended({ error: String((args[0] as Error).message) });
    if (name === 'close') {
      over();
      ended({ error: 'closed without an answer' });
    }
    return args;
  });
}

const outcomeOf = ({ statusCode, headers: { location } }: http.IncomingMessage): Outcome => ({ status: statusCode ?? 0, ...(location !== undefined && { location }) });

/** The agent that would serve the request; undefined when the caller's own argument is wrong, for Node to say so. */
function sourceOf(agent: unknown, { createConnection }: http.RequestOptions, globalAgent: http.Agent): SocketSource | undefined {
  const fresh = (): http.Agent => new (globalAgent.constructor as new () => http.Agent)();
  if (agent === false) return asSource(fresh());
  if (agent === undefined || agent === null) return asSource(createConnection ? Object.assign(fresh(), { createConnection }) : globalAgent);
  return asSource(agent);
}

const asSource = (value: unknown): SocketSource | undefined => (typeof (value as Partial<SocketSource>).addRequest === 'function' ? (value as SocketSource) : undefined);

/** The same request, to the gateway: the caller's connection settings are for the provider, so they stay behind. */
function towards(url: URL, options: http.RequestOptions): http.RequestOptions {
  const { agent: _agent, host: _host, hostname: _hostname, port: _port, protocol: _protocol, path: _path, defaultPort: _default, createConnection: _create, servername: _server, ...rest } = options as http.RequestOptions & { servername?: string };
  return { ...rest, hostname: url.hostname, port: url.port, path: url.pathname + url.search, ...(options.headers && { headers: withoutHost(options.headers) }) };
}

function withoutHost(headers: NonNullable<http.RequestOptions['headers']>): http.OutgoingHttpHeaders | string[] {
  if (Array.isArray(headers)) return headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== 'host');
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'host'));
}

function headerNames(headers: http.RequestOptions['headers']): string[] {
  const names = Array.isArray(headers) ? headers.filter((_, index) => index % 2 === 0) : Object.keys(headers ?? {});
  return names.map((name) => String(name).toLowerCase());
}

interface Wanted {
  readonly url: URL;
  readonly options: http.RequestOptions;
  readonly callback: Callback | undefined;
}

/** Reads `(url, options?, callback?)` and `(options, callback?)`. Undefined for arguments that Node itself will refuse. */
function normalize(args: readonly unknown[], protocol: string): Wanted | undefined {
  const [first, ...rest] = args;
  const given = typeof first === 'string' || first instanceof URL ? address(first) : undefined;
  if (typeof first === 'string' && !given) return undefined;
  const [second, third] = given ? rest : [first, ...rest];
  const options = { ...(given && optionsOf(given)), ...(typeof second === 'function' ? {} : (second as http.RequestOptions | undefined)) };
  const callback = [second, third].find((each): each is Callback => typeof each === 'function');
  return { url: urlOf(options, protocol), options, callback };
}

function optionsOf(url: URL): http.RequestOptions {
  const { protocol, hostname, port, pathname, search, username, password } = url;
  return {
    protocol, hostname: hostname.replace(/^\[|\]$/g, ''), path: pathname + search,
    ...(port && { port }),
    ...((username || password) && { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }),
  };
}

/** Host and path are put together apart, so that no path can make the judged host differ from the one that is connected to. */
function urlOf(options: http.RequestOptions, defaultProtocol: string): URL {
  const protocol = options.protocol ?? defaultProtocol;
  const host = options.hostname || options.host || 'localhost';
  const port = options.port ?? options.defaultPort;
  const plain = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const url = (/[@/?#\\\s]/.test(plain) ? undefined : address(`${protocol}//${plain}${port ? `:${port}` : ''}/`)) ?? new URL(`${protocol}//invalid.invalid/`);
  const [path = '/', query] = cutOnce(options.path ?? '/', '?');
  url.pathname = path;
  url.search = query ?? '';
  return url;
}

function cutOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function address(text: string | URL): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
