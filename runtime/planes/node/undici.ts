// undici's dispatchers: the ones built into Node behind fetch, WebSocket and EventSource, and every copy of the npm package. Each hop of a redirect passes here again.

import Module, { syncBuiltinESMExports } from 'node:module';
import { judge, route } from './route.ts';
import type { HttpPlane, JudgedCall } from './route.ts';

interface Options {
  readonly origin?: string | URL;
  readonly path: string;
  readonly method?: string;
  readonly headers?: unknown;
  /** The request this process judged already: an Agent hands its options on to a Pool, a Pool to a Client. */
  readonly [JUDGED]?: string;
}
type Handler = Record<PropertyKey, unknown>;
interface Dispatcher {
  dispatch(options: Options, handler: Handler): boolean;
}
type MakeAgent = (() => Dispatcher) | undefined;

const JUDGED = Symbol('fullarc.judged');

export function hookUndici(plane: HttpPlane): void {
  const hook = dispatchHook(plane);
  hookPackages(hook);
  hookHookedPackages(hook);
  hookBuiltIn(hook);
  hookGlobalDispatchers(hook);
}

type Hook = (prototype: Dispatcher, makeAgent: MakeAgent) => void;

/** Replaces `dispatch` of a prototype, once. */
function dispatchHook(plane: HttpPlane): Hook {
  const hooked = new WeakSet<Dispatcher>();
  return (prototype, makeAgent) => {
    if (hooked.has(prototype)) return;
    hooked.add(prototype);
    const { dispatch } = prototype;
    let direct: Dispatcher | undefined;
    prototype.dispatch = function governed(this: Dispatcher, options, handler) {
      const url = urlOf(this, options);
      if (!url || typeof handler !== 'object' || handler === null || options[JUDGED] === markOf(options, url)) return dispatch.call(this, options, handler);
      const way = route({ method: options.method ?? 'GET', url, hasHeader: (name) => hasHeader(options.headers, name) }, plane.gateway);
      if (way.to === 'there') return dispatch.call(this, options, handler);
      if (way.to === 'gateway') {
        direct ??= makeAgent?.();
        return dispatch.call(direct ?? this, { ...options, origin: way.url.origin, path: way.url.pathname + way.url.search, headers: withoutHost(options.headers) }, handler);
      }
      void judge(plane, way.call).then((judged) => {
        if (judged.refusal) return fail(handler, judged.refusal);
        try {
          dispatch.call(this, { ...options, [JUDGED]: markOf(options, url) }, observed(handler, judged));
        } catch (error) {
          fail(handler, error);
        }
      });
      return true;
    };
  };
}

/** npm copies, as they load. undici is CommonJS in every version, so its class is at hand once the module ran. */
function hookPackages(hook: Hook): void {
  const prototype = (Module as unknown as { prototype: { _compile(this: LoadedModule, ...args: unknown[]): unknown } }).prototype;
  const compile = prototype._compile;
  prototype._compile = function (...args) {
    const result = compile.apply(this, args);
    if (DISPATCHER_BASE.test(this.filename)) {
      const base = this.exports as { readonly prototype: Dispatcher };
      hook(base.prototype, () => newAgent(this.require('./agent')));
      hookGlobalDispatchers(hook);
    }
    return result;
  };
}

/**
 * A program with module hooks of its own (tsx, tracers) has its CommonJS compiled elsewhere, so the same is said at the end of the file's text. Only such programs
 * get a hook of ours: it changes how Node loads everything. On Node before 22.15 there is no such hook.
 */
function hookHookedPackages(hook: Hook): void {
  const loader = Module as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>;
  const registerHooks = loader['registerHooks'];
  if (!registerHooks) return;
  let installed = false;
  const install = (): void => {
    if (installed) return;
    installed = true;
    Object.defineProperty(globalThis, LOADED, { value: (base: { readonly prototype: Dispatcher }, require: (id: string) => unknown) => hook(base.prototype, () => newAgent(require('./agent'))) });
    registerHooks.call(Module, { load: appendToBase });
  };
  for (const name of ['registerHooks', 'register']) {
    const original = loader[name];
    loader[name] = function (...args) {
      install();
      return original?.apply(this, args);
    };
  }
  syncBuiltinESMExports();
}

