// Recorded runs are asked what a draft of the policies would have made of them: counts, first differences, what cannot be told, and what is never stored.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, test, type TestContext } from 'node:test';
import { analysedSet } from '../../runtime/policy/analyse/policy-set.ts';
import { CallTable } from '../../runtime/policy/call-table.ts';
import { replay, type Replay } from '../../runtime/policy/replay.ts';
import { controlToken } from '../../runtime/governor-process.ts';
import { connectAgent, connectControl } from '../../runtime/wire/client.ts';
import { socketPath } from '../../runtime/wire/paths.ts';
import { governed, llmAfter, llmBefore, toolAfter, toolBefore, type Governed } from '../support/governed.ts';

const policy = (name: string, category: string, rules: string, more = ''): string => `  - name: ${name}\n    category: ${category}\n    rules: ${rules}\n${more}`;
const set = (...policies: string[]): string => `policies:\n${policies.join('')}`;
const TOOLS = policy('tools', 'safety', '{ blocked_tools: [drop_table] }');
const SPEND = policy('spend', 'cost', '{ per_run_cost_limit: 1 }');

async function recorded(g: Governed): Promise<CallTable> {
  const { calls } = await g.governor.recordings.page({ workspace: g.workspace });
  const table = new CallTable((row) => calls[row]!);
  for (const call of calls) table.add(call);
  return table;
}

async function replayed(g: Governed, before: string, draft: string): Promise<Replay> {
  const known = analysedSet([{ path: '.fullarc/policies.yaml', text: before }]);
  return replay(await recorded(g), analysedSet([{ path: '.fullarc/policies.yaml', text: draft }]), (version) => (version === known.engine.version ? known : undefined));
}

/** A run that searches, drops a table, and asks a model. */
async function worked(t: TestContext, policies: string): Promise<Governed & { readonly id: string }> {
  const g = await governed(t, policies);
  const { run } = await g.run();
  await g.governor.before(run, { key: '1', event: toolBefore('search', { query: 'ann@example.com' }) });
  await g.governor.after(run, { key: '1', event: toolAfter('search', 'found the-secret-page') });
  await g.governor.before(run, { key: '2', event: toolBefore('drop_table', { table: 'leads' }) });
  await g.governor.before(run, { key: '3', event: llmBefore() });
  await g.governor.after(run, { key: '3', event: llmAfter(1000, 500) });
  await g.governor.closeRun(run, 'completed', 0);
  return Object.assign(g, { id: run });
}

