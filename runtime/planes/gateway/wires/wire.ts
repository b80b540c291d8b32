// What the gateway must know of a provider's wire, and nothing else: one interface, three implementations, one conformance suite.

import type { LlmWire, TextPart, Usage } from '../../../../protocol/action.ts';
import { isObject, list, parse, text, type JsonObject } from '../json.ts';
import type { SseEvent } from '../sse.ts';

export interface Wire {
  readonly id: LlmWire;
  /** Path of its endpoint, whatever stands before it. */
  readonly path: RegExp;
  /** What a request says. Throws `BadRequest` for one that no provider would take or that cannot be governed. */
  read(body: JsonObject): RequestView;
  /** The request with its output bounded to `max` tokens, when it set no bound or a larger one. */
  bounded(body: JsonObject, max: number, provider: string): JsonObject;
  /** The request as the provider must get it so that usage is reported. */
  metered(body: JsonObject): JsonObject;
  /** What an answer says: a body, or the equal of one that `Splice.reply` collected from a stream. */
  answer(reply: JsonObject): AnswerView;
  /** The next request of a conversation in which none of the answer's tool calls was executed; `notes` says why, by call id. */
  continued(body: JsonObject, reply: JsonObject, notes: ReadonlyMap<string, string>): JsonObject;
  /** The next request of a conversation whose answer was sent back: the answer, and what is wrong with it. */
  sentBack(body: JsonObject, reply: JsonObject, feedback: string): JsonObject;
  /** The answer with each tool call kept, rewritten, replaced by a text, or dropped. */
  settled(reply: JsonObject, fates: Fates): JsonObject;
  /** Two answers of one conversation as the one answer the agent asked for. */
  joined(first: JsonObject, next: JsonObject): JsonObject;
  /** Status and body of a failure, in the provider's own form. */
  failure(failure: Failure): { readonly status: number; readonly body: JsonObject };
  /** For one streamed answer to the agent; `body` is what it asked. `redact` is for texts that a provider sends whole. */
  splice(body: JsonObject, redact: (text: string) => string): Splice;
  /** On a wire whose provider keeps conversations: the id of the answer that a request goes on from. */
  previous?(body: JsonObject): string | undefined;
  /** The request as the provider must get it to go on from there. */
  resumed?(body: JsonObject, thread: Thread): JsonObject;
}

/** A conversation that the provider keeps, where what it knows differs from what the agent was shown. */
export interface Thread {
  /** The provider's id of its last answer. */
  readonly id: string;
  /** Calls of that answer which the agent never saw, by call id, and what became of them. */
  readonly owed: readonly { readonly call: JsonObject; readonly note: string }[];
  /** Tokens that going on from it puts before every new input. */
  readonly tokens: number;
}

export interface RequestView {
  readonly model: string;
  readonly stream: boolean;
  readonly hasSystemPrompt: boolean;
  readonly temperature?: number;
  readonly maxOutputTokens?: number;
  readonly tools: readonly string[];
  /** JSON Schemas of the arguments of those tools that have one, by name. */
  readonly schemas: ReadonlyMap<string, JsonObject>;
  /** Everything but tool results; pointers are into the body. */
  readonly texts: readonly TextPart[];
  readonly results: readonly ToolResult[];
  /** The parts of the body that the model reads, for counting tokens. */
  readonly read: readonly unknown[];
}

export interface ToolResult {
  readonly call: string;
  /** Pointer to the whole content, which may be replaced by a string. */
  readonly at: string;
  readonly texts: readonly TextPart[];
  readonly isError?: boolean;
}