const LOADED = Symbol.for('fullarc.undici');

interface Loaded {
  readonly source?: unknown;
}

function appendToBase(url: string, context: unknown, next: (url: string, context: unknown) => Loaded): Loaded {
  const loaded = next(url, context);
  if (!DISPATCHER_BASE.test(url) || loaded.source === undefined || loaded.source === null) return loaded;
  const text = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
  return { ...loaded, source: `${text}\n;globalThis[Symbol.for('fullarc.undici')](module.exports, require);` };
}

interface LoadedModule {
  readonly filename: string;
  readonly exports: unknown;
  require(id: string): unknown;
}
const DISPATCHER_BASE = /[\\/]undici[\\/]lib[\\/](?:dispatcher[\\/])?dispatcher-base\.js$/;

/** Globals whose first use loads the built-in copy. */
const LOADERS = ['Request', 'Response', 'Headers', 'FormData', 'WebSocket', 'EventSource', 'MessageEvent', 'CloseEvent'] as const;

/** The built-in copy loads with the first use of one of its globals, and is hooked just before that use goes on. Loading it up front would cost every process 15 ms. */
function hookBuiltIn(hook: Hook): void {
  const lazy = LOADERS.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const).filter(([, descriptor]) => descriptor?.get && descriptor.configurable);
  const loaded = (): void => {
    for (const [name, descriptor] of lazy.splice(0)) if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    void globalThis.Request;
    hookGlobalDispatchers(hook);
  };
  for (const [name, descriptor] of lazy) Object.defineProperty(globalThis, name, {
    configurable: true,
    enumerable: descriptor?.enumerable ?? false,
    get: () => (loaded(), Reflect.get(globalThis, name)),
    set: (value: unknown) => void Object.defineProperty(globalThis, name, { value, enumerable: descriptor?.enumerable ?? false, configurable: true, writable: true }),
  });
  const { fetch } = globalThis;
  globalThis.fetch = function governedFetch(this: unknown, ...args: Parameters<typeof fetch>) {
    loaded();
    return fetch.apply(this, args);
  };
  Object.defineProperty(globalThis.fetch, 'name', { value: 'fetch' });
}

/** The built-in copy's classes can only be reached through the dispatcher it puts under this symbol, which npm copies share. */
function hookGlobalDispatchers(hook: Hook): void {
  for (const version of [1, 2]) {
    const dispatcher = (globalThis as Record<symbol, unknown>)[Symbol.for(`undici.globalDispatcher.${version}`)] as Dispatcher | undefined;
    const owner = dispatcher && ownerOf(dispatcher);
    if (owner) hook(owner, dispatcher.constructor.name === 'Agent' ? () => newAgent(dispatcher.constructor) : undefined);
  }
}

/** A plain agent for the gateway, past any proxy; a person may take longer to decide than a client's own limits (300 s). */
function newAgent(constructor: unknown): Dispatcher {
  return new (constructor as new (options: { headersTimeout: number; bodyTimeout: number }) => Dispatcher)({ headersTimeout: 0, bodyTimeout: 0 });
}

function ownerOf(dispatcher: Dispatcher): Dispatcher | undefined {
  let owner: Dispatcher | null = dispatcher;
  while (owner && !Object.hasOwn(owner, 'dispatch')) owner = Object.getPrototypeOf(owner) as Dispatcher | null;
  return owner ?? undefined;
}

/**
 * What the request reaches. Pools and clients are bound to an origin, kept under undici's own symbol; what the options say counts only for agents.
 * A tunnel is judged as its far end, an absolute path (to a plain proxy) as the host that is connected to.
 */
function urlOf(dispatcher: Dispatcher, options: Options): URL | undefined {
  const symbol = Object.getOwnPropertySymbols(dispatcher).find(({ description }) => description === 'url');
  const bound = symbol && (dispatcher as unknown as Record<symbol, unknown>)[symbol];
  const origin = bound instanceof URL ? bound : options?.origin;
  if (!origin || typeof options.path !== 'string') return undefined;
  try {
    if (options.method === 'CONNECT') return new URL(`https://${options.path}/`);
    return new URL(new URL(origin).origin + (options.path.startsWith('/') ? options.path : '/'));
  } catch {
    return undefined;
  }
}

