// OpenAI Chat Completions, as the provider speaks it.

import { newId, pieces, type Answer } from './answer.ts';
import { contentText, isObject, number, objects, Rejected, text, type JsonObject } from './json.ts';
import type { Conversation } from './script.ts';
import type { SseData } from './server.ts';

export function readChat(body: JsonObject): Conversation {
  const messages = objects(body['messages']);
  if (messages.length === 0) throw new Rejected(400, "Missing required parameter: 'messages'.");
  requireResults(messages);
  const of = (...roles: string[]): string[] => messages.filter((each) => roles.includes(text(each['role']))).map((each) => contentText(each['content']));
  const tools = objects(body['tools']).map((tool) => (isObject(tool['function']) ? text(tool['function']['name']) : ''));
  return {
    model: text(body['model']),
    stream: body['stream'] === true,
    system: of('system', 'developer').join('\n'),
    user: of('user').at(-1) ?? '',
    results: of('tool'),
    tools,
    maxOutputTokens: number(body['max_completion_tokens']) ?? number(body['max_tokens']),
    read: [...messages.map((each) => contentText(each['content']) + JSON.stringify(each['tool_calls'] ?? '')), JSON.stringify(body['tools'] ?? '')].join('\n'),
  };
}

/** The provider refuses a conversation in which a tool call stays unanswered. */
function requireResults(messages: readonly JsonObject[]): void {
  messages.forEach((message, index) => {
    const next = messages.slice(index + 1);
    const end = next.findIndex((each) => each['role'] !== 'tool');
    const answered = new Set((end === -1 ? next : next.slice(0, end)).map((each) => each['tool_call_id']));
    const open = objects(message['tool_calls']).filter((call) => !answered.has(call['id']));
    if (open.length > 0) throw new Rejected(400, `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${open.map((call) => text(call['id'])).join(', ')}`);
  });
}

export function writeChat(body: JsonObject, answer: Answer): JsonObject {
  const calls = answer.calls.map(({ id, name, args }) => ({ id: `call_${id}`, type: 'function', function: { name, arguments: JSON.stringify(args) } }));
  return {
    ...head(body, 'chat.completion'),
    choices: [{ index: 0, message: { role: 'assistant', content: answer.text || null, refusal: null, annotations: [], ...(calls.length > 0 && { tool_calls: calls }) }, logprobs: null, finish_reason: reason(answer) }],
    usage: usage(answer),
  };
}

export function* streamChat(body: JsonObject, answer: Answer, pieceLength: number): Generator<SseData> {
  const withUsage = isObject(body['stream_options']) && body['stream_options']['include_usage'] === true;
  const top = { ...head(body, 'chat.completion.chunk'), ...(withUsage && { usage: null }) };
  const chunk = (delta: JsonObject, finish: string | null = null): SseData => ({ data: { ...top, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] } });
  yield chunk({ role: 'assistant', content: answer.calls.length > 0 && answer.text === '' ? null : '', refusal: null });
  for (const piece of pieces(answer.text, pieceLength)) yield chunk({ content: piece });
  for (const [index, { id, name, args }] of answer.calls.entries()) {
    yield chunk({ tool_calls: [{ index, id: `call_${id}`, type: 'function', function: { name, arguments: '' } }] });
    for (const piece of pieces(JSON.stringify(args), pieceLength)) yield chunk({ tool_calls: [{ index, function: { arguments: piece } }] });
  }
  yield chunk({}, reason(answer));
  if (withUsage) yield { data: { ...top, choices: [], usage: usage(answer) } };
  yield { data: '[DONE]' };
}

const head = (body: JsonObject, object: string): JsonObject => ({ id: newId('chatcmpl-'), object, created: Math.floor(Date.now() / 1000), model: body['model'], service_tier: 'default', system_fingerprint: null });
const reason = ({ cut, calls }: Answer): string => (cut ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop');

function usage({ inputTokens, outputTokens }: Answer): JsonObject {
  return {
    prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}
