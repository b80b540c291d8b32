// A model server for loopback: speaks OpenAI Chat Completions and Responses and Anthropic Messages as the providers do, and says what its script says.

import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { answerOf, type Answer } from './answer.ts';
import { readChat, streamChat, writeChat } from './chat.ts';
import { isObject, objects, Rejected, text, type JsonObject } from './json.ts';
import { readMessages, streamMessages, writeMessages } from './messages.ts';
import { itemsOf, readResponses, streamResponses, writeResponses, type Kept } from './responses.ts';
import { createPlayer, parseScript, type Conversation, type Script, type Turn } from './script.ts';

export interface SseData {
  readonly event?: string;
  readonly data: JsonObject | '[DONE]';
}

/** A request as it reached the server. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: JsonObject;
  /** Aborts when the client hung up before its answer was complete. */
  readonly gone: AbortSignal;
}

export interface ModelServer {
  /** `http://127.0.0.1:PORT`. OpenAI clients want `/v1` behind it. */
  readonly url: string;
  /** Every request so far, in order. */
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Starts a server on loopback; port 0 or none takes a free one. One in the background does not keep its process alive. */
export async function startModelServer({ script, port = 0, background = false }: { readonly script: Script; readonly port?: number; readonly background?: boolean }): Promise<ModelServer> {
  const requests: SeenRequest[] = [];
  const play = createPlayer(script);
  const kept: Kept = new Map();
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) return response.destroy();
      const status = error instanceof Rejected ? error.status : 500;
      return sendJson(response, status, errorBody(pathOf(request), status, error instanceof Error ? error.message : String(error)));
    });
  });
  if (background) server.unref().on('connection', (socket) => socket.unref());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    requests.push({ method: request.method ?? 'GET', path: request.url ?? '/', headers: request.headers, body, gone: gone.signal });
    if (!request.headers.authorization && !request.headers['x-api-key'] && !request.headers['api-key']) throw new Rejected(401, 'No API key was sent. Any key will do.');
    const path = pathOf(request);
    if (request.method === 'GET' && path.endsWith('/models')) return sendJson(response, 200, modelList(script));
    const wire = request.method === 'POST' ? WIRES.find(({ end }) => path.endsWith(end)) : undefined;
    if (!wire) throw new Rejected(404, `Unknown request URL: ${request.method} ${path}.`);
    if (text(body['model']) === '') throw new Rejected(400, 'you must provide a model parameter');
    const spoken = wire.read(body, kept);
    const turn = play(spoken);
    if (!turn) throw new Rejected(400, `no turn of the script fits this conversation: ${describe(spoken)}`);
    if (turn.error) throw new Rejected(turn.error.status, turn.error.message);
    const { whole, stream } = wire.write(body, answerOf(turn, spoken), script.pieceLength ?? 4, kept);
    return spoken.stream ? sendStream(response, stream(), script.pieceDelayMs ?? 0) : sendJson(response, 200, whole());
  }
}

interface Written {
  readonly whole: () => JsonObject;
  readonly stream: () => Iterable<SseData>;
}

const WIRES: readonly { readonly end: string; read(body: JsonObject, kept: Kept): Conversation; write(body: JsonObject, answer: Answer, pieceLength: number, kept: Kept): Written }[] = [
  { end: '/chat/completions', read: readChat, write: (body, answer, length) => ({ whole: () => writeChat(body, answer), stream: () => streamChat(body, answer, length) }) },
  {
    end: '/responses',
    read: (body, kept) => readResponses(body, itemsOf(body, kept)),
    write: (body, answer, length, kept) => {
      const whole = writeResponses(body, answer);
      if (body['store'] !== false) kept.set(text(whole['id']), [...itemsOf(body, kept), ...objects(whole['output'])]);
      return { whole: () => whole, stream: () => streamResponses(whole, length) };
    },
  },
  { end: '/messages', read: readMessages, write: (body, answer, length) => ({ whole: () => writeMessages(body, answer), stream: () => streamMessages(body, answer, length) }) },
];

async function bodyOf(request: IncomingMessage): Promise<JsonObject> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  if (pieces.length === 0) return {};
  try {
    const body: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'));
    if (isObject(body)) return body;
  } catch {
    // Told below, as for any other body that is no JSON object.
  }
  throw new Rejected(400, 'We could not parse the JSON body of your request.');
}

async function sendStream(response: ServerResponse, events: Iterable<SseData>, delayMs: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  for (const { event, data } of events) {
    if (response.destroyed) return;
    response.write(`${event === undefined ? '' : `event: ${event}\n`}data: ${data === '[DONE]' ? data : JSON.stringify(data)}\n\n`);
    if (delayMs > 0) await pause(delayMs);
  }
  response.end();
}

function sendJson(response: ServerResponse, status: number, body: JsonObject): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.byteLength }).end(bytes);
}

function errorBody(path: string, status: number, message: string): JsonObject {
  const kind = status === 429 ? 'rate_limit' : status === 401 ? 'authentication' : status >= 500 ? 'api' : 'invalid_request';
  if (path.endsWith('/messages')) return { type: 'error', error: { type: `${kind}_error`, message }, request_id: null };
  return { error: { message, type: status >= 500 ? 'server_error' : `${kind}_error`, param: null, code: status === 429 ? 'rate_limit_exceeded' : null } };
}

function modelList(script: Script): JsonObject {
  const names = [...new Set(['model', ...script.turns.flatMap((turn) => turn.when?.model ?? [])])];
  return { object: 'list', data: names.map((id) => ({ id, object: 'model', created: 0, owned_by: 'script' })) };
}

function describe({ model, system, user, results }: Conversation): string {
  return JSON.stringify({ model, system: system.slice(0, 80), user: user.slice(0, 80), toolResults: results.length, lastResult: results.at(-1)?.slice(0, 80) });
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '/').replace(/\?.*$/s, '');

export type { Script, Turn };

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string' }, script: { type: 'string' } } });
  if (!values.script) throw new Error('name a script: node server.ts --script file.json [--port 4010]; README.md describes its format');
  const { url } = await startModelServer({ script: parseScript(await readFile(values.script, 'utf8')), port: Number(values.port ?? 0) });
  process.stdout.write(`${url}\n`);
}
