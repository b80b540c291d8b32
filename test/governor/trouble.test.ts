// The governor when things go wrong at the same time: a disk that is full for a while, restarts, people and windows that disagree, runs that end while something is asked in them.

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ActionEvent } from '../../protocol/action.ts';
import { FullarcError } from '../../protocol/control.ts';
import { graphOf } from '../../protocol/reduce.ts';
import { governed, llmAfter, llmBefore, toolAfter, toolBefore, type Governed } from '../support/governed.ts';

const AGENTS = `
agents:
  writer: { entry: agent.ts }
  researcher: { entry: researcher.ts }
policies:
`;
const STEPS = `${AGENTS}
  - name: steps
    category: safety
    rules: { max_steps: 4, max_retries: 1, loops: { max_identical_calls: 2 } }
`;
const MAIL = `${AGENTS}
  - name: mail
    category: approval
    rules: { require_approval_for: [send_email], timeout_minutes: 5 }
`;
const OPEN = `${AGENTS}
  - name: spend
    category: cost
    rules: { per_tree_cost_limit: 10 }
`;
const failsAs = (code: string, message = /./) => (error: unknown): boolean => error instanceof FullarcError && error.code === code && message.test(error.message);
const spawn = (agent = 'researcher'): ActionEvent => ({ event: 'spawn.before', agent, command: ['node', `${agent}.ts`], depth: 0 });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const gateOf = async (g: Governed): Promise<string> => {
  for (;;) {
    const [gate] = await g.governor.listGates({});
    if (gate) return gate.id;
    await turn();
  }
};

describe('a disk that is full', () => {
  it('refuses with the cause, counts nothing, and is used again when there is room', async (t) => {
    const g = await governed(t, STEPS);
    const { run } = await g.run();
    const told = g.events.length;
    g.full = true;
    for (let again = 0; again < 9; again++) await assert.rejects(g.governor.before(run, { key: `full${again}`, event: toolBefore('search', { q: 'x' }) }), failsAs('store-failed', /no room/));
    await assert.rejects(g.governor.before(run, { key: 'llm', event: llmBefore() }), failsAs('store-failed'));
    assert.equal(g.events.length, told, 'nobody was told of what is on no disk');
    g.full = false;
    for (let n = 0; n < 4; n++) {
      assert.ok((await g.governor.before(run, { key: `k${n}`, event: toolBefore('search', { q: n }) })).go, `step ${n}`);
      await g.governor.after(run, { key: `k${n}`, event: toolAfter('search', 'x') });
    }
    assert.equal((await g.governor.before(run, { key: 'k5', event: toolBefore('search', { q: 5 }) })).go, false, 'the fifth step is one too many');
    assert.deepEqual((await g.governor.verify()).broken, []);
  });

  it('leaves no child that nobody knows, and a run can still be ended afterwards', async (t) => {
    const g = await governed(t, OPEN);
    const { run } = await g.run();
    g.full = true;
    await assert.rejects(g.governor.before(run, { key: 's', event: spawn() }), failsAs('store-failed'));
    assert.deepEqual(g.governor.treeOf(run), [run]);
    await assert.rejects(g.governor.closeRun(run, 'completed', 0), failsAs('store-failed'));
    g.full = false;
    assert.ok((await g.governor.before(run, { key: 's', event: spawn() })).go, 'the run goes on');
    await g.governor.closeRun(run, 'completed', 0);
    assert.deepEqual((await g.governor.listRuns({})).sort((a, b) => a.depth - b.depth).map((each) => each.state), ['completed', 'failed']);
  });

  it('does not keep anybody from stopping a run', async (t) => {
    const g = await governed(t, OPEN);
    const { run } = await g.run();
    g.full = true;
    await assert.rejects(g.governor.kill(run, 'enough', 'ana'), failsAs('store-failed'));
    g.full = false;
    const answer = await g.governor.before(run, { key: 'k', event: toolBefore('search') });
    assert.ok(!answer.go && /enough/.test(answer.message));
  });

  it('does not end the governor when policies change', async (t) => {
    const g = await governed(t, OPEN);
    const troubles: string[] = [];
    g.governor.listen({ trouble: (message) => troubles.push(message) });
    const { run } = await g.run();
    g.full = true;
    await g.policies(STEPS);
    while (!troubles.length) await turn();
    assert.match(troubles[0] ?? '', /in force, but not on record: .*no room/);
    g.full = false;
    assert.ok((await g.governor.before(run, { key: 'k', event: toolBefore('search') })).go);
  });
});