const markOf = ({ method }: Options, url: URL): string => `${method ?? 'GET'} ${url.href}`;

/** The two generations of undici's handler interface, by what they do: the second came with undici 7. */
function fail(handler: Handler, error: unknown): void {
  if (typeof handler['onRequestStart'] === 'function') call(handler, 'onResponseError', CONTROLLER, error);
  else call(handler, 'onError', error);
}
const call = (handler: Handler, name: string, ...args: unknown[]): void => {
  const method = handler[name];
  if (typeof method === 'function') method.apply(handler, args);
};
/** Stands for the connection of a request that never had one. */
const CONTROLLER = { aborted: false, paused: false, reason: null, pause: () => undefined, resume: () => undefined, abort: () => undefined } as const;

/** The caller's handler, with its outcome reported on the way. Methods run on the caller's own object, which may hold private fields. */
function observed(handler: Handler, { begin, ended }: JudgedCall): Handler {
  let abort: ((reason: Error) => void) | undefined;
  const over = begin((reason) => abort?.(reason));
  const watch: Record<string, (args: readonly unknown[]) => void> = {
    onHeaders: ([status, headers]) => void (Number(status) >= 200 && ended({ status: Number(status), ...locationIn(headers) })),
    onResponseStart: ([, status, headers]) => void (Number(status) >= 200 && ended({ status: Number(status), ...locationIn(headers) })),
    onUpgrade: ([status]) => (over(), ended({ status: Number(status) })),
    onRequestUpgrade: ([, status]) => (over(), ended({ status: Number(status) })),
    onError: ([error]) => (over(), ended({ error: messageOf(error) })),
    onResponseError: ([, error]) => (over(), ended({ error: messageOf(error) })),
    onConnect: ([cut]) => { abort = cut as (reason: Error) => void; },
    onRequestStart: ([controller]) => { abort = (reason) => (controller as { abort(reason: Error): void }).abort(reason); },
    onComplete: over,
    onResponseEnd: over,
  };
  return new Proxy(handler, {
    get(target, name) {
      const value = target[name];
      if (typeof value !== 'function') return value;
      const look = typeof name === 'string' && Object.hasOwn(watch, name) ? watch[name] : undefined;
      return (...args: unknown[]): unknown => {
        look?.(args);
        return value.apply(target, args);
      };
    },
  });
}

/** The `location` of an answer's headers: flat pairs of bytes in the first generation, an object in the second. */
function locationIn(headers: unknown): { readonly location?: string } {
  const pairs = Array.isArray(headers) ? headers.map(String).flatMap((name, index, all) => (index % 2 === 0 ? [[name, all[index + 1]] as const] : [])) : Object.entries((headers ?? {}) as Record<string, unknown>);
  const found = pairs.find(([name]) => name.toLowerCase() === 'location')?.[1];
  return typeof found === 'string' ? { location: found } : {};
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Headers come flat, in pairs, as an object, or as anything that yields pairs. */
function hasHeader(headers: unknown, name: string): boolean {
  if (!headers || typeof headers !== 'object') return false;
  return namesOf(headers).some((each) => String(each).toLowerCase() === name);
}

function namesOf(headers: object): unknown[] {
  if (Array.isArray(headers)) return Array.isArray(headers[0]) ? headers.map((pair: unknown[]) => pair[0]) : headers.filter((_, index) => index % 2 === 0);
  return Symbol.iterator in headers ? [...(headers as Iterable<readonly unknown[]>)].map(([name]) => name) : Object.keys(headers);
}

function withoutHost(headers: unknown): unknown {
  if (!hasHeader(headers, 'host')) return headers;
  const isHost = (name: unknown): boolean => String(name).toLowerCase() === 'host';
  if (Array.isArray(headers) && !Array.isArray(headers[0])) return headers.filter((_, index) => !isHost(headers[index - (index % 2)]));
  const pairs = Symbol.iterator in (headers as object) ? [...(headers as Iterable<[string, unknown]>)] : Object.entries(headers as object);
  return Object.fromEntries(pairs.filter(([name]) => !isHost(name)));
}
