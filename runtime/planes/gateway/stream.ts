// An answer delivered while the model writes it: text leaves as soon as no match can begin in it, tool calls and the end wait for their verdicts.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StreamRedactor } from '../../policy/api.ts';
import type { Delivery, Received, Watch } from './exchange.ts';
import { passOn, sendFailure } from './outlet.ts';
import { readSse, writeSse, type SseEvent } from './sse.ts';
import { roughTokens } from './tokens.ts';
import { returned } from './upstream.ts';
import { readAll } from './whole.ts';
import type { Failure, Fates, Splice, Step, Wire } from './wires/wire.ts';

export interface StreamOptions {
  /** For one text channel; undefined when no policy looks at streamed text. */
  readonly redactor: () => StreamRedactor | undefined;
  /** How long a verdict may take before the agent is shown that its request lives, and how often it is shown again. Milliseconds. */
  readonly holdAfterMs: number;
  readonly keepAliveMs: number;
  readonly signal: AbortSignal;
}

/** Output tokens between two reports of progress. */
const PROGRESS = 256;
type TextStep = Step & { readonly kind: 'text' };

export class StreamDelivery implements Delivery {
  private readonly wire: Wire;
  private readonly splice: Splice;
  private readonly response: ServerResponse;
  private readonly options: StreamOptions;
  /** Text channels of the provider's current answer. */
  private channels = new Map<string, { readonly redactor: StreamRedactor; last: TextStep }>();
  /** Everything since the first tool call of the current answer. */
  private held: Step[] = [];
  private length = 0;
  private reported = 0;

  constructor(wire: Wire, splice: Splice, response: ServerResponse, options: StreamOptions) {
    this.wire = wire;
    this.splice = splice;
    this.response = response;
    this.options = options;
  }

  async during<T>(work: Promise<T>, on: 'governor' | 'provider' = 'governor'): Promise<T> {
    // A provider that has not answered yet may still refuse with a status of its own, so only the governor's time opens the stream.
    if (on === 'provider' && !this.response.headersSent) return work;
    const beat = (): void => {
      this.open({});
      this.response.write(this.splice.keepAlive());
      timer = setTimeout(beat, this.options.keepAliveMs);
    };
    let timer = setTimeout(beat, this.response.headersSent ? this.options.keepAliveMs : this.options.holdAfterMs);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  async passOn(answer: IncomingMessage): Promise<void> {
    if (!this.response.headersSent) return passOn(answer, this.response);
    const said = await readAll(answer, 1024 * 1024).catch(() => Buffer.alloc(0));
    await this.fail({ kind: 'upstream', message: `the provider refused with HTTP ${answer.statusCode}: ${said.toString('utf8', 0, 1000)}` });
  }

  async receive(answer: IncomingMessage, watch: Watch): Promise<Received> {
    const { signal } = this.options;
    this.length = this.reported = 0;
    if (!answer.headers['content-type']?.includes('text/event-stream')) return this.ended('error', 'the provider answered without a stream');
    this.open(returned(answer.headers, true));
    try {
      for await (const event of readSse(answer)) {
        for (const step of this.splice.read(event)) {
          const end = await this.take(step, watch);
          if (end) return end;
        }
      }
    } catch (error) {
      return this.ended(signal.aborted ? 'aborted' : 'error', `the stream broke off: ${error instanceof Error ? error.message : String(error)}`);
    }
    return this.splice.complete() ? { reply: this.splice.reply(), status: 'ok' } : this.ended('error', 'the provider ended its stream before its answer was complete');
  }

  show(): void {
    // Its text was shown while it came.
  }

  async next(): Promise<void> {
    await this.release(new Map());
    this.splice.next();
    this.channels = new Map();
  }

  async finish(fates: Fates): Promise<string | undefined> {
    const blocked = await this.release(fates);
    if (blocked) await this.fail(blocked);
    else this.response.end(this.splice.finish().map(writeSse).join(''));
    return this.splice.id?.();
  }

  async fail(failure: Failure): Promise<void> {
    if (!this.response.headersSent) return sendFailure(this.wire, failure, this.response);
    this.response.end(this.splice.failure(failure).map(writeSse).join(''));
  }

  private async take(step: Step, watch: Watch): Promise<Received | undefined> {
    if (step.kind === 'failed') {
      await this.send(this.splice.pass(step.data));
      this.response.end();
      return { reply: this.splice.reply(), status: 'error', error: step.message };
    }
    if (step.kind === 'text' || step.kind === 'count') this.length += step.text.length;
    if (roughTokens(this.length) - this.reported >= PROGRESS) {
      this.reported = roughTokens(this.length);
      const stop = await watch(this.reported);
      if (stop !== undefined) return this.ended('aborted', stop, 'refused');
    }
    if (step.kind === 'call' || this.held.length > 0) {
      this.held.push(step);
      return undefined;
    }
    const blocked = await this.emit(step);
    return blocked && this.ended('aborted', blocked.message, 'refused');
  }

  /** What was held since the first tool call, in its order. */
  private async release(fates: Fates): Promise<Failure | undefined> {
    const { held } = this;
    this.held = [];
    for (const step of held) {
      if (step.kind === 'call') await this.send(this.splice.call(step.at, fates.get(step.at) ?? { kind: 'drop' }));
      else {
        const blocked = await this.emit(step);
        if (blocked) return blocked;
      }
    }
    return undefined;
  }

  private async emit(step: Step): Promise<Failure | undefined> {
    if (step.kind === 'pass') await this.send(this.splice.pass(step.data));
    if (step.kind === 'text') return this.emitText(step);
    if (step.kind === 'close') {
      const channel = this.channels.get(step.channel);
      this.channels.delete(step.channel);
      if (channel) return this.emitClean(channel.redactor, channel.last, channel.redactor.flush());
    }
    return undefined;
  }

  private async emitText(step: TextStep): Promise<Failure | undefined> {
    const known = this.channels.get(step.channel);
    const redactor = known?.redactor ?? this.options.redactor();
    if (!redactor) {
      await this.send(this.splice.text(step, step.text));
      return undefined;
    }
    this.channels.set(step.channel, { redactor, last: step });
    return this.emitClean(redactor, step, redactor.push(step.text));
  }

  private async emitClean(redactor: StreamRedactor, step: TextStep, clean: string): Promise<Failure | undefined> {
    if (redactor.blocked) return { kind: 'refused', message: `${redactor.blocked.message} (policy ${redactor.blocked.policy})` };
    if (clean !== '') await this.send(this.splice.text(step, clean));
    return undefined;
  }

  private ended(status: 'error' | 'aborted', error: string, kind: Failure['kind'] = 'upstream'): Received {
    return { reply: this.splice.reply(), status, error, tell: { kind, message: error } };
  }

  private open(headers: ReturnType<typeof returned>): void {
    if (this.response.headersSent) return;
    this.response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    this.response.flushHeaders();
  }

  private async send(events: readonly SseEvent[]): Promise<void> {
    if (events.length === 0 || this.response.destroyed) return;
    if (!this.response.write(events.map(writeSse).join(''))) await once(this.response, 'drain', { signal: this.options.signal });
  }
}
