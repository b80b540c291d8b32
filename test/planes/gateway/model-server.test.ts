// The model server: as strict as the providers, and clear about what its script does not say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScript } from '../../../examples/model-server/script.ts';
import { startModelServer, type Script } from '../../../examples/model-server/server.ts';
import { CLIENTS } from './clients.ts';

async function withServer(script: Script, run: (url: string) => Promise<void>): Promise<void> {
  const server = await startModelServer({ script });
  try {
    await run(server.url);
  } finally {
    await server.close();
  }
}

for (const { wire, path, run } of CLIENTS) {
  for (const stream of [false, true]) {
    test(`${wire}: a tool loop of the provider's SDK${stream ? ', streamed' : ''}`, () => withServer({
      turns: [{ when: { system: 'careful', toolResults: 0 }, text: 'Let me see.', toolCalls: [{ name: 'look', args: { at: ['a', 1] } }, { name: 'look', args: {} }] }, { when: { lastResult: 'ROOM', toolResults: 2 }, text: 'A room.' }],
    }, async (url) => {
      const seen = await run(url, { user: 'go', system: 'Be careful.', stream, tools: { look: () => 'an empty room' } });
      assert.equal(seen.text, 'A room.');
      assert.deepEqual(seen.executed, [{ name: 'look', args: { at: ['a', 1] } }, { name: 'look', args: {} }]);
      assert.ok(seen.inputTokens > 10);
      assert.equal(seen.outputTokens, 3);
    }));
  }

  test(`${wire}: a conversation that the script does not foresee, a missing key, a scripted failure that passes`, () => withServer({
    turns: [{ when: { user: 'busy' }, error: { status: 429, message: 'slow down' }, times: 1 }, { when: { user: 'busy' }, text: 'ready' }],
  }, async (url) => {
    await assert.rejects(run(url, { user: 'else', stream: false }), { status: 400, message: /no turn of the script fits this conversation: .*user\\?":\\?"else/ });
    await assert.rejects(run(url, { user: 'busy', stream: false }), { status: 429, message: /slow down/ });
    assert.equal((await run(url, { user: 'busy', stream: false })).text, 'ready');
    assert.equal((await fetch(url + path, { method: 'POST', body: '{}' })).status, 401);
  }));
}

test('a conversation with an unanswered tool call is refused, as by the providers', () => withServer({ turns: [{ text: 'x' }] }, async (url) => {
  const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } };
  const bodies = {
    '/v1/chat/completions': { messages: [{ role: 'assistant', tool_calls: [call] }, { role: 'user', content: 'x' }] },
    '/v1/responses': { input: [{ type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' }] },
    '/v1/messages': { max_tokens: 9, messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'f', input: {} }] }, { role: 'user', content: 'x' }] },
  };
  for (const [path, body] of Object.entries(bodies)) {
    const answer = await fetch(url + path, { method: 'POST', headers: { authorization: 'x' }, body: JSON.stringify({ model: 'm', ...body }) });
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /c1/);
  }
}));

test('a script that means nothing is named', () => {
  assert.throws(() => parseScript('{"turns":[{"when":{"usr":"x"},"text":"y"}]}'), /turn 1 has when\.usr/);
  assert.throws(() => parseScript('{"turns":[{}]}'), /turn 1 says nothing/);
  assert.throws(() => parseScript('{}'), /needs `turns`/);
});
