// Counting before the call: never less than the provider counts, and quick on texts that are made to be slow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { createTokenCounter } from '../../../runtime/planes/gateway/tokens.ts';

const count = createTokenCounter();

test('a text counts at least what the tokenizer says, in slices or not', async () => {
  const text = 'The quick brown fox, 你好, <|endoftext|> and a lot more. '.repeat(2_000);
  const exact = countTokens(text, { disallowedSpecial: new Set<string>() });
  const counted = await count([text], 'gpt-4o');
  assert.ok(counted >= exact && counted <= exact * 1.02, `${counted} for ${exact}`);
  assert.equal(await count([text], 'gpt-4o'), counted, 'remembered');
});

test('Claude counts more, and nothing counts nothing', async () => {
  const [gpt, claude] = [await count(['some words of a prompt'], 'gpt-4o'), await count(['some words of a prompt'], 'claude-sonnet-4-5')];
  assert.equal(claude, Math.ceil(gpt * 1.4));
  assert.equal(await count([undefined], 'gpt-4o'), 0);
});

test('inline media count as a constant, not as text', async () => {
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(100_000)}` } };
  const counted = await count([image], 'gpt-4o');
  assert.ok(counted > 2_000 && counted < 2_100, String(counted));
});
