// The governor's socket: who is let in, whose run is whose, and what becomes of connections that do not behave.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { WIRE_VERSION, type AgentNotifications, type AgentRequests } from '../../protocol/agent-wire.ts';
import { FullarcError, type ControlNotifications, type ControlRequests } from '../../protocol/control.ts';
import { controlToken } from '../../runtime/governor-process.ts';
import { serve } from '../../runtime/server.ts';
import { controlTokenPath } from '../../runtime/wire/paths.ts';
import { Peer } from '../../runtime/wire/rpc.ts';
import { governed, toolBefore, type Governed } from '../support/governed.ts';

const POLICIES = `
agents: { writer: { entry: agent.ts }, researcher: { entry: researcher.ts } }
policies:
  - name: spend
    category: cost
    rules: { per_tree_cost_limit: 10 }
`;
const CONTROL = 'the-control-token';
const codeOf = (code: string) => (error: unknown): boolean => error instanceof FullarcError && error.code === code;

async function served(t: TestContext, options: { readonly controlToken?: string; readonly ownerGraceMs?: number } = {}): Promise<{ g: Governed; socket: string }> {
  const g = await governed(t, POLICIES);
  const socket = join(g.home, 'governor.sock');
  const server = await serve({ governor: g.governor, socket, controlToken: CONTROL, clock: () => g.now, ...options });
  t.after(() => server.stop('the test is over'));
  return { g, socket };
}

async function peerOf<R extends { [M in keyof R]: { params: unknown; result: unknown } }, N>(t: TestContext, path: string): Promise<{ peer: Peer<R, N>; socket: Socket }> {
  const socket = connectSocket(path);
  await once(socket, 'connect');
  t.after(() => socket.destroy());
  return { peer: new Peer<R, N>(socket), socket };
}
const control = (t: TestContext, path: string) => peerOf<ControlRequests, ControlNotifications>(t, path);
const agent = (t: TestContext, path: string) => peerOf<AgentRequests, AgentNotifications>(t, path);
const asControl = { version: WIRE_VERSION, token: CONTROL, client: 'test' };
const asAgent = (token: string) => ({ version: WIRE_VERSION, token, pid: 1, part: 'preload' as const });
const identity = (g: Governed) => ({ workspace: g.workspace, agent: 'writer', user: 'ana', command: ['node', 'agent.ts'], level: 'L1' as const });

/** The server ticks once a second of real time; after the second, the first is over. */
function twoTicks({ governor }: Governed): Promise<void> {
  return new Promise((resolve) => {
    const tick = governor.tick.bind(governor);
    let ticks = 0;
    governor.tick = () => (++ticks === 2 && resolve(), tick());
  });
}

describe('a token', () => {
  it('that is empty opens nothing, not even a governor whose own was lost', async (t) => {
    const { socket } = await served(t, { controlToken: '' });
    const { peer } = await control(t, socket);
    await assert.rejects(peer.call('hello', { ...asControl, token: '' }), codeOf('bad-token'));
  });

  it('is made whole, for this user alone, and made again when a full disk cut it off', async (t) => {
    const { g } = await served(t);
    const home = join(g.home, 'another');
    mkdirSync(home);
    writeFileSync(controlTokenPath(home), '');
    const token = controlToken(home);
    assert.ok(token.length > 30);
    assert.equal(controlToken(home), token);
    assert.equal(statSync(controlTokenPath(home)).mode & 0o777, 0o600);
  });

  it('of a run that has ended opens nothing, and its connections end; that of a child ends with its parent', async (t) => {
    const { g, socket } = await served(t);
    const { run, token } = await g.run();
    const spawned = await g.governor.before(run, { key: 's', event: { event: 'spawn.before', agent: 'researcher', command: ['x'], depth: 0 } });
    assert.ok(spawned.go && spawned.child);
    const { peer } = await agent(t, socket);
    await peer.call('hello', asAgent(spawned.child.token));
    const gone = once(peer.gone, 'abort');
    await g.governor.closeRun(run, 'completed', 0);
    await gone;
    for (const each of [token, spawned.child.token]) {
      const again = await agent(t, socket);
      await assert.rejects(again.peer.call('hello', asAgent(each)), codeOf('bad-token'));
    }
  });
});

