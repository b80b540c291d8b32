// Streams may be cut anywhere: inside a letter, a line end, a word that is being redacted. What the agent gets does not depend on it.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { startModelServer } from '../../../examples/model-server/server.ts';
import { createGateway } from '../../../runtime/planes/gateway/gateway.ts';
import { readSse, writeSse, type SseEvent } from '../../../runtime/planes/gateway/sse.ts';
import { CLIENTS } from './clients.ts';
import { memoryPort } from './memory-port.ts';

const borders = (length: number): fc.Arbitrary<number[]> => fc.uniqueArray(fc.nat({ max: length }), { maxLength: 40 }).map((cuts) => cuts.sort((a, b) => a - b));

test('events are the same however their bytes arrive', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replace(/[\r\n\0\uFEFF]/g, ''));
  const event = fc.record({ data: line.filter((text) => text !== '') }).chain(({ data }) => fc.option(line.map((text) => `n${text}`), { nil: undefined }).map((name): SseEvent => (name === undefined ? { data } : { event: name, data })));
  await fc.assert(fc.asyncProperty(fc.array(event, { maxLength: 8 }), fc.boolean(), fc.infiniteStream(fc.nat({ max: 9 })), async (events, crlf, sizes) => {
    const text = `: a comment\n\n${events.map(writeSse).join('')}`;
    const bytes = Buffer.from(crlf ? text.replaceAll('\n', '\r\n') : text);
    assert.deepEqual(await collect(readSse(pieces(bytes, sizes))), events);
  }));
});

test('a stream that ends without a blank line still gives its last event', async () => {
  assert.deepEqual(await collect(readSse(one('data: a\n\ndata: b'))), [{ data: 'a' }, { data: 'b' }]);
});

for (const { wire, path, run } of CLIENTS) {
  test(`${wire}: no cut of the provider's stream changes what the agent gets`, async () => {
    const recorded = await record(path);
    let cuts: readonly number[] = [];
    const upstream = createServer(async (request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const [index, cut] of [...cuts, recorded.byteLength].entries()) {
        response.write(recorded.subarray(index === 0 ? 0 : cuts[index - 1], cut));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const port = memoryPort();
    const gateway = createGateway({ portFor: () => port });
    const { url } = await gateway.listen();
    const base = `${url}/r/token/u/http/127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    try {
      await fc.assert(fc.asyncProperty(borders(recorded.byteLength), async (places) => {
        cuts = places;
        const seen = await run(base, { user: 'hi', stream: true });
        assert.equal(seen.text, 'Grüße an ##EMAIL## – 你好 ##EMAIL##');
      }), { numRuns: 30 });
    } finally {
      await gateway.close();
      upstream.close();
      upstream.closeAllConnections();
    }
  });
}

/** What the model server streams, byte for byte. */
async function record(path: string): Promise<Buffer> {
  const model = await startModelServer({ script: { turns: [{ text: 'Grüße an bob@example.com – 你好 carol@example.com' }] } });
  const body = JSON.stringify({ model: 'm', max_tokens: 100, stream: true, input: 'hi', messages: [{ role: 'user', content: 'hi' }] });
  const answer = await fetch(model.url + path, { method: 'POST', headers: { authorization: 'x' }, body });
  const bytes = Buffer.from(await answer.arrayBuffer());
  await model.close();
  return bytes;
}

async function* pieces(bytes: Buffer, sizes: Iterator<number>): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength;) {
    const size = (sizes.next().value as number) + 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function* one(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function collect<T>(lists: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const items of lists) all.push(...items);
  return all;
}
