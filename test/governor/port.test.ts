// The launcher's port to a run: a call that is given up and asked again, and a governor that stays away.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { AgentNotifications, AgentRequests, BeforeAnswer } from '../../protocol/agent-wire.ts';
import { FullarcError } from '../../protocol/control.ts';
import { connectPort, type WirePort, type WirePortOptions } from '../../runtime/planes/wire-port.ts';
import { Peer } from '../../runtime/wire/rpc.ts';
import { llmAfter, llmBefore } from '../support/governed.ts';

const GO: BeforeAnswer = { go: true, redactions: [] };
const call = { key: 'llm:1', event: llmBefore() };

/** A governor that holds every call until it is told to answer. */
async function held(t: TestContext, options: Partial<WirePortOptions> = {}): Promise<{ port: WirePort; asked: (() => void)[]; abandoned: string[]; sockets: Set<Socket> }> {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-port-'));
  const socket = join(folder, 'g.sock');
  const asked: (() => void)[] = [];
  const abandoned: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((stream) => {
    sockets.add(stream.on('error', () => {}));
    new Peer<AgentRequests, AgentNotifications>(stream).handle({
      hello: () => ({ run: 'r', agent: 'a', user: 'u', level: 'L1', policies: { version: 'v', sources: [] }, entries: {} }),
      before: () => new Promise((resolve) => asked.push(() => resolve(GO))),
      after: () => ({ go: true, redactions: [] }),
      abandon: ({ key }) => (abandoned.push(key), null),
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const port = connectPort({ socket, token: 't', ...options });
  t.after(() => {
    port.close();
    for (const each of sockets) each.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { port, asked, abandoned, sockets };
}
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
};

describe('a call that is given up while it waits', () => {
  it('is taken back when it is allowed too late', async (t) => {
    const { port, asked, abandoned } = await held(t);
    const gone = new AbortController();
    const first = port.before(call, gone.signal);
    await until(() => asked.length === 1);
    gone.abort(new Error('hung up'));
    await assert.rejects(first, /hung up/);
    asked[0]?.();
    await until(() => abandoned.length === 1);
  });

  it('is not taken back from the repeat that goes on with it', async (t) => {
    const { port, asked, abandoned } = await held(t);
    const gone = new AbortController();
    const first = port.before(call, gone.signal);
    await until(() => asked.length === 1);
    gone.abort(new Error('hung up'));
    await assert.rejects(first, /hung up/);
    const second = port.before(call);
    await until(() => asked.length === 2);
    for (const answer of asked) answer();
    assert.ok((await second).go);
    let idle = false;
    void port.idle().then(() => { idle = true; });
    await port.progress({ key: 'other', outputTokens: 0 }).catch(() => {}); // whatever was sent before it has arrived
    assert.deepEqual([abandoned, idle], [[], false]);
    await port.after({ key: call.key, event: llmAfter(1, 1) });
    await port.idle();
  });
});

describe('a governor that stays away', () => {
  it('has calls refused with its reason when patience ends, and is asked again by the next', async (t) => {
    let reason = 'the disk is full';
    const port = connectPort({ socket: join(tmpdir(), 'fullarc-nobody.sock'), token: 't', patienceMs: 50, ensure: () => Promise.reject(new Error(reason)) });
    t.after(() => port.close());
    const away = (why: RegExp) => (error: unknown): boolean => error instanceof FullarcError && error.code === 'unreachable' && why.test(error.message);
    await assert.rejects(port.ready(), away(/could not be reached for 0\.05 s, .*\(the disk is full\)/));
    reason = 'the folder is gone';
    await assert.rejects(port.before(call), away(/could not be reached/));
    await assert.rejects(port.before(call), away(/the folder is gone/));
    await port.idle();
  });
});