describe('an agent', () => {
  it('gets no answer to what control may ask', async (t) => {
    const { g, socket } = await served(t);
    const { run, token } = await g.run();
    const { peer } = await peerOf<ControlRequests, ControlNotifications>(t, socket);
    await peer.call('hello', asAgent(token) as never);
    for (const method of ['runs.kill', 'runs.close', 'gates.decide', 'runs.events', 'policies.reload', 'shutdown', 'watch', 'runs.open'] as const) {
      await assert.rejects(peer.call(method, { run, reason: 'x', by: 'me' } as never), codeOf('unknown-method'), method);
    }
  });

  it('that connects after its run was stopped is told so at once', async (t) => {
    const { g, socket } = await served(t);
    const { run, token } = await g.run();
    await g.governor.kill(run, 'enough', 'ana');
    const { peer } = await agent(t, socket);
    const told = new Promise<string>((resolve) => peer.listen({ stop: ({ reason }) => resolve(reason) }));
    await peer.call('hello', asAgent(token));
    assert.equal(await told, 'stopped by ana: enough');
  });

  it('that sends what is no message loses its connection, and nobody else is disturbed', async (t) => {
    const { g, socket } = await served(t);
    const { run, token } = await g.run();
    const bad = await agent(t, socket);
    await bad.peer.call('hello', asAgent(token));
    bad.socket.write('{"jsonrpc":"2.0","id":9,"method":"before","params":{"key":"k","event":{"event":"tool.before","name":"x","args":"no"}}}\nno json\n');
    await once(bad.peer.gone, 'abort');
    assert.ok((await g.governor.before(run, { key: 'k', event: toolBefore('search') })).go);
  });
});

describe('a launcher', () => {
  it('that is gone before its run is open owns nothing: the run ends after the grace, its processes are told', async (t) => {
    const { g, socket } = await served(t, { ownerGraceMs: 5_000 });
    const { peer, socket: raw } = await control(t, socket);
    await peer.call('hello', asControl);
    peer.call('runs.open', { ...identity(g), token: 'a-token-of-the-launcher' }).catch(() => {});
    raw.end();
    while (!g.governor.roots.length) await new Promise((resolve) => setImmediate(resolve));
    const [run] = g.governor.roots;
    const left = await agent(t, socket);
    const orphaned = new Promise<string>((resolve) => left.peer.listen({ orphaned: ({ reason }) => resolve(reason) }));
    await left.peer.call('hello', asAgent('a-token-of-the-launcher'));
    const clock = setInterval(() => { g.now += 3_000; }, 100);
    t.after(() => clearInterval(clock));
    assert.match(await orphaned, /launched it went away/);
    await once(left.peer.gone, 'abort');
    assert.deepEqual((await g.governor.listRuns({})).map((each) => [each.id, each.state]), [[run, 'failed']]);
  });

  it('that comes back in time keeps its run', async (t) => {
    const { g, socket } = await served(t, { ownerGraceMs: 60_000 });
    const first = await control(t, socket);
    await first.peer.call('hello', asControl);
    const { run } = await first.peer.call('runs.open', identity(g));
    first.socket.destroy();
    const again = await control(t, socket);
    await again.peer.call('hello', asControl);
    await again.peer.call('runs.own', { run });
    g.now += 3_600_000;
    await twoTicks(g);
    assert.deepEqual(g.governor.roots, [run]);
  });
});

describe('a window that stops reading', () => {
  it('loses its connection before what it does not take fills the memory', async (t) => {
    const { g, socket } = await served(t);
    const { run } = await g.run();
    const deaf = await control(t, socket);
    await deaf.peer.call('hello', asControl);
    await deaf.peer.call('watch', {});
    deaf.socket.pause();
    const chatty = await control(t, socket);
    await chatty.peer.call('hello', asControl);
    const text = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 80; n++) await chatty.peer.call('process.output', { run, stream: 'stdout', text });
    deaf.socket.resume();
    await once(deaf.socket, 'close');
  });
});
