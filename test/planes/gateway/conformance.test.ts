// One suite for every wire: what governing promises, seen through the provider's own SDK, streamed and not.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ActionEvent, EventName } from '../../../protocol/action.ts';
import { CLIENTS, withGateway } from './clients.ts';
import { refuse, type MemoryPort } from './memory-port.ts';

const tools = { read_file: () => 'the report belongs to bob@example.com today', delete_file: () => 'deleted' };
const [ASK_DELETE, GAVE_UP] = ['I will delete it.', 'Then I leave it alone.'];

for (const client of CLIENTS) {
  for (const stream of [false, true]) {
    describe(`${client.wire}${stream ? ', streamed' : ''}`, () => {
      const loop = { stream, user: 'go', tools };

      test('an allowed run passes unchanged, with usage reported and every event in its order', () => withGateway({
        turns: [{ when: { toolResults: 0 }, text: 'Reading.', toolCalls: [{ name: 'read_file', args: { path: 'a b' } }] }, { text: 'It is fine.' }],
      }, {}, async ({ base, port, model }) => {
        const seen = await client.run(base, loop);
        assert.equal(seen.text, 'It is fine.');
        assert.deepEqual(seen.executed, [{ name: 'read_file', args: { path: 'a b' } }]);
        assert.deepEqual(order(port), ['llm.before', 'llm.after', 'tool.before', 'tool.after', 'llm.before', 'llm.after']);
        const [first, second] = events(port, 'llm.after');
        assert.deepEqual(first?.toolRequests, ['read_file']);
        assert.deepEqual([second?.usage?.input, second?.usage?.output], [seen.inputTokens, seen.outputTokens]);
        const [asked] = events(port, 'llm.before');
        assert.ok(asked!.inputTokens >= first!.usage!.input, 'the count before the call is an upper bound');
        assert.deepEqual([asked?.wire, asked?.stream, asked?.tools], [client.wire, stream, ['read_file', 'delete_file']]);
        assert.equal(model.requests[0]?.headers['accept-encoding'], 'identity');
        const tool = port.asked.find(({ event }) => event.event === 'tool.before');
        assert.deepEqual(tool?.causes, [port.asked[0]?.key]);
        assert.deepEqual(port.asked.at(-1)?.causes, [tool?.key]);
      }));

      test('a model that is refused never hears of it, and the SDK raises the reason', () => withGateway({ turns: [{ text: 'never' }] }, {
        before: ({ event }) => (event.event === 'llm.before' ? refuse('model not allowed') : undefined),
      }, async ({ base, model }) => {
        await assert.rejects(client.run(base, { ...loop, maxRetries: 2 }), { status: client.wire === 'anthropic-messages' ? 400 : 403, message: /\[governance\] model not allowed/ });
        assert.equal(model.requests.length, 0);
      }));

      test('personal data stays on its own side: in the request, the tool result and the answer', () => withGateway({
        turns: [{ when: { toolResults: 0 }, toolCalls: [{ name: 'read_file', args: {} }] }, { text: 'Write to carol@example.com or dave@example.com.' }], pieceLength: 3,
      }, {}, async ({ base, model, port }) => {
        const pieces: string[] = [];
        const seen = await client.run(base, { ...loop, user: 'I am alice@example.com, who are you?', onText: (text) => pieces.push(text) });
        assert.equal(seen.text, 'Write to ##EMAIL## or ##EMAIL##.');
        if (stream) assert.equal(pieces.join(''), seen.text);
        const sent = JSON.stringify(model.requests.map(({ body }) => body));
        assert.doesNotMatch(sent, /@example/);
        assert.match(sent, /I am ##EMAIL##, who are you\?/);
        assert.match(sent, /the report belongs to ##EMAIL## today/);
        assert.equal(events(port, 'llm.before')[1]?.texts.length, 0, 'what was judged is not judged again');
      }));

      test('a refused tool never reaches the agent; the model is told and answers in the same reply', () => withGateway({
        turns: [{ when: { refused: true }, text: GAVE_UP }, { text: ASK_DELETE, toolCalls: [{ name: 'delete_file', args: { path: 'x' } }] }],
      }, { before: ({ event }) => (event.event === 'tool.before' ? refuse('files stay') : undefined) }, async ({ base, model, port }) => {
        const seen = await client.run(base, loop);
        assert.deepEqual(seen.executed, []);
        assert.match(seen.text, /^I will delete it\.\s*Then I leave it alone\.$/);
        assert.ok(['stop', 'completed', 'end_turn'].includes(seen.stop!));
        assert.equal(model.requests.length, 2);
        assert.match(JSON.stringify(model.requests[1]?.body), /\[governance\] tool delete_file was not executed: files stay/);
        const spent = events(port, 'llm.after').map(({ usage }) => usage!.output);
        assert.equal(seen.outputTokens, spent[0]! + spent[1]!, 'the agent sees the usage of both answers');
        assert.deepEqual(port.asked.at(-1)?.causes, [port.asked[1]?.key]);
      }));

      test('of two tools only the refused one is replaced by a text', () => withGateway({
        turns: [{ when: { toolResults: 0 }, toolCalls: [{ name: 'delete_file', args: {} }, { name: 'read_file', args: { n: 1 } }] }, { text: 'Done.' }],
      }, { before: ({ event }) => (event.event === 'tool.before' && event.name === 'delete_file' ? refuse('files stay') : undefined) }, async ({ base, model }) => {
        const seen = await client.run(base, loop);
        assert.deepEqual(seen, { ...seen, text: 'Done.', executed: [{ name: 'read_file', args: { n: 1 } }] });
        assert.match(JSON.stringify(model.requests[1]?.body), /\[governance\] tool delete_file was not executed: files stay/);
      }));

      test('a model that insists on a refused tool is asked three more times, then the turn ends', () => withGateway({
        turns: [{ toolCalls: [{ name: 'delete_file', args: {} }] }],
      }, { before: ({ event }) => (event.event === 'tool.before' ? refuse('files stay') : undefined) }, async ({ base, model }) => {
        const seen = await client.run(base, loop);
        assert.equal(seen.text, '[governance] tool delete_file was not executed: files stay');
        assert.equal(model.requests.length, 4);
      }));

      test('when the model may not be asked again, the turn ends with the refusal as text', () => withGateway({
        turns: [{ text: ASK_DELETE, toolCalls: [{ name: 'delete_file', args: {} }] }],
      }, {
        before: ({ event, causes }) => (event.event === 'tool.before' || causes?.[0]?.startsWith('tool:') ? refuse('files stay') : undefined),
      }, async ({ base, model }) => {
        const seen = await client.run(base, loop);
        assert.match(seen.text, /^I will delete it\.\s*\[governance\] tool delete_file was not executed: files stay$/);
        assert.equal(model.requests.length, 1);
      }));

      test('a result that is withheld stays withheld in every later request', () => withGateway({
        turns: [{ when: { toolResults: 0 }, toolCalls: [{ name: 'read_file', args: { n: 1 } }] }, { when: { toolResults: 1 }, toolCalls: [{ name: 'read_file', args: { n: 2 } }] }, { text: 'Done.' }],
      }, { after: ({ event }) => (event.event === 'tool.after' && event.args['n'] === 1 ? { go: false, disposition: 'block', message: 'secret' } : undefined) }, async ({ base, model, port }) => {
        await client.run(base, loop);
        for (const request of model.requests.slice(1)) assert.match(JSON.stringify(request.body), /\[governance\] result withheld: secret/);
        assert.equal(events(port, 'tool.after').length, 2, 'each call ends once');
      }));

      test('the output is bounded to what the reservation covers', () => withGateway({ turns: [{ text: 'one two three four five six seven' }] }, {
        before: ({ event }) => (event.event === 'llm.before' ? { go: true, redactions: [], maxOutputTokens: 3 } : undefined),
      }, async ({ base }) => {
        const seen = await client.run(base, { ...loop, maxTokens: 1000 });
        assert.equal(seen.text, 'one two three');
        assert.ok(['length', 'incomplete', 'max_tokens'].includes(seen.stop!));
      }));

      test('an answer that is refused when it is complete raises', () => withGateway({ turns: [{ text: 'fine words' }] }, {
        after: ({ event }) => (event.event === 'llm.after' ? { go: false, disposition: 'block', message: 'not these words' } : undefined),
      }, async ({ base }) => {
        await assert.rejects(client.run(base, loop), /\[governance\] not these words/);
      }));

      test('a throttled call may come back, and says when', () => withGateway({ turns: [{ text: 'now' }] }, {
        before: once(refuse('too fast', 'throttle', 5)),
      }, async ({ base }) => {
        const seen = await client.run(base, { ...loop, maxRetries: 1 });
        assert.equal(seen.text, 'now');
      }));

      test('a failure of the provider comes through as it is, and the repeat is the same call', () => withGateway({
        turns: [{ error: { status: 500, message: 'overloaded' }, times: 1 }, { text: 'better' }],
      }, {}, async ({ base, port }) => {
        await assert.rejects(client.run(base, loop), { status: 500, message: /overloaded/ });
        assert.equal((await client.run(base, loop)).text, 'better');
        await client.run(base, loop);
        assert.deepEqual(events(port, 'llm.after').map(({ status, usage }) => [status, usage === undefined]), [['error', true], ['ok', false], ['ok', false]]);
        const [failed, repeated, deliberate] = port.asked.map(({ key }) => key);
        assert.equal(failed, repeated);
        assert.notEqual(deliberate, repeated);
      }));

      test('a held call waits for its person and goes on', () => withGateway({ turns: [{ text: 'approved' }] }, {
        before: held(),
      }, async ({ base }) => {
        assert.equal((await client.run(base, loop)).text, 'approved');
      }, { holdAfterMs: 1, keepAliveMs: 1 }));

      test('a held tool call goes on as well, without the model being asked again', () => withGateway({
        turns: [{ when: { toolResults: 0 }, toolCalls: [{ name: 'read_file', args: {} }] }, { text: 'Done.' }],
      }, { before: (params) => (params.event.event === 'tool.before' ? held()() : undefined) }, async ({ base, model }) => {
        assert.equal((await client.run(base, loop)).executed.length, 1);
        assert.equal(model.requests.length, 2);
      }, { holdAfterMs: 1, keepAliveMs: 1 }));

      test('without its governor nothing goes on', () => withGateway({ turns: [{ text: 'never' }] }, {
        before: () => Promise.reject(new Error('socket closed')),
      }, async ({ base, model }) => {
        await assert.rejects(client.run(base, loop), /\[governance\] the governor did not answer \(socket closed\)/);
        assert.equal(model.requests.length, 0);
      }));

      test('arguments are redacted before the agent gets the call', () => withGateway({
        turns: [{ when: { toolResults: 0 }, toolCalls: [{ name: 'read_file', args: { to: 'eve@example.com' } }] }, { text: 'Done.' }],
      }, {
        before: ({ event }) => (event.event === 'tool.before' ? { go: true, redactions: [{ at: '/args/to', start: 0, end: 15, label: 'EMAIL' }] } : undefined),
      }, async ({ base }) => {
        assert.deepEqual((await client.run(base, loop)).executed, [{ name: 'read_file', args: { to: '##EMAIL##' } }]);
      }));
    });
  }
}

/** Events in the order in which the port heard of them would need one list; what was asked and what ended alternate, so their kinds suffice. */
function order(port: MemoryPort): EventName[] {
  const ends = new Map(port.ended.map(({ key, event }) => [key, event.event]));
  const [llm, tool, again] = port.asked;
  return [llm!, tool!, again!].flatMap(({ key, event }) => [event.event, ends.get(key)!]).flatMap((name, index, all) => (index === 1 ? [name] : [all[index]!]));
}

function events<E extends EventName>(port: MemoryPort, name: E): ActionEvent<E>[] {
  return [...port.asked, ...port.ended].flatMap(({ event }) => (event.event === name ? [event as unknown as ActionEvent<E>] : []));
}

function once<T>(value: T): () => T | undefined {
  let used = false;
  return () => (used ? undefined : ((used = true), value));
}

/** Answers after the gateway has had several turns of its timers. */
function held(): () => Promise<undefined> {
  return async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
    return undefined;
  };
}
