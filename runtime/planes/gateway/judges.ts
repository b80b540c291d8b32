// Models that judge an answer before it goes on: asked over the agent's own provider, each as a governed call of its own, within the budget of their policy.

import type { ActionEvent, LlmWire } from '../../../protocol/action.ts';
import type { After } from '../../../protocol/agent-wire.ts';
import type { JudgeQuestion } from '../../policy/category.ts';
import { costOf } from '../../prices.ts';
import { readAll } from './bytes.ts';
import type { Exchange } from './exchange.ts';
import { object, parse, type JsonObject } from './json.ts';
import type { AnswerView } from './wires/wire.ts';

type Judgement = NonNullable<After['judgements']>[string];

/** Tokens that a judgement may have: a number and a sentence. */
const MOST_TOKENS = 300;
const MOST_BYTES = 1024 * 1024;
const JUDGE_MS = 60_000;

/** A question in the body of each wire. */
const BODIES: Readonly<Record<LlmWire, (model: string, prompt: string) => JsonObject>> = {
  'openai-chat': (model, prompt) => ({ model, messages: [{ role: 'user', content: prompt }] }),
  'openai-responses': (model, prompt) => ({ model, input: prompt, store: false }),
  'anthropic-messages': (model, prompt) => ({ model, max_tokens: MOST_TOKENS, messages: [{ role: 'user', content: prompt }] }),
};

/**
 * What judges say to the questions that policies have about an answer; absent when they have none. A question that could not be asked, or was not answered as
 * asked, is left out: the check that needs it then cannot be made, and refuses.
 */
export async function judgementsOf(exchange: Exchange, event: ActionEvent<'llm.after'>): Promise<After['judgements']> {
  const { port, session } = exchange;
  const questions = event.status === 'ok' ? port.policies().questions(event, port.facts()) : [];
  if (questions.length === 0) return undefined;
  const found: Record<string, Judgement> = {};
  for (const question of questions) {
    if (found[question.id]) continue;
    if (question.budget !== undefined && session.judgesCost >= question.budget) continue;
    const judgement = await ask(exchange, question).catch(() => undefined);
    if (judgement) found[question.id] = judgement;
  }
  return found;
}

async function ask(exchange: Exchange, { id, model, prompt }: JudgeQuestion): Promise<Judgement | undefined> {
  const { wire, target, headers, port, session, send, signal } = exchange;
  const body = wire.bounded(BODIES[wire.id](model, prompt), MOST_TOKENS, target.host);
  const view = wire.read(body);
  const inputTokens = await exchange.countTokens(view.read, view.model);
  const asked = session.key('llm', `judge:${id}`);
  const before = await port.before({
    key: asked.key,
    event: { event: 'llm.before', wire: wire.id, provider: target.host, model, stream: false, hasSystemPrompt: false, inputTokens, maxOutputTokens: MOST_TOKENS, tools: [], texts: [], judge: true },
  }, signal);
  if (!before.go) {
    asked.done(false);
    return undefined;
  }
  const end = (status: 'ok' | 'error', answer: Pick<AnswerView, 'usage'>, error?: string): Promise<unknown> =>
    port.after({ key: asked.key, event: { event: 'llm.after', model, status, usage: answer.usage, texts: [], toolRequests: [], judge: true, ...(error !== undefined && { error }) } });
  try {
    const answer = await send(target, headers, Buffer.from(JSON.stringify(body)), AbortSignal.any([signal, AbortSignal.timeout(JUDGE_MS)]));
    const reply = object(parse((await readAll(answer, MOST_BYTES)).toString('utf8')));
    if (answer.statusCode !== 200) throw new Error(`the judge ${model} answered with HTTP ${answer.statusCode}`);
    const read = wire.answer(reply);
    if (read.usage) session.judgesCost += costOf({ provider: target.host, model, usage: read.usage }) ?? 0;
    await end('ok', read);
    asked.done(true);
    return judgementIn(read.texts.map(({ text }) => text).join(''));
  } catch (error) {
    asked.done(false);
    await end('error', {}, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** The judgement in an answer: a JSON object with a score from 0 to 1, whatever stands around it. */
function judgementIn(text: string): Judgement | undefined {
  const json = /\{[^{}]*\}/.exec(text)?.[0];
  const { score, reason } = json === undefined ? {} as JsonObject : object(parse(json));
  return typeof score === 'number' && score >= 0 && score <= 1 ? { score, reason: typeof reason === 'string' ? reason.slice(0, 1000) : '' } : undefined;
}
