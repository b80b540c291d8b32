// Items of the Responses wire: which of them the agent would execute, and those the gateway writes itself.

import { text, type JsonObject } from '../json.ts';

/** A call that waits for an output of the agent's: function, custom, shell, patch and computer calls. Calls that run at the provider have no `call_id`. */
export function isCall(item: JsonObject): boolean {
  return typeof item['call_id'] === 'string' && text(item['type']).endsWith('_call');
}

export function messageItem(id: string, words: string): JsonObject {
  return { type: 'message', id, role: 'assistant', status: 'completed', content: [textPart(words)] };
}

export function textPart(words: string): JsonObject {
  return { type: 'output_text', text: words, annotations: [], logprobs: [] };
}

/** The call with other arguments, in whichever field its type keeps them. */
export function rewrittenCall(item: JsonObject, args: Readonly<Record<string, unknown>>): JsonObject {
  return 'arguments' in item ? { ...item, arguments: JSON.stringify(args) } : { ...item, ...args };
}
