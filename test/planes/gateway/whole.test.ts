// Answers that are judged as a whole: nothing of them leaves before, what is put in and taken out is in them, and what is no good is asked for again.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import type { AfterAnswer } from '../../../protocol/agent-wire.ts';
import { CLIENTS, withGateway } from './clients.ts';
import { refuse, textsOf, type Answers } from './memory-port.ts';

const TOO_LONG = /\[governance\] this call of the model took longer than the 0\.1 seconds it may \(policy deadlines\)/;
const IN_TIME: Answers = { before: () => ({ go: true, redactions: [], timeoutMs: 100, boundedBy: { timeout: 'deadlines' } }) };
const SECRET = 'Call Ann at home.';
const output = (event: ActionEvent): event is ActionEvent<'llm.after'> => event.event === 'llm.after' && event.toolRequests.length === 0;
const said = (event: ActionEvent): string => textsOf(event).map(({ text }) => text).join('');

/** Takes a name out and puts a sentence in at the end, as policies do. */
function edited(event: ActionEvent): AfterAnswer | undefined {
  if (!output(event)) return undefined;
  const [part] = event.texts;
  const at = part!.at;
  const start = part!.text.indexOf('Ann');
  return { go: true, redactions: [{ at, start, end: start + 3, label: 'NAME', text: 'a person' }, { at, start: part!.text.length, end: part!.text.length, label: 'DISCLAIMER', text: ' An AI wrote this.' }] };
}

