// One scripted turn as a model would give it: cut to the output bound, its tokens counted, ready to be written on any wire.

import { randomBytes } from 'node:crypto';
import { decode, encode } from 'gpt-tokenizer/encoding/o200k_base';
import { Rejected } from './json.ts';
import type { Conversation, Turn } from './script.ts';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  /** The output bound cut it short. */
  readonly cut: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Throws `Rejected` when the script calls a tool that the request does not offer. */
export function answerOf(turn: Turn, conversation: Conversation): Answer {
  const filled = (text: string): string => text.replaceAll('{{lastResult}}', () => conversation.results.at(-1) ?? '');
  const calls = (turn.toolCalls ?? []).map(({ name, args }) => ({ id: newId(''), name, args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, typeof value === 'string' ? filled(value) : value])) }));
  const missing = calls.find(({ name }) => !conversation.tools.includes(name));
  if (missing) throw new Rejected(400, `the script calls the tool ${missing.name}, but the request offers only: ${conversation.tools.join(', ') || 'none'}`);
  const said = filled(turn.text ?? '');
  const tokens = encode(said, PLAIN);
  const bound = conversation.maxOutputTokens ?? Infinity;
  const cut = tokens.length > bound;
  const kept = cut ? tokens.slice(0, bound) : tokens;
  const callTokens = cut ? 0 : calls.reduce((sum, call) => sum + encode(call.name + JSON.stringify(call.args), PLAIN).length, 0);
  return { text: cut ? decode(kept) : said, calls: cut ? [] : calls, cut, inputTokens: encode(conversation.read, PLAIN).length, outputTokens: kept.length + callTokens };
}

/** Names like those of the providers: a prefix and letters that never repeat. */
export function newId(prefix: string): string {
  return `${prefix}${randomBytes(12).toString('hex')}`;
}

/** Cuts a text into pieces as a stream brings them. */
export function pieces(text: string, length: number): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, index) => text.slice(index * length, (index + 1) * length));
}

const PLAIN = { disallowedSpecial: new Set<string>() };
