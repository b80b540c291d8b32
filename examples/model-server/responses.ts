// OpenAI Responses, as the provider speaks it: answers are kept, so that a later request can go on from one by its id.

import { newId, pieces, type Answer } from './answer.ts';
import { contentText, number, objects, Rejected, text, type JsonObject } from './json.ts';
import type { Conversation } from './script.ts';
import type { SseData } from './server.ts';

/** The items of a whole conversation by the id of its last answer. */
export type Kept = Map<string, readonly JsonObject[]>;

/** The conversation with what was kept before it. Throws `Rejected` as the provider does. */
export function itemsOf(body: JsonObject, kept: Kept): readonly JsonObject[] {
  const previous = text(body['previous_response_id']);
  const before = previous === '' ? [] : kept.get(previous);
  if (!before) throw new Rejected(400, `Previous response with id '${previous}' not found.`);
  const input = typeof body['input'] === 'string' ? [{ role: 'user', content: body['input'] }] : objects(body['input']);
  const items = [...before, ...input];
  const answered = new Set(items.filter(isResult).map((item) => item['call_id']));
  const open = items.find((item) => item['type'] === 'function_call' && !answered.has(item['call_id']));
  if (open) throw new Rejected(400, `No tool output found for function call ${text(open['call_id'])}.`);
  return items;
}

export function readResponses(body: JsonObject, items: readonly JsonObject[]): Conversation {
  const of = (...roles: string[]): string[] => items.filter((each) => roles.includes(text(each['role']))).map((each) => contentText(each['content']));
  return {
    model: text(body['model']),
    stream: body['stream'] === true,
    system: [text(body['instructions']), ...of('system', 'developer')].join('\n'),
    user: of('user').at(-1) ?? '',
    results: items.filter(isResult).map((item) => contentText(item['output'])),
    tools: objects(body['tools']).map((tool) => text(tool['name'])),
    maxOutputTokens: number(body['max_output_tokens']),
    read: [text(body['instructions']), ...items.map((item) => contentText(item['content']) + contentText(item['output']) + text(item['arguments'])), JSON.stringify(body['tools'] ?? '')].join('\n'),
  };
}

const isResult = (item: JsonObject): boolean => item['type'] === 'function_call_output';

export function writeResponses(body: JsonObject, answer: Answer): JsonObject {
  const output = itemsOut(answer);
  return {
    ...head(body), status: answer.cut ? 'incomplete' : 'completed', incomplete_details: answer.cut ? { reason: 'max_output_tokens' } : null, output,
    usage: {
      input_tokens: answer.inputTokens, input_tokens_details: { cached_tokens: 0 }, output_tokens: answer.outputTokens,
      output_tokens_details: { reasoning_tokens: 0 }, total_tokens: answer.inputTokens + answer.outputTokens,
    },
  };
}

export function* streamResponses(whole: JsonObject, pieceLength: number): Generator<SseData> {
  let sequence = 0;
  const event = (type: string, data: JsonObject): SseData => ({ event: type, data: { type, sequence_number: sequence++, ...data } });
  const { usage: _, ...begun } = { ...whole, status: 'in_progress', incomplete_details: null, output: [] as unknown[], usage: null };
  yield event('response.created', { response: begun });
  yield event('response.in_progress', { response: begun });
  for (const [index, item] of objects(whole['output']).entries()) {
    const at = { item_id: item['id'], output_index: index };
    if (item['type'] === 'function_call') {
      yield event('response.output_item.added', { output_index: index, item: { ...item, arguments: '', status: 'in_progress' } });
      for (const piece of pieces(text(item['arguments']), pieceLength)) yield event('response.function_call_arguments.delta', { ...at, delta: piece });
      yield event('response.function_call_arguments.done', { ...at, name: item['name'], arguments: item['arguments'] });
    } else {
      const words = contentText(item['content']);
      yield event('response.output_item.added', { output_index: index, item: { ...item, content: [], status: 'in_progress' } });
      yield event('response.content_part.added', { ...at, content_index: 0, part: part('') });
      for (const piece of pieces(words, pieceLength)) yield event('response.output_text.delta', { ...at, content_index: 0, delta: piece, logprobs: [] });
      yield event('response.output_text.done', { ...at, content_index: 0, text: words, logprobs: [] });
      yield event('response.content_part.done', { ...at, content_index: 0, part: part(words) });
    }
    yield event('response.output_item.done', { output_index: index, item });
  }
  yield event(whole['status'] === 'incomplete' ? 'response.incomplete' : 'response.completed', { response: whole });
}

function itemsOut({ text: words, calls, cut }: Answer): JsonObject[] {
  const message = { id: newId('msg_'), type: 'message', role: 'assistant', status: cut ? 'incomplete' : 'completed', content: [part(words)] };
  const items = calls.map(({ id, name, args }) => ({ id: newId('fc_'), type: 'function_call', status: 'completed', call_id: `call_${id}`, name, arguments: JSON.stringify(args) }));
  return words === '' ? items : [message, ...items];
}

const part = (words: string): JsonObject => ({ type: 'output_text', text: words, annotations: [], logprobs: [] });

function head(body: JsonObject): JsonObject {
  return {
    id: newId('resp_'), object: 'response', created_at: Math.floor(Date.now() / 1000), model: body['model'], error: null, instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null, metadata: {}, parallel_tool_calls: true, previous_response_id: body['previous_response_id'] ?? null, temperature: body['temperature'] ?? 1,
    tool_choice: 'auto', tools: body['tools'] ?? [], top_p: 1, store: body['store'] ?? true, truncation: 'disabled', text: { format: { type: 'text' } },
  };
}
