// Policies injected over the control wire while agents run: the next event obeys, what waits for a person is judged again, and no verdict mixes two versions.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { WIRE_VERSION, type AgentNotifications, type AgentRequests, type BeforeAnswer } from '../../protocol/agent-wire.ts';
import { FullarcError, type ControlNotifications, type ControlRequests, type PolicyStatus } from '../../protocol/control.ts';
import { serve } from '../../runtime/server.ts';
import { Peer } from '../../runtime/wire/rpc.ts';
import { governed, toolBefore, type Governed } from '../support/governed.ts';

const APPROVE = 'policies:\n  - { name: mail, category: approval, rules: { require_approval_for: [send_email], timeout_minutes: 5 } }\n';
const blocking = (name: string, tool: string): string => `policies:\n  - { name: ${name}, category: safety, rules: { blocked_tools: [${tool}] } }\n`;
const path = '.fullarc/policies.yaml';
const code = (expected: string) => (error: unknown): boolean => error instanceof FullarcError && error.code === expected;

async function peer<R extends { [M in keyof R]: { params: unknown; result: unknown } }, N>(t: TestContext, socket: string): Promise<Peer<R, N>> {
  const stream = connect(socket);
  await once(stream, 'connect');
  t.after(() => stream.destroy());
  return new Peer<R, N>(stream);
}

interface Served {
  readonly g: Governed;
  readonly run: string;
  readonly control: Peer<ControlRequests, ControlNotifications>;
  readonly agent: Peer<AgentRequests, AgentNotifications>;
  put(text: string): Promise<string>;
}

async function served(t: TestContext, policies: string): Promise<Served> {
  const g = await governed(t, policies);
  const socket = join(g.home, 'governor.sock');
  const server = await serve({ governor: g.governor, socket, controlToken: 'the-control-token', clock: () => g.now });
  t.after(() => server.stop('the test is over'));
  const { run, token } = await g.run();
  const control = await peer<ControlRequests, ControlNotifications>(t, socket);
  await control.call('hello', { version: WIRE_VERSION, token: 'the-control-token', client: 'console' });
  const agent = await peer<AgentRequests, AgentNotifications>(t, socket);
  await agent.call('hello', { version: WIRE_VERSION, token, pid: 1, part: 'preload' });
  const put = async (text: string): Promise<string> => {
    const { accepted, version } = await control.call('policies.put', { workspace: g.workspace, sources: [{ path, text }] });
    assert.ok(accepted);
    return version;
  };
  return { g, run, control, agent, put };
}

/** A call of the agent that waits for a person. */
async function held({ agent }: Served): Promise<{ readonly answer: Promise<BeforeAnswer> }> {
  const waits = new Promise<void>((resolve) => agent.listen({ held: () => resolve() }));
  const answer = agent.call('before', { key: 'mail', event: toolBefore('send_email', { to: 'x' }) });
  await waits;
  return { answer };
}

describe('while a gate waits', () => {
  it('a version that forbids the call refuses it at once, without a person', async (t) => {
    const here = await served(t, APPROVE);
    const { answer } = await held(here);
    const version = await here.put(blocking('no-mail', 'send_email'));
    const refused = await answer;
    assert.ok(!refused.go && refused.disposition === 'block');
    assert.match(refused.message, /policy no-mail/);
    assert.deepEqual((await here.control.call('gates.list', { all: true })).map(({ decision }) => decision), ['withdrawn']);
    const verdicts = here.g.events.flatMap((event) => (event.type === 'action.judged' ? [event.verdict] : []));
    assert.deepEqual([verdicts.at(-1)?.policyVersion, verdicts.at(-1)?.reasons.map(({ policy }) => policy)], [version, ['no-mail']]);
  });

  it('a version that no longer asks lets it go on', async (t) => {
    const here = await served(t, APPROVE);
    const { answer } = await held(here);
    await here.put(blocking('other', 'shell'));
    assert.ok((await answer).go);
  });

  it('a version that still asks leaves it waiting at the same gate, and a rollback counts like any other', async (t) => {
    const here = await served(t, APPROVE);
    const { answer } = await held(here);
    const [gate] = await here.control.call('gates.list', {});
    await here.put(`${APPROVE}# a comment\n`);
    assert.deepEqual((await here.control.call('gates.list', {})).map(({ id }) => id), [gate?.id]);
    await here.control.call('policies.activate', { workspace: here.g.workspace, version: '#1' });
    await here.control.call('gates.decide', { gate: gate!.id, decision: 'approve', by: 'ana' });
    assert.ok((await answer).go);
  });
});

