// Responses as a stream: every event numbered anew, items placed one after the other, and each text that is repeated at its end made equal to what was streamed.

import { randomUUID } from 'node:crypto';
import { isObject, list, number, object, objects, parse, sum, text, valueAt, type JsonObject } from '../json.ts';
import { writeSse, type SseEvent } from '../sse.ts';
import { failure } from './openai-failure.ts';
import { isCall, messageItem, rewrittenCall, textPart } from './openai-responses-items.ts';
import type { Failure, Fate, Splice, Step } from './wire.ts';

/** Events that bring text, and the field that numbers the part of the item it belongs to. */
const TEXTS: Readonly<Record<string, { readonly list: 'content' | 'summary'; readonly field: string }>> = {
  'response.output_text': { list: 'content', field: 'text' },
  'response.refusal': { list: 'content', field: 'refusal' },
  'response.reasoning_text': { list: 'content', field: 'text' },
  'response.reasoning_summary_text': { list: 'summary', field: 'text' },
};

export function responsesSplice(body: JsonObject, redact: (text: string) => string): Splice {
  return new ResponsesSplice(body, redact);
}

class ResponsesSplice implements Splice {
  private readonly body: JsonObject;
  private readonly redact: (text: string) => string;
  /** The first answer's identity, which SDKs hold every later event to. */
  private identity: JsonObject | undefined;
  private sequence = 0;
  /** The agent's items by their place in its answer. */
  private readonly items = new Map<number, JsonObject>();
  private places = 0;
  private earlierUsage: unknown;
  /** Of the provider's current answer: */
  private raw = new Map<number, JsonObject>();
  private calls = new Map<number, JsonObject[]>();
  private placed = new Map<number, number>();
  /** What the agent has seen of each text. */
  private seen = new Map<string, string>();
  private end: JsonObject | undefined;

  constructor(body: JsonObject, redact: (text: string) => string) {
    this.body = body;
    this.redact = redact;
  }

  next(): void {
    this.earlierUsage = sum(this.earlierUsage, this.usage());
    this.raw = new Map();
    this.calls = new Map();
    this.placed = new Map();
    this.seen = new Map();
    this.end = undefined;
  }

  read({ data: json }: SseEvent): readonly Step[] {
    const data = parse(json);
    if (!isObject(data)) return [];
    const type = text(data['type']);
    if (type === 'error' || type === 'response.failed') return [failed(data)];
    if (type === 'response.completed' || type === 'response.incomplete') return this.readEnd(data);
    if (isObject(data['response'])) return this.readStart(data, data['response']);
    const index = number(data['output_index']);
    if (index === undefined) return [{ kind: 'pass', data }];
    if (isObject(data['item'])) this.raw.set(index, data['item']);
    const call = this.calls.get(index);
    if (call) {
      call.push(data);
      return type.endsWith('.delta') ? [{ kind: 'count', text: text(data['delta']) }] : [];
    }
    if (type === 'response.output_item.added' && isObject(data['item']) && isCall(data['item'])) {
      this.calls.set(index, [data]);
      return [{ kind: 'call', at: `/output/${index}` }];
    }
    const channel = channelOf(data);
    if (channel === undefined) return [{ kind: 'pass', data }];
    if (!type.endsWith('.delta')) return [{ kind: 'close', channel }, { kind: 'pass', data }];
    this.grow(index, channel, text(data['delta']));
    return [{ kind: 'text', channel, text: text(data['delta']), data }];
  }

  /** Puts a piece of text into its item, so that an answer that breaks off still shows what came of it. */
  private grow(index: number, channel: string, piece: string): void {
    const item = this.raw.get(index) ?? {};
    const [, name = 'content', part = '0'] = channel.split('/');
    const parts = [...list(item[name])];
    const known = object(parts[Number(part)]);
    parts[Number(part)] = { type: name === 'summary' ? 'summary_text' : 'output_text', ...known, text: text(known['text']) + piece };
    this.raw.set(index, { ...item, [name]: parts });
  }

  private readStart(data: JsonObject, response: JsonObject): Step[] {
    if (this.identity && this.identity['id'] !== response['id']) return [];
    this.identity ??= { id: response['id'], created_at: response['created_at'] };
    return [{ kind: 'pass', data, head: true }];
  }

