// Child processes and workers of real agents: judged before they exist, never without an identity, and otherwise as Node makes them.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import type { BeforeAnswer } from '../../../protocol/agent-wire.ts';
import { GO, NO, nodes, openGovernor, openStand, runAgent } from './stand.ts';
import type { Stand, TestGovernor } from './stand.ts';

let stand: Stand;
before(async () => { stand = await openStand(); });
after(() => stand.dispose());

/** Holds every process until the test opens it; requests, by which agents show that they go on, are refused at once. */
async function holding(t: TestContext): Promise<{ readonly governor: TestGovernor; goesOn(): Promise<unknown>; open(answer: BeforeAnswer): void }> {
  let open: (answer: BeforeAnswer) => void = () => undefined;
  const governor = await governed(t, (event, { key }) => event.event === 'http.before' ? NO : new Promise((resolve) => {
    open = resolve;
    governor.notify('held', { key, gate: 'g', message: 'waits' });
  }));
  return { governor, goesOn: () => governor.asked(({ event }) => event.event === 'http.before'), open: (answer) => open(answer) };
}
const GO_ON = `fetch('http://127.0.0.1:8099/').catch(() => {});`;

let sockets = 0;
async function governed(t: TestContext, decide: Parameters<typeof openGovernor>[1], entries?: Parameters<typeof openGovernor>[2]): Promise<TestGovernor> {
  const governor = await openGovernor(join(stand.folder, `p${(sockets += 1)}.sock`), decide, entries);
  t.after(() => governor.die());
  return governor;
}
const commandOf = (event: ActionEvent): string => (event.event === 'exec.before' ? event.command : event.event === 'spawn.before' ? event.command.join(' ') : event.event);

const IDENTITY = `console.log(JSON.stringify([process.env.FULLARC_RUN, process.env.FULLARC_TOKEN, process.env.FULLARC_GATEWAY, (process.env.NODE_OPTIONS ?? '').split('--require').length - 1]))`;

