// Upper bounds of token counts, for reserving before a call and for estimating what an answer cut short has cost.

import { hash } from 'node:crypto';

/** Tokens of the parts that a model reads. Never less than the provider counts for text; media count as a constant. */
export type CountTokens = (parts: readonly unknown[], model: string) => Promise<number>;

/**
 * Claude's tokenizer is not public and makes more tokens of the same text than `o200k_base`; published comparisons range from 1.1 (English prose)
 * to about 1.35 (code, newer models). The reservation must not be too small, so the largest counts.
 */
const CLAUDE_FACTOR = 1.4;
/** What providers count for a large image; a document's pages may be more, which settlement then shows. */
const MEDIA_TOKENS = 2_000;
/** Byte-pair merging is quadratic in one unbroken word, so a text is counted in slices. A cut adds at most one token. */
const SLICE = 8_192;
const REMEMBERED = 4_096;
/** Text that looks like a control token is text: without this the tokenizer throws. */
const PLAIN = { disallowedSpecial: new Set<string>() };

/** A counter with its own memory, so that a growing conversation is not counted anew with each turn. Loads its vocabulary in the background. */
export function createTokenCounter(): CountTokens {
  const vocabulary = import('gpt-tokenizer/encoding/o200k_base');
  vocabulary.catch(() => undefined);
  const known = new Map<string, number>();
  return async (parts, model) => {
    const { countTokens } = await vocabulary;
    const count = (text: string): number => countTokens(text, PLAIN);
    const tokens = parts.reduce<number>((sum, part) => sum + (part === undefined ? 0 : remembered(part, count)), 0);
    return Math.ceil(/claude/i.test(model) ? tokens * CLAUDE_FACTOR : tokens);
  };

  function remembered(part: unknown, count: (text: string) => number): number {
    const media = { count: 0 };
    const text = typeof part === 'string' ? part : JSON.stringify(part, (key, value: unknown) => withoutMedia(key, value, media));
    const key = hash('sha1', text, 'base64');
    const tokens = known.get(key) ?? slices(text).reduce((sum, slice) => sum + count(slice), 0);
    if (known.size >= REMEMBERED) known.delete(known.keys().next().value as string);
    known.set(key, tokens);
    return tokens + media.count * MEDIA_TOKENS;
  }
}

/** Tokens of a text about as long as this, for watching a stream grow without counting it anew with each piece. */
export function roughTokens(length: number): number {
  return Math.ceil(length / 4);
}

/** Inline media (`data:` addresses, base64 sources) are not read as text. */
function withoutMedia(key: string, value: unknown, media: { count: number }): unknown {
  if (typeof value !== 'string' || value.length < 512) return value;
  const inline = value.startsWith('data:') || (['data', 'file_data', 'image_url', 'encrypted_content'].includes(key) && /^[\w+/=-]+$/.test(value));
  if (!inline) return value;
  media.count++;
  return '';
}

function slices(text: string): string[] {
  return Array.from({ length: Math.ceil(text.length / SLICE) }, (_, index) => text.slice(index * SLICE, (index + 1) * SLICE));
}