for (const client of CLIENTS) {
  for (const stream of [false, true]) {
    describe(`${client.wire}${stream ? ', streamed' : ''}`, () => {
      const loop = { stream, user: 'go', tools: { look: () => 'a room', wipe: () => 'wiped' } };

      test('what policies take out and put in is in the answer', () => withGateway({ turns: [{ text: SECRET }], pieceLength: 3 }, {
        whole: true, after: ({ event }) => edited(event),
      }, async ({ base }) => {
        const pieces: string[] = [];
        const seen = await client.run(base, { ...loop, onText: (text) => pieces.push(text) });
        assert.equal(seen.text, 'Call a person at home. An AI wrote this.');
        if (stream) assert.deepEqual(pieces, [seen.text], 'it leaves in one piece');
      }));

      test('an answer that is sent back is written again with the reason, and the agent sees the good one alone', () => withGateway({
        turns: [{ when: { user: 'not delivered: say please' }, text: 'Good.' }, { text: 'Bad.' }],
      }, {
        whole: true,
        after: ({ event }) => (output(event) && said(event) === 'Bad.' ? { go: false, disposition: 'retry', message: 'say please' } : undefined),
      }, async ({ base, model, port }) => {
        const seen = await client.run(base, loop);
        assert.equal(seen.text, 'Good.');
        assert.equal(model.requests.length, 2);
        const sent = JSON.stringify(model.requests[1]?.body);
        assert.match(sent, /Bad\./);
        assert.match(sent, /\[governance\] your answer was not delivered: say please/);
        const [first, second] = port.asked;
        assert.notEqual(first!.key, second!.key, 'each is a call of its own');
        assert.deepEqual(second!.causes, [first!.key]);
        const used = port.ended.reduce((sum, { event }) => sum + (event.event === 'llm.after' ? event.usage!.output : 0), 0);
        assert.equal(seen.outputTokens, used, 'the agent sees the usage of both');
        await client.run(base, loop);
        assert.notEqual(port.asked[2]!.key, first!.key, 'asking once more is another call');
      }));

      test('when it is no good at last, the agent is told why', () => {
        let times = 0;
        return withGateway({ turns: [{ text: 'Bad.' }] }, {
          whole: true,
          after: ({ event }) => (output(event) ? { go: false, disposition: times++ < 2 ? 'retry' : 'block', message: 'say please' } : undefined),
        }, async ({ base, model }) => {
          let shown = '';
          await assert.rejects(client.run(base, { ...loop, onText: (text) => (shown += text) }), { status: client.wire === 'anthropic-messages' ? 400 : 403, message: /\[governance\] say please/ });
          assert.equal(shown, '');
          assert.equal(model.requests.length, 3);
        });
      });

      test('a run whose money is gone gets no second try', () => withGateway({ turns: [{ text: 'Bad.' }] }, {
        whole: true,
        before: ({ causes }) => (causes?.length ? refuse('the budget is spent') : undefined),
        after: ({ event }) => (output(event) ? { go: false, disposition: 'retry', message: 'say please' } : undefined),
      }, async ({ base, model }) => {
        await assert.rejects(client.run(base, loop), /\[governance\] the budget is spent/);
        assert.equal(model.requests.length, 1);
      }));

      test('what was said beside a refused call does not become the output', () => withGateway({
        turns: [{ when: { refused: true }, text: 'Then not.' }, { text: 'I wipe it.', toolCalls: [{ name: 'wipe', args: {} }] }],
      }, { whole: true, before: ({ event }) => (event.event === 'tool.before' ? refuse('never') : undefined) }, async ({ base, port }) => {
        const seen = await client.run(base, loop);
        assert.equal(seen.text, 'Then not.');
        assert.deepEqual(port.ended.map(({ event }) => output(event) && said(event)), [false, 'Then not.']);
      }));

      test('a turn that ends with refusals shows them and nothing else', () => withGateway({ turns: [{ text: 'I wipe it.', toolCalls: [{ name: 'wipe', args: {} }] }] }, {
        whole: true, before: ({ event }) => (event.event === 'tool.before' ? refuse('never') : undefined),
      }, async ({ base }) => {
        assert.equal((await client.run(base, loop)).text, '[governance] tool wipe was not executed: never');
      }));

      test('calls that may run go on, with their words, while another is refused', () => withGateway({
        turns: [{ when: { toolResults: 0 }, text: 'Both.', toolCalls: [{ name: 'wipe', args: {} }, { name: 'look', args: { n: 1 } }] }, { text: SECRET }], pieceLength: 2,
      }, {
        whole: true, before: ({ event }) => (event.event === 'tool.before' && event.name === 'wipe' ? refuse('never') : undefined), after: ({ event }) => edited(event),
      }, async ({ base, model, port }) => {
        const seen = await client.run(base, loop);
        assert.deepEqual(seen.executed, [{ name: 'look', args: { n: 1 } }]);
        assert.equal(seen.text, 'Call a person at home. An AI wrote this.');
        assert.match(JSON.stringify(model.requests[1]?.body), /Both\./);
        assert.deepEqual(port.ended.filter(({ event }) => event.event === 'llm.after').map(({ event }) => output(event)), [false, true]);
      }));

      test('a call is judged with the schema it was offered with, and is the same call without it', () => withGateway({
        turns: [{ when: { toolResults: 0 }, toolCalls: [{ name: 'look', args: {} }] }, { text: 'Done.' }],
      }, {}, async ({ base, port }) => {
        await client.run(base, loop);
        const schemas = port.asked.flatMap(({ event }) => (event.event === 'tool.before' ? [event.schema] : []));
        assert.deepEqual(schemas, [{ type: 'object', properties: {}, additionalProperties: true }]);
        assert.ok(port.ended.every(({ event }) => !('schema' in event)));
      }));

      test('a provider that does not answer in time is hung up on, and the agent is told whose bound it was', () => withGateway({ turns: [] }, IN_TIME, async ({ gateway, port }) => {
        const hungUp = Promise.withResolvers<void>();
        const silent = createServer((request) => void request.resume().socket.once('close', hungUp.resolve));
        await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
        const base = `${gateway}/r/token/u/http/127.0.0.1:${(silent.address() as AddressInfo).port}`;
        await assert.rejects(client.run(base, loop), { status: 504, message: TOO_LONG });
        assert.ok(port.ended[0]?.event.event === 'llm.after' && port.ended[0].event.status === 'aborted');
        await hungUp.promise;
        silent.close();
      }));
    });
  }

  test(`${client.wire}: a stream that takes too long is cut off at the provider`, () => withGateway({ turns: [{ text: 'word '.repeat(4000) }], pieceDelayMs: 1 }, IN_TIME, async ({ base, port, model }) => {
    await assert.rejects(client.run(base, { user: 'go', stream: true }), TOO_LONG);
    assert.ok(port.ended[0]?.event.event === 'llm.after' && port.ended[0].event.status === 'aborted' && port.ended[0].event.usage!.output > 0);
    const upstream = model.requests[0]!.gone;
    if (!upstream.aborted) await new Promise((resolve) => upstream.addEventListener('abort', resolve));
  }));

  test(`${client.wire}: while an answer is held back the stream is kept alive`, () => withGateway({ turns: [{ text: SECRET }], pieceDelayMs: 2, pieceLength: 1 }, {
    whole: true, after: ({ event }) => edited(event),
  }, async ({ base }) => {
    const question = JSON.stringify({ model: 'm', max_tokens: 100, stream: true, ...(client.wire === 'openai-responses' ? { input: 'hi' } : { messages: [{ role: 'user', content: 'hi' }] }) });
    const answer = await fetch(base + client.path, { method: 'POST', body: question, headers: { 'content-type': 'application/json', authorization: 'x' } });
    const text = await answer.text();
    assert.ok([...text.matchAll(/hold|ping|"keepalive"/g)].length > 1);
    assert.doesNotMatch(text, /Ann/);
    assert.match(text, /a person/);
    assert.equal((await client.run(base, { user: 'hi', stream: true })).text, 'Call a person at home. An AI wrote this.');
  }, { holdAfterMs: 1, keepAliveMs: 1 }));
}

test('an answer that is not held back cannot be taken back: its stream fails with the reason', () => withGateway({ turns: [{ text: 'Bad.' }] }, {
  after: ({ event }) => (output(event) ? { go: false, disposition: 'retry', message: 'say please' } : undefined),
}, async ({ base, model }) => {
  await assert.rejects(CLIENTS[0]!.run(base, { user: 'go', stream: true }), /\[governance\] say please/);
  assert.equal(model.requests.length, 1);
}));