  /** Items that some servers send only with the end are read as if they had come one by one. */
  private readEnd(data: JsonObject): Step[] {
    this.end = data;
    return objects(object(data['response'])['output']).flatMap(([index, item]): Step[] => {
      const known = this.raw.has(index);
      this.raw.set(index, item);
      if (known) return [];
      const added = { type: 'response.output_item.added', output_index: index, item };
      const done = { type: 'response.output_item.done', output_index: index, item };
      if (!isCall(item)) return [{ kind: 'pass', data: added }, { kind: 'pass', data: done }];
      this.calls.set(index, [added, done]);
      return [{ kind: 'call', at: `/output/${index}` }];
    });
  }

  reply(): JsonObject {
    const output: unknown[] = [];
    for (const [index, item] of this.raw) output[index] = item;
    return { ...object(this.end?.['response']), output: Array.from(output, (item) => item ?? null) };
  }

  at(channel: string): string {
    const part = valueAt(this.reply(), `/output/${channel}`);
    return `/output/${channel}/${typeof object(part)['refusal'] === 'string' ? 'refusal' : 'text'}`;
  }

  complete(): boolean {
    return this.end !== undefined;
  }

  pass(data: JsonObject): readonly SseEvent[] {
    const index = number(data['output_index']);
    if (index === undefined) return [this.event(isObject(data['response']) ? { ...data, response: { ...data['response'], ...this.identity, output: [] } } : data)];
    const place = this.place(index);
    const shown = this.shown(data, index);
    if (isObject(shown['item'])) this.items.set(place, shown['item']);
    return [this.event({ ...shown, output_index: place })];
  }

  text(step: Step & { readonly kind: 'text' }, piece: string): readonly SseEvent[] {
    this.seen.set(step.channel, (this.seen.get(step.channel) ?? '') + piece);
    const { logprobs, obfuscation: _, ...data } = step.data;
    const kept = piece === step.text && logprobs !== undefined ? { logprobs } : { ...(logprobs !== undefined && { logprobs: [] }) };
    return [this.event({ ...data, ...kept, delta: piece, output_index: this.place(number(data['output_index']) ?? 0) })];
  }

  call(at: string, fate: Fate): readonly SseEvent[] {
    const index = Number(at.slice('/output/'.length));
    const events = this.calls.get(index);
    const item = this.raw.get(index);
    if (!events || !item || fate.kind === 'drop') return [];
    const place = this.place(index);
    if (fate.kind === 'replace') return this.message(place, `msg_governance_${text(item['call_id'])}`, fate.note);
    const changed = fate.kind === 'keep' ? item : rewrittenCall(item, fate.args);
    this.items.set(place, changed);
    return (fate.kind === 'keep' ? events : rewrittenEvents(events, changed)).map((data) => this.event({ ...data, output_index: place }));
  }

  finish(): readonly SseEvent[] {
    const usage = sum(this.earlierUsage, this.usage());
    const output = [...this.items].sort(([a], [b]) => a - b).map(([, item]) => item);
    const { output_text: _, ...response } = object(this.end?.['response']);
    return [this.event({ ...this.end, type: text(this.end?.['type']) || 'response.completed', response: { ...response, ...this.identity, output, ...(usage !== undefined && { usage }) } })];
  }

  /** SDKs raise `error`; Codex reads only `response.failed`, which comes second because SDKs have raised by then. */
  failure(failed: Failure): readonly SseEvent[] {
    const { message, code } = object(failure(failed).body['error']) as { message?: unknown; code?: unknown };
    const response = { id: 'resp_governance', object: 'response', status: 'failed', output: [], ...this.identity, error: { code, message } };
    return [this.event({ type: 'error', code, message, param: null }), this.event({ type: 'response.failed', response })];
  }

  /**
   * A real event, because Codex does not count comments as life. OpenAI's SDK takes none before `response.created`, so an answer that has not
   * begun begins here, under an id of the gateway's own.
   */
  keepAlive(): string {
    const begun = this.identity ? '' : writeSse(this.begin());
    return begun + writeSse(this.event({ type: 'keepalive' }));
  }

  id(): string | undefined {
    return text(this.identity?.['id']) || undefined;
  }

  private begin(): SseEvent {
    this.identity = { id: `resp_governance_${randomUUID().replaceAll('-', '')}`, created_at: Math.floor(Date.now() / 1000) };
    const response = { ...this.identity, object: 'response', status: 'in_progress', model: this.body['model'], output: [], tools: [], error: null, incomplete_details: null, usage: null };
    return this.event({ type: 'response.created', response });
  }

