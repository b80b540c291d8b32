// One request of an agent for a model, from its arrival to the last byte of its answer: judged, sent, streamed, settled, and continued when its tools were refused.

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Usage } from '../../../protocol/action.ts';
import type { AfterAnswer, BeforeAnswer } from '../../../protocol/agent-wire.ts';
import type { Redaction } from '../../../protocol/verdict.ts';
import type { AgentPort } from '../port.ts';
import { deadline, type Deadline } from './deadline.ts';
import { killed, refused, sentBack, unanswered } from './failures.ts';
import { object, redactAt, text, valueAt, withoutLogprobs, type JsonObject } from './json.ts';
import { judgementsOf } from './judges.ts';
import { ask, type Asked } from './request.ts';
import type { Session } from './session.ts';
import type { CountTokens } from './tokens.ts';
import type { Send, Target } from './upstream.ts';
import type { AnswerView, Failure, Fate, Fates, Wire } from './wires/wire.ts';

/** Where the answer goes: as one body, or as a stream of events. */
export interface Delivery {
  /** Waits for the work; where the wire has a way, the agent's connection is kept alive meanwhile. */
  during<T>(work: Promise<T>, on?: 'governor' | 'provider'): Promise<T>;
  /** The provider's own refusal, untouched. */
  passOn(answer: IncomingMessage): Promise<void>;
  /** Takes the provider's answer in. Text may leave already; tool calls and the end may not. */
  receive(answer: IncomingMessage, watch: Watch): Promise<Received>;
  /** The provider's last answer as it may be shown. A stream has shown its text already. */
  show(reply: JsonObject): void;
  /** The tool calls of the last answer are gone; another answer follows. */
  next(): Promise<void>;
  /** The last answer is taken back, all of it, and another follows. False when some of it has left already. */
  takeBack(reply: JsonObject): boolean;
  /** Sends the rest. Resolves with the answer's id as the agent knows it, on a wire where a later request may name it. */
  finish(fates: Fates): Promise<string | undefined>;
  fail(failure: Failure): Promise<void>;
}

/** Told the growing length of an answer; says why it must be cut off, if it must. */
export type Watch = (outputTokens: number) => Promise<string | undefined>;

export interface Received {
  /** Everything that came, unredacted. */
  readonly reply: JsonObject;
  readonly status: 'ok' | 'error' | 'aborted';
  readonly error?: string;
  /** Absent when the agent has been told, or is gone. */
  readonly tell?: Failure;
  /** The provider refused the request or never got it: nothing was used. */
  readonly unused?: boolean;
}

export interface Exchange {
  readonly wire: Wire;
  readonly body: JsonObject;
  readonly target: Target;
  readonly headers: OutgoingHttpHeaders;
  readonly port: AgentPort;
  readonly session: Session;
  readonly send: Send;
  readonly delivery: Delivery;
  readonly countTokens: CountTokens;
  /** True while some policy has to see what the agent is told before any of it leaves: then nothing is shown that was not judged as a whole. */
  readonly whole: () => boolean;
  /** Aborts when the agent goes away or its run is killed. */
  readonly signal: AbortSignal;
}

/** How often a model whose tool calls were all refused is asked again within one request of the agent. */
const MOST_ROUNDS = 3;
/** How often an answer is sent back within one request. Policies stop earlier: this holds for one that never does. */
const MOST_SENT_BACK = 20;

/** One answer of the provider, taken in and settled. */
interface Answered {
  readonly reply: JsonObject;
  readonly view: AnswerView;
}

/** An answer that its policies want written again. */
interface SentBack {
  readonly reply: JsonObject;
  readonly feedback: string;
}

/** An answer with the fate of each of its tool calls; `notes` says, by call id, why one was refused. */
interface Turn extends Answered {
  readonly fates: Fates;
  readonly notes: ReadonlyMap<string, string>;
}

