// Messages as a stream: one `message_start` and one `message_stop` for the agent, and blocks that count on through every answer in between.

import { isObject, list, number, object, parse, sum, text, type JsonObject } from '../json.ts';
import type { SseEvent } from '../sse.ts';
import type { Failure, Fate, Splice, Step } from './wire.ts';

export function anthropicSplice(): Splice {
  return new AnthropicSplice();
}

/** A turn whose calls are all gone has simply ended. */
export function stopReason(reason: unknown, calls: boolean): unknown {
  return !calls && reason === 'tool_use' ? 'end_turn' : reason;
}

/** 400 rather than 403 for a refusal: Claude Code takes 403 for a failed login. */
export function anthropicFailure({ kind, message }: Failure): { readonly status: number; readonly body: JsonObject } {
  const [status, type] = FORMS[kind];
  return { status, body: { type: 'error', error: { type, message: `[governance] ${message}` } } };
}

const FORMS = {
  refused: [400, 'invalid_request_error'], throttled: [429, 'rate_limit_error'], invalid: [400, 'invalid_request_error'], unauthorized: [401, 'authentication_error'],
  'too-large': [413, 'request_too_large'], unsupported: [415, 'invalid_request_error'], upstream: [502, 'api_error'], timeout: [504, 'timeout_error'],
} as const satisfies Record<Failure['kind'], readonly [number, string]>;

const TEXT_FIELD: Readonly<Record<string, 'text' | 'thinking'>> = { text_delta: 'text', thinking_delta: 'thinking' };

class AnthropicSplice implements Splice {
  private blocks = 0;
  private earlierUsage: unknown;
  private started = false;
  /** Of the provider's current answer: */
  private message: JsonObject = {};
  private content: JsonObject[] = [];
  private readonly inputs = new Map<number, string>();
  private readonly calls = new Map<number, JsonObject[]>();
  private readonly placed = new Map<number, number>();
  private end: JsonObject | undefined;
  private stopped = false;
  private released = false;

  next(): void {
    this.earlierUsage = sum(this.earlierUsage, this.message['usage']);
    this.message = {};
    this.content = [];
    for (const memory of [this.inputs, this.calls, this.placed]) memory.clear();
    this.end = undefined;
    this.stopped = false;
    this.released = false;
  }

  read({ data: json }: SseEvent): readonly Step[] {
    const data = parse(json);
    if (!isObject(data)) return [];
    const index = number(data['index']) ?? 0;
    switch (data['type']) {
      case 'message_start': return this.readStart(data);
      case 'content_block_start': return this.readBlock(data, index);
      case 'content_block_delta': return this.readDelta(data, index, object(data['delta']));
      case 'content_block_stop': return this.readStop(data, index);
      case 'message_delta': return this.readEnd(data);
      case 'message_stop':
        this.stopped = true;
        return [];
      case 'error': return [{ kind: 'failed', message: text(object(data['error'])['message']) || 'the provider reported an error', data }];
      default: return [{ kind: 'pass', data }];
    }
  }

  private readStart(data: JsonObject): Step[] {
    this.message = object(data['message']);
    if (this.started) return [];
    this.started = true;
    return [{ kind: 'pass', data, head: true }];
  }

  private readBlock(data: JsonObject, index: number): Step[] {
    const block = object(data['content_block']);
    this.content[index] = { ...block };
    if (block['type'] === 'tool_use') {
      this.calls.set(index, [data]);
      return [{ kind: 'call', at: `/content/${index}` }];
    }
    const field = block['type'] === 'thinking' ? 'thinking' : 'text';
    const words = text(block[field]);
    if (words === '') return [{ kind: 'pass', data }];
    const delta = { type: 'content_block_delta', index, delta: { type: `${field}_delta`, [field]: words } };
    return [{ kind: 'pass', data: { ...data, content_block: { ...block, [field]: '' } } }, { kind: 'text', channel: String(index), text: words, data: delta }];
  }

