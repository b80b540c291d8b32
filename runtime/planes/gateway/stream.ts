// An answer delivered while the model writes it: text leaves as soon as no match can begin in it, tool calls and the end wait for their verdicts.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StreamRedactor } from '../../policy/api.ts';
import { readAll } from './bytes.ts';
import type { Delivery, Received, Watch } from './exchange.ts';
import { passOn, sendFailure } from './outlet.ts';
import { readSse, writeSse, type SseEvent } from './sse.ts';
import { roughTokens } from './tokens.ts';
import { returned } from './upstream.ts';
import { valueAt, type JsonObject } from './json.ts';
import type { Failure, Fates, Splice, Step, Wire } from './wires/wire.ts';

export interface StreamOptions {
  /** For one text channel; undefined when no policy looks at streamed text. */
  readonly redactor: () => StreamRedactor | undefined;
  /** True when an answer has to be judged as a whole before any of it leaves. */
  readonly whole: () => boolean;
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
  /** Everything since the first tool call of the current answer, or all of it when it is judged as a whole. */
  private held: Step[] = [];
  private whole = false;
  /** Texts that are shown otherwise than they came, by channel, until they were shown; and by themselves, for those that come in no channel. */
  private rewritten = new Map<string, string>();
  private readonly clean = new Map<string, string>();
  private head: ReturnType<typeof returned> = {};
  private length = 0;
  private reported = 0;
  /** Written for the agent and not sent yet: what arrived together leaves together. */
  private ready = '';
  private headLeft = false;
  private spoke = false;

  /** `splice` is given what to show for a text that came whole, where that is settled. */
  constructor(wire: Wire, splice: (clean: (text: string) => string | undefined) => Splice, response: ServerResponse, options: StreamOptions) {
    this.wire = wire;
    this.splice = splice((words) => this.clean.get(words));
    this.response = response;
    this.options = options;
  }

