// Chat Completions as a stream: chunks in, chunks out, with the conversation's first chunk giving all of them their id.

import { isObject, list, number, object, objects, parse, sum, text, type JsonObject } from '../json.ts';
import type { SseEvent } from '../sse.ts';
import type { Failure, Fate, Splice, Step } from './wire.ts';
import { failure } from './openai-failure.ts';

/** Fields of a message or delta in which models of this wire put text. */
export const TEXT_FIELDS = ['content', 'refusal', 'reasoning_content', 'reasoning'] as const;

/** What is remembered of a call while its pieces arrive. */
interface Call {
  readonly choice: number;
  readonly old: boolean;
  readonly pieces: { readonly chunk: JsonObject; readonly delta: JsonObject }[];
  /** The call as one object, as `message.tool_calls` has it. */
  whole: JsonObject;
}

interface Choice {
  readonly message: JsonObject;
  readonly calls: Map<string, Call>;
  finish?: { readonly chunk: JsonObject; readonly reason: unknown };
}

export function chatSplice(body: JsonObject): Splice {
  return new ChatSplice(object(body['stream_options'])['include_usage'] === true);
}

class ChatSplice implements Splice {
  private readonly wantsUsage: boolean;
  private head: JsonObject | undefined;
  private choices = new Map<number, Choice>();
  private current: { id?: unknown; model?: unknown; usage?: unknown } = {};
  private earlierUsage: unknown;
  private done = false;
  /** Choices with text that the agent has seen, and those whose next text begins a new answer. */
  private readonly spoken = new Set<number>();
  private readonly gap = new Set<number>();
  /** Next free index of `tool_calls`, by choice; emptied with each answer. */
  private released = new Map<number, number>();

  constructor(wantsUsage: boolean) {
    this.wantsUsage = wantsUsage;
  }

  next(): void {
    this.earlierUsage = sum(this.earlierUsage, this.current.usage);
    for (const choice of this.spoken) this.gap.add(choice);
    this.choices = new Map();
    this.current = {};
    this.released = new Map();
    this.done = false;
  }

  read({ data }: SseEvent): readonly Step[] {
    if (data === '[DONE]') {
      this.done = true;
      return [];
    }
    const chunk = parse(data);
    if (!isObject(chunk)) return [];
    if (chunk['error']) return [{ kind: 'failed', message: text(object(chunk['error'])['message']) || 'the provider reported an error', data: chunk }];
    const { usage, choices, ...head } = chunk;
    if (isObject(usage)) this.current.usage = usage;
    this.current.id ??= head['id'];
    this.current.model ??= head['model'];
    this.head ??= head;
    const found = objects(choices);
    if (found.length === 0) return isObject(usage) ? [] : [{ kind: 'pass', data: { ...head, choices: [] } }];
    return found.flatMap(([, choice]) => this.readChoice(head, choice));
  }

  /** Takes a chunk of one choice apart: a provider may put text, calls and the end into a single one. */
  private readChoice(head: JsonObject, choice: JsonObject): Step[] {
    const index = number(choice['index']) ?? 0;
    const state = this.choice(index);
    const { finish_reason: reason, delta: whole, logprobs, ...rest } = choice;
    const { tool_calls: calls, function_call: old, ...delta } = object(whole);
    const chunk = (inner: JsonObject, extra: JsonObject = {}): JsonObject => ({ ...head, choices: [{ ...rest, ...extra, index, delta: inner, finish_reason: null }] });
    const steps: Step[] = [];
    const texts = TEXT_FIELDS.flatMap((field) => (typeof delta[field] === 'string' && delta[field] !== '' ? [[field, delta[field]] as const] : []));
    for (const [field] of texts) delete delta[field];
    if (Object.keys(delta).length > 0) steps.push({ kind: 'pass', data: chunk('role' in delta && texts.length > 0 ? { ...delta, content: '' } : delta) });
    for (const [field, piece] of texts) {
      state.message[field] = text(state.message[field]) + piece;
      steps.push({ kind: 'text', channel: `${index}/${field}`, text: piece, data: chunk({ [field]: piece }, isObject(logprobs) ? { logprobs } : {}) });
    }
    for (const [, piece] of objects(calls)) steps.push(...this.readCall(state, index, `tool_calls/${number(piece['index']) ?? text(piece['id'])}`, chunk, piece));
    if (isObject(old)) steps.push(...this.readCall(state, index, 'function_call', chunk, { function: old }));
    if (reason !== null && reason !== undefined) {
      state.finish = { chunk: chunk({}), reason };
      steps.push(...closed(index));
    }
    return steps;
  }

  private readCall(state: Choice, choice: number, key: string, chunk: (delta: JsonObject) => JsonObject, piece: JsonObject): Step[] {
    const known = state.calls.get(key);
    const call = known ?? { choice, old: key === 'function_call', pieces: [], whole: {} };
    state.calls.set(key, call);
    call.pieces.push({ chunk: chunk({}), delta: piece });
    call.whole = addPiece(call.whole, piece);
    const written = text(object(piece['function'])['arguments']) + text(object(piece['custom'])['input']);
    const count: Step = { kind: 'count', text: written };
    // What was said before the call is complete, and leaves before it.
    return known ? [count] : [...closed(choice), { kind: 'call', at: this.pointer(state, choice, key) }, count];
  }

  private pointer(state: Choice, choice: number, key: string): string {
    if (key === 'function_call') return `/choices/${[...this.choices.keys()].indexOf(choice)}/message/function_call`;
    const place = [...state.calls.keys()].filter((each) => each !== 'function_call').indexOf(key);
    return `/choices/${[...this.choices.keys()].indexOf(choice)}/message/tool_calls/${place}`;
  }

