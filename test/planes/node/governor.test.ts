// A governed process and its governor: what happens when one of them is missing, wrong, restarted or angry, and that a program without one is left alone.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { BeforeAnswer } from '../../../protocol/agent-wire.ts';
import { GO, NO, TOKEN, nodes, openGovernor, openStand, runAgent } from './stand.ts';
import type { Stand, TestGovernor } from './stand.ts';

let stand: Stand;
before(async () => { stand = await openStand(); });
after(() => stand.dispose());

let sockets = 0;
async function governed(t: TestContext, decide: Parameters<typeof openGovernor>[1]): Promise<TestGovernor> {
  const governor = await openGovernor(join(stand.folder, `g${(sockets += 1)}.sock`), decide);
  t.after(() => governor.die());
  return governor;
}

/** Does one of everything governed and prints how each went. Nothing listens on the port, so an allowed request fails by itself. */
const EVERYTHING = `
  import http from 'node:http'; import { spawn, execSync } from 'node:child_process';
  const tell = (name) => (error) => console.log(name, (error.cause ?? error).code, (error.cause ?? error).message);
  await fetch('http://127.0.0.1:8099/').catch(tell('fetch'));
  await new Promise((r) => http.get('http://127.0.0.1:8099/').on('error', (error) => (tell('http')(error), r())));
  await new Promise((r) => spawn('true').on('error', tell('spawn')).on('close', r));
  try { execSync('true'); } catch (error) { tell('execSync')(error); }
`;
const NAMES = ['fetch', 'http', 'spawn', 'execSync'];

for (const node of nodes()) describe(`a governed process under ${node}`, () => {
  test('an absent governor refuses everything, with one clear message', async () => {
    const run = await runAgent(EVERYTHING, { node, stand, env: { FULLARC_SOCKET: join(stand.folder, 'nobody.sock'), FULLARC_RUN: 'run-1', FULLARC_TOKEN: TOKEN, FULLARC_WAIT_MS: '60' } });
    const lines = run.stdout.trim().split('\n');
    assert.deepEqual(lines.map((line) => line.split(' ').slice(0, 2).join(' ')), NAMES.map((name) => `${name} ERR_FULLARC_REFUSED`), run.stderr);
    for (const line of lines) assert.match(line, /\[governance\] the governor could not be reached for 0\.06 s, .*\(connect ENOENT .*Any `fullarc` command starts it/);
    assert.equal(run.code, 0);
  });

  for (const [name, env] of [['wrong', { FULLARC_TOKEN: 'wrong' }], ['absent', { FULLARC_TOKEN: undefined }]] as const) test(`a token that is ${name} refuses everything and says so once`, async (t) => {
    const governor = await governed(t, () => GO);
    const run = await runAgent(EVERYTHING, { node, stand, governor, env });
    assert.deepEqual(run.stdout.trim().split('\n').map((line) => line.split(' ').slice(0, 2).join(' ')), NAMES.map((each) => `${each} ERR_FULLARC_REFUSED`), run.stderr);
    assert.match(run.stderr, /^fullarc: this process|^fullarc: the governor does not know the token/);
    assert.equal(run.stderr.trim().split('\n').length, 1);
    assert.equal(governor.befores.length, 0);
  });

  test('a call held by a governor that dies is repeated to the next one under the same key, and goes on', async (t) => {
    let open: (answer: BeforeAnswer) => void = () => undefined;
    let lives = 1;
    const governor = await governed(t, () => (lives === 1 ? new Promise<BeforeAnswer>((resolve) => { open = resolve; }) : GO));
    const running = runAgent(EVERYTHING, { node, stand, governor });
    const first = await governor.asked(() => true);
    await governor.die();
    open(NO);
    lives = 2;
    await governor.live();
    const run = await running;
    assert.match(run.stdout, /^fetch ECONNREFUSED .*\nhttp ECONNREFUSED .*\n$/, run.stderr);
    assert.equal(governor.befores.filter(({ key }) => key === first.key).length, 2);
  });

  test('a synchronous call held by a governor that dies goes on as well', async (t) => {
    let lives = 1;
    const governor = await governed(t, () => (lives === 1 ? new Promise<BeforeAnswer>(() => undefined) : GO));
    const running = runAgent(`import { execSync } from 'node:child_process'; console.log(execSync('echo done').toString());`, { node, stand, governor });
    await governor.asked(() => true);
    await governor.die();
    lives = 2;
    await governor.live();
    assert.deepEqual(await running, { stdout: 'done\n\n', stderr: '', code: 0 });
  });

  test('a stopped run refuses what it does next', async (t) => {
    const governor = await governed(t, () => {
      governor.notify('stop', { reason: 'by ada' });
      return GO;
    });
    const run = await runAgent(`for (let i = 0; i < 2; i += 1) await fetch('http://127.0.0.1:8099/').catch((error) => console.log(error.cause.message));`, { node, stand, governor });
    assert.match(run.stdout, /\[governance\] this run was stopped: by ada\n$/, run.stderr);
  });

  test('a process whose launcher is gone refuses what it does next, and ends itself', async (t) => {
    const governor = await governed(t, () => {
      governor.notify('orphaned', { reason: 'its launcher is gone' });
      return GO;
    });
    const run = await runAgent(`process.on('SIGTERM', () => { fetch('http://127.0.0.1:8099/').catch((error) => (console.log(error.cause.message), process.exit(3))); }); fetch('http://127.0.0.1:8099/').catch(() => {}); setInterval(() => {}, 1000);`, { node, stand, governor });
    assert.equal(run.code, 3);
    assert.equal(run.stderr, 'fullarc: this process ends: its launcher is gone\n');
    assert.equal(run.stdout, '[governance] this run is over: its launcher is gone\n');
  });

  test('the connection never keeps a finished agent alive, and its output and exit code stay its own', async (t) => {
    const governor = await governed(t, () => GO);
    assert.deepEqual(await runAgent(`console.log('out'); console.error('err'); process.exitCode = 9;`, { node, stand, governor }), { stdout: 'out\n', stderr: 'err\n', code: 9 });
    assert.deepEqual(await runAgent(`console.log(fetch.name, typeof Request, process.argv.length)`, { node, stand, governor, env: { FULLARC_SOCKET: join(stand.folder, 'nobody.sock') } }), { stdout: 'fetch function 1\n', stderr: '', code: 0 });
  });

  test('a call that waits does keep it alive', async (t) => {
    const governor = await governed(t, () => new Promise((resolve) => setImmediate(() => resolve(NO))));
    const run = await runAgent(`fetch('http://127.0.0.1:8099/').catch((error) => console.log(error.cause.code))`, { node, stand, governor });
    assert.deepEqual(run, { stdout: 'ERR_FULLARC_REFUSED\n', stderr: '', code: 0 });
  });

  test('a program without an identity is left alone', async () => {
    const source = `
      import http from 'node:http'; import cp from 'node:child_process'; import wt from 'node:worker_threads'; import Module from 'node:module';
      console.log(JSON.stringify([http.request, http.get, cp.spawnSync, cp.ChildProcess.prototype.spawn, globalThis.fetch, wt.Worker, Module.prototype._compile].map(String)));
      console.log(cp.execSync('echo $FULLARC_RUN').toString());
    `;
    const loaded = await runAgent(source, { node, stand });
    assert.deepEqual(loaded, await runAgent(source, { node, stand, env: { NODE_OPTIONS: undefined } }));
    assert.equal(loaded.code, 0);
  });
});