/** A call that the agent itself would execute. Tools that run at the provider are not among them. */
export interface ToolRequest {
  /** Pointer into the answer; also the name of the call in its stream. */
  readonly at: string;
  readonly id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface AnswerView {
  readonly model?: string;
  readonly usage?: Usage;
  /** Texts of the model, pointers into the answer. */
  readonly texts: readonly TextPart[];
  readonly calls: readonly ToolRequest[];
}

export type Fate =
  | { readonly kind: 'keep' }
  | { readonly kind: 'rewrite'; readonly args: Readonly<Record<string, unknown>> }
  | { readonly kind: 'replace'; readonly note: string }
  | { readonly kind: 'drop' };
/** By the call's pointer. A call without a fate is kept by no one: it is dropped. */
export type Fates = ReadonlyMap<string, Fate>;

export interface Failure {
  readonly kind: 'refused' | 'throttled' | 'invalid' | 'unauthorized' | 'too-large' | 'unsupported' | 'upstream' | 'timeout';
  readonly message: string;
  readonly retryAfterMs?: number;
}

/** One piece of a streamed answer, told apart only as far as governing needs it. */
export type Step =
  /** `head`: it opens the answer, and no text of the model can be in it. */
  | { readonly kind: 'pass'; readonly data: JsonObject; readonly head?: true }
  /** More text of a channel: a choice, an item, a block. */
  | { readonly kind: 'text'; readonly channel: string; readonly text: string; readonly data: JsonObject }
  /** The channel is complete: what was held back of it leaves now. */
  | { readonly kind: 'close'; readonly channel: string }
  /** Here stands a tool call; its events wait inside the splice until its fate is known. */
  | { readonly kind: 'call'; readonly at: string }
  /** Part of a tool call's arguments, for counting. */
  | { readonly kind: 'count'; readonly text: string }
  /** The provider gave up, in its own words. */
  | { readonly kind: 'failed'; readonly message: string; readonly data: JsonObject };

/** Reads one or more streamed answers of the provider and writes the one answer of the agent. Lives as long as the agent's request. */
export interface Splice {
  /** Another answer of the provider follows; the agent sees it as more of the same. */
  next(): void;
  read(event: SseEvent): readonly Step[];
  /** The provider's current answer so far, unredacted, in the form of an answer that was not streamed. */
  reply(): JsonObject;
  /** Pointer into `reply()` of a channel's text. */
  at(channel: string): string;
  /** True once the provider said that its answer is complete. */
  complete(): boolean;
  pass(data: JsonObject): readonly SseEvent[];
  /** The event of a text step, with other text. */
  text(step: Step & { readonly kind: 'text' }, text: string): readonly SseEvent[];
  /** The events of a call, as its fate has it. */
  call(at: string, fate: Fate): readonly SseEvent[];
  /** The last events. They say `tool_calls` only when a call was released since `next`. */
  finish(): readonly SseEvent[];
  /** A failure inside a stream, in the form that the provider's SDKs raise. */
  failure(failure: Failure): readonly SseEvent[];
  /** Raw bytes that keep the agent's connection alive and mean nothing. */
  keepAlive(): string;
  /** The answer's id as the agent knows it, on a wire where a later request may name it. */
  id?(): string | undefined;
}

export class BadRequest extends Error {}

/** The arguments of a call as an object, whatever the model wrote: what is not an object still reaches the policies. */
export function callArguments(written: unknown): Record<string, unknown> {
  if (isObject(written)) return written;
  if (typeof written !== 'string') return written === undefined || written === null ? {} : { value: written };
  if (written.trim() === '') return {};
  const value = parse(written);
  return isObject(value) ? value : value === undefined ? { unparsed: written } : { value };
}

/** Schemas by the name of their tool. */
export function schemasOf(offered: readonly (readonly [name: string, schema: unknown])[]): ReadonlyMap<string, JsonObject> {
  return new Map(offered.flatMap(([name, schema]) => (name !== '' && isObject(schema) ? [[name, schema] as const] : [])));
}

/** The texts of a message's content: a string, or a list of parts that carry text, refusals, documents or nested content. */
export function contentTexts(content: unknown, role: TextPart['role'], at: string): TextPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ at, role, text: content }];
  return list(content).flatMap((part, index) => (isObject(part) ? partTexts(part, role, `${at}/${index}`) : contentTexts(part, role, `${at}/${index}`)));
}

function partTexts(part: JsonObject, role: TextPart['role'], at: string): TextPart[] {
  const own = ['text', 'refusal', 'title', 'context'].flatMap((field) => contentTexts(text(part[field]), role, `${at}/${field}`));
  const source = isObject(part['source']) ? part['source'] : {};
  const document = source['type'] === 'text' ? contentTexts(source['data'], role, `${at}/source/data`) : contentTexts(source['content'], role, `${at}/source/content`);
  return [...own, ...document, ...contentTexts(part['content'], role, `${at}/content`)];
}

/** Names of the roles that providers use, as the four that policies know. */
export function roleOf(role: unknown): TextPart['role'] {
  if (role === 'system' || role === 'developer') return 'system';
  if (role === 'assistant') return 'assistant';
  return role === 'tool' || role === 'function' ? 'tool' : 'user';
}

/** The model's name; a request without one is nobody's. */
export function modelOf(body: JsonObject): string {
  const model = body['model'];
  if (typeof model !== 'string' || model === '') throw new BadRequest('`model` must be a non-empty string');
  return model;
}
