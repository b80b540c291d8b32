// Anthropic Messages: system prompt apart, messages of typed blocks, tool results inside the user's messages.

import type { TextPart, Usage } from '../../../../protocol/action.ts';
import { isObject, list, number, object, objects, sum, text, type JsonObject } from '../json.ts';
import { anthropicFailure, anthropicSplice, stopReason } from './anthropic-messages-stream.ts';
import { BadRequest, callArguments, contentTexts, modelOf, roleOf, schemasOf, type AnswerView, type Fates, type RequestView, type ToolResult, type Wire } from './wire.ts';

export const anthropicMessages: Wire = {
  id: 'anthropic-messages',
  path: /\/messages$/i,
  read,
  bounded: (body, max) => ((number(body['max_tokens']) ?? Infinity) <= max ? body : withinBound(body, max)),
  metered: (body) => body,
  answer,
  continued,
  sentBack,
  settled,
  joined,
  failure: anthropicFailure,
  splice: anthropicSplice,
};

function read(body: JsonObject): RequestView {
  const messages = body['messages'];
  if (!Array.isArray(messages) || messages.length === 0) throw new BadRequest('`messages` must be a non-empty list');
  const system = contentTexts(body['system'], 'system', '/system');
  const blocks = objects(messages).flatMap(([index, message]) => blocksOf(message, `/messages/${index}/content`));
  return {
    model: modelOf(body),
    stream: body['stream'] === true,
    hasSystemPrompt: system.length > 0,
    temperature: number(body['temperature']),
    maxOutputTokens: number(body['max_tokens']),
    tools: objects(body['tools']).map(([, tool]) => text(tool['name']) || text(tool['type'])),
    schemas: schemasOf(objects(body['tools']).map(([, tool]) => [text(tool['name']), tool['input_schema']])),
    texts: [...system, ...blocks.flatMap(({ texts, result }) => (result ? [] : texts))],
    results: blocks.flatMap(({ result }) => (result ? [result] : [])),
    read: [body['system'], ...messages, ...list(body['tools'])],
  };
}

function blocksOf(message: JsonObject, at: string): { readonly texts: TextPart[]; readonly result?: ToolResult }[] {
  const role = roleOf(message['role']);
  if (typeof message['content'] === 'string') return [{ texts: contentTexts(message['content'], role, at) }];
  return objects(message['content']).map(([index, block]) => {
    const place = `${at}/${index}`;
    if (block['type'] !== 'tool_result') return { texts: contentTexts([block], role, place).map((part) => ({ ...part, at: part.at.replace(`${place}/0`, place) })) };
    const texts = contentTexts(block['content'], 'tool', `${place}/content`);
    return { texts, result: { call: text(block['tool_use_id']), at: `${place}/content`, texts, isError: block['is_error'] === true } };
  });
}

/** Anthropic wants a thinking budget below `max_tokens`; one that no longer fits is lowered, and below its least size it is switched off. */
function withinBound(body: JsonObject, max: number): JsonObject {
  const thinking = object(body['thinking']);
  const budget = number(thinking['budget_tokens']);
  if (budget === undefined || budget < max) return { ...body, max_tokens: max };
  const { thinking: _, ...rest } = body;
  return max > LEAST_THINKING ? { ...rest, max_tokens: max, thinking: { ...thinking, budget_tokens: max - 1 } } : { ...rest, max_tokens: max };
}

/** https://docs.claude.com/en/docs/build-with-claude/extended-thinking: the smallest budget. */
const LEAST_THINKING = 1024;

function answer(reply: JsonObject): AnswerView {
  const blocks = objects(reply['content']);
  return {
    model: text(reply['model']) || undefined,
    usage: usageOf(reply['usage']),
    texts: blocks.flatMap(([index, block]) => ['text', 'thinking'].flatMap((field) => contentTexts(text(block[field]), 'assistant', `/content/${index}/${field}`))),
    calls: blocks.filter(([, block]) => block['type'] === 'tool_use')
      .map(([index, block]) => ({ at: `/content/${index}`, id: text(block['id']), name: text(block['name']), args: callArguments(block['input']) })),
  };
}

/** Anthropic counts cached input apart; policies and prices count it as input. */
function usageOf(usage: unknown): Usage | undefined {
  if (!isObject(usage) || number(usage['output_tokens']) === undefined) return undefined;
  const cachedInput = number(usage['cache_read_input_tokens']) ?? 0;
  const cacheWrite = number(usage['cache_creation_input_tokens']) ?? 0;
  return { input: (number(usage['input_tokens']) ?? 0) + cachedInput + cacheWrite, output: number(usage['output_tokens']) ?? 0, cachedInput, cacheWrite };
}

function continued(body: JsonObject, reply: JsonObject, notes: ReadonlyMap<string, string>): JsonObject {
  const results = [...notes].map(([id, note]) => ({ type: 'tool_result', tool_use_id: id, content: note, is_error: true }));
  return { ...body, messages: [...list(body['messages']), { role: 'assistant', content: reply['content'] }, { role: 'user', content: results }] };
}

/** Anthropic refuses a message without content. */
function sentBack(body: JsonObject, reply: JsonObject, feedback: string): JsonObject {
  const said = list(reply['content']).length > 0 ? [{ role: 'assistant', content: reply['content'] }] : [];
  return { ...body, messages: [...list(body['messages']), ...said, { role: 'user', content: feedback }] };
}

function settled(reply: JsonObject, fates: Fates): JsonObject {
  const content = list(reply['content']).flatMap((block, index): unknown[] => {
    if (!isObject(block) || block['type'] !== 'tool_use') return [block];
    const fate = fates.get(`/content/${index}`) ?? { kind: 'drop' };
    if (fate.kind === 'keep') return [block];
    if (fate.kind === 'rewrite') return [{ ...block, input: fate.args }];
    return fate.kind === 'replace' ? [{ type: 'text', text: fate.note }] : [];
  });
  return { ...reply, content, stop_reason: stopReason(reply['stop_reason'], objects(content).some(([, block]) => block['type'] === 'tool_use')) };
}

function joined(first: JsonObject, next: JsonObject): JsonObject {
  return { ...next, content: [...list(first['content']), ...list(next['content'])], usage: sum(first['usage'], next['usage']) };
}
