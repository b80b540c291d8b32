// What an agent's process may try that holds its own token and speaks the wire: forged keys, reports, fields and shapes. None of it buys a verdict, or money.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ActionEvent } from '../../protocol/action.ts';
import { FullarcError } from '../../protocol/control.ts';
import { graphOf } from '../../protocol/reduce.ts';
import { parseCall } from '../../runtime/event-schema.ts';
import { governed, llmAfter, llmBefore, toolAfter, toolBefore, type Governed } from '../support/governed.ts';

const POLICIES = `
agents:
  writer: { entry: agent.ts }
  researcher: { entry: researcher.ts }
tools:
  search: { class: read, risk: low }
  wire_money: { risk: critical }
policies:
  - name: spend
    category: cost
    rules: { per_tree_cost_limit: 10, warning_threshold_percent: 100 }
  - name: risky
    category: approval
    rules: { min_risk: high, require_approval_for: [send_email] }
  - name: hosts
    category: network
    rules: { allowed_domains: [example.com] }
`;
const spend = (g: Governed, run: string) => [...graphOf(g.events).balances.values()].find((each) => each.account === `run:${run}` && each.unit === 'usd_micro');
const refusal = (code: string, message = /./) => (error: unknown): boolean => error instanceof FullarcError && error.code === code && message.test(error.message);
const exec = (command: string): ActionEvent => ({ event: 'exec.before', command, argv: [command], shell: false, cwd: '/' });
const gateOf = async (g: Governed): Promise<string> => {
  for (;;) {
    const [gate] = await g.governor.listGates({});
    if (gate) return gate.id;
    await new Promise((resolve) => setImmediate(resolve));
  }
};
const start = async (t: TestContext) => {
  const g = await governed(t, POLICIES);
  return { g, ...(await g.run()) };
};

describe('a key that is used again', () => {
  it('gets no verdict of another call that is going on', async (t) => {
    const { g, run } = await start(t);
    assert.ok((await g.governor.before(run, { key: 'k', event: toolBefore('search', { q: 'x' }) })).go);
    const evil: ActionEvent = { event: 'http.before', method: 'GET', url: 'https://evil.example/', protocol: 'https', host: 'evil.example', port: 443 };
    assert.equal((await g.governor.before(run, { key: 'k', event: evil })).go, false);
    assert.equal((await g.governor.before(run, { key: 'k', event: toolBefore('search', { q: 'x' }) })).go, true);
  });

  it('gets no approval of another call, and the gate of the first is withdrawn', async (t) => {
    const { g, run } = await start(t);
    const away = new AbortController();
    const first = g.governor.before(run, { key: 'k', event: toolBefore('send_email', { to: 'ada' }) }, away.signal);
    const gate = await gateOf(g);
    const second = g.governor.before(run, { key: 'k', event: toolBefore('send_email', { to: 'everybody' }) }, away.signal);
    while ((await g.governor.listGates({ all: true })).length < 2) await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(g.governor.decide(gate, 'approve', 'ana'), refusal('gate-decided', /withdrawn/));
    const [open] = await g.governor.listGates({});
    assert.match(open?.input?.body ?? '', /everybody/);
    away.abort(new Error('gone'));
    await assert.rejects(first, /gone/);
    await assert.rejects(second, /gone/);
  });

  it('asks again once its call is over: one approval is for one call', async (t) => {
    const { g, run } = await start(t);
    const event = toolBefore('send_email', { to: 'ada' });
    const first = g.governor.before(run, { key: 'k', event });
    await g.governor.decide(await gateOf(g), 'approve', 'ana');
    assert.ok((await first).go);
    await g.governor.after(run, { key: 'k', event: { ...toolAfter('send_email', 'sent'), args: { to: 'ada' } } as ActionEvent });
    const again = g.governor.before(run, { key: 'k', event });
    await g.governor.decide(await gateOf(g), 'reject', 'ana', 'once is enough');
    assert.equal((await again).go, false);
  });

  it('cannot be that of the run itself', async (t) => {
    const { g, run } = await start(t);
    assert.throws(() => parseCall({ key: 'run', event: toolBefore('search') }, 'before'), refusal('bad-message', /"run"/));
    assert.throws(() => parseCall({ key: 'k', event: { event: 'run.before', command: [] } }, 'before'), refusal('bad-message', /"run"/));
    await assert.rejects(g.governor.before(run, { key: 'run', event: { event: 'run.before', command: ['another'] } }), refusal('bad-message'));
    await g.governor.closeRun(run, 'completed', 0);
    assert.equal((await g.governor.listRuns({}))[0]?.state, 'completed');
  });
});