  private choice(index: number): Choice {
    const known = this.choices.get(index);
    if (known) return known;
    const made: Choice = { message: { role: 'assistant', content: null }, calls: new Map() };
    this.choices.set(index, made);
    return made;
  }

  reply(): JsonObject {
    return {
      ...this.current,
      choices: [...this.choices].map(([index, { message, calls, finish }]) => {
        const old = [...calls.values()].find((call) => call.old);
        const all = [...calls.values()].filter((call) => !call.old);
        return {
          index,
          finish_reason: finish?.reason ?? null,
          message: { ...message, ...(all.length > 0 && { tool_calls: all.map((call) => call.whole) }), ...(old && { function_call: old.whole['function'] }) },
        };
      }),
    };
  }

  at(channel: string): string {
    const [choice = '0', field = 'content'] = channel.split('/');
    return `/choices/${[...this.choices.keys()].indexOf(Number(choice))}/message/${field}`;
  }

  complete(): boolean {
    return this.done || (this.choices.size > 0 && [...this.choices.values()].every((choice) => choice.finish));
  }

  pass(data: JsonObject): readonly SseEvent[] {
    return [this.event(data)];
  }

  text(step: Step & { readonly kind: 'text' }, piece: string): readonly SseEvent[] {
    const [[, choice] = [0, {}]] = objects(step.data['choices']);
    const field = step.channel.slice(step.channel.indexOf('/') + 1);
    const { logprobs, ...rest } = choice;
    const same = piece === step.text;
    return [this.event({ ...step.data, choices: [{ ...rest, ...(same && logprobs !== undefined && { logprobs }), delta: { [field]: this.separated(number(choice['index']) ?? 0, field, piece) } }] })];
  }

  call(at: string, fate: Fate): readonly SseEvent[] {
    const call = [...this.choices].flatMap(([choice, state]) => [...state.calls].map(([key, each]) => ({ each, at: this.pointer(state, choice, key) }))).find((found) => found.at === at)?.each;
    if (!call || fate.kind === 'drop') return [];
    const [first] = call.pieces;
    if (!first) return [];
    if (fate.kind === 'replace') return [this.event(withDelta(first.chunk, { content: this.separated(call.choice, 'content', fate.note) }))];
    const index = this.released.get(call.choice) ?? 0;
    this.released.set(call.choice, index + 1);
    const pieces = fate.kind === 'keep' ? call.pieces : [{ ...first, delta: rewritten(call.whole, fate.args) }];
    return pieces.map(({ chunk, delta }) => this.event(withDelta(chunk, call.old ? { function_call: delta['function'] } : { tool_calls: [{ ...delta, index }] })));
  }

  finish(): readonly SseEvent[] {
    const usage = sum(this.earlierUsage, this.current.usage);
    const ends = [...this.choices].flatMap(([index, { finish }]) => (finish ? [this.event(withDelta(finish.chunk, {}, finishReason(finish.reason, this.released.has(index))))] : []));
    const report = this.wantsUsage && usage !== undefined ? [this.event({ choices: [], usage })] : [];
    return [...ends, ...report, { data: '[DONE]' }];
  }

  failure(failed: Failure): readonly SseEvent[] {
    return [{ data: JSON.stringify(failure(failed).body) }];
  }

  keepAlive(): string {
    return ': hold\n\n';
  }

  /** Two answers in one message are two paragraphs. */
  private separated(choice: number, field: string, piece: string): string {
    if (field !== 'content') return piece;
    const apart = this.gap.delete(choice);
    this.spoken.add(choice);
    return apart ? `\n\n${piece}` : piece;
  }

  private event(data: JsonObject): SseEvent {
    return { data: JSON.stringify({ ...data, ...this.head, ...(this.wantsUsage && !('usage' in data) && { usage: null }) }) };
  }
}

const closed = (choice: number): Step[] => TEXT_FIELDS.map((field) => ({ kind: 'close', channel: `${choice}/${field}` }));

/** A turn whose calls are all gone has simply ended. */
export function finishReason(reason: unknown, calls: boolean): unknown {
  return !calls && (reason === 'tool_calls' || reason === 'function_call') ? 'stop' : reason;
}

/** The chunk with another delta in its only choice. */
function withDelta(chunk: JsonObject, delta: JsonObject, reason: unknown = null): JsonObject {
  return { ...chunk, choices: list(chunk['choices']).map((choice) => ({ ...object(choice), delta, finish_reason: reason })) };
}

function rewritten(call: JsonObject, args: Readonly<Record<string, unknown>>): JsonObject {
  if (isObject(call['custom'])) return { ...call, custom: { ...call['custom'], input: args['input'] } };
  return { ...call, function: { ...object(call['function']), arguments: JSON.stringify(args) } };
}

/** A call with one more piece: names and ids come once (and then empty, from some servers), arguments grow. */
function addPiece(call: JsonObject, { index: _, ...piece }: JsonObject): JsonObject {
  const grown = { ...call, ...said(piece) };
  if (isObject(piece['function'])) grown['function'] = grow(object(call['function']), piece['function'], 'arguments');
  if (isObject(piece['custom'])) grown['custom'] = grow(object(call['custom']), piece['custom'], 'input');
  return grown;
}

function grow(known: JsonObject, piece: JsonObject, field: string): JsonObject {
  return { ...known, ...said(piece), [field]: text(known[field]) + text(piece[field]) };
}

const said = (piece: JsonObject): JsonObject => Object.fromEntries(Object.entries(piece).filter(([, value]) => value !== null && value !== ''));