for (const node of nodes()) describe(`processes under ${node}`, () => {
  const HEAD = `import cp, { spawn, exec, execFile, fork, spawnSync, execSync, execFileSync } from 'node:child_process'; import { Worker, SHARE_ENV } from 'node:worker_threads'; const node = process.execPath;\n`;
  const run = (source: string, governor?: TestGovernor, env: Record<string, string> = {}) => runAgent(HEAD + source, { node, stand, ...(governor && { governor }), env });

  test('spawn behaves as ever when it is allowed: pid at once, streams, exit code, and the end is reported', async (t) => {
    const governor = await governed(t, () => GO);
    const result = await run(`
      const child = spawn('sh', ['-c', 'cat; echo err >&2; exit 3']);
      console.log(typeof child.pid);
      child.stdout.on('data', (text) => process.stdout.write(text));
      child.stderr.on('data', (text) => process.stderr.write(text));
      child.on('close', (code, signal) => console.log('close', code, signal));
      child.stdin.end('through\\n');
    `, governor);
    assert.deepEqual(result, { stdout: 'number\nthrough\nclose 3 null\n', stderr: 'err\n', code: 0 });
    const [asked] = governor.befores;
    assert.ok(asked?.event.event === 'exec.before');
    assert.deepEqual([asked.event.argv, asked.event.shell, asked.event.command], [['sh', '-c', 'cat; echo err >&2; exit 3'], false, 'sh -c cat; echo err >&2; exit 3']);
    const ended = await governor.ended('exec.after');
    assert.equal(ended.event === 'exec.after' && ended.exitCode, 3);
  });

  test('a refused process never exists, whichever way it is started', async (t) => {
    const governor = await governed(t, () => NO);
    const mark = join(stand.folder, `never-${sockets}`);
    const result = await run(`
      const touch = ${JSON.stringify(mark)};
      const tell = (name) => (error) => console.log(name, error?.code, error?.message);
      spawn('touch', [touch]).on('error', tell('spawn')).on('close', () => console.log('closed'));
      await new Promise((r) => exec('touch "' + touch + '"', (error) => (tell('exec')(error), r())));
      await new Promise((r) => execFile('touch', [touch], (error) => (tell('execFile')(error), r())));
      for (const [name, call] of Object.entries({ spawnSync: () => spawnSync('touch', [touch]), execSync: () => execSync('touch "' + touch + '"'), execFileSync: () => execFileSync('touch', [touch]) }))
        try { call(); console.log(name, 'went on'); } catch (error) { tell(name)(error); }
    `, governor);
    const lines = result.stdout.trim().split('\n');
    for (const name of ['spawn', 'exec', 'execFile', 'spawnSync', 'execSync', 'execFileSync']) assert.ok(lines.includes(`${name} ERR_FULLARC_REFUSED [governance] not allowed here (policy p)`), `${name}\n${result.stdout}${result.stderr}`);
    assert.ok(lines.includes('closed'));
    assert.equal(existsSync(mark), false);
    assert.equal(result.code, 0);
    assert.equal(governor.afters.length, 0);
  });

  test('a refusal that nobody handles ends the agent, as any missing program would', async (t) => {
    const result = await run(`spawn('ls')`, await governed(t, () => NO));
    assert.equal(result.code, 1);
    assert.match(result.stderr, /\[governance\] not allowed here/);
  });

  test('the synchronous three return and throw what they always did', async (t) => {
    const governor = await governed(t, () => GO);
    const result = await run(`
      console.log(execSync('echo a b').toString(), execFileSync('echo', ['c'], { encoding: 'utf8' }), spawnSync('sh', ['-c', 'exit 4']).status, spawnSync('echo', { shell: true }).status);
      try { execSync('exit 5', { stdio: 'pipe' }); } catch (error) { console.log(error.status); }
    `, governor);
    assert.equal(result.stdout, 'a b\n c\n 4 0\n5\n', result.stderr);
    assert.deepEqual(governor.befores.map(({ event }) => event.event === 'exec.before' && [event.shell, event.command]), [[true, 'echo a b'], [false, 'echo c'], [false, 'sh -c exit 4'], [true, 'echo'], [true, 'exit 5']]);
    assert.deepEqual(governor.afters.map((event) => event.event === 'exec.after' && event.exitCode), [0, 0, 4, 0, 5]);
  });

  test('the end of a process is on record even when the agent exits at that moment', async (t) => {
    const governor = await governed(t, () => GO);
    const result = await run(`spawn('true').on('exit', () => process.exit(6));`, governor);
    assert.equal(result.code, 6, result.stderr);
    assert.equal(governor.afters.length, 1);
  });

  test('a missing program is still missing', async (t) => {
    const governor = await governed(t, () => GO);
    const result = await run(`
      spawn('no-such-program').on('error', (error) => console.log(error.code));
      console.log(spawnSync('no-such-program').error.code);
    `, governor);
    assert.deepEqual(result.stdout.trim().split('\n').sort(), ['ENOENT', 'ENOENT'], result.stderr);
    assert.equal(governor.afters.length, 2);
  });

  test('every child keeps the identity, with an empty environment too, and its own options', async (t) => {
    const governor = await governed(t, () => GO);
    const file = stand.write('identity.cjs', IDENTITY);
    const own = stand.write('own.cjs', `console.log('own')`);
    const result = await run(`
      const file = ${JSON.stringify(file)};
      const show = (child) => new Promise((r) => { child.stdout.on('data', (t) => process.stdout.write(t)); child.on('close', r); });
      await show(spawn(node, [file], { env: {} }));
      await show(fork(file, { env: { NODE_OPTIONS: ${JSON.stringify(`--require "${own}"`)} }, silent: true }));
      process.stdout.write(execFileSync(node, [file], { env: {} }));
      process.stdout.write(execSync('"' + node + '" "' + file + '"', { env: { FULLARC_RUN: 'forged' } }));
      delete process.env.FULLARC_RUN; delete process.env.NODE_OPTIONS;
      await show(spawn(node, [file]));
    `, governor, { FULLARC_GATEWAY: 'http://127.0.0.1:9/r/token-of-run-1' });
    const mine = (requires: number): string => JSON.stringify(['run-1', 'token-of-run-1', 'http://127.0.0.1:9/r/token-of-run-1', requires]);
    assert.deepEqual(result.stdout.trim().split('\n'), [mine(1), 'own', mine(2), mine(1), mine(1), mine(1)], result.stderr);
  });

  test('a worker cannot be started without the preload', async (t) => {
    const governor = await governed(t, (event) => (event.event === 'http.before' ? NO : GO));
    const result = await run(`
      const file = ${JSON.stringify(stand.write('worker.cjs', `fetch('http://127.0.0.1:8099/').catch((error) => console.log(error.cause.code))`))};
      for (const options of [{ env: {}, execArgv: [] }, { env: {} }, { execArgv: [] }, { env: SHARE_ENV, execArgv: [] }, undefined])
        await new Promise((r, no) => new Worker(file, options).on('exit', r).on('error', no));
      delete process.env.FULLARC_SOCKET; delete process.env.FULLARC_RUN; delete process.env.FULLARC_TOKEN; delete process.env.NODE_OPTIONS;
      for (const options of [undefined, { env: SHARE_ENV }]) await new Promise((r, no) => new Worker(file, options).on('exit', r).on('error', no));
    `, governor);
    assert.equal(result.stdout, 'ERR_FULLARC_REFUSED\n'.repeat(7), result.stderr);
  });

  test('a declared agent is spawned as one: it gets the identity of its own run, and its outcome is reported', async (t) => {
    const file = stand.write('agents/child.cjs', IDENTITY);
    const child: BeforeAnswer = { go: true, redactions: [], child: { run: 'run-2', token: 'child-2' } };
    const governor = await governed(t, (event) => (event.event === 'spawn.before' ? child : GO), { researcher: ['agents/*.cjs'] });
    const result = await run(`
      const show = (child) => new Promise((r) => { child.stdout.on('data', (t) => process.stdout.write(t)); child.on('close', r); });
      const file = ${JSON.stringify(file)};
      await show(fork(file, { silent: true }));
      await show(exec('node "' + file + '" --flag', { cwd: '/' }));
      process.stdout.write(execFileSync(node, [file]));
      await show(exec('cat "' + file + '" > /dev/null'));
    `, governor, { FULLARC_GATEWAY: 'http://127.0.0.1:9/r/token-of-run-1' });
    const theirs = JSON.stringify(['run-2', 'child-2', 'http://127.0.0.1:9/r/child-2', 1]);
    assert.deepEqual(result.stdout.trim().split('\n'), [theirs, theirs, theirs], result.stderr);
    assert.deepEqual(governor.befores.map(({ event }) => (event.event === 'spawn.before' ? `${event.agent} ${event.depth}` : event.event)), ['researcher 0', 'researcher 0', 'researcher 0', 'exec.before']);
    assert.deepEqual(governor.afters.map((event) => (event.event === 'spawn.after' ? event.outcome : event.event)), ['completed', 'completed', 'completed', 'exec.after']);
  });

  test('while a person decides, the agent goes on, and then the process runs with all that was written to it', async (t) => {
    const { governor, goesOn, open } = await holding(t);
    const running = run(`
      import { existsSync } from 'node:fs';
      const child = spawn('sh', ['-c', 'cat; echo err >&2; exit 7']);
      let out = '', err = '';
      child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
      child.stderr.setEncoding('utf8').on('data', (text) => { err += text; });
      child.on('spawn', () => console.log('spawned', typeof child.pid));
      child.on('exit', (code) => console.log('exit', code)).on('close', (code) => console.log('close', code, out.length, err));
      child.stdin.write('a'.repeat(300000));
      child.stdin.end('z');
      console.log('goes on', child.pid);
      ${GO_ON}
    `, governor);
    await goesOn();
    open(GO);
    const result = await running;
    assert.equal(result.stdout, 'goes on undefined\nspawned number\nexit 7\nclose 7 300001 err\n\n', result.stderr);
    assert.equal((await governor.ended('exec.after')).event, 'exec.after');
  });

  test('messages to a forked child that waits are kept for it', async (t) => {
    const { governor, goesOn, open } = await holding(t);
    const running = run(`
      const child = fork(${JSON.stringify(stand.write('echo.cjs', `process.on('message', (m) => { process.send(m + '!'); process.disconnect(); })`))});
      child.on('message', (m) => console.log(m)).on('close', (code) => console.log('close', code));
      console.log(child.connected, child.send('hello'), child.pid);
      ${GO_ON}
    `, governor);
    await goesOn();
    open(GO);
    assert.equal((await running).stdout, 'true true undefined\nhello!\nclose 0\n');
  });

  test('a process refused after a wait fails, and one killed while it waits never starts', async (t) => {
    const open = new Map<string, (answer: BeforeAnswer) => void>();
    const governor = await governed(t, (event, { key }) => new Promise((resolve) => {
      open.set(commandOf(event), resolve);
      governor.notify('held', { key, gate: 'g', message: 'waits' });
    }));
    const mark = join(stand.folder, `killed-${sockets}`);
    const running = run(`
      const tell = (name, child) => child.on('error', (error) => console.log(name, 'error', error.code)).on('exit', (code, signal) => console.log(name, 'exit', code, signal)).on('close', (code, signal) => console.log(name, 'close', signal));
      tell('refused', spawn('refused'));
      const killed = tell('killed', spawn('touch', [${JSON.stringify(mark)}]));
      console.log(killed.kill());
    `, governor);
    await governor.asked(({ event }) => commandOf(event).startsWith('touch'));
    open.get('refused')?.(NO);
    const result = await running;
    const lines = result.stdout.trim().split('\n');
    for (const line of ['true', 'refused error ERR_FULLARC_REFUSED', 'killed exit null SIGTERM', 'killed close SIGTERM']) assert.ok(lines.includes(line), `${line}\n${result.stdout}${result.stderr}`);
    assert.equal(existsSync(mark), false);
    assert.equal(governor.abandoned.length, 1);
  });

  test('a process that gets descriptors of the agent waits in place, so that they are still its own', async (t) => {
    const { governor, open } = await holding(t);
    const log = join(stand.folder, `log-${sockets}`);
    const running = run(`
      import fs from 'node:fs';
      const fd = fs.openSync(${JSON.stringify(log)}, 'w');
      const child = spawn('echo', ['logged'], { stdio: ['ignore', fd, fd] });
      fs.closeSync(fd);
      child.on('close', () => console.log(typeof child.pid, fs.readFileSync(${JSON.stringify(log)}, 'utf8').trim()));
    `, governor);
    await governor.asked(() => true);
    open(GO);
    assert.equal((await running).stdout, 'number logged\n');
  });
});