describe('a restart', () => {
  it('comes back to the same counts', async (t) => {
    let g = await governed(t, STEPS.replace('max_steps: 4', 'max_steps: 40'));
    const { run } = await g.run();
    await g.governor.before(run, { key: 'a', event: toolBefore('a') });
    await g.governor.after(run, { key: 'a', event: { ...toolAfter('a', 'no'), isError: true } as ActionEvent });
    await g.governor.before(run, { key: 'b', event: toolBefore('b') });
    await g.governor.after(run, { key: 'b', event: { ...toolAfter('b', 'no'), isError: true } as ActionEvent });
    await g.governor.before(run, { key: 'x', event: { event: 'exec.before', command: 'ls', argv: ['ls'], shell: false, cwd: '/' } });
    await g.governor.after(run, { key: 'x', event: { event: 'exec.after', command: 'ls', argv: ['ls'], shell: false, cwd: '/', exitCode: 0 } });
    const judge = async (): Promise<string> => {
      const answer = await g.governor.before(run, { key: `c${g.now++}`, event: toolBefore('c') });
      return answer.go ? 'go' : answer.message;
    };
    const before = await judge();
    assert.match(before, /in a row|again|retr/i);
    g = await g.restart();
    assert.equal(await judge(), before, 'a program that went well is no success of a tool');
  });

  it('remembers who stopped a run, and tells its processes again', async (t) => {
    const g = await governed(t, OPEN);
    const { run, token } = await g.run();
    await g.governor.before(run, { key: 's', event: spawn() });
    await g.governor.kill(run, 'wrong customer', 'ana');
    const next = await g.restart();
    assert.equal((await next.governor.hello(token)).run, run);
    for (const each of next.governor.treeOf(run)) assert.match(next.governor.stopOf(each) ?? '', /ana: wrong customer/);
    assert.equal(next.governor.treeOf(run).length, 2);
    assert.equal((await next.governor.before(run, { key: 'k', event: toolBefore('search') })).go, false);
    await next.governor.closeRun(run, 'completed', 0);
    assert.ok((await next.governor.listRuns({})).every((each) => each.state === 'killed'));
  });

  it('finds calls of children that wait, and what is decided about them', async (t) => {
    const g = await governed(t, MAIL);
    const { run } = await g.run();
    const started = await g.governor.before(run, { key: 's', event: spawn() });
    assert.ok(started.go && started.child);
    const gone = new AbortController();
    const lost = g.governor.before(started.child.run, { key: 'm', event: toolBefore('send_email') }, gone.signal);
    const gate = await gateOf(g);
    gone.abort(new Error('lost'));
    await assert.rejects(lost, /lost/);
    const next = await g.restart();
    const [waiting] = await next.governor.listGates({});
    assert.deepEqual(waiting?.path, ['writer', 'researcher']);
    await next.governor.decide(gate, 'approve', 'ana');
    assert.ok((await next.governor.before(started.child.run, { key: 'm', event: toolBefore('send_email') })).go);
  });

  it('does not close a circuit breaker, nor does a start that was refused open it', async (t) => {
    const g = await governed(t, `${AGENTS}
  - name: failing
    category: kill-switch
    rules: { kill_on_error_rate: 0.5, min_samples: 2, error_window_minutes: 1, auto_recover_after_minutes: 30 }
`);
    for (let n = 0; n < 2; n++) await g.governor.closeRun((await g.run()).run, 'failed', 1);
    await assert.rejects(g.run(), failsAs('run-refused', /kill switch is open/));
    const next = await g.restart();
    next.now += 5 * 60_000; // past the window, before the recovery
    await assert.rejects(next.run(), failsAs('run-refused', /kill switch is open/));
    next.now += 26 * 60_000;
    const probe = await next.run();
    await assert.rejects(next.run(), failsAs('run-refused'), 'one at a time');
    await next.governor.closeRun(probe.run, 'completed', 0);
    assert.ok((await next.run()).run, 'the probe went well');
  });
});

