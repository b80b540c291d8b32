// An answer delivered as one body: nothing leaves before everything is judged and durable.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { readAll } from './bytes.ts';
import type { Delivery, Received } from './exchange.ts';
import { isObject, parse, sum, text, type JsonObject } from './json.ts';
import { passOn, sendFailure } from './outlet.ts';
import { returned } from './upstream.ts';
import type { Failure, Fates, Wire } from './wires/wire.ts';

/** An answer larger than this, in bytes, is not one that a model wrote. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

export class WholeDelivery implements Delivery {
  private readonly wire: Wire;
  private readonly response: ServerResponse;
  private headers: IncomingMessage['headers'] = {};
  private earlier: JsonObject | undefined;
  private reply: JsonObject = {};

  constructor(wire: Wire, response: ServerResponse) {
    this.wire = wire;
    this.response = response;
  }

  /**
   * Nothing can be sent before the answer is whole, so a held request is silent: `fetch` gives up after 5 minutes without headers, the SDKs of
   * OpenAI and Anthropic after 10, and then repeat. The repeat of a held model call has the same key and finds the same gate.
   */
  during<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  passOn(answer: IncomingMessage): Promise<void> {
    return passOn(answer, this.response);
  }

  async receive(answer: IncomingMessage): Promise<Received> {
    this.headers = answer.headers;
    try {
      const reply = parse((await readAll(answer, LARGEST_ANSWER)).toString('utf8'));
      if (isObject(reply)) return { reply, status: 'ok' };
      return failed('the provider answered something that is not a JSON object');
    } catch (error) {
      return failed(`the provider broke off its answer: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  show(reply: JsonObject): void {
    this.reply = reply;
  }

  async next(): Promise<void> {
    const settled = this.wire.settled(this.reply, new Map());
    this.earlier = this.earlier ? this.wire.joined(this.earlier, settled) : settled;
    this.reply = {};
  }

  takeBack({ usage }: JsonObject): boolean {
    this.earlier = { ...this.earlier, usage: sum(this.earlier?.['usage'], usage) };
    this.reply = {};
    return true;
  }

  async finish(fates: Fates): Promise<string | undefined> {
    const settled = this.wire.settled(this.reply, fates);
    const whole = this.earlier ? this.wire.joined(this.earlier, settled) : settled;
    const body = Buffer.from(JSON.stringify(whole));
    this.response.writeHead(200, { ...returned(this.headers, true), 'content-type': 'application/json', 'content-length': body.byteLength }).end(body);
    return text(whole['id']) || undefined;
  }

  async fail(failure: Failure): Promise<void> {
    sendFailure(this.wire, failure, this.response);
  }
}

function failed(error: string): Received {
  return { reply: {}, status: 'error', error, tell: { kind: 'upstream', message: error } };
}
