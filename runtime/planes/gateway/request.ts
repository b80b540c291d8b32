// A request on its way to the model: tool results are taken in, new texts judged, what was found redacted here and in every repeat, the output bounded.

import type { TextPart } from '../../../protocol/action.ts';
import type { ActionBounds, BeforeAnswer } from '../../../protocol/agent-wire.ts';
import type { Exchange } from './exchange.ts';
import { refused, unanswered, type Refusal } from './failures.ts';
import { redactAt, replaceAt, type JsonObject } from './json.ts';
import { requestIdentity, type KnownCall } from './session.ts';
import { BadRequest, type Failure, type RequestView, type ToolResult } from './wires/wire.ts';

/** A request that may go to the provider. */
export interface Asked {
  readonly go: true;
  readonly key: string;
  readonly body: JsonObject;
  readonly view: RequestView;
  readonly inputTokens: number;
  readonly bounds: ActionBounds;
  /** To be called once, with whether the agent's question was answered: until then a repeat is the same call. */
  done(answered: boolean): void;
}

/** Asks the governor for one request. */
export async function ask(exchange: Exchange, body: JsonObject): Promise<Asked | { readonly go: false; readonly failure: Failure }> {
  const { session, port, wire, target } = exchange;
  let view: RequestView;
  try {
    view = wire.read(body);
  } catch (error) {
    if (error instanceof BadRequest) return { go: false, failure: { kind: 'invalid', message: error.message } };
    throw error;
  }
  const { key, done } = session.key('llm', requestIdentity(body));
  try {
    session.under(port.policies().version);
    const carried = await takeIn(exchange, key, view.results);
    const texts = [...view.texts, ...carried.texts];
    const fresh = [...new Map(texts.filter((part) => session.judged(part) === undefined).map((part) => [session.mark(part), part])).values()];
    const thread = session.threads.get(wire.previous?.(body) ?? '');
    const inputTokens = await exchange.countTokens(view.read, view.model) + (thread?.tokens ?? 0);
    const answer = await judge(exchange, key, view, inputTokens, fresh);
    if (!answer.go) return giveUp(answer);
    for (const part of fresh) session.remember(part, answer.redactions);
    const clean = redactAt(withheld(body, carried.withheld), texts.flatMap((part) => session.judged(part) ?? []));
    const bounded = answer.maxOutputTokens === undefined ? clean : wire.bounded(clean, answer.maxOutputTokens, target.host);
    const resumed = thread && wire.resumed ? wire.resumed(bounded, thread) : bounded;
    return { go: true, key, body: wire.metered(resumed), view, inputTokens, bounds: answer, done };
  } catch (error) {
    return giveUp(unanswered(error, port));
  }

  function giveUp(refusal: Refusal): { readonly go: false; readonly failure: Failure } {
    done(false);
    return { go: false, failure: refused(refusal) };
  }
}

function judge({ port, session, wire, target, delivery, signal }: Exchange, key: string, view: RequestView, inputTokens: number, texts: readonly TextPart[]): Promise<BeforeAnswer> {
  const { model, stream, hasSystemPrompt, temperature, maxOutputTokens, tools } = view;
  const event = { event: 'llm.before', wire: wire.id, provider: target.host, model, stream, hasSystemPrompt, temperature, inputTokens, maxOutputTokens, tools, texts } as const;
  const results = [...session.calls.values()].filter((call) => call.carriedBy === key).map((call) => call.key);
  const before = session.lastLlm;
  return delivery.during(port.before({ key, event, causes: results.length > 0 || before === undefined ? results : [before] }, signal));
}

/** Ends the tool calls whose results this request brings. Returns the texts still to be judged or redacted, and what to put in place of results that are withheld. */
async function takeIn({ session, port, delivery }: Exchange, carrier: string, results: readonly ToolResult[]): Promise<{ texts: TextPart[]; withheld: ReadonlyMap<string, string> }> {
  const withheld = new Map<string, string>();
  const texts: TextPart[] = [];
  for (const result of results) {
    const known = session.calls.get(result.call);
    if (known) known.carriedBy ??= carrier;
    if (known && !known.result) {
      known.result = await delivery.during(end(known, result));
    }
    if (known?.result?.withheld === undefined) texts.push(...result.texts);
    else withheld.set(result.at, known.result.withheld);
  }
  return { texts, withheld };

  async function end(known: KnownCall, { texts: parts, isError }: ToolResult): Promise<NonNullable<KnownCall['result']>> {
    const answer = await port.after({ key: known.key, event: { event: 'tool.after', ...known.call, texts: parts, ...(isError && { isError }) } });
    if (!answer.go) return { withheld: `[governance] result withheld: ${answer.message}` };
    for (const part of parts) session.remember(part, answer.redactions);
    return {};
  }
}

function withheld(body: JsonObject, notes: ReadonlyMap<string, string>): JsonObject {
  if (notes.size === 0) return body;
  const copy = structuredClone(body);
  for (const [at, note] of notes) replaceAt(copy, at, note);
  return copy;
}
