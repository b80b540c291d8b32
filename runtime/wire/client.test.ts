// The lasting connection: it waits for a governor, repeats what was not answered, and gives up only when told.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ControlNotifications, ControlRequests } from '../../protocol/control.ts';
import { FullarcError } from '../../protocol/control.ts';
import { connectControl } from './client.ts';
import type { WireState } from './client.ts';
import { Peer } from './rpc.ts';
import type { Handlers } from './rpc.ts';

let folder = '';
before(() => { folder = mkdtempSync(join(tmpdir(), 'fullarc-wire-')); });
after(() => rmSync(folder, { recursive: true }));

const HELLO = { hello: () => ({ pid: 1, version: 1, startedAt: 0 }) };

async function serve(socket: string, handlers: Partial<Handlers<ControlRequests>>): Promise<{ close(): Promise<void>; hellos: number }> {
  const sockets = new Set<Socket>();
  const state = { hellos: 0 };
  const server: Server = createServer((each) => {
    sockets.add(each);
    const peer = new Peer<ControlRequests, ControlNotifications>(each);
    peer.handle({ ...HELLO, ...handlers });
    state.hellos += 1;
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    get hellos() { return state.hellos; },
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const each of sockets) each.destroy();
    }),
  };
}

const options = (socket: string) => ({ socket, token: 't', hello: { client: 'test' } });

describe('wire client', () => {
  test('waits for a governor that is not there yet, and ensure is asked before every attempt', async () => {
    const socket = join(folder, 'late.sock');
    let attempts = 0;
    let server: Awaited<ReturnType<typeof serve>> | undefined;
    const client = connectControl({ ...options(socket), ensure: async () => {
      attempts += 1;
      if (attempts === 3) server = await serve(socket, { 'runs.list': () => [] });
    } });
    assert.deepEqual(await client.call('runs.list', {}), []);
    assert.equal(attempts, 3);
    client.close();
    await server?.close();
  });

  test('a call cut off by a dying governor is repeated to the next one', async () => {
    const socket = join(folder, 'restart.sock');
    const asked: string[] = [];
    let arrived: () => void = () => undefined;
    const first = await serve(socket, { 'runs.events': ({ run }) => (asked.push(`first ${run}`), arrived(), new Promise(() => undefined)) });
    const states: WireState[] = [];
    const client = connectControl({ ...options(socket), onState: (state) => states.push(state) });
    const there = new Promise<void>((resolve) => { arrived = resolve; });
    const call = client.call('runs.events', { run: 'r1' });
    await there;
    await first.close();
    const second = await serve(socket, { 'runs.events': ({ run }) => (asked.push(`second ${run}`), []) });
    assert.deepEqual(await call, []);
    assert.deepEqual(asked, ['first r1', 'second r1']);
    assert.deepEqual(states, ['connected', 'lost', 'connected']);
    client.close();
    await second.close();
  });

  test('a governor that is shutting down is left for the next one', async () => {
    const socket = join(folder, 'shutting.sock');
    let shutting = true;
    const server = await serve(socket, { 'runs.list': () => {
      if (!shutting) return [];
      shutting = false;
      throw new FullarcError('shutting-down', 'The governor is shutting down.', 'Try again.');
    } });
    const client = connectControl(options(socket));
    assert.deepEqual(await client.call('runs.list', {}), []);
    assert.equal(server.hellos, 2);
    client.close();
    await server.close();
  });

  test('a wrong token ends it for good', async () => {
    const socket = join(folder, 'token.sock');
    const server = await serve(socket, { hello: () => { throw new FullarcError('bad-token', 'The token is not known.', 'Read it again.'); } });
    const client = connectControl(options(socket));
    await assert.rejects(client.call('runs.list', {}), { code: 'bad-token' });
    await assert.rejects(client.hello(), { code: 'bad-token' });
    await assert.rejects(client.call('runs.list', {}), { code: 'bad-token' });
    assert.equal(client.state, 'refused');
    assert.equal(server.hellos, 1);
    await server.close();
  });

  test('an error of the governor reaches the caller and nothing is repeated', async () => {
    const socket = join(folder, 'error.sock');
    let asked = 0;
    const server = await serve(socket, { 'runs.events': () => { asked += 1; throw new FullarcError('no-such-run', 'There is no run r9.', 'List the runs.'); } });
    const client = connectControl(options(socket));
    await assert.rejects(client.call('runs.events', { run: 'r9' }), { code: 'no-such-run' });
    assert.equal(asked, 1);
    client.close();
    await server.close();
  });

  test('close fails what waits, and later calls', async () => {
    const client = connectControl(options(join(folder, 'nobody.sock')));
    const call = client.call('runs.list', {});
    client.close();
    await assert.rejects(call, { code: 'unreachable' });
    await assert.rejects(client.call('runs.list', {}), { code: 'unreachable' });
    assert.equal(client.state, 'closed');
  });

  test('an abort ends one call and leaves the others', async () => {
    const socket = join(folder, 'abort.sock');
    const server = await serve(socket, { 'runs.list': () => [], 'runs.events': () => new Promise(() => undefined) });
    const client = connectControl(options(socket));
    const cut = new AbortController();
    const call = client.call('runs.events', { run: 'r' }, { signal: cut.signal });
    cut.abort(new Error('enough'));
    await assert.rejects(call, { message: 'enough' });
    assert.deepEqual(await client.call('runs.list', {}), []);
    client.close();
    await server.close();
  });
});