describe('at the same time', () => {
  it('two people decide: the first counts, the second is told who did', async (t) => {
    const g = await governed(t, MAIL);
    const { run } = await g.run();
    const call = g.governor.before(run, { key: 'm', event: toolBefore('send_email') });
    const gate = await gateOf(g);
    const [yes, no] = await Promise.allSettled([g.governor.decide(gate, 'approve', 'ana'), g.governor.decide(gate, 'reject', 'bob')]);
    assert.equal(yes.status, 'fulfilled');
    assert.ok(no.status === 'rejected' && failsAs('gate-decided', /approved by ana/)(no.reason));
    assert.ok((await call).go);
    assert.equal((await g.governor.eventsOf(run)).filter((event) => event.type === 'gate.decided').length, 1);
  });

  it('a person decides what its caller gives up: the gate is gone, and nothing hangs', async (t) => {
    const g = await governed(t, MAIL);
    const { run } = await g.run();
    const gone = new AbortController();
    const call = g.governor.before(run, { key: 'm', event: toolBefore('send_email') }, gone.signal);
    const gate = await gateOf(g);
    gone.abort(new Error('left'));
    await assert.rejects(call, /left/);
    const [, decided] = await Promise.allSettled([g.governor.abandon(run, 'm'), g.governor.decide(gate, 'approve', 'ana')]);
    assert.ok(decided.status === 'fulfilled' || failsAs('gate-decided', /withdrawn/)(decided.reason));
    const [summary] = await g.governor.listRuns({});
    assert.deepEqual([summary?.state, summary?.openGates], ['running', 0]);
  });

  it('a decision wakes the call it is about, and no other', async (t) => {
    const g = await governed(t, MAIL);
    const { run } = await g.run();
    const calls = Array.from({ length: 5 }, (_, n) => g.governor.before(run, { key: `m${n}`, event: toolBefore('send_email', { n }) }));
    const seen = (type: string): number => g.events.filter((event) => event.type === type).length;
    while (seen('gate.opened') < 5) await turn();
    const judged = (): number => seen('action.judged');
    const before = judged();
    for (const { id } of await g.governor.listGates({})) await g.governor.decide(id, 'approve', 'ana');
    assert.ok((await Promise.all(calls)).every((answer) => answer.go));
    assert.equal(judged() - before, 5);
  });

  it('a run is ended from two sides: once', async (t) => {
    const g = await governed(t, OPEN);
    const { run } = await g.run();
    await Promise.all([g.governor.closeRun(run, 'completed', 0), g.governor.closeRun(run, 'failed'), g.governor.closeRun(run, 'killed')]);
    const ends = (await g.governor.eventsOf(run)).filter((event) => event.type === 'run.state' && event.state !== 'running');
    assert.deepEqual(ends.map((event) => event.type === 'run.state' && event.state), ['completed']);
  });

  it('a run ends while calls wait and others come: all are refused, and no money stays reserved', async (t) => {
    const g = await governed(t, MAIL);
    const { run } = await g.run();
    await g.governor.before(run, { key: 'llm', event: llmBefore() });
    const held = g.governor.before(run, { key: 'm', event: toolBefore('send_email') });
    await gateOf(g);
    const closing = g.governor.closeRun(run, 'completed', 0);
    const late = g.governor.before(run, { key: 'late', event: toolBefore('search') });
    for (const each of await Promise.allSettled([held, late])) assert.ok(each.status === 'rejected' && failsAs('run-ended')(each.reason));
    await closing;
    await assert.rejects(g.governor.after(run, { key: 'llm', event: llmAfter(1, 1) }), failsAs('run-ended'));
    const tree = [...graphOf(g.events).balances.values()].find((each) => each.account === `run:${run}` && each.unit === 'usd_micro');
    assert.deepEqual([tree?.reserved, tree?.spent], [0, 12_500], 'a call that was cut off may have been answered: it counts in full');
    assert.deepEqual(await g.governor.listGates({}), []);
    assert.equal((await g.governor.listRuns({}))[0]?.openGates, 0);
  });

  it('a child is spawned while its parent ends: it does not outlive it', async (t) => {
    const g = await governed(t, OPEN);
    const { run } = await g.run();
    const [spawned] = await Promise.allSettled([g.governor.before(run, { key: 's', event: spawn() }), g.governor.closeRun(run, 'completed', 0)]);
    assert.ok(spawned.status === 'rejected' && failsAs('run-ended')(spawned.reason), JSON.stringify(spawned));
    while (g.governor.treeOf(run).length) await turn();
    assert.ok((await g.governor.listRuns({})).every((each) => each.endedAt !== undefined));
  });

  it('one launch asks twice to be opened: it is one run', async (t) => {
    const g = await governed(t, OPEN);
    const open = () => g.governor.openRun({ workspace: g.workspace, agent: 'writer', user: 'ana' }, ['node', 'agent.ts'], 'L1', 'a-token-of-its-launcher');
    const first = await open();
    assert.equal((await open()).run, first.run);
    await g.governor.closeRun(first.run, 'completed', 0);
    await assert.rejects(open(), failsAs('run-refused', /has ended/));
    assert.equal((await g.governor.listRuns({})).length, 1);
  });
});