  private readDelta(data: JsonObject, index: number, delta: JsonObject): Step[] {
    const block = (this.content[index] ??= {});
    const call = this.calls.get(index);
    if (call) call.push(data);
    if (delta['type'] === 'input_json_delta') {
      const piece = text(delta['partial_json']);
      this.inputs.set(index, (this.inputs.get(index) ?? '') + piece);
      return call ? [{ kind: 'count', text: piece }] : [{ kind: 'pass', data }];
    }
    if (call) return [];
    const field = TEXT_FIELD[text(delta['type'])];
    if (field) {
      const piece = text(delta[field]);
      block[field] = text(block[field]) + piece;
      return [{ kind: 'text', channel: String(index), text: piece, data }];
    }
    if (delta['type'] === 'signature_delta') block['signature'] = text(block['signature']) + text(delta['signature']);
    if (delta['type'] === 'citations_delta') block['citations'] = [...list(block['citations']), delta['citation']];
    return [{ kind: 'pass', data }];
  }

  private readStop(data: JsonObject, index: number): Step[] {
    const block = (this.content[index] ??= {});
    const written = this.inputs.get(index);
    if (written !== undefined) block['input'] = written === '' ? {} : parse(written) ?? written;
    const call = this.calls.get(index);
    if (!call) return [{ kind: 'close', channel: String(index) }, { kind: 'pass', data }];
    call.push(data);
    return [];
  }

  private readEnd(data: JsonObject): Step[] {
    this.end = data;
    const usage = Object.fromEntries(Object.entries(object(data['usage'])).filter(([, value]) => value !== null));
    this.message = { ...this.message, ...object(data['delta']), usage: { ...object(this.message['usage']), ...usage } };
    return [];
  }

  reply(): JsonObject {
    return { ...this.message, content: Array.from(this.content, (block) => block ?? {}) };
  }

  at(channel: string): string {
    return `/content/${channel}/${this.content[Number(channel)]?.['type'] === 'thinking' ? 'thinking' : 'text'}`;
  }

  complete(): boolean {
    return this.stopped;
  }

  pass(data: JsonObject): readonly SseEvent[] {
    const index = number(data['index']);
    return [event(index === undefined ? data : { ...data, index: this.place(index) })];
  }

  text(step: Step & { readonly kind: 'text' }, piece: string): readonly SseEvent[] {
    const delta = object(step.data['delta']);
    const field = TEXT_FIELD[text(delta['type'])] ?? 'text';
    return [event({ ...step.data, index: this.place(number(step.data['index']) ?? 0), delta: { ...delta, [field]: piece } })];
  }

  call(at: string, fate: Fate): readonly SseEvent[] {
    const index = Number(at.slice('/content/'.length));
    const events = this.calls.get(index);
    if (!events || fate.kind === 'drop') return [];
    const place = this.place(index);
    if (fate.kind === 'replace') return block(place, { type: 'text', text: '' }, { type: 'text_delta', text: fate.note });
    this.released = true;
    if (fate.kind === 'keep') return events.map((data) => event({ ...data, index: place }));
    return block(place, { ...this.content[index], input: {} }, { type: 'input_json_delta', partial_json: JSON.stringify(fate.args) });
  }

  finish(): readonly SseEvent[] {
    const usage = { ...object(this.end?.['usage']), ...(this.earlierUsage !== undefined && object(sum(this.earlierUsage, this.message['usage']))) };
    const delta = object(this.end?.['delta']);
    const reason = stopReason(delta['stop_reason'] ?? 'end_turn', this.released);
    return [event({ ...this.end, type: 'message_delta', delta: { stop_sequence: null, ...delta, stop_reason: reason }, usage }), event({ type: 'message_stop' })];
  }

  failure(failed: Failure): readonly SseEvent[] {
    return [event(anthropicFailure(failed).body)];
  }

  keepAlive(): string {
    return 'event: ping\ndata: {"type": "ping"}\n\n';
  }

  private place(index: number): number {
    const place = this.placed.get(index) ?? this.blocks++;
    this.placed.set(index, place);
    return place;
  }
}

const event = (data: JsonObject): SseEvent => ({ event: text(data['type']), data: JSON.stringify(data) });

function block(index: number, start: JsonObject, delta: JsonObject): SseEvent[] {
  return [{ type: 'content_block_start', index, content_block: start }, { type: 'content_block_delta', index, delta }, { type: 'content_block_stop', index }].map(event);
}
