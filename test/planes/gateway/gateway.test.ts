// What the gateway does at its edges: bad requests, strangers, people who hang up or say no, money that runs out, and requests that are no model calls.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import OpenAI from 'openai';
import type { ActionEvent } from '../../../protocol/action.ts';
import type { BeforeAnswer } from '../../../protocol/agent-wire.ts';
import { CLIENTS, withGateway, type Bench } from './clients.ts';
import { refuse } from './memory-port.ts';

const HELLO = { turns: [{ text: 'hello' }] };
const LONG = { turns: [{ text: 'word '.repeat(1200) }] };
const isLlm = (event: ActionEvent): boolean => event.event === 'llm.before';

for (const { wire, path, run } of CLIENTS) {
  describe(wire, () => {
    const anthropic = wire === 'anthropic-messages';
    const post = (base: string, body: string, headers: Record<string, string> = {}): Promise<Response> => fetch(base + path, { method: 'POST', body, headers: { 'content-type': 'application/json', authorization: 'x', ...headers } });
    const question = JSON.stringify({ model: 'm', max_tokens: 100, stream: true, ...(wire === 'openai-responses' ? { input: 'hi' } : { messages: [{ role: 'user', content: 'hi' }] }) });
    const errorOf = async (response: Response): Promise<string> => {
      const body = await response.json() as { type?: string; error: { message: string; type: string } };
      assert.equal(body.type, anthropic ? 'error' : undefined);
      return body.error.message;
    };

    test('malformed JSON, a body that is none, and a request without a model are told apart', () => withGateway(HELLO, {}, async ({ base, model }) => {
      for (const [body, message] of [['{"model":', /not a JSON object/], ['[]', /not a JSON object/], ['', /not a JSON object/], ['{}', /must be/]] as const) {
        const answer = await post(base, body);
        assert.equal(answer.status, 400);
        assert.match(await errorOf(answer), message);
      }
      assert.equal(model.requests.length, 0);
    }));

    test('a body that is too large, and one that is compressed', () => withGateway(HELLO, {}, async ({ base }) => {
      const large = await post(base, `{"model":"${'x'.repeat(5000)}"}`);
      assert.equal(large.status, 413);
      assert.match(await errorOf(large), /larger than 1000 bytes/);
      assert.equal((await post(base, question, { 'content-encoding': 'gzip' })).status, 415);
    }, { maxBodyBytes: 1000 }));

    test('a token that is nobody\'s', () => withGateway(HELLO, {}, async ({ base, port }) => {
      const answer = await post(base.replace('/token/', '/other/'), question);
      assert.equal(answer.status, 401);
      assert.match(await errorOf(answer), /belongs to no open run/);
      assert.equal(port.asked.length, 0);
    }));

    test('while a person thinks the stream is kept alive, and a rejection raises', async () => {
      const decision = Promise.withResolvers<BeforeAnswer>();
      await withGateway(HELLO, { before: () => decision.promise }, async ({ base, model }) => {
        const answer = await post(base, question);
        assert.equal(answer.status, 200);
        let seen = '';
        const decoder = new TextDecoder();
        for await (const piece of answer.body!) {
          seen += decoder.decode(piece);
          if (/hold|ping|"keepalive"/.test(seen)) decision.resolve(refuse('not today'));
        }
        assert.match(seen, /\[governance\] not today/);
        assert.equal(model.requests.length, 0);
        await assert.rejects(run(base, { user: 'hi', stream: true }), /\[governance\] not today/);
      }, { holdAfterMs: 1, keepAliveMs: 1 });
    });

    test('a rejection inside a stream that is already open raises in the SDK', () => withGateway(HELLO, {
      before: () => new Promise((resolve) => setTimeout(resolve, 20, refuse('not today'))),
    }, async ({ base }) => {
      await assert.rejects(run(base, { user: 'hi', stream: true }), /\[governance\] not today/);
    }, { holdAfterMs: 1, keepAliveMs: 1 }));

    test('a repeat of a refused or held request has its key, streamed or not; a deliberate one has its own', () => {
      let answers = 0;
      return withGateway(HELLO, { before: ({ event }) => (isLlm(event) && answers++ < 2 ? refuse('wait') : undefined) }, async ({ base, port }) => {
        for (const stream of [true, false]) await assert.rejects(run(base, { user: 'hi', stream }));
        await run(base, { user: 'hi', stream: false });
        await run(base, { user: 'hi', stream: false });
        const [first, second, third, fourth] = port.asked.map(({ key }) => key);
        assert.match(first!, /^llm:[0-9a-f]{64}:0$/);
        assert.deepEqual([second, third, fourth], [first, first, first!.replace(/0$/, '1')]);
      });
    });

    test('two equal requests at once are two calls', () => {
      const both = Promise.withResolvers<undefined>();
      return withGateway(HELLO, { before: () => both.promise }, async ({ base, port }) => {
        const runs = [run(base, { user: 'hi', stream: false }), run(base, { user: 'hi', stream: false })];
        while (port.asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
        both.resolve(undefined);
        await Promise.all(runs);
        assert.notEqual(port.asked[0]!.key, port.asked[1]!.key);
      });
    });

    test('when the agent hangs up the provider is hung up on, and what was used is settled', () => withGateway({ ...LONG, pieceDelayMs: 1 }, {}, async ({ base, model, port }) => {
      const gone = new AbortController();
      await assert.rejects(run(base, { user: 'hi', stream: true, signal: gone.signal, onText: () => gone.abort() }));
      while (port.ended.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const { event } = port.ended[0]!;
      assert.ok(event.event === 'llm.after' && event.status === 'aborted' && event.usage!.output > 0 && event.usage!.input > 0);
      const upstream = model.requests[0]!.gone;
      if (!upstream.aborted) await new Promise((resolve) => upstream.addEventListener('abort', resolve));
    }));

    test('when the agent hangs up while its call is held, the call is neither sent nor settled', () => {
      const gone = new AbortController();
      return withGateway(HELLO, { before: () => (gone.abort(), new Promise(() => {})) }, async ({ base, model, port }) => {
        await assert.rejects(run(base, { user: 'hi', stream: false, signal: gone.signal }));
        assert.deepEqual([model.requests.length, port.ended.length], [0, 0]);
      });
    });

    test('a stream whose money is gone is cut off and settled', () => withGateway(LONG, { progress: (tokens) => (tokens > 500 ? 'the budget is spent' : undefined) }, async ({ base, port }) => {
      await assert.rejects(run(base, { user: 'hi', stream: true }), /\[governance\] the budget is spent/);
      assert.ok(port.reported.length === 2 && port.reported[1]! >= 512);
      const { event } = port.ended[0]!;
      assert.ok(event.event === 'llm.after' && event.status === 'aborted' && event.usage!.output > 300);
    }));

    test('a forbidden word stops the stream before it is seen', () => withGateway({ turns: [{ text: 'all is well and then swordfish follows' }] }, { forbidden: 'swordfish' }, async ({ base }) => {
      let seen = '';
      await assert.rejects(run(base, { user: 'hi', stream: true, onText: (text) => (seen += text) }), /\[governance\] a forbidden word \(policy words\)/);
      assert.doesNotMatch(seen, /sword/);
    }));

    test('a killed run is told so in the middle of its answer', () => {
      const kill = new AbortController();
      return withGateway({ ...LONG, pieceDelayMs: 1 }, { stopped: kill.signal }, async ({ base, port }) => {
        await assert.rejects(run(base, { user: 'hi', stream: true, onText: () => kill.abort(new Error('the run was killed by ann')) }), /\[governance\] the run was killed by ann/);
        assert.equal(port.ended.length, 1);
      });
    });

    test('other policies judge every text anew', () => {
      let version = '1';
      return withGateway(HELLO, { version: () => version }, async ({ base, port }) => {
        const seen = async (): Promise<number> => {
          await run(base, { user: 'hi', stream: false });
          const { event } = port.asked.at(-1)!;
          return event.event === 'llm.before' ? event.texts.length : -1;
        };
        const counts = [await seen(), await seen()];
        version = '2';
        assert.deepEqual([...counts, await seen()], [1, 0, 1]);
      });
    });

    test('the bound of the reservation replaces a larger one, fills in for a missing one, and leaves a smaller one', () => withGateway(HELLO, {
      before: () => ({ go: true, redactions: [], maxOutputTokens: 50 }),
    }, async ({ base, model }) => {
      for (const maxTokens of [1000, undefined, 10]) await run(base, { user: 'hi', stream: false, maxTokens });
      const bounds = model.requests.map(({ body }) => body['max_completion_tokens'] ?? body['max_output_tokens'] ?? body['max_tokens']);
      assert.deepEqual(bounds, [50, 50, 10]);
    }));
  });
}

test('a page that points a name of its own at this machine is turned away', () => withGateway(HELLO, {}, async ({ gateway, port }) => {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  request(`${gateway}/r/token/u/http/x/v1/chat/completions`, { method: 'POST', headers: { host: 'evil.example' } }, (answer) => resolve(answer.resume().statusCode)).on('error', reject).end('{}');
  assert.equal(await promise, 403);
  assert.equal(port.asked.length, 0);
}));

test('no way of writing the path leads past the policies', () => withGateway(HELLO, { before: () => refuse('no models') }, async ({ base, gateway, port }) => {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
  for (const path of ['/v1/chat/completions/', '/v1/chat/%63ompletions', '/v1/x/%2e%2e/chat/completions', '/v1/chat%2Fcompletions?x=1', '/v1/Chat/Completions']) {
    assert.equal((await fetch(base + path, { method: 'POST', body })).status, 403, path);
  }
  assert.deepEqual([...new Set(port.asked.map(({ event }) => event.event))], ['llm.before']);
  for (const host of ['api.openai.com@127.0.0.1', '127.0.0.1%23x']) assert.equal((await fetch(`${gateway}/r/token/u/http/${host}/v1/chat/completions`, { method: 'POST', body })).status, 400, host);
}));

test('what is no model call is asked for as HTTP and handed through', () => withGateway(HELLO, {
  before: ({ event }) => (event.event === 'http.before' && event.url.includes('files') ? refuse('no files') : undefined),
}, async ({ base, port, model }) => {
  const client = new OpenAI({ apiKey: 'k', baseURL: `${base}/v1`, maxRetries: 0 });
  assert.equal((await client.models.list()).data[0]?.id, 'model');
  await assert.rejects(client.files.list(), { status: 403, message: /\[governance\] no files/ });
  const [asked] = port.asked;
  assert.ok(asked?.event.event === 'http.before' && asked.event.method === 'GET' && asked.event.host === '127.0.0.1' && asked.event.port === Number(new URL(model.url).port));
  assert.deepEqual(port.ended.map(({ event }) => event.event === 'http.after' && event.status), [200]);
}));

test('a provider that is not there', () => withGateway(HELLO, {}, async ({ gateway, port }) => {
  const [chat] = CLIENTS;
  await assert.rejects(chat!.run(`${gateway}/r/token/u/http/127.0.0.1:1`, { user: 'hi', stream: true }), { status: 502, message: /could not be reached/ });
  assert.ok(port.ended[0]?.event.event === 'llm.after' && port.ended[0].event.status === 'error' && port.ended[0].event.usage === undefined);
}));

test('usage is not shown to an agent that did not ask for it, and still settled', () => withGateway(HELLO, {}, async ({ base, port }) => {
  const client = new OpenAI({ apiKey: 'k', baseURL: `${base}/v1` });
  const stream = await client.chat.completions.create({ model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] });
  for await (const chunk of stream) assert.ok(!chunk.usage && chunk.choices.length === 1);
  assert.ok(port.ended[0]?.event.event === 'llm.after' && port.ended[0].event.usage!.output === 1);
}));

test('the runTools loop of the OpenAI SDK ends cleanly when its tool is refused', () => withGateway({
  turns: [{ when: { refused: true }, text: 'I may not.' }, { toolCalls: [{ name: 'wipe', args: {} }] }],
}, { before: ({ event }) => (event.event === 'tool.before' ? refuse('never') : undefined) }, async ({ base }) => {
  const client = new OpenAI({ apiKey: 'k', baseURL: `${base}/v1` });
  let ran = false;
  const runner = client.chat.completions.runTools({
    model: 'm', stream: true, messages: [{ role: 'user', content: 'go' }],
    tools: [{ type: 'function', function: { name: 'wipe', description: 'Wipes', parse: JSON.parse, parameters: { type: 'object', properties: {} }, function: () => ((ran = true), 'wiped') } }],
  });
  assert.equal(await runner.finalContent(), 'I may not.');
  assert.equal(ran, false);
}));

for (const stream of [false, true]) {
  test(`a conversation that the provider keeps goes on after a refusal${stream ? ', streamed' : ''}`, () => withGateway({
    turns: [
      { when: { toolResults: 0 }, toolCalls: [{ name: 'wipe', args: {} }, { name: 'look', args: {} }] },
      { when: { refused: true }, text: 'Not wiped.' },
      { when: { user: 'again' }, text: 'Still here.' },
      { text: 'Looked.' },
    ],
  }, { before: ({ event }) => (event.event === 'tool.before' && event.name === 'wipe' ? refuse('never') : undefined) }, async (bench) => {
    const first = await respond(bench, stream, { input: 'go' });
    const call = first.output.find((item) => item.type === 'function_call');
    assert.equal(call?.name, 'look');
    const second = await respond(bench, stream, { previous_response_id: first.id, input: [{ type: 'function_call_output', call_id: call.call_id, output: 'a room' }] });
    assert.equal(second.output_text, 'Looked.');
    const third = await respond(bench, stream, { previous_response_id: second.id, input: 'again' });
    assert.equal(third.output_text, 'Still here.');
  }));

  test(`a conversation that the provider keeps goes on after a turn the gateway continued${stream ? ', streamed' : ''}`, () => withGateway({
    turns: [{ when: { user: 'again' }, text: 'Still here.' }, { when: { refused: true }, text: 'Not wiped.' }, { toolCalls: [{ name: 'wipe', args: {} }] }],
  }, { before: ({ event }) => (event.event === 'tool.before' ? refuse('never') : undefined) }, async (bench) => {
    const first = await respond(bench, stream, { input: 'go' });
    assert.equal(first.output_text, 'Not wiped.');
    assert.equal((await respond(bench, stream, { previous_response_id: first.id, input: 'again' })).output_text, 'Still here.');
  }));
}

async function respond({ base }: Bench, stream: boolean, body: OpenAI.Responses.ResponseCreateParamsNonStreaming): Promise<OpenAI.Responses.Response> {
  const client = new OpenAI({ apiKey: 'k', baseURL: `${base}/v1`, maxRetries: 0 });
  const tools = ['wipe', 'look'].map((name) => ({ type: 'function' as const, name, parameters: {}, strict: false }));
  const asked = { model: 'm', tools, ...body };
  return stream ? await client.responses.stream({ ...asked, stream: true }).finalResponse() : await client.responses.create(asked);
}