describe('the start of a run', () => {
  const START = `${AGENTS}
  - name: starts
    category: approval
    scope: { agents: [researcher] }
    rules: { require_approval_for: [run] }
`;

  it('of an agent that nobody declared is refused, with the name that was meant', async (t) => {
    const g = await governed(t, OPEN);
    await assert.rejects(g.run('writter'), (error) => failsAs('agent-unknown', /did you mean writer/)(error) && /writer, researcher/.test((error as FullarcError).remedy));
    assert.deepEqual(await g.governor.listRuns({}), []);
  });

  it('under no policies at all goes on, and says that nothing is held back', async (t) => {
    const g = await governed(t, '');
    assert.match((await g.run('anybody')).warning ?? '', /no policy governs/);
    const h = await governed(t, OPEN);
    assert.equal((await h.run()).warning, undefined);
  });

  it('may wait for a person, for as long as it takes', async (t) => {
    const g = await governed(t, START);
    const { run } = await g.run('researcher');
    const start = g.governor.before(run, { key: 'run', event: { event: 'run.before', command: ['node', 'agent.ts'] } });
    await g.governor.decide(await gateOf(g), 'reject', 'ana', 'not today');
    const answer = await start;
    assert.ok(!answer.go && /not today/.test(answer.message));
    await g.governor.closeRun(run, 'blocked', undefined, answer.message);
    assert.equal((await g.governor.listRuns({}))[0]?.state, 'blocked');
  });

  it('of a child waits as well: its parent is told only then, and what the person said', async (t) => {
    const g = await governed(t, START);
    const { run } = await g.run();
    const yes = g.governor.before(run, { key: 's1', event: spawn() });
    await g.governor.decide(await gateOf(g), 'approve', 'ana');
    const allowed = await yes;
    assert.ok(allowed.go && allowed.child);
    const no = g.governor.before(run, { key: 's2', event: spawn() });
    await g.governor.decide(await gateOf(g), 'reject', 'ana', 'one is enough');
    const refused = await no;
    assert.ok(!refused.go && /one is enough/.test(refused.message));
    assert.deepEqual(g.governor.treeOf(run), [run, allowed.child.run]);
    assert.deepEqual(await g.governor.before(run, { key: 's2', event: spawn() }), refused);
  });

  it('of a child that its parent gives up is taken back', async (t) => {
    const g = await governed(t, OPEN);
    const { run } = await g.run();
    await g.governor.before(run, { key: 's', event: spawn() });
    await g.governor.abandon(run, 's');
    assert.deepEqual(g.governor.treeOf(run), [run]);
  });
});

describe('governance files', () => {
  const folder = (g: Governed): string => join(g.workspace, '.fullarc');
  const refuses = async (g: Governed, run: string, key: string): Promise<boolean> => !(await g.governor.before(run, { key, event: toolBefore('search') })).go;
  const NEVER = `${AGENTS}
  - name: never
    category: safety
    rules: { blocked_tools: [search] }
`;

  it('that vanish while a run goes on stay in force until it ends, and say so', async (t) => {
    const g = await governed(t, NEVER);
    const { run } = await g.run();
    rmSync(folder(g), { recursive: true });
    const status = await g.governor.policies(g.workspace, true);
    assert.deepEqual(status.findings.map((finding) => finding.code), ['fullarc/file/missing']);
    assert.equal(await refuses(g, run, 'k'), true);
    await g.governor.closeRun(run, 'completed', 0);
    assert.match((await g.run()).warning ?? '', /no policy governs/);
  });

  it('may lie behind a link', async (t) => {
    const g = await governed(t, OPEN);
    writeFileSync(join(folder(g), 'policies.yaml'), NEVER);
    renameSync(folder(g), join(g.workspace, 'elsewhere'));
    symlinkSync('elsewhere', folder(g));
    assert.equal(await refuses(g, (await g.run()).run, 'k'), true);
  });

  it('that cannot be read keep a run from starting', async (t) => {
    const g = await governed(t, NEVER);
    symlinkSync('loop.yaml', join(folder(g), 'loop.yaml')); // a link to itself: not even root can read it
    await assert.rejects(g.run(), failsAs('policy-errors', /\.fullarc.*cannot be read/));
  });

  it('are those of a folder that exists', async (t) => {
    const g = await governed(t, OPEN);
    await assert.rejects(g.governor.openRun({ workspace: join(g.workspace, 'no-such'), agent: 'writer', user: 'ana' }, ['x'], 'L1'), failsAs('policy-errors', /cannot be read/));
  });

  it('are seen when their folder is replaced by another one', async (t) => {
    const g = await governed(t, OPEN);
    const { run } = await g.run();
    renameSync(folder(g), join(g.workspace, 'old'));
    mkdirSync(folder(g));
    writeFileSync(join(folder(g), 'policies.yaml'), NEVER);
    for (let n = 0; !(await refuses(g, run, `k${n}`)); n++) await turn();
    writeFileSync(join(folder(g), 'policies.yaml'), OPEN);
    for (let n = 0; await refuses(g, run, `l${n}`); n++) await turn();
  });
});
