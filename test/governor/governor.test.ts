// The governor on a real store and real policies: what is judged, held, remembered and refused.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FullarcError } from '../../protocol/control.ts';
import { graphOf } from '../../protocol/reduce.ts';
import { governed, llmAfter, llmBefore, toolAfter, toolBefore, type Governed } from '../support/governed.ts';

const SPEND = (limit: string, more = '') => `
agents:
  writer: { entry: agent.ts }
  researcher: { entry: researcher.ts }
tools:
  search: { class: read }
policies:
  - name: spend
    category: cost
    rules: { per_tree_cost_limit: ${limit}, warning_threshold_percent: 100 }
${more}`;
const APPROVE = `
  - name: mail
    category: approval
    rules: { require_approval_for: [send_email], timeout_minutes: 5 }
`;
const REDACT = `
  - name: private
    category: content
    rules: { pii_detection: { enabled: true, action: redact } }
`;
const at = (g: Governed, run: string) => ({
  before: (key: string, event: Parameters<Governed['governor']['before']>[1]['event'], causes: string[] = []) => g.governor.before(run, { key, event, causes }),
  after: (key: string, event: Parameters<Governed['governor']['after']>[1]['event']) => g.governor.after(run, { key, event }),
});
const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
};
const openGate = async (g: Governed): Promise<string> => {
  await until(async () => (await g.governor.listGates({})).length > 0);
  return (await g.governor.listGates({}))[0]!.id;
};

describe('budgets', () => {
  it('reserves the upper bound before a call and settles what it really cost', async (t) => {
    const g = await governed(t, SPEND('10'));
    const { run } = await g.run();
    const answer = await at(g, run).before('llm:1', llmBefore());
    assert.ok(answer.go);
    const balance = () => graphOf(g.events).balances;
    const tree = () => [...balance().values()].find((each) => each.account === `run:${run}` && each.unit === 'usd_micro');
    assert.deepEqual({ reserved: tree()?.reserved, spent: tree()?.spent, limit: tree()?.limit }, { reserved: 12_500, spent: 0, limit: 10_000_000 });
    await at(g, run).after('llm:1', llmAfter(800, 100));
    assert.deepEqual({ reserved: tree()?.reserved, spent: tree()?.spent }, { reserved: 0, spent: 3_000 });
  });

  it('stops the tree at a call that is fine on its own: $8 of $10 are gone, the next may cost $3', async (t) => {
    const g = await governed(t, SPEND('10'));
    const { run } = await g.run();
    await at(g, run).before('llm:1', llmBefore({ inputTokens: 3_200_000, maxOutputTokens: 1 }));
    await at(g, run).after('llm:1', llmAfter(3_200_000, 0));
    const answer = await at(g, run).before('llm:2', llmBefore({ inputTokens: 1_200_000, maxOutputTokens: 1 }));
    assert.ok(!answer.go && answer.disposition === 'block');
    assert.match(answer.message, /spend/);
    const node = [...graphOf(g.events).nodes.values()].at(-1);
    assert.equal(node?.state, 'refused');
    const reason = node?.verdicts[0]?.verdict.reasons[0];
    assert.deepEqual([reason?.policy, reason?.field, reason?.place?.file], ['spend', 'per_tree_cost_limit', '.fullarc/policies.yaml']);
  });

  it('never lets two agents of one tree overspend it, however their calls interleave', async (t) => {
    const g = await governed(t, SPEND('0.10'));
    const { run } = await g.run();
    const children = await Promise.all([1, 2].map(async (n) => {
      const answer = await at(g, run).before(`spawn:${n}`, { event: 'spawn.before', agent: 'researcher', command: ['node', 'researcher.ts', String(n)], depth: 0 });
      assert.ok(answer.go && answer.child);
      return answer.child.run;
    }));
    let allowed = 0;
    await Promise.all(children.flatMap((child) => Array.from({ length: 20 }, async (_, n) => {
      const answer = await at(g, child).before(`llm:${n}`, llmBefore());
      if (!answer.go) return;
      allowed++;
      await at(g, child).after(`llm:${n}`, llmAfter(1000, 1000));
    })));
    assert.equal(allowed, 8); // eight calls of $0.0125 make $0.10
    const tree = [...graphOf(g.events).balances.values()].find((each) => each.account === `run:${run}` && each.unit === 'usd_micro');
    assert.deepEqual([tree?.spent, tree?.reserved], [100_000, 0]);
  });

  it('obeys a lowered limit at the very next call, and keeps the last good version when the file breaks', async (t) => {
    const g = await governed(t, SPEND('10'));
    const { run } = await g.run();
    assert.ok((await at(g, run).before('llm:1', llmBefore())).go);
    await at(g, run).after('llm:1', llmAfter(1000, 1000));
    await g.policies(SPEND('0.01'));
    assert.equal((await at(g, run).before('llm:2', llmBefore())).go, false);
    await g.policies('policies:\n  - name: spend\n    category: cots\n');
    assert.equal((await at(g, run).before('llm:3', llmBefore())).go, false);
    assert.ok((await g.governor.policies(g.workspace)).findings.some((finding) => finding.severity === 'error'));
    await g.policies(SPEND('20'));
    assert.ok((await at(g, run).before('llm:4', llmBefore())).go);
  });

  it('gives a call without an output limit the one that the budget can still pay', async (t) => {
    const g = await governed(t, SPEND('0.02'));
    const { run } = await g.run();
    const answer = await at(g, run).before('llm:1', llmBefore({ maxOutputTokens: undefined }));
    assert.ok(answer.go && answer.maxOutputTokens !== undefined);
    assert.ok(answer.maxOutputTokens <= 1750 && answer.maxOutputTokens >= 1700, String(answer.maxOutputTokens));
  });

  it('refuses a model whose price nobody knows', async (t) => {
    const g = await governed(t, SPEND('10'));
    const { run } = await g.run();
    assert.equal((await at(g, run).before('llm:1', llmBefore({ model: 'model-nobody-priced' }))).go, false);
  });
});