/** Governs the request to its end. Throws only what is a bug. */
export async function converse(exchange: Exchange): Promise<void> {
  const { delivery, wire } = exchange;
  let body = exchange.body;
  let before: Turn | undefined;
  let rounds = 0;
  let sent = 0;
  for (;;) {
    const asked = await ask(exchange, body);
    if (!asked.go) return before ? finish(exchange, before) : delivery.fail(asked.failure);
    const came = await carry(exchange, asked, before, sent < MOST_SENT_BACK);
    if (!came) return;
    if ('feedback' in came) {
      sent += 1;
      before = undefined;
      body = wire.sentBack(body, came.reply, came.feedback);
      continue;
    }
    const turn = await judgeCalls(exchange, asked, came);
    if (!allRefused(turn) || rounds++ === MOST_ROUNDS) return finish(exchange, turn);
    body = wire.continued(body, turn.reply, turn.notes);
    before = turn;
  }
}

const allRefused = ({ notes, view }: Turn): boolean => notes.size > 0 && notes.size === view.calls.length;

/** Sends the rest, and remembers where the provider's conversation differs from what the agent was shown. */
async function finish({ delivery, session, wire, whole }: Exchange, turn: Turn): Promise<void> {
  const { reply, view, fates, notes } = turn;
  // What the model said beside calls that it did not get was not judged as the run's output, which it would now become.
  if (allRefused(turn) && whole()) delivery.show(redactAt(reply, view.texts.map(({ at, text: said }) => ({ at, start: 0, end: said.length, label: 'UNJUDGED', text: '' }))));
  const shown = await delivery.finish(fates);
  if (shown === undefined || !wire.previous) return;
  const owed = view.calls.flatMap(({ at, id }) => (notes.has(id) ? [{ call: object(valueAt(reply, at)), note: notes.get(id) ?? '' }] : []));
  session.follow(shown, { id: text(reply['id']), owed, tokens: (view.usage?.input ?? 0) + (view.usage?.output ?? 0) });
}

/** Sends one governed request and takes its answer in. Undefined when there is nothing more to do: refused, failed, cut off. */
async function carry(exchange: Exchange, asked: Asked, before: Turn | undefined, again: boolean): Promise<Answered | SentBack | undefined> {
  const { delivery, signal } = exchange;
  if (signal.aborted) {
    asked.done(false);
    await exchange.port.abandon(asked.key);
    return undefined;
  }
  const limit = deadline(signal, asked.bounds, 'call of the model');
  const answer = await dispatch(exchange, asked, before, limit);
  if (!answer) return undefined;
  if (before && !(exchange.whole() && delivery.takeBack(before.reply))) await delivery.next();
  const received = inTime(await delivery.receive(answer, (outputTokens) => watch(exchange, asked.key, outputTokens)), limit);
  limit.clear();
  if (signal.aborted) answer.destroy();
  const view = exchange.wire.answer(received.reply);
  const settled = await settle(exchange, asked, received, view);
  if (received.status !== 'ok') {
    answer.destroy();
    const failure = killed(exchange.port) ?? received.tell;
    if (failure) await delivery.fail(failure);
    return undefined;
  }
  if (!settled.go) {
    if (again && settled.disposition === 'retry' && delivery.takeBack(received.reply)) return { reply: received.reply, feedback: sentBack(settled) };
    await delivery.fail(refused(settled));
    return undefined;
  }
  delivery.show(shown(exchange.wire, received.reply, settled.redactions));
  return { reply: received.reply, view };
}

/** An answer that its time cut short. One that was complete before stands. */
function inTime(received: Received, { passed }: Deadline): Received {
  const late = received.status === 'ok' ? undefined : passed();
  return late === undefined ? received : { ...received, status: 'aborted', error: late, tell: { kind: 'timeout', message: late } };
}

function shown({ id }: Wire, reply: JsonObject, redactions: readonly Redaction[]): JsonObject {
  if (redactions.length === 0) return reply;
  const clean = redactAt(reply, redactions);
  return id === 'anthropic-messages' ? clean : withoutLogprobs(clean);
}

