// OpenAI Chat Completions, as OpenAI, Azure and the many compatible servers speak it.

import type { Usage } from '../../../../protocol/action.ts';
import { isObject, list, number, object, objects, sum, text, type JsonObject } from '../json.ts';
import { BadRequest, callArguments, contentTexts, modelOf, roleOf, schemasOf, type AnswerView, type Fate, type Fates, type RequestView, type ToolRequest, type ToolResult, type Wire } from './wire.ts';
import { chatSplice, finishReason, TEXT_FIELDS } from './openai-chat-stream.ts';
import { failure } from './openai-failure.ts';

export const openaiChat: Wire = {
  id: 'openai-chat',
  path: /\/chat\/completions$/i,
  read,
  bounded,
  metered: (body) => (body['stream'] === true ? { ...body, stream_options: { ...object(body['stream_options']), include_usage: true } } : body),
  answer,
  continued,
  sentBack,
  settled,
  joined,
  failure,
  splice: chatSplice,
};

function read(body: JsonObject): RequestView {
  const messages = body['messages'];
  if (!Array.isArray(messages) || messages.length === 0) throw new BadRequest('`messages` must be a non-empty list');
  const said = objects(messages).map(([index, message]) => ({ message, role: roleOf(message['role']), at: `/messages/${index}/content` }));
  const isResult = ({ message }: { message: JsonObject }): boolean => typeof message['tool_call_id'] === 'string';
  return {
    model: modelOf(body),
    stream: body['stream'] === true,
    hasSystemPrompt: said.some(({ role }) => role === 'system'),
    temperature: number(body['temperature']),
    maxOutputTokens: outputBound(body),
    tools: [...objects(body['tools']).map(([, tool]) => text(object(tool['function'])['name']) || text(object(tool['custom'])['name']) || text(tool['type'])),
      ...objects(body['functions']).map(([, each]) => text(each['name']))],
    schemas: schemasOf([...objects(body['tools']).map(([, tool]) => object(tool['function'])), ...objects(body['functions']).map(([, each]) => each)].map((each) => [text(each['name']), each['parameters']])),
    texts: said.filter((each) => !isResult(each)).flatMap(({ message, role, at }) => contentTexts(message['content'], role, at)),
    results: said.filter(isResult).map(({ message, at }): ToolResult => ({ call: text(message['tool_call_id']), at, texts: contentTexts(message['content'], 'tool', at) })),
    read: [...messages, ...list(body['tools']), ...list(body['functions']), body['response_format']],
  };
}

/** The bound on all choices together: each of `n` choices may use the whole of it. */
function outputBound(body: JsonObject): number | undefined {
  const each = number(body['max_completion_tokens']) ?? number(body['max_tokens']);
  return each === undefined ? undefined : each * choices(body);
}

function bounded(body: JsonObject, max: number, provider: string): JsonObject {
  const each = Math.max(1, Math.floor(max / choices(body)));
  const field = ['max_completion_tokens', 'max_tokens'].find((name) => number(body[name]) !== undefined) ?? boundField(provider);
  const asked = number(body[field]);
  return asked !== undefined && asked <= each ? body : { ...body, [field]: each };
}

/** OpenAI's reasoning models refuse `max_tokens`; many compatible servers know nothing else. */
const boundField = (provider: string): string => (/(^|\.)(openai|azure)\.com$/.test(provider.replace(/:\d+$/, '')) ? 'max_completion_tokens' : 'max_tokens');
const choices = (body: JsonObject): number => Math.max(1, number(body['n']) ?? 1);

function answer(reply: JsonObject): AnswerView {
  const messages = objects(reply['choices']).map(([index, choice]) => ({ at: `/choices/${index}/message`, message: object(choice['message']) }));
  return {
    model: text(reply['model']) || undefined,
    usage: usageOf(reply['usage']),
    texts: messages.flatMap(({ at, message }) => TEXT_FIELDS.flatMap((field) => contentTexts(message[field], 'assistant', `${at}/${field}`))),
    calls: messages.flatMap(({ at, message }) => callsOf(message, at, text(reply['id']))),
  };
}