describe('replay', () => {
  it('of the same policies changes nothing, also when every policy is asked again', async (t) => {
    const g = await worked(t, set(TOOLS, SPEND));
    const same = await replayed(g, set(TOOLS, SPEND), set(TOOLS, SPEND));
    assert.deepEqual([same.calls, same.runs, same.changed.calls, same.undecided.calls], [4, 1, 0, 0]);
    const unknown = await replayed(g, 'agents: {}\n', set(TOOLS, SPEND));
    assert.deepEqual([unknown.changed.calls, unknown.undecided.calls], [0, 0], JSON.stringify(unknown));
  });

  it('names the first difference of each run with both sides and their reasons', async (t) => {
    const g = await worked(t, set(TOOLS, SPEND));
    const { changed, differences } = await replayed(g, set(TOOLS, SPEND), set(policy('tools', 'safety', '{ blocked_tools: [search] }'), SPEND));
    assert.deepEqual(changed, { calls: 2, runs: 1, refused: 1, allowed: 1, gated: 0, redacted: 0, other: 0 });
    const [first] = differences;
    assert.deepEqual([first?.node, first?.event, first?.change, first?.before.disposition, first?.after.disposition, first?.calls], [`${g.id}/1`, 'tool.before', 'refused', 'allow', 'block', 2]);
    assert.match(first?.after.reasons[0]?.message ?? '', /search may not be called/);
  });

  it('weighs what it asks anew with what the unchanged policies said', async (t) => {
    const twice = policy('again', 'safety', '{ blocked_tools: ["drop_*"] }');
    const g = await worked(t, set(TOOLS, twice));
    assert.equal((await replayed(g, set(TOOLS, twice), set(TOOLS))).changed.calls, 0);
    assert.equal((await replayed(g, set(TOOLS, twice), 'agents: {}\n')).changed.allowed, 1);
  });

  it('judges by the spending and the counts of that moment', async (t) => {
    const g = await worked(t, set(TOOLS, SPEND));
    const tight = await replayed(g, set(TOOLS, SPEND), set(TOOLS, policy('spend', 'cost', '{ per_run_cost_limit: 0.01 }')));
    assert.deepEqual([tight.changed.refused, tight.differences[0]?.node], [1, `${g.id}/3`]);
    const steps = await replayed(g, set(TOOLS, SPEND), set(TOOLS, SPEND, policy('steps', 'safety', '{ max_steps: 2 }')));
    assert.deepEqual([steps.changed.refused, steps.differences[0]?.node], [1, `${g.id}/3`]);
  });

  it('sees calls that repeat, from the marks of earlier records', async (t) => {
    const loose = set(policy('loops', 'safety', '{ loops: { max_identical_calls: 9, detect_cycles: false } }'));
    const g = await governed(t, loose);
    const { run } = await g.run();
    for (const key of ['1', '2', '3']) await g.governor.before(run, { key, event: toolBefore('search', { q: 'same' }) });
    const { changed, differences } = await replayed(g, loose, loose.replace('9', '2'));
    assert.deepEqual([changed.calls, differences[0]?.node], [1, `${run}/3`]);
  });

  it('counts a call that waited for a person once', async (t) => {
    const held = set(policy('ask', 'approval', '{ require_approval_for: [post] }'));
    const g = await governed(t, held);
    const { run } = await g.run();
    const answer = g.governor.before(run, { key: '1', event: toolBefore('post') });
    let [gate] = await g.governor.listGates({});
    while (!gate) [gate] = await g.governor.listGates({});
    await g.governor.decide(gate.id, 'approve', 'ana');
    assert.equal((await answer).go, true);
    const result = await replayed(g, held, 'agents: {}\n');
    assert.deepEqual([result.calls, result.changed.calls, result.changed.allowed], [2, 1, 1]);
    assert.equal((await replayed(g, held, held)).changed.calls, 0);
  });

  it('says what it cannot decide: a question that was not asked, a text that is not stored', async (t) => {
    const g = await worked(t, set(TOOLS, policy('records', 'audit', '{ log_inputs: false }')));
    const before = set(TOOLS, policy('records', 'audit', '{ log_inputs: false }'));
    const windows = await replayed(g, before, `${before}${policy('rate', 'rate-limit', '{ of: tool_calls, per: run, max_per_minute: 1 }')}`);
    assert.match(windows.undecided.why[0]?.reason ?? '', /was not asked when it was recorded/);
    const content = await replayed(g, before, `${before}${policy('queries', 'safety', '{ blocked_tools: [search] }', '    when: tool.args.query == "x"\n')}`);
    assert.ok(content.undecided.calls > 0, JSON.stringify(content));
    assert.match(content.undecided.why[0]!.reason, /\/args of tool\.before is not stored/);
  });
});