describe('a version that is put', () => {
  it('is in force when the answer comes: the very next event obeys, and those who watch are told', async (t) => {
    const here = await served(t, blocking('first', 'a'));
    const told = new Promise<PolicyStatus>((resolve) => here.control.listen({ 'policies.changed': resolve }));
    const pushed = new Promise<string>((resolve) => here.agent.listen({ policies: ({ version }) => resolve(version) }));
    await here.control.call('watch', { workspace: here.g.workspace });
    const version = await here.put(blocking('second', 'b'));
    const answer = await here.agent.call('before', { key: '1', event: toolBefore('b') });
    assert.ok(!answer.go && /policy second/.test(answer.message));
    assert.deepEqual([(await told).version, await pushed], [version, version]);
    const [newest] = await here.control.call('policies.versions', { workspace: here.g.workspace, limit: 1 });
    assert.deepEqual([newest?.version, newest?.by, newest?.how, newest?.active], [version, 'console', 'api', true]);
  });

  it('cannot be put by an agent, and is checked before it is understood', async (t) => {
    const { g, agent, control } = await served(t, APPROVE);
    const asAgent = agent as unknown as Peer<ControlRequests, ControlNotifications>;
    for (const method of ['policies.put', 'policies.activate', 'policies.rollback', 'policies.shadow', 'policies.versions', 'policies.version', 'policies.diff'] as const) {
      await assert.rejects(asAgent.call(method, { workspace: g.workspace } as never), code('unknown-method'), method);
    }
    for (const wrong of [{}, { workspace: 'relative', sources: [] }, { workspace: g.workspace, sources: 'no' }, { workspace: g.workspace, sources: [{ path }] }]) {
      await assert.rejects(control.call('policies.put', wrong as never), code('bad-message'), JSON.stringify(wrong));
    }
  });
});

it('no verdict mixes two versions, however calls and changes interleave', async (t) => {
  const here = await served(t, set(0));
  const policiesOf = new Map([[(await here.control.call('policies.status', { workspace: here.g.workspace })).version, names(0)]]);
  let count = 0;
  let keys = 0;
  await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 49 }), { minLength: 1, maxLength: 4 }), async (places) => {
    const changesAt = new Set(places);
    const changes: Promise<void>[] = [];
    const calls: Promise<BeforeAnswer>[] = [];
    for (let n = 0; n < 50; n++) {
      if (changesAt.has(n)) {
        const version = ++count;
        changes.push(here.put(set(version)).then((hash) => void policiesOf.set(hash, names(version))));
      }
      calls.push(here.agent.call('before', { key: `call-${++keys}`, event: toolBefore('x', { n: keys }) }));
      if (n % 10 === 9) await calls.at(-1);
    }
    const answers = await Promise.all(calls);
    await Promise.all(changes);
    for (const answer of answers) assert.ok(!answer.go, 'every version forbids it');
  }), { numRuns: 10 });
  const verdicts = here.g.events.flatMap((event) => (event.type === 'action.judged' && event.node !== `${here.run}/run` ? [event.verdict] : []));
  assert.equal(verdicts.length, keys);
  for (const verdict of verdicts) assert.deepEqual(verdict.reasons.map(({ policy }) => policy).sort(), policiesOf.get(verdict.policyVersion), verdict.policyVersion);
  assert.ok(new Set(verdicts.map(({ policyVersion }) => policyVersion)).size > 5, 'calls must have met many versions');
  assert.equal((await here.control.call('policies.versions', { workspace: here.g.workspace })).length, count + 1);
});

/** Three policies that all forbid the same, named after the version. */
function set(version: number): string {
  return `policies:\n${names(version).map((name) => `  - { name: ${name}, category: safety, rules: { blocked_tools: [x] } }\n`).join('')}`;
}
function names(version: number): string[] {
  return ['a', 'b', 'c'].map((each) => `${each}-${version}`);
}
