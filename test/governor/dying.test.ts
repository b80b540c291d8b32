// Failing closed, from end to end: the real command and real agents, when the disk is full, the governor dies or stays dead, the launcher is killed, a stream loses its governor.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunSummary } from '../../protocol/run-graph.ts';
import { CLI, installation, type Installation } from '../support/launched.ts';

const POLICIES = `
agents:
  agent: { entry: agent.mjs }
policies:
  - name: spend
    category: cost
    rules: { per_tree_cost_limit: 5 }
`;
const files = (agent: string) => ({ '.fullarc/policies.yaml': POLICIES, 'agent.mjs': agent });
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await delay(20);
};
const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const runsOf = (here: Installation): RunSummary[] => JSON.parse(here.fullarc('runs', '--json').stdout) as RunSummary[];

/** A model that says what it is told to, when it is told to. */
async function model(t: TestContext): Promise<{ readonly url: string; readonly asked: Promise<ServerResponse> }> {
  const asked = Promise.withResolvers<ServerResponse>();
  const server = createServer((request, response) => request.resume().on('end', () => asked.resolve(response)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => void (server.closeAllConnections(), server.close()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked: asked.promise };
}
const chunk = (choices: unknown[], more: object = {}): string => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o', choices, ...more })}\n\n`;
const words = (count: number): string => chunk([{ index: 0, delta: { role: 'assistant', content: 'word '.repeat(count) }, finish_reason: null }]);
const ask = (stream: boolean): string => `
const answer = await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'gpt-4o', stream: ${stream}, max_tokens: 4000, messages: [{ role: 'user', content: 'Go on.' }] }) });
console.log('answer', answer.status, (await answer.text()).replaceAll('\\n', ' ').slice(-600));
`;

describe('a disk that is full while an agent runs', { skip: spawnSync('prlimit', ['--version']).status !== 0 && 'no prlimit on this machine' }, () => {
  it('refuses its next call with cause and remedy, and lets it go on when there is room', async (t) => {
    const here = installation(t, files(`
      import { execFile } from 'node:child_process';
      const call = () => new Promise((resolve) => execFile('true', (error) => resolve(error?.message)));
      let message;
      while (!(message = await call()));
      console.log('refused:', message);
      while (await call()) await new Promise((resolve) => setTimeout(resolve, 20));
      console.log('goes on');
    `));
    mkdirSync(here.home, { mode: 0o700 });
    const governor = spawn('prlimit', ['--fsize=600000:unlimited', process.execPath, CLI, 'governor'], { env: { ...process.env, FULLARC_HOME: here.home }, stdio: ['ignore', 'ignore', 'pipe'] });
    t.after(() => governor.kill('SIGKILL'));
    await once(governor.stderr, 'data');
    const run = here.run(['node', 'agent.mjs']);
    await run.line('output', ({ text }) => text.includes('refused:'));
    assert.match(run.output(), /refused: \[governance\] The store .*fullarc\.db (could not be read or written|has no room left to grow).*(Check the disk and its free space|Free space on the disk)/);
    assert.equal(spawnSync('prlimit', ['--pid', String(governor.pid), '--fsize=unlimited:unlimited']).status, 0);
    assert.equal(await run.ended, 0, run.output());
    assert.match(run.output(), /goes on/);
    assert.equal(here.fullarc('runs', 'verify').status, 0);
    assert.equal(runsOf(here)[0]?.state, 'completed');
  });
});

describe('a governor that dies and cannot come back', () => {
  it('has programs and models refused with one message that names the cause, and the launcher ends', async (t) => {
    const { url } = await model(t);
    const here = installation(t, files(`
      import { execFile } from 'node:child_process';
      import { existsSync } from 'node:fs';
      console.log('up');
      while (!existsSync('dead')) await new Promise((resolve) => setTimeout(resolve, 20));
      await Promise.all([
        new Promise((resolve) => execFile('true', (error) => (console.log('program', error?.message), resolve()))),
        (async () => { ${ask(false)} })(),
      ]);
    `));
    const run = here.run(['node', 'agent.mjs'], { env: { FULLARC_WAIT_MS: '1500', OPENAI_BASE_URL: url } });
    await run.line('output');
    const pid = await here.governorPid();
    const store = join(here.home, 'fullarc.db');
    renameSync(store, `${store}.away`);
    mkdirSync(store); // which no governor can open
    process.kill(pid, 'SIGKILL');
    mkdirSync(join(here.workspace, 'dead'));
    assert.equal(await run.ended, 1);
    assert.match(run.output(), /program \[governance\] the governor could not be reached for 1\.5 s, and nothing goes on without it/);
    assert.match(run.output(), /answer 403 .*governor.*EISDIR/, 'the gateway says what keeps the governor from starting');
    const error = await run.line('error');
    assert.equal(error.code, 'unreachable');
    assert.match(error.message, /fullarc\.db cannot be created: EISDIR/);
    for (const name of readdirSync(here.home)) if (name.startsWith('fullarc.db') && !name.endsWith('.away')) rmSync(join(here.home, name), { recursive: true });
    renameSync(`${store}.away`, store);
    const control = here.fullarc('runs', '--json');
    assert.equal(control.status, 0, control.stderr);
  });
});

describe('a launcher that is killed', () => {
  it('takes its agent with it: the run is closed as failed, and the process ends', async (t) => {
    const here = installation(t, files(`console.log('pid', process.pid); setInterval(() => {}, 1000);`));
    const run = here.run(['node', 'agent.mjs'], { env: { FULLARC_OWNER_GRACE_MS: '200' } });
    const { run: id } = await run.line('opened');
    await run.line('output');
    const pid = Number(/pid (\d+)/.exec(run.output())?.[1]);
    run.process.kill('SIGKILL');
    await until(() => !lives(pid));
    await until(() => runsOf(here).some((each) => each.id === id && each.state === 'failed' && /launched it went away/.test(each.reason ?? '')));
  });

  it('takes it with it also before its run is open', async (t) => {
    const here = installation(t, files(`console.log('never');`));
    for (const after of [100, 200, 300, 400]) {
      const run = here.run(['node', 'agent.mjs'], { env: { FULLARC_OWNER_GRACE_MS: '200' } });
      await until(() => existsSync(join(here.home, 'governor.sock')));
      await delay(after);
      run.process.kill('SIGKILL');
      await run.ended;
    }
    await until(() => runsOf(here).every((each) => each.endedAt !== undefined));
  });
});

describe('a stream whose governor is killed, twice', () => {
  it('goes on, and its money is accounted to the last token', async (t) => {
    const { url, asked } = await model(t);
    const here = installation(t, files(ask(true)));
    const run = here.run(['node', 'agent.mjs'], { env: { OPENAI_BASE_URL: url } });
    const response = await asked;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(words(10));
    for (let again = 0; again < 2; again++) {
      const pid = await here.governorPid();
      process.kill(pid, 'SIGKILL');
      response.write(words(400)); // enough for a question about the budget
      await until(() => !lives(pid));
      assert.notEqual(await here.governorPid(), pid);
    }
    response.write(chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]));
    response.end(`${chunk([], { usage: { prompt_tokens: 1000, completion_tokens: 900, total_tokens: 1900 } })}data: [DONE]\n\n`);
    assert.equal(await run.ended, 0, run.output());
    assert.match(run.output(), /answer 200 .*word.*\[DONE\]/);
    const { run: id } = await run.line('opened');
    const graph = JSON.parse(here.fullarc('runs', 'show', id, '--json').stdout) as { balances: { account: string; unit: string; spent: number; reserved: number }[]; runs: RunSummary[] };
    const tree = graph.balances.find((balance) => balance.account === `run:${id}` && balance.unit === 'usd_micro');
    assert.deepEqual([tree?.spent, tree?.reserved, graph.runs[0]?.cost], [11_500, 0, 11_500]);
    assert.equal(here.fullarc('runs', 'verify').status, 0);
  });

  it('when the agent is killed instead: what came out counts, and nothing stays reserved', async (t) => {
    const { url, asked } = await model(t);
    const here = installation(t, files(ask(true).replace('await answer.text()', `await (async () => { for await (const _ of answer.body) console.log('got'); })()`)));
    const run = here.run(['node', 'agent.mjs'], { env: { OPENAI_BASE_URL: url } });
    const response = await asked;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(words(100));
    const { run: id } = await run.line('opened');
    await run.line('output', ({ text }) => text.includes('got'));
    assert.equal(here.fullarc('runs', 'stop', id).status, 0);
    await run.ended;
    const graph = JSON.parse(here.fullarc('runs', 'show', id, '--json').stdout) as { balances: { account: string; unit: string; spent: number; reserved: number }[]; runs: RunSummary[] };
    const tree = graph.balances.find((balance) => balance.account === `run:${id}` && balance.unit === 'usd_micro');
    assert.equal(tree?.reserved, 0);
    assert.ok((tree?.spent ?? 0) >= 1000, `a hundred words are a thousand micro-dollars at least: ${tree?.spent}`);
    assert.equal(graph.runs[0]?.state, 'killed');
  });
});