  private usage(): unknown {
    return object(this.end?.['response'])['usage'];
  }

  private place(index: number): number {
    const place = this.placed.get(index) ?? this.places++;
    this.placed.set(index, place);
    return place;
  }

  private event(data: JsonObject): SseEvent {
    return { event: text(data['type']), data: JSON.stringify({ ...data, sequence_number: this.sequence++ }) };
  }

  /** The event with every text it repeats as the agent has seen it. A text that was never streamed is redacted as a whole. */
  private shown(data: JsonObject, index: number): JsonObject {
    const type = text(data['type']);
    const channel = channelOf(data);
    const known = channel === undefined ? undefined : this.seen.get(channel);
    if (isObject(data['part'])) return { ...data, part: this.shownPart(data['part'], known) };
    if (isObject(data['item'])) return { ...data, item: this.shownItem(data['item'], index) };
    const field = TEXTS[type.replace(/\.done$/, '')]?.field;
    return field !== undefined && typeof data[field] === 'string' ? this.shownPart(data, known) : data;
  }

  private shownItem(item: JsonObject, index: number): JsonObject {
    const parts = (name: 'content' | 'summary'): JsonObject => (Array.isArray(item[name])
      ? { [name]: list(item[name]).map((part, at) => (isObject(part) ? this.shownPart(part, this.seen.get(channelName(index, name, at))) : part)) } : {});
    return { ...item, ...parts('content'), ...parts('summary') };
  }

  private shownPart(part: JsonObject, known: string | undefined): JsonObject {
    const field = typeof part['refusal'] === 'string' ? 'refusal' : 'text';
    const raw = text(part[field]);
    if (raw === '') return part;
    const words = known ?? this.redact(raw);
    return { ...part, [field]: words, ...(words !== raw && 'logprobs' in part && { logprobs: [] }) };
  }

  private message(place: number, id: string, words: string): SseEvent[] {
    const item = messageItem(id, words);
    this.items.set(place, item);
    const at = { item_id: id, output_index: place, content_index: 0 };
    return [
      { type: 'response.output_item.added', output_index: place, item: { ...item, status: 'in_progress', content: [] } },
      { type: 'response.content_part.added', ...at, part: textPart('') },
      { type: 'response.output_text.delta', ...at, delta: words, logprobs: [] },
      { type: 'response.output_text.done', ...at, text: words, logprobs: [] },
      { type: 'response.content_part.done', ...at, part: textPart(words) },
      { type: 'response.output_item.done', output_index: place, item },
    ].map((data) => this.event(data));
  }
}

function failed(data: JsonObject): Step {
  const error = object(object(data['response'])['error'] ?? data['error'] ?? data);
  return { kind: 'failed', message: text(error['message']) || 'the provider reported an error', data };
}

/** The name of the text an event is about, or undefined when it is about none. */
function channelOf(data: JsonObject): string | undefined {
  const type = text(data['type']).replace(/\.(delta|done|added)$/, '');
  const summary = type === 'response.reasoning_summary_part' || TEXTS[type]?.list === 'summary';
  if (!summary && type !== 'response.content_part' && !TEXTS[type]) return undefined;
  const part = number(data[summary ? 'summary_index' : 'content_index']) ?? 0;
  return channelName(number(data['output_index']) ?? 0, summary ? 'summary' : 'content', part);
}

const channelName = (item: number, list: string, part: number): string => `${item}/${list}/${part}`;

/** The call's events with other arguments: the beginning stands, one delta brings all of them. */
function rewrittenEvents(events: readonly JsonObject[], item: JsonObject): JsonObject[] {
  const deltas = events.filter((data) => text(data['type']).endsWith('.delta'));
  const [first] = deltas;
  const words = text(item['arguments'] ?? item['input']);
  return events.flatMap((data) => {
    const type = text(data['type']);
    if (data === first) return [{ ...data, delta: words }];
    if (type.endsWith('.delta')) return [];
    if (type === 'response.output_item.done') return [{ ...data, item }];
    if (type.endsWith('_arguments.done')) return [{ ...data, arguments: words }];
    return type.endsWith('_input.done') ? [{ ...data, input: words }] : [data];
  });
}
