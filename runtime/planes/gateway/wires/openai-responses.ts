// OpenAI Responses: a conversation of typed items, kept by the agent or (`previous_response_id`) by the provider.

import type { TextPart, Usage } from '../../../../protocol/action.ts';
import { isObject, list, number, object, objects, sum, text, type JsonObject } from '../json.ts';
import { failure } from './openai-failure.ts';
import { responsesSplice } from './openai-responses-stream.ts';
import { isCall, messageItem, rewrittenCall } from './openai-responses-items.ts';
import { BadRequest, callArguments, contentTexts, modelOf, roleOf, schemasOf, type AnswerView, type Fates, type RequestView, type Thread, type ToolRequest, type ToolResult, type Wire } from './wire.ts';

export const openaiResponses: Wire = {
  id: 'openai-responses',
  path: /\/responses$/i,
  read,
  bounded: (body, max) => ((number(body['max_output_tokens']) ?? Infinity) <= max ? body : { ...body, max_output_tokens: max }),
  metered: (body) => body,
  answer,
  continued,
  sentBack,
  settled,
  joined,
  failure,
  splice: responsesSplice,
  previous: (body) => text(body['previous_response_id']) || undefined,
  resumed,
};

function read(body: JsonObject): RequestView {
  if (body['background'] === true) throw new BadRequest('a background response arrives outside the governed request; send it without `background`');
  const { input, instructions } = body;
  if (input !== undefined && typeof input !== 'string' && !Array.isArray(input)) throw new BadRequest('`input` must be a string or a list');
  const items = objects(input);
  return {
    model: modelOf(body),
    stream: body['stream'] === true,
    hasSystemPrompt: text(instructions) !== '' || items.some(([, item]) => roleOf(item['role']) === 'system'),
    temperature: number(body['temperature']),
    maxOutputTokens: number(body['max_output_tokens']),
    tools: objects(body['tools']).map(([, tool]) => text(tool['name']) || text(tool['type'])),
    schemas: schemasOf(objects(body['tools']).map(([, tool]) => [text(tool['name']), tool['parameters']])),
    texts: [...contentTexts(text(instructions), 'system', '/instructions'), ...contentTexts(text(input), 'user', '/input'),
      ...items.filter(([, item]) => !isResult(item)).flatMap(([index, item]) => itemTexts(item, roleOf(item['role']), `/input/${index}`))],
    results: items.filter(([, item]) => isResult(item)).map(([index, item]): ToolResult => (
      { call: text(item['call_id']), at: `/input/${index}/output`, texts: contentTexts(item['output'], 'tool', `/input/${index}/output`) })),
    read: [instructions, ...(typeof input === 'string' ? [input] : list(input)), ...list(body['tools']), body['text']],
  };
}

const isResult = (item: JsonObject): boolean => text(item['type']).endsWith('_output') && typeof item['call_id'] === 'string';

function itemTexts(item: JsonObject, role: TextPart['role'], at: string): TextPart[] {
  return [...contentTexts(item['content'], role, `${at}/content`), ...contentTexts(item['summary'], role, `${at}/summary`)];
}

function answer(reply: JsonObject): AnswerView {
  const items = objects(reply['output']);
  return {
    model: text(reply['model']) || undefined,
    usage: usageOf(reply['usage']),
    texts: items.flatMap(([index, item]) => itemTexts(item, 'assistant', `/output/${index}`)),
    calls: items.filter(([, item]) => isCall(item)).map(([index, item]) => toolRequest(item, `/output/${index}`)),
  };
}

function toolRequest(item: JsonObject, at: string): ToolRequest {
  const args = 'arguments' in item ? callArguments(item['arguments']) : Object.fromEntries(['input', 'action', 'operation', 'actions'].flatMap((key) => (key in item ? [[key, item[key]]] : [])));
  return { at, id: text(item['call_id']), name: text(item['name']) || text(item['type']).replace(/_call$/, ''), args };
}

function usageOf(usage: unknown): Usage | undefined {
  if (!isObject(usage) || number(usage['input_tokens']) === undefined) return undefined;
  const input = object(usage['input_tokens_details']);
  return {
    input: number(usage['input_tokens']) ?? 0,
    output: number(usage['output_tokens']) ?? 0,
    cachedInput: number(input['cached_tokens']),
    cacheWrite: number(input['cache_write_tokens']),
    reasoning: number(object(usage['output_tokens_details'])['reasoning_tokens']),
  };
}

function continued(body: JsonObject, reply: JsonObject, notes: ReadonlyMap<string, string>): JsonObject {
  const answered = objects(reply['output']).map(([, item]) => item);
  const results = answered.flatMap((item) => (isCall(item) ? [resultItem(item, notes.get(text(item['call_id'])) ?? '')] : []));
  return { ...body, input: [...inputItems(body), ...answered, ...results] };
}

function sentBack(body: JsonObject, reply: JsonObject, feedback: string): JsonObject {
  return { ...body, input: [...inputItems(body), ...objects(reply['output']).map(([, item]) => item), { type: 'message', role: 'user', content: feedback }] };
}

/** The provider wants an output for each of its calls, so those that the agent never saw are answered before anything new. */
function resumed(body: JsonObject, { id, owed }: Thread): JsonObject {
  return { ...body, previous_response_id: id, input: [...owed.map(({ call, note }) => resultItem(call, note)), ...inputItems(body)] };
}

function inputItems({ input }: JsonObject): readonly unknown[] {
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : list(input);
}

const resultItem = (call: JsonObject, output: string): JsonObject => ({ type: `${text(call['type'])}_output`, call_id: call['call_id'], output });

function settled(reply: JsonObject, fates: Fates): JsonObject {
  const output = list(reply['output']).flatMap((item, index): unknown[] => {
    if (!isObject(item) || !isCall(item)) return [item];
    const fate = fates.get(`/output/${index}`) ?? { kind: 'drop' };
    if (fate.kind === 'keep') return [item];
    if (fate.kind === 'rewrite') return [rewrittenCall(item, fate.args)];
    return fate.kind === 'replace' ? [messageItem(`msg_governance_${text(item['call_id'])}`, fate.note)] : [];
  });
  const { output_text: _, ...rest } = reply;
  return { ...rest, output };
}

function joined(first: JsonObject, next: JsonObject): JsonObject {
  return { ...next, output: [...list(first['output']), ...list(next['output'])], ...(isObject(next['usage']) && { usage: sum(first['usage'], next['usage']) }) };
}
