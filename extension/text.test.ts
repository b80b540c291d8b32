// Texts of the editor: what an agent hides is seen, accounts are read, bars are in proportion.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bar, brief, namedValues, readAccount, used, visible } from './text.ts';

test('unseen characters of an agent are spelled out', () => {
  assert.equal(visible('pay \u202eevil\u202c\u200b now\r\nnext\tcell'), 'pay ⟨U+202E⟩evil⟨U+202C⟩⟨U+200B⟩ now\nnext\tcell');
  assert.equal(visible('tag \u{e0041}'), 'tag ⟨U+E0041⟩');
  assert.equal(visible('grüße 日本 👩‍🚀'.replace('\u200d', '')), 'grüße 日本 👩🚀');
});

test('a brief text is one line of bounded length', () => {
  assert.equal(brief('a\n  b\tc', 10), 'a b c');
  assert.equal(brief('x'.repeat(300), 200).length, 200);
});

test('named values read as a person wrote them, and nothing else is taken for them', () => {
  assert.equal(namedValues('{"to":"a@b.c","body":"Hello,\\n\\nbye\\u202e","count":2}'), 'to: a@b.c\nbody:\n  Hello,\n  \n  bye⟨U+202E⟩\ncount: 2');
  assert.equal(namedValues('["a"]'), undefined);
  assert.equal(namedValues('not json'), undefined);
});

test('account names are read back', () => {
  assert.deepEqual(readAccount('run:r1'), { scope: 'run', run: 'r1' });
  assert.deepEqual(readAccount('day:2026-11-23:/home/ana/a:b:agent:writer'), { scope: 'day', kind: 'agent', who: 'writer' });
  assert.deepEqual(readAccount('day:2026-11-23:C:\\work:agent:writer:model:gpt-4o'), { scope: 'day', kind: 'agent', who: 'writer', model: 'gpt-4o' });
  assert.deepEqual(readAccount('month:2026-11:/work:all'), { scope: 'month', kind: 'all' });
  assert.equal(readAccount('something else'), undefined);
});

test('a bar shows spent and reserved against the limit', () => {
  const balance = { account: 'run:a', unit: 'usd_micro', spent: 3_000_000, reserved: 1_000_000, overrun: 0 };
  assert.equal(used({ ...balance, limit: 8_000_000 }), 0.5);
  assert.equal(used({ ...balance, limit: 1_000_000 }), 1);
  assert.equal(used({ ...balance, limit: 0 }), 1);
  assert.equal(used(balance), 0);
  assert.equal(bar(0.5), '▓▓▓▓░░░░');
});
