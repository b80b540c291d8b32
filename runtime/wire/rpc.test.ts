// The framing: calls, errors, limits, and that no bytes whatever can throw out of it or hang it.

import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FullarcError } from '../../protocol/control.ts';
import { lineCutter } from './lines.ts';
import { parseMessage } from './message.ts';
import { Peer } from './rpc.ts';

interface Calls {
  add: { params: { a: number; b: number }; result: number };
  refuse: { params: Record<never, never>; result: null };
  hang: { params: Record<never, never>; result: null };
}
interface Notes {
  note: { text: string };
}

/** Two ends of a connection in memory. */
function pair(maxLine?: number): { client: Peer<Calls, Notes>; server: Peer<Calls, Notes>; serverSide: Duplex; clientSide: Duplex } {
  const [clientSide, serverSide] = duplexPair();
  const server = new Peer<Calls, Notes>(serverSide, maxLine);
  server.handle({
    add: ({ a, b }) => a + b,
    refuse: () => { throw new FullarcError('no-such-run', 'There is no run r1.', 'List the runs.'); },
    hang: () => new Promise<null>(() => undefined),
  });
  return { client: new Peer<Calls, Notes>(clientSide), server, clientSide, serverSide };
}

describe('rpc', () => {
  test('a call is answered, whatever the order of answers', async () => {
    const { client } = pair();
    void client.call('hang', {}).catch(() => undefined);
    assert.deepEqual(await Promise.all([client.call('add', { a: 1, b: 2 }), client.call('add', { a: 3, b: 4 })]), [3, 7]);
  });

  test('an error keeps its code and its remedy', async () => {
    const { client } = pair();
    await assert.rejects(client.call('refuse', {}), (error: FullarcError) => error instanceof FullarcError && error.code === 'no-such-run' && error.remedy === 'List the runs.' && error.message === 'There is no run r1.');
  });

  test('a handler that throws anything answers internal, and the connection lives', async () => {
    const { client, server } = pair();
    server.handle({ refuse: () => { throw new TypeError('oops'); } });
    await assert.rejects(client.call('refuse', {}), { code: 'internal', message: 'oops' });
    assert.equal(await client.call('add', { a: 1, b: 1 }), 2);
  });

  test('an unknown method is answered, names of Object.prototype too', async () => {
    const { client } = pair();
    for (const name of ['nothing', 'toString', '__proto__', 'constructor']) await assert.rejects(client.call(name as 'add', { a: 0, b: 0 }), { code: 'unknown-method' });
  });

  test('an abort rejects with its reason, and a late answer is ignored', async () => {
    const { client } = pair();
    const cut = new AbortController();
    const call = client.call('add', { a: 1, b: 1 }, { signal: cut.signal });
    cut.abort(new Error('enough'));
    await assert.rejects(call, { message: 'enough' });
    assert.equal(await client.call('add', { a: 2, b: 2 }), 4);
  });

  test('open calls fail when the connection goes, and handlers are told', async () => {
    const { client, server, serverSide } = pair();
    const told = new Promise<void>((resolve) => server.handle({ hang: (_, signal) => new Promise<null>(() => signal.addEventListener('abort', () => resolve())) }));
    const call = client.call('hang', {});
    setImmediate(() => serverSide.destroy());
    await assert.rejects(call, { code: 'unreachable' });
    await told;
    await assert.rejects(client.call('add', { a: 1, b: 1 }), { code: 'unreachable' });
  });

  test('notifications arrive in order', async () => {
    const { client, server } = pair();
    const heard: string[] = [];
    const both = new Promise<void>((resolve) => client.listen({ note: ({ text }) => void (heard.push(text) === 2 && resolve()) }));
    server.notify('note', { text: 'é' });
    server.notify('note', { text: '2' });
    await both;
    assert.deepEqual(heard, ['é', '2']);
  });

  for (const [name, line] of [['not JSON', 'nonsense'], ['a batch', '[]'], ['no version', '{"id":1,"method":"add"}'], ['parameters that are no object', '{"jsonrpc":"2.0","id":1,"method":"add","params":[1]}'], ['a line that is too long', 'x'.repeat(2000)]] as const) {
    test(`${name} is answered with bad-message and ends the connection`, async () => {
      const { clientSide, server } = rawPair(1000);
      const answer = textOf(clientSide);
      clientSide.write(line + '\n');
      assert.match(await answer, /"id":null,"error":\{"code":-32600,.*"code":"bad-message"/);
      assert.ok(server.closed);
    });
  }

  test('any bytes, split anywhere, end in answers or in a closed connection', async () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.record({ jsonrpc: fc.constant('2.0'), id: fc.oneof(fc.integer(), fc.string(), fc.constant(null)), method: fc.oneof(fc.constantFrom('add', 'refuse', '__proto__'), fc.string()), params: fc.jsonValue(), result: fc.jsonValue(), error: fc.jsonValue() }, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
    );
    await fc.assert(fc.asyncProperty(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(40), { maxLength: 40 }), fc.uint8Array({ maxLength: 20 }), async (lines, cuts, tail) => {
      const { clientSide, server } = rawPair(1000);
      clientSide.resume();
      const bytes = Buffer.concat([Buffer.from(lines.map((each) => each + '\n').join('')), tail]);
      let from = 0;
      for (const length of [...cuts, bytes.length]) {
        if (!clientSide.destroyed && !clientSide.writableEnded) clientSide.write(bytes.subarray(from, from + length));
        from += length;
      }
      clientSide.end();
      await new Promise<void>((resolve) => (server.closed ? resolve() : server.gone.addEventListener('abort', () => resolve())));
    }), { numRuns: 300 });
  });

  test('lines come out as they went in, however they are split', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''))), fc.integer({ min: 1, max: 7 }), (lines, size) => {
      const cut = lineCutter();
      const bytes = Buffer.from(lines.map((line) => line + '\n').join(''));
      const got: string[] = [];
      for (let at = 0; at < bytes.length; at += size) got.push(...(cut(bytes.subarray(at, at + size)) ?? []));
      assert.deepEqual(got, lines);
    }));
  });

  test('the limit counts bytes, and holds before the line is complete', () => {
    assert.deepEqual(lineCutter(2)(Buffer.from('éx\n')), undefined);
    assert.deepEqual(lineCutter(2)(Buffer.from('é\n')), ['é']);
    assert.equal(lineCutter(2)(Buffer.from('abc')), undefined);
  });

  test('parsing never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => void parseMessage(line)));
    assert.equal(parseMessage('['.repeat(100_000)), undefined);
  });
});

function rawPair(maxLine: number): { clientSide: Duplex; server: Peer<Calls, Notes> } {
  const [clientSide, serverSide] = duplexPair();
  clientSide.on('error', () => undefined);
  const server = new Peer<Calls, Notes>(serverSide, maxLine);
  server.handle({ add: ({ a, b }) => a + b, refuse: () => null });
  return { clientSide, server };
}

async function textOf(stream: Duplex): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

function duplexPair(): [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex => new Duplex({
    read: () => undefined,
    write: (chunk, _, done) => void (setImmediate(() => other().push(chunk)), done()),
    final: (done) => void (setImmediate(() => other().push(null)), done()),
    destroy: (error, done) => void (setImmediate(() => other().destroyed || other().push(null)), done(error)),
    allowHalfOpen: false,
  });
  const a: Duplex = make(() => b);
  const b: Duplex = make(() => a);
  return [a, b];
}