/** The provider's answer once it has begun with a 200. Any other is settled and told: the provider's own words, or the refusals that came before. */
async function dispatch(exchange: Exchange, asked: Asked, before: Turn | undefined, limit: Deadline): Promise<IncomingMessage | undefined> {
  const { delivery, signal, target, headers, send } = exchange;
  try {
    const answer = await delivery.during(send(target, headers, Buffer.from(JSON.stringify(asked.body)), limit.signal), 'provider');
    if (answer.statusCode === 200) return answer;
    limit.clear();
    await settle(exchange, asked, { reply: {}, status: 'error', error: `HTTP ${answer.statusCode}`, unused: true });
    if (!before) await delivery.passOn(answer);
    else answer.destroy();
  } catch (error) {
    limit.clear();
    const late = limit.passed();
    const message = late ?? `the provider ${target.host} could not be reached: ${error instanceof Error ? error.message : String(error)}`;
    await settle(exchange, asked, { reply: {}, status: limit.signal.aborted ? 'aborted' : 'error', error: message, unused: !limit.signal.aborted });
    if (!before) await delivery.fail(killed(exchange.port) ?? { kind: late === undefined ? 'upstream' : 'timeout', message });
  }
  if (before) await finish(exchange, before);
  return undefined;
}

/** Reports how the call ended. The answer means that it is durable. */
async function settle(exchange: Exchange, asked: Asked, received: Received, view = exchange.wire.answer(received.reply)): Promise<AfterAnswer> {
  const { port, delivery, session } = exchange;
  const usage = received.status === 'ok' && view.usage ? view.usage : await knownUsage(exchange, asked, received, view);
  const event = {
    event: 'llm.after', model: view.model ?? asked.view.model, status: received.status, usage, texts: view.texts,
    toolRequests: view.calls.map((call) => call.name), ...(received.error !== undefined && { error: received.error }),
  } as const;
  try {
    const judgements = await delivery.during(judgementsOf(exchange, event));
    const answer = await delivery.during(port.after({ key: asked.key, event, ...(judgements && { judgements }) }));
    // One that is sent back has done its part: what follows is another call.
    const answered = received.status === 'ok' && (answer.go || answer.disposition === 'retry');
    if (answered) session.lastLlm = asked.key;
    asked.done(answered);
    return answer;
  } catch (error) {
    asked.done(false);
    return unanswered(error, port);
  }
}

/** Usage of a call whose provider has not reported all of it: what it said, and at least what came out of it. Nothing when it refused the request. */
async function knownUsage({ countTokens }: Exchange, asked: Asked, { unused }: Received, view: AnswerView): Promise<Usage | undefined> {
  if (unused) return undefined;
  const output = await countTokens([...view.texts.map((part) => part.text), ...view.calls.map((call) => call.args)], asked.view.model);
  return { ...view.usage, input: view.usage?.input ?? asked.inputTokens, output: Math.max(view.usage?.output ?? 0, output) };
}

/** What becomes of each tool call, and for those refused, what the model is told. */
async function judgeCalls({ port, session, delivery, signal }: Exchange, { key: llm, view: { schemas } }: Asked, answered: Answered): Promise<Turn> {
  const judged = await delivery.during(Promise.all(answered.view.calls.map(async ({ at, id, name, args }) => {
    const call = { name, args };
    const key = session.toolKey(id, call);
    // What the tool was offered with is for judging this call alone; the call is the same without it.
    const schema = schemas.get(name);
    const answer: BeforeAnswer = await port.before({ key, event: { event: 'tool.before', ...call, ...(schema && { schema }) }, causes: [llm] }, signal).catch((error: unknown) => unanswered(error, port));
    session.know(id, { key, call, ...(!answer.go && { result: {} }) });
    return { at, id, key, fate: fateOf(answer, call) };
  })));
  if (signal.aborted) await Promise.all(judged.filter(({ fate }) => fate.kind !== 'replace').map(({ key }) => port.abandon(key)));
  return {
    ...answered,
    fates: new Map(judged.map(({ at, fate }) => [at, fate])),
    notes: new Map(judged.flatMap(({ id, fate }) => (fate.kind === 'replace' ? [[id, fate.note]] : []))),
  };
}

function fateOf(answer: BeforeAnswer, call: { readonly name: string; readonly args: Readonly<Record<string, unknown>> }): Fate {
  if (!answer.go) return { kind: 'replace', note: `[governance] tool ${call.name} was not executed: ${answer.message}` };
  if (answer.redactions.length === 0) return { kind: 'keep' };
  return { kind: 'rewrite', args: redactAt(call, answer.redactions).args };
}

async function watch({ port }: Exchange, key: string, outputTokens: number): Promise<string | undefined> {
  try {
    return (await port.progress({ key, outputTokens })).stop;
  } catch (error) {
    return unanswered(error, port).message;
  }
}