describe('a report', () => {
  it('cannot end a call as another kind, one that waits, one that was refused, or the run', async (t) => {
    const { g, run } = await start(t);
    await g.governor.before(run, { key: 'tool', event: toolBefore('search') });
    await assert.rejects(g.governor.after(run, { key: 'tool', event: llmAfter(1, 1) }), refusal('bad-message', /began as tool\.before/));
    const away = new AbortController();
    const held = g.governor.before(run, { key: 'mail', event: toolBefore('send_email') }, away.signal);
    await gateOf(g);
    await assert.rejects(g.governor.after(run, { key: 'mail', event: toolAfter('send_email', 'sent') }), refusal('no-such-call'));
    assert.equal((await g.governor.listGates({})).length, 1);
    await g.governor.before(run, { key: 'far', event: { event: 'http.before', method: 'GET', url: 'https://evil.example/', protocol: 'https', host: 'evil.example', port: 443 } });
    await assert.rejects(g.governor.after(run, { key: 'far', event: { event: 'http.after', method: 'GET', url: 'https://evil.example/', protocol: 'https', host: 'evil.example', port: 443, status: 200 } }), refusal('no-such-call'));
    assert.throws(() => parseCall({ key: 'run', event: { event: 'run.after', outcome: 'completed' } }, 'after'), refusal('bad-message'));
    away.abort(new Error('gone'));
    await assert.rejects(held, /gone/);
  });

  it('counts once, however often it comes, and its own idea of the cost does not count at all', async (t) => {
    const { g, run } = await start(t);
    await g.governor.before(run, { key: 'llm', event: llmBefore() });
    for (let again = 0; again < 3; again++) await g.governor.after(run, { key: 'llm', event: llmAfter(1000, 100, { cost: 1 }) });
    assert.deepEqual([spend(g, run)?.spent, spend(g, run)?.reserved], [3_500, 0]);
    await g.governor.before(run, { key: 'silent', event: llmBefore() });
    await g.governor.after(run, { key: 'silent', event: llmAfter(0, 0, { usage: undefined, cost: 0 }) });
    assert.equal(spend(g, run)?.spent, 3_500 + 12_500, 'without usage the whole reservation is spent');
    assert.equal((await g.governor.listRuns({}))[0]?.cost, 3_500, 'and nothing is claimed to be known');
  });

  it('of a call that was said not to happen still counts what it used', async (t) => {
    const { g, run } = await start(t);
    await g.governor.before(run, { key: 'llm', event: llmBefore() });
    await g.governor.abandon(run, 'llm');
    assert.equal(spend(g, run)?.reserved, 0);
    await g.governor.after(run, { key: 'llm', event: llmAfter(1000, 100) });
    assert.deepEqual([spend(g, run)?.spent, spend(g, run)?.reserved, spend(g, run)?.overrun], [3_500, 0, 3_500]);
  });
});