describe('gates', () => {
  it('hold a call until a person approves, and tell a repeat of the call the same', async (t) => {
    const g = await governed(t, SPEND('10', APPROVE));
    const { run } = await g.run();
    const first = at(g, run).before('tool:1', toolBefore('send_email', { to: 'x' }));
    const gate = await openGate(g);
    assert.equal((await g.governor.listRuns({}))[0]?.state, 'suspended');
    const again = at(g, run).before('tool:1', toolBefore('send_email', { to: 'x' }));
    await g.governor.decide(gate, 'approve', 'ana');
    assert.deepEqual([(await first).go, (await again).go], [true, true]);
    assert.equal((await g.governor.listGates({ all: true })).length, 1);
    assert.equal((await g.governor.listRuns({}))[0]?.state, 'running');
  });

  it('show exactly what would happen', async (t) => {
    const g = await governed(t, SPEND('10', APPROVE));
    const { run } = await g.run();
    void at(g, run).before('tool:1', toolBefore('send_email', { to: 'x', body: 'line '.repeat(5000) }));
    await openGate(g);
    const [details] = await g.governor.listGates({});
    assert.ok(details?.input?.body?.includes('line '.repeat(5000)));
    assert.deepEqual(details?.path, ['writer']);
  });

  it('refuse with the reason of the person who rejects', async (t) => {
    const g = await governed(t, SPEND('10', APPROVE));
    const { run } = await g.run();
    const call = at(g, run).before('tool:1', toolBefore('send_email'));
    await g.governor.decide(await openGate(g), 'reject', 'ana', 'the tone is wrong');
    const answer = await call;
    assert.ok(!answer.go);
    assert.match(answer.message, /ana rejected this: the tone is wrong/);
  });

  it('survive the governor: the repeated call waits on, and goes on after the decision', async (t) => {
    const g = await governed(t, SPEND('10', APPROVE));
    const { run } = await g.run();
    const gone = new AbortController();
    const lost = g.governor.before(run, { key: 'tool:1', event: toolBefore('send_email') }, gone.signal);
    const gate = await openGate(g);
    gone.abort(new Error('connection lost'));
    await assert.rejects(lost, /connection lost/);
    const next = await g.restart();
    const call = at(next, run).before('tool:1', toolBefore('send_email'));
    await next.governor.decide(gate, 'approve', 'ana');
    assert.ok((await call).go);
  });

  it('close by themselves when their time is over', async (t) => {
    const g = await governed(t, SPEND('10', APPROVE));
    const { run } = await g.run();
    const call = at(g, run).before('tool:1', toolBefore('send_email'));
    await openGate(g);
    g.now += 5 * 60_000 + 1;
    await g.governor.tick();
    const answer = await call;
    assert.ok(!answer.go);
    assert.match(answer.message, /in time/);
  });

  it('are withdrawn when new policies no longer ask', async (t) => {
    const g = await governed(t, SPEND('10', APPROVE));
    const { run } = await g.run();
    const call = at(g, run).before('tool:1', toolBefore('send_email'));
    await openGate(g);
    await g.policies(SPEND('10'));
    assert.ok((await call).go);
    assert.deepEqual((await g.governor.listGates({ all: true })).map((gate) => gate.decision), ['withdrawn']);
  });
});

