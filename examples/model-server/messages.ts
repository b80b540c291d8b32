// Anthropic Messages, as the provider speaks it.

import { newId, pieces, type Answer } from './answer.ts';
import { contentText, number, objects, Rejected, text, type JsonObject } from './json.ts';
import type { Conversation } from './script.ts';
import type { SseData } from './server.ts';

export function readMessages(body: JsonObject): Conversation {
  const messages = objects(body['messages']);
  if (messages.length === 0) throw new Rejected(400, 'messages: Field required');
  if (number(body['max_tokens']) === undefined) throw new Rejected(400, 'max_tokens: Field required');
  requireResults(messages);
  const said = messages.filter((each) => each['role'] === 'user').map((each) => (typeof each['content'] === 'string' ? each['content'] : contentText(objects(each['content']).filter((block) => block['type'] !== 'tool_result'))));
  const results = messages.flatMap(resultsIn);
  return {
    model: text(body['model']),
    stream: body['stream'] === true,
    system: contentText(body['system']),
    user: said.filter((each) => each !== '').at(-1) ?? '',
    results: results.map((block) => contentText(block['content'])),
    tools: objects(body['tools']).map((tool) => text(tool['name'])),
    maxOutputTokens: number(body['max_tokens']),
    read: [contentText(body['system']), ...messages.map((each) => contentText(each['content']) + JSON.stringify(objects(each['content']).map((block) => block['input'] ?? ''))), JSON.stringify(body['tools'] ?? '')].join('\n'),
  };
}

const resultsIn = (message: JsonObject): readonly JsonObject[] => objects(message['content']).filter((block) => block['type'] === 'tool_result');

/** The provider refuses a conversation in which a tool call stays unanswered, or a result answers no call. */
function requireResults(messages: readonly JsonObject[]): void {
  messages.forEach((message, index) => {
    const next = messages[index + 1];
    const answered = new Set((next ? resultsIn(next) : []).map((block) => block['tool_use_id']));
    const asked = objects(message['content']).filter((block) => block['type'] === 'tool_use').map((block) => block['id']);
    const open = asked.filter((id) => !answered.has(id));
    if (open.length > 0) throw new Rejected(400, `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}.`);
    const stray = [...answered].find((id) => !asked.includes(id));
    if (stray !== undefined) throw new Rejected(400, `messages.${index + 1}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${text(stray)}.`);
  });
}

export function writeMessages(body: JsonObject, answer: Answer): JsonObject {
  return { ...head(body), content: blocks(answer), stop_reason: reason(answer), stop_sequence: null, usage: usage(answer) };
}

export function* streamMessages(body: JsonObject, answer: Answer, pieceLength: number): Generator<SseData> {
  const event = (type: string, data: JsonObject): SseData => ({ event: type, data: { type, ...data } });
  yield event('message_start', { message: { ...head(body), content: [], stop_reason: null, stop_sequence: null, usage: { ...usage(answer), output_tokens: 1 } } });
  for (const [index, block] of blocks(answer).entries()) {
    const call = block['type'] === 'tool_use';
    yield event('content_block_start', { index, content_block: call ? { ...block, input: {} } : { type: 'text', text: '' } });
    if (index === 0) yield event('ping', {});
    for (const piece of pieces(call ? JSON.stringify(block['input']) : text(block['text']), pieceLength)) {
      yield event('content_block_delta', { index, delta: call ? { type: 'input_json_delta', partial_json: piece } : { type: 'text_delta', text: piece } });
    }
    yield event('content_block_stop', { index });
  }
  yield event('message_delta', { delta: { stop_reason: reason(answer), stop_sequence: null }, usage: { output_tokens: answer.outputTokens } });
  yield event('message_stop', {});
}

function blocks({ text: words, calls }: Answer): JsonObject[] {
  const uses = calls.map(({ id, name, args }) => ({ type: 'tool_use', id: `toolu_${id}`, name, input: args }));
  return words === '' ? uses : [{ type: 'text', text: words }, ...uses];
}

const head = (body: JsonObject): JsonObject => ({ id: newId('msg_'), type: 'message', role: 'assistant', model: body['model'] });
const reason = ({ cut, calls }: Answer): string => (cut ? 'max_tokens' : calls.length > 0 ? 'tool_use' : 'end_turn');
const usage = ({ inputTokens, outputTokens }: Answer): JsonObject => ({ input_tokens: inputTokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: outputTokens });