  async during<T>(work: Promise<T>, on: 'governor' | 'provider' = 'governor'): Promise<T> {
    // A provider that has not answered yet may still refuse with a status of its own, so only the governor's time opens the stream.
    if (on === 'provider' && !this.response.headersSent) return work;
    const beat = (): void => {
      this.open(this.head);
      this.response.write(this.taken() + this.splice.keepAlive());
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
    const said = await readAll(answer, 1024 * 1024).catch(() => (answer.destroy(), Buffer.alloc(0)));
    await this.fail({ kind: 'upstream', message: `the provider refused with HTTP ${answer.statusCode}: ${said.toString('utf8', 0, 1000)}` });
  }

  async receive(answer: IncomingMessage, watch: Watch): Promise<Received> {
    this.length = this.reported = 0;
    this.whole = this.options.whole();
    if (!answer.headers['content-type']?.includes('text/event-stream')) return this.ended('error', 'the provider answered without a stream');
    // The head waits for no event, but leaves together with those that came with it.
    this.head = returned(answer.headers, true);
    if (this.whole) return this.during(this.read(answer, watch));
    this.open(this.head, answer.readableLength === 0);
    return this.read(answer, watch);
  }

  private async read(answer: IncomingMessage, watch: Watch): Promise<Received> {
    const { signal } = this.options;
    try {
      for await (const events of readSse(answer)) {
        for (const event of events) {
          for (const step of this.splice.read(event)) {
            const end = (this.isDue(step) ? await this.report(watch) : undefined) ?? this.take(step);
            if (end) return end;
          }
        }
        if (!this.whole) await this.flush();
      }
    } catch (error) {
      return this.ended(signal.aborted ? 'aborted' : 'error', `the stream broke off: ${error instanceof Error ? error.message : String(error)}`);
    }
    return this.splice.complete() ? { reply: this.splice.reply(), status: 'ok' } : this.ended('error', 'the provider ended its stream before its answer was complete');
  }

  /** What was not held back was shown while it came. */
  show(reply: JsonObject): void {
    if (!this.whole) return;
    this.rewritten.clear();
    const came = new Map<string, string>();
    for (const step of this.held) if (step.kind === 'text') came.set(step.channel, (came.get(step.channel) ?? '') + step.text);
    for (const [channel, words] of came) {
      const shown = String(valueAt(reply, this.splice.at(channel)) ?? '');
      if (shown !== words) this.rewritten.set(channel, shown);
    }
    for (const { at, text } of this.wire.answer(this.splice.reply()).texts) this.clean.set(text, String(valueAt(reply, at) ?? ''));
  }

  async next(): Promise<void> {
    this.release(new Map());
    await this.flush();
    this.splice.next();
    this.channels = new Map();
  }

  takeBack(): boolean {
    if (!this.whole) return false;
    this.held = [];
    this.splice.next();
    return true;
  }

  async finish(fates: Fates): Promise<string | undefined> {
    const blocked = this.release(fates);
    if (blocked) await this.fail(blocked);
    else {
      this.open(this.head, false);
      this.response.end(this.taken() + this.splice.finish().map(writeSse).join(''));
    }
    return this.splice.id?.();
  }

  async fail(failure: Failure): Promise<void> {
    if (!this.response.headersSent) return sendFailure(this.wire, failure, this.response);
    this.response.end(this.taken() + this.splice.failure(failure).map(writeSse).join(''));
  }

  /** Counts a step's text; true when enough has come since the governor last heard of it. */
  private isDue(step: Step): boolean {
    if (step.kind === 'text' || step.kind === 'count') this.length += step.text.length;
    return roughTokens(this.length) - this.reported >= PROGRESS;
  }

  private async report(watch: Watch): Promise<Received | undefined> {
    this.reported = roughTokens(this.length);
    if (!this.whole) await this.flush();
    const stop = await watch(this.reported);
    return stop === undefined ? undefined : this.ended('aborted', stop, 'refused');
  }

  private take(step: Step): Received | undefined {
    if (step.kind === 'failed') {
      this.put(this.splice.pass(step.data));
      this.open(this.head, false);
      this.response.end(this.taken());
      return { reply: this.splice.reply(), status: 'error', error: step.message };
    }
    const waits = this.whole ? !(step.kind === 'pass' && step.head) : step.kind === 'call' || this.held.length > 0;
    if (waits) {
      this.held.push(step);
      return undefined;
    }
    const blocked = this.emit(step);
    return blocked && this.ended('aborted', blocked.message, 'refused');
  }

  /** What was held since the first tool call, in its order. */
  private release(fates: Fates): Failure | undefined {
    const { held } = this;
    this.held = [];
    for (const step of held) {
      if (step.kind === 'call') this.put(this.splice.call(step.at, fates.get(step.at) ?? { kind: 'drop' }));
      else {
        const blocked = this.emit(step);
        if (blocked) return blocked;
      }
    }
    return undefined;
  }

  private emit(step: Step): Failure | undefined {
    if (step.kind === 'pass') this.put(this.splice.pass(step.data));
    if (step.kind === 'text') return this.emitText(step);
    if (step.kind === 'close') {
      const channel = this.channels.get(step.channel);
      this.channels.delete(step.channel);
      if (channel) return this.emitClean(channel.redactor, channel.last, channel.redactor.flush());
    }
    return undefined;
  }

  private emitText(step: TextStep): Failure | undefined {
    if (this.whole) return this.emitSettled(step);
    const known = this.channels.get(step.channel);
    const redactor = known?.redactor ?? this.options.redactor();
    if (!redactor) return this.say(step, step.text);
    this.channels.set(step.channel, { redactor, last: step });
    return this.emitClean(redactor, step, redactor.push(step.text));
  }

  /** A text that was judged as a whole: as it came, or else in one piece. */
  private emitSettled(step: TextStep): undefined {
    const words = this.rewritten.get(step.channel);
    if (words === undefined) return this.say(step, step.text);
    this.rewritten.set(step.channel, '');
    if (words !== '') this.say(step, words);
  }

  private emitClean(redactor: StreamRedactor, step: TextStep, clean: string): Failure | undefined {
    if (redactor.blocked) return { kind: 'refused', message: `${redactor.blocked.message} (policy ${redactor.blocked.policy})` };
    if (clean !== '') this.say(step, clean);
    return undefined;
  }

  /** The first words do not wait for the rest of what arrived with them. */
  private say(step: TextStep, words: string): undefined {
    this.put(this.splice.text(step, words));
    if (this.spoke || this.response.destroyed) return;
    this.spoke = this.headLeft = true;
    this.response.write(this.taken());
    // Node holds a message's writes back until the end of the turn; this lets them go.
    this.response.socket?.uncork();
  }

  private ended(status: 'error' | 'aborted', error: string, kind: Failure['kind'] = 'upstream'): Received {
    return { reply: this.splice.reply(), status, error, tell: { kind, message: error } };
  }

  private open(headers: ReturnType<typeof returned>, now = true): void {
    if (this.response.headersSent) return;
    this.response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    if (now) this.sendHead();
  }

  private sendHead(): void {
    this.headLeft = true;
    this.response.flushHeaders();
  }

  private put(events: readonly SseEvent[]): void {
    for (const event of events) this.ready += writeSse(event);
  }

  private taken(): string {
    const { ready } = this;
    this.ready = '';
    return ready;
  }

  private async flush(): Promise<void> {
    const text = this.taken();
    if (this.response.destroyed) return;
    if (text === '') return this.headLeft ? undefined : this.sendHead();
    this.headLeft = true;
    if (!this.response.write(text)) await once(this.response, 'drain', { signal: this.options.signal });
  }
}