function callsOf(message: JsonObject, at: string, reply: string): ToolRequest[] {
  const calls = objects(message['tool_calls']).map(([index, call]) => toolRequest(`${at}/tool_calls/${index}`, call, `${reply}${at}/${index}`));
  const old = message['function_call'];
  return isObject(old) ? [...calls, toolRequest(`${at}/function_call`, { function: old }, `${reply}${at}`)] : calls;
}

function toolRequest(at: string, call: JsonObject, substitute: string): ToolRequest {
  const custom = object(call['custom']);
  const fn = object(call['function']);
  return {
    at,
    id: text(call['id']) || substitute,
    name: text(fn['name']) || text(custom['name']),
    args: isObject(call['custom']) ? { input: custom['input'] } : callArguments(fn['arguments']),
  };
}

function usageOf(usage: unknown): Usage | undefined {
  if (!isObject(usage) || number(usage['prompt_tokens']) === undefined) return undefined;
  const input = object(usage['prompt_tokens_details']);
  const output = object(usage['completion_tokens_details']);
  return {
    input: number(usage['prompt_tokens']) ?? 0,
    output: number(usage['completion_tokens']) ?? 0,
    cachedInput: number(input['cached_tokens']),
    cacheWrite: number(input['cache_write_tokens']),
    reasoning: number(output['reasoning_tokens']),
  };
}

function continued(body: JsonObject, reply: JsonObject, notes: ReadonlyMap<string, string>): JsonObject {
  const [choice] = objects(reply['choices']);
  const results = [...notes].map(([id, note]) => ({ role: 'tool', tool_call_id: id, content: note }));
  return { ...body, messages: [...list(body['messages']), choice?.[1]['message'], ...results] };
}

function sentBack(body: JsonObject, reply: JsonObject, feedback: string): JsonObject {
  const [choice] = objects(reply['choices']);
  return { ...body, messages: [...list(body['messages']), ...(choice ? [choice[1]['message']] : []), { role: 'user', content: feedback }] };
}

function settled(reply: JsonObject, fates: Fates): JsonObject {
  return {
    ...reply,
    choices: list(reply['choices']).map((choice, index) => (isObject(choice) ? settledChoice(choice, `/choices/${index}/message`, fates) : choice)),
  };
}

function settledChoice(choice: JsonObject, at: string, fates: Fates): JsonObject {
  const { tool_calls: calls, function_call: old, ...message } = object(choice['message']);
  const isCall = (call: JsonObject | undefined): call is JsonObject => call !== undefined;
  const kept = objects(calls).map(([index, call]) => settledCall(call, fates.get(`${at}/tool_calls/${index}`))).filter(isCall);
  const keptOld = isObject(old) && ['keep', 'rewrite'].includes(fates.get(`${at}/function_call`)?.kind ?? 'drop') ? old : undefined;
  if (calls === undefined && old === undefined) return choice;
  const notes = [...fates].filter(([pointer]) => pointer.startsWith(`${at}/`)).flatMap(([, fate]) => (fate.kind === 'replace' ? [fate.note] : []));
  const content = [text(message['content']), ...notes].filter((each) => each !== '').join('\n\n');
  return {
    ...choice,
    finish_reason: finishReason(choice['finish_reason'], kept.length > 0 || keptOld !== undefined),
    message: { ...message, content: content === '' ? null : content, ...(kept.length > 0 && { tool_calls: kept }), ...(keptOld && { function_call: keptOld }) },
  };
}

function settledCall(call: JsonObject, fate: Fate | undefined): JsonObject | undefined {
  if (fate?.kind === 'keep') return call;
  if (fate?.kind !== 'rewrite') return undefined;
  if (isObject(call['custom'])) return { ...call, custom: { ...call['custom'], input: fate.args['input'] } };
  return { ...call, function: { ...object(call['function']), arguments: JSON.stringify(fate.args) } };
}

function joined(first: JsonObject, next: JsonObject): JsonObject {
  const before = text(object(object(list(first['choices'])[0])['message'])['content']);
  const glue = (message: JsonObject): JsonObject => ({ ...message, content: [before, text(message['content'])].filter((each) => each !== '').join('\n\n') || null });
  return {
    ...next,
    choices: list(next['choices']).map((choice, index) => (index === 0 && isObject(choice) ? { ...choice, message: glue(object(choice['message'])) } : choice)),
    ...(isObject(next['usage']) && { usage: sum(first['usage'], next['usage']) }),
  };
}