describe('the record of calls', () => {
  it('never holds what is redacted, what audit rules keep out, credentials, or values of secret keys', async (t) => {
    const g = await governed(t, set(policy('pii', 'content', '{ pii: [email] }').replace('{ pii: [email] }', '{}')));
    const { run } = await g.run();
    await g.governor.before(run, { key: '1', event: toolBefore('login', { password: 'hunter2-pass', note: 'ok', key: 'AKIAIOSFODNN7EXAMPLQ', long: 'y'.repeat(100_000) }) });
    const stored = JSON.stringify((await g.governor.recordings.page({ workspace: g.workspace })).calls);
    for (const secret of ['hunter2', 'AKIAIOSFODNN7', 'yyyy']) assert.doesNotMatch(stored, new RegExp(secret));
    assert.match(stored, /"withheld":\[.*\/args\/password/);
    assert.match(stored, /"note":"ok"/);
  });

  it('goes when the records of its run go', async (t) => {
    const g = await worked(t, set(policy('records', 'audit', '{ retention_days: 1 }')));
    assert.ok((await recorded(g)).size > 0);
    g.now += 3 * 24 * 60 * 60_000;
    await g.governor.tick();
    assert.equal((await recorded(g)).size, 0);
  });
});

test('`fullarc replay` over a real governor prints counts and first differences, and fails on change when asked to', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-replay-'));
  const [home, workspace] = [join(folder, 'home'), join(folder, 'workspace')];
  const cli = join(import.meta.dirname, '..', '..', 'runtime', 'cli.ts');
  mkdirSync(join(workspace, '.fullarc'), { recursive: true });
  writeFileSync(join(workspace, '.fullarc', 'p.yaml'), set(TOOLS, SPEND));
  writeFileSync(join(folder, 'draft.yaml'), set(policy('tools', 'safety', '{ blocked_tools: ["sea*"] }')));
  const env = { ...process.env, FULLARC_HOME: home };
  const governor = spawn(process.execPath, [cli, 'governor'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(async () => {
    const ended = once(governor, 'exit');
    governor.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  await once(governor.stderr, 'data');
  const wire = { socket: socketPath(home) };
  const control = connectControl({ ...wire, token: controlToken(home), hello: { client: 'test' } });
  t.after(() => control.close());
  for (const tools of [['search'], ['read']]) {
    const { run, token } = await control.call('runs.open', { workspace, agent: 'writer', user: 'ana', command: ['writer'], level: 'L1' });
    const agent = connectAgent({ ...wire, token, hello: { pid: process.pid, part: 'sdk' } });
    for (const name of tools) await agent.call('before', { key: name, event: toolBefore(name) });
    agent.close();
    await control.call('runs.close', { run, outcome: 'completed' });
  }
  const replays = (...args: string[]) => spawnSync(process.execPath, [cli, 'replay', ...args], { cwd: workspace, env, encoding: 'utf8' });
  const draft = join(folder, 'draft.yaml');
  const { stdout, status, stderr } = replays('--policy', draft, '--fail-on-change');
  assert.match(stdout, /^would have changed 1 of 4 calls in 1 of 2 runs: 1 newly refused\n.* writer: first at .*\/1, tool\.before, .*\n {2}was allow\n {2}would be block\n {4}tools → block: The tool search may not be called/, stderr);
  assert.equal(status, 1);
  assert.match(replays().stdout, /^would have changed none of 4 calls in 2 runs\n$/);
  const json = replays('--policy', draft, '--json', '--since', '1h');
  assert.deepEqual([json.status, (JSON.parse(json.stdout) as Replay).changed.calls], [0, 1]);
  writeFileSync(join(workspace, '.fullarc', 'p.yaml'), set(policy('tools', 'safety', '{ blocked_tools: [read] }'), SPEND));
  await control.call('policies.reload', { workspace });
  const diff = spawnSync(process.execPath, [cli, 'policies', 'diff', '--semantic'], { cwd: workspace, env, encoding: 'utf8' });
  assert.match(diff.stdout, /newly allowed:\n {2}tools: block → allow, for example tool drop_table, agent agent\nnewly refused:\n {2}tools: allow → block, for example tool read, agent agent\n$/, diff.stderr);
  writeFileSync(draft, readFileSync(draft, 'utf8').replace('blocked_tools', 'blocked_tool'));
  assert.match(replays('--policy', draft).stderr, /the draft does not compile: .*draft\.yaml:4/);
});