describe('what a process says of itself', () => {
  it('is overwritten where the governor knows better', async (t) => {
    const { g, run } = await start(t);
    const away = new AbortController();
    const held = g.governor.before(run, { key: 'a', event: { ...toolBefore('wire_money'), risk: 'low', class: 'read' } as ActionEvent }, away.signal);
    await gateOf(g); // critical, whatever it says
    const far = await g.governor.before(run, { key: 'b', event: { event: 'http.before', method: 'GET', url: 'https://evil.example/', protocol: 'https', host: 'example.com', port: 443 } });
    assert.equal(far.go, false, 'the host is that of the URL');
    const dear = await g.governor.before(run, { key: 'c', event: llmBefore({ inputTokens: 100_000_000, estimatedCost: 0 }) });
    assert.equal(dear.go, false, 'the price is ours');
    away.abort(new Error('gone'));
    await assert.rejects(held, /gone/);
  });

  it('cannot make it an agent that nobody declared', async (t) => {
    const { g, run } = await start(t);
    await assert.rejects(g.governor.before(run, { key: 's', event: { event: 'spawn.before', agent: 'nobody', command: ['x'], depth: 0 } }), refusal('agent-unknown'));
    assert.equal((await g.governor.listRuns({})).length, 1);
  });

  it('cannot point at calls of other runs', async (t) => {
    const { g, run } = await start(t);
    const other = await g.run();
    await g.governor.before(other.run, { key: 'theirs', event: toolBefore('search') });
    await g.governor.before(run, { key: 'mine', event: toolBefore('search', { q: 1 }), causes: ['theirs'] });
    const mine = (await g.governor.eventsOf(run)).find((event) => event.type === 'action.proposed' && event.kind === 'tool');
    assert.deepEqual(mine?.type === 'action.proposed' && mine.causes, []);
    await g.governor.abandon(run, 'theirs');
    assert.equal(await g.governor.progress(run, 'theirs', 1e15), undefined);
    assert.ok((await g.governor.after(other.run, { key: 'theirs', event: toolAfter('search', 'x') })).go);
  });
});

describe('a shape', () => {
  const tool = (args: unknown) => ({ key: 'k', event: { event: 'tool.before', name: 'x', args } });

  it('that is no call is refused with one message', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`) as unknown;
    for (const raw of [undefined, {}, { key: '' }, tool(undefined), tool([]), tool(deep), { key: 'k', event: { event: 'toString' } }, { key: 'k', event: { event: 'tool.after', name: 'x', args: {}, texts: [] } },
      { key: 'k', event: llmBefore({ inputTokens: -1 }) }, { key: 'k', event: llmBefore({ inputTokens: 1e15 }) }, { key: 'k', event: llmBefore({ maxOutputTokens: 1.5 }) }]) {
      assert.throws(() => parseCall(raw, 'before'), refusal('bad-message'), JSON.stringify(raw)?.slice(0, 100));
    }
    assert.throws(() => parseCall({ key: 'k', event: llmAfter(-5, 0) }, 'after'), refusal('bad-message'));
  });

  it('with keys of prototypes is judged with them', async (t) => {
    const { g, run } = await start(t);
    const call = parseCall(JSON.parse('{"key":"k","event":{"event":"tool.before","name":"search","args":{"__proto__":{"to":"x@evil.example"},"constructor":1}}}'), 'before');
    assert.ok((await g.governor.before(run, call)).go);
    assert.match(JSON.stringify(await g.governor.eventsOf(run)), /__proto__.*evil\.example/);
  });

  it('of an address that cannot be decoded is judged and shown as it is', async (t) => {
    const { g, run } = await start(t);
    assert.ok((await g.governor.before(run, { key: 'k', event: { event: 'http.before', method: 'GET', url: 'https://example.com/%E0%A4%A', protocol: 'https', host: 'example.com', port: 443 } })).go);
    assert.match(JSON.stringify(await g.governor.eventsOf(run)), /%E0%A4%A/);
  });

  it('of very many calls that never end does not make each next one slower to judge', async (t) => {
    const { g, run } = await start(t);
    await Promise.all(Array.from({ length: 3000 }, (_, n) => g.governor.before(run, { key: `k${n}`, event: exec(`c${n}`) })));
    await g.governor.closeRun(run, 'completed', 0);
    assert.deepEqual((await g.governor.verify(run)).broken, []);
    assert.equal([...graphOf(await g.governor.eventsOf(run)).nodes.values()].filter((node) => node.kind === 'exec' && node.state === 'aborted').length, 3000);
  });
});