describe('runs', () => {
  it('do not start under policies that do not compile', async (t) => {
    const g = await governed(t, 'policies:\n  - name: a\n    category: no-such\n');
    await assert.rejects(g.run(), (error) => error instanceof FullarcError && error.code === 'policy-errors' && error.message.includes('.fullarc/policies.yaml:3'));
    assert.deepEqual(await g.governor.listRuns({}), []);
  });

  it('give each declared child an identity of its own, and end with it', async (t) => {
    const g = await governed(t, SPEND('10'));
    const { run } = await g.run();
    const answer = await at(g, run).before('spawn:1', { event: 'spawn.before', agent: 'researcher', command: ['node', 'researcher.ts'], depth: 0 });
    assert.ok(answer.go && answer.child);
    assert.equal((await g.governor.hello(answer.child.token)).agent, 'researcher');
    await at(g, run).after('spawn:1', { event: 'spawn.after', agent: 'researcher', command: ['node', 'researcher.ts'], depth: 0, outcome: 'completed' });
    await assert.rejects(g.governor.hello(answer.child.token), (error) => error instanceof FullarcError && error.code === 'bad-token');
    const graph = graphOf(g.events);
    assert.ok(graph.edges.some((edge) => edge.type === 'spawned'));
    assert.equal(graph.runs.get(answer.child.run)?.state, 'completed');
  });

  it('stop at once when somebody pulls the switch, also while they wait', async (t) => {
    const g = await governed(t, SPEND('10', APPROVE));
    const { run } = await g.run();
    const held = at(g, run).before('tool:1', toolBefore('send_email'));
    await openGate(g);
    await g.governor.kill(run, 'wrong customer', 'ana');
    const answer = await held;
    assert.ok(!answer.go);
    assert.match(answer.message, /wrong customer/);
    assert.equal((await at(g, run).before('tool:2', toolBefore('search'))).go, false);
    await g.governor.closeRun(run, 'failed');
    assert.equal((await g.governor.listRuns({}))[0]?.state, 'killed');
    assert.deepEqual(await g.governor.listGates({}), []);
  });

  it('come back after a restart with their counters', async (t) => {
    const loops = `
  - name: loops
    category: safety
    rules: { loops: { max_identical_calls: 3 } }
`;
    const g = await governed(t, SPEND('10', loops));
    const { run } = await g.run();
    for (const n of [1, 2]) {
      assert.ok((await at(g, run).before(`tool:${n}`, toolBefore('search', { q: 'x' }))).go);
      await at(g, run).after(`tool:${n}`, toolAfter('search', 'nothing'));
    }
    const next = await g.restart();
    const answers = [];
    for (const n of [3, 4]) answers.push((await at(next, run).before(`tool:${n}`, toolBefore('search', { q: 'x' }))).go);
    assert.ok(answers.includes(false), 'the loop must be seen across the restart');
  });

  it('keep a chain that verifies', async (t) => {
    const g = await governed(t, SPEND('10'));
    const { run } = await g.run();
    await at(g, run).before('llm:1', llmBefore());
    await at(g, run).after('llm:1', llmAfter(10, 10));
    await g.governor.closeRun(run, 'completed', 0);
    assert.deepEqual((await g.governor.verify()).broken, []);
  });
});

describe('content', () => {
  it('redacts a tool result before the model sees it, and before it is stored', async (t) => {
    const g = await governed(t, SPEND('10', REDACT));
    const { run } = await g.run();
    await at(g, run).before('tool:1', toolBefore('search'));
    const answer = await at(g, run).after('tool:1', toolAfter('search', 'write to ada.fischer@northwind.example please'));
    assert.ok(answer.go);
    assert.deepEqual(answer.redactions.map((each) => each.label), ['EMAIL']);
    assert.doesNotMatch(JSON.stringify(await g.governor.eventsOf(run)), /ada\.fischer/);
  });

  it('keeps credentials out of the store even when no policy looks', async (t) => {
    const g = await governed(t, SPEND('10'));
    const { run } = await g.run();
    const canary = `ghp_${'aB3dE6gH9'.repeat(4)}`;
    await at(g, run).before('tool:1', toolBefore('search', { note: `use ${canary}`, password: 'hunter2hunter2' }));
    await at(g, run).after('tool:1', toolAfter('search', `found ${canary}`));
    assert.doesNotMatch(JSON.stringify(await g.governor.eventsOf(run)), new RegExp(`${canary}|hunter2`));
  });
});

describe('bad input', () => {
  it('refuses to settle what was never allowed', async (t) => {
    const g = await governed(t, SPEND('10'));
    const { run } = await g.run();
    await assert.rejects(at(g, run).after('tool:9', toolAfter('search', '')), (error) => error instanceof FullarcError && error.code === 'no-such-call');
  });

  it('says which governance file cannot be read', async (t) => {
    const g = await governed(t, SPEND('10'));
    writeFileSync(join(g.workspace, '.fullarc', 'huge.yaml'), Buffer.alloc(51 * 1024 * 1024, 0x20));
    await assert.rejects(g.run(), (error) => error instanceof FullarcError && error.code === 'policy-errors' && error.message.includes('huge.yaml'));
  });
});
