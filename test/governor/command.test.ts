// `fullarc run` as its users meet it: exit codes, signals, streams, what is left behind, and one clear message for whatever cannot be done.

import assert from 'node:assert/strict';
import { spawn, spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunSummary } from '../../protocol/run-graph.ts';
import { CLI, installation, type Installation } from '../support/launched.ts';

const POLICIES = `
agents:
  agent: { entry: agent.mjs }
policies:
  - name: mail
    category: approval
    rules: { require_approval_for: [exec] }
`;
const FREE = POLICIES.replace('[exec]', '[spawn]');
const files = (agent: string, policies = FREE) => ({ '.fullarc/policies.yaml': policies, 'agent.mjs': agent });
const plain = (here: Installation, args: readonly string[], options: SpawnSyncOptions = {}) =>
  spawnSync(process.execPath, [CLI, ...args], { cwd: here.workspace, env: { ...process.env, FULLARC_HOME: here.home }, ...options, encoding: 'buffer' });
const RUN = ['run', '--agent', 'agent', '--', 'node', 'agent.mjs'];
const last = (here: Installation): RunSummary | undefined => (JSON.parse(here.fullarc('runs', '--json').stdout) as RunSummary[])[0];
const gone = async (pid: number): Promise<void> => {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await delay(20);
  }
};

describe('the exit code', () => {
  it('is the agent\'s own, or 128 and the signal that ended it', (t) => {
    const here = installation(t, files(`process.argv[2] === 'die' ? process.kill(process.pid, 'SIGKILL') : process.exit(Number(process.argv[2]));`));
    assert.equal(plain(here, [...RUN, '0']).status, 0);
    assert.equal(plain(here, [...RUN, '7']).status, 7);
    assert.equal(plain(here, [...RUN, 'die']).status, 137);
    assert.equal(last(here)?.state, 'failed');
  });

  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) it(`is ${code} after ${signal}: the agent is ended, its run closed as killed`, async (t) => {
    const here = installation(t, files(`process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000); console.log('up');`));
    const run = here.run(['node', 'agent.mjs']);
    await run.line('output');
    run.process.kill(signal);
    assert.equal(await run.ended, code);
    assert.equal((await run.line('ended')).state, 'killed');
  });
});

describe('what an agent leaves behind', () => {
  it('ends with it, also what does not listen', async (t) => {
    const here = installation(t, files(`
      import { spawn } from 'node:child_process';
      const child = spawn('sh', ['-c', "trap '' TERM; echo ready; while :; do sleep 0.1; done"], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.once('data', () => { console.log('left', child.pid); process.exit(0); });
    `));
    const run = here.run(['node', 'agent.mjs']);
    assert.equal(await run.ended, 0);
    await gone(Number(/left (\d+)/.exec(run.output())?.[1]));
  });

  it('does not keep the command waiting when it moved out of reach', async (t) => {
    const here = installation(t, files(`
      import { spawn } from 'node:child_process';
      const child = spawn('sleep', ['60'], { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
      child.once('spawn', () => { console.log('left', child.pid); child.unref(); process.exit(0); });
    `));
    const run = here.run(['node', 'agent.mjs']);
    assert.equal(await run.ended, 0);
    process.kill(Number(/left (\d+)/.exec(run.output())?.[1]), 'SIGKILL');
  });
});

describe('its streams', () => {
  it('are the agent\'s bytes, whatever they are, however long a line is, each on its own stream', (t) => {
    const here = installation(t, files(`
      const bytes = Buffer.alloc(300_000, 0xff); bytes[150_000] = 0xc3;
      process.stdout.write('begin'); process.stdout.write(bytes); process.stdout.write('end\\n'); process.stderr.write('complaint');
    `));
    const { stdout, stderr, status } = plain(here, RUN);
    assert.equal(status, 0);
    const expected = Buffer.alloc(300_000, 0xff);
    expected[150_000] = 0xc3;
    assert.ok(stdout.includes(Buffer.concat([Buffer.from('begin'), expected, Buffer.from('end\n')])));
    assert.equal(stderr.toString(), 'complaint');
  });

  it('are JSON lines and nothing else with --json', (t) => {
    const here = installation(t, files(`process.stdout.write('no line end'); process.stderr.write('x'.repeat(200_000)); process.stdout.write(Buffer.from([0xe2, 0x82])); setTimeout(() => process.stdout.write(Buffer.from([0xac])), 50);`));
    const { stdout, stderr } = plain(here, ['run', '--json', ...RUN.slice(1)]);
    const lines = stdout.toString().trimEnd().split('\n').map((line) => JSON.parse(line) as { type: string; stream?: string; text?: string });
    const text = (stream: string): string => lines.filter((line) => line.stream === stream).map((line) => line.text).join('');
    assert.equal(text('stdout'), 'no line end€');
    assert.equal(text('stderr').length, 200_000);
    assert.equal(stderr.toString(), '');
  });

  it('bring the agent what is piped in', (t) => {
    const here = installation(t, files(`let text = ''; for await (const piece of process.stdin) text += piece; console.log('read', text.length, text.slice(-3));`));
    const { stdout } = plain(here, RUN, { input: Buffer.from(`${'y'.repeat(100_000)}end`) });
    assert.match(stdout.toString(), /read 100003 end/);
  });

  it('may be cut off: the agent goes on to its end', async (t) => {
    const here = installation(t, files(`import { writeFileSync } from 'node:fs'; for (let n = 0; n < 2000; n++) console.log('line', n, 'x'.repeat(100)); setTimeout(() => writeFileSync('done', ''), 100);`));
    const child = spawn(process.execPath, [CLI, ...RUN], { cwd: here.workspace, env: { ...process.env, FULLARC_HOME: here.home }, stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'exit') as [number | null];
    assert.equal(code, 0);
    assert.equal(last(here)?.state, 'completed');
    assert.ok(spawnSync('test', ['-e', join(here.workspace, 'done')]).status === 0);
  });
});

describe('its arguments', () => {
  it('end at `--`: what follows is the agent\'s, also what looks like ours', (t) => {
    const here = installation(t, files(`console.log(JSON.stringify(process.argv.slice(2)));`));
    assert.match(plain(here, [...RUN, '--json', '--agent', 'other', '--', '-x']).stdout.toString(), /\["--json","--agent","other","--","-x"\]/);
    assert.match(plain(here, ['run', '--agent', 'agent', 'node', 'agent.mjs', '--verbose']).stdout.toString(), /\["--verbose"\]/, 'and at the first word of the command');
    const wrong = plain(here, ['run', '--agent', 'agent', '--', 'no-such-program', '--json']);
    assert.match(wrong.stderr.toString(), /^fullarc: no-such-program could not be started/);
  });

  for (const [what, args, said, code] of [
    ['an agent that nobody declared', ['run', '--agent', 'agnet', '--', 'node', 'agent.mjs'], /^fullarc: no agent agnet is declared; did you mean agent\?\nDeclare it under `agents:`, or use one of: agent\.\n$/, 1],
    ['a folder that is none', ['run', '--agent', 'agent', '--cwd', 'no-such', '--', 'node', 'agent.mjs'], /^fullarc: the working folder .*no-such is not a folder\n.*--cwd/, 1],
    ['a workspace that is none', ['run', '--agent', 'agent', '--workspace', 'no-such', '--', 'node', 'agent.mjs'], /^fullarc: the workspace .*no-such is not a folder\n/, 1],
    ['no command', ['run', '--agent', 'agent', '--'], /missing required argument 'command'/, 2],
    ['no agent', ['run', '--', 'node', 'agent.mjs'], /required option '--agent <name>' not specified/, 2],
    ['a number that is none', ['runs', '--limit', 'abc'], /--limit.*invalid.*whole number/, 2],
    ['a run that is not there', ['runs', 'show', 'no-such'], /^fullarc: there is no run no-such\n`fullarc runs` lists/, 1],
    ['a gate that is not there', ['gates', 'approve', 'no-such'], /^fullarc: there is no gate no-such\n/, 1],
    ['a word that is no command', ['rnu'], /unknown command 'rnu'.*\n?.*[Dd]id you mean run/, 2],
  ] as const) it(`${what}: one message, and no stack`, (t) => {
    const here = installation(t, files(`console.log('never');`));
    const { stdout, stderr, status } = plain(here, args);
    assert.match(stderr.toString(), said);
    assert.doesNotMatch(stderr.toString(), /^\s+at /m);
    assert.deepEqual([stdout.toString(), status], ['', code]);
  });

  for (const [what, spoil, said] of [
    ['a lock that is damaged', (home: string) => writeFileSync(join(home, 'governor.lock'), 'x'.repeat(5000)), /^fullarc: the governor did not start: The lock .*governor\.lock cannot be taken: .*\nMake its folder writable.* Nothing runs ungoverned meanwhile\.\n$/],
    ['a data folder that others can open', (home: string) => chmodSync(home, 0o755), /^fullarc: the governor did not start: .* is not a folder that only this user can open.*\nRemove it, or run: chmod 700 .* Nothing runs ungoverned meanwhile\.\n$/],
    ['a store of another program', (home: string) => new DatabaseSync(join(home, 'fullarc.db')).exec('CREATE TABLE theirs (id INTEGER)'), /^fullarc: the governor did not start: .*fullarc\.db is a database of another program\.\nChoose another data folder\. Nothing/],
  ] as const) it(`meet ${what}: one message with its cause`, (t) => {
    const here = installation(t, files(`console.log('never');`));
    mkdirSync(here.home, { mode: 0o700 });
    spoil(here.home);
    const { stdout, stderr, status } = plain(here, RUN);
    assert.match(stderr.toString(), said);
    assert.deepEqual([stdout.toString(), status], ['', 1]);
  });

  it('are explained by --help everywhere', (t) => {
    const here = installation(t, files(''));
    for (const command of [[], ['run'], ['check'], ['gates'], ['gates', 'approve'], ['gates', 'reject'], ['gates', 'show'], ['runs'], ['runs', 'show'], ['runs', 'stop'], ['runs', 'verify'], ['explain'], ['policies']]) {
      const { stdout, status } = plain(here, [...command, '--help']);
      assert.equal(status, 0, command.join(' '));
      assert.match(stdout.toString(), /^Usage: fullarc/, command.join(' '));
    }
  });
});

describe('a run', () => {
  it('in a workspace without governance files is observed, and says that nothing is held back', async (t) => {
    const here = installation(t, { 'agent.mjs': `console.log('ran');` });
    const run = here.run(['node', 'agent.mjs'], { agent: 'anybody' });
    assert.match((await run.line('warning')).message, /no policy governs .*nothing is held back/);
    assert.equal(await run.ended, 0);
    assert.equal((await run.line('ended')).state, 'completed');
  });

  it('answers its own gates and shows its own events, and nobody else\'s', async (t) => {
    const here = installation(t, files(`import { execFile } from 'node:child_process'; execFile('echo', ['x'], (error) => console.log(error ? 'refused' : 'ran'));`, POLICIES));
    const other = here.run(['node', 'agent.mjs']);
    const { gate } = await other.line('waiting');
    const mine = here.run(['node', 'agent.mjs'], { flags: ['--approve'] });
    const third = here.run(['node', 'agent.mjs']);
    const waiting = await third.line('waiting');
    assert.equal(await mine.ended, 0);
    assert.match(mine.output(), /ran/);
    const { run } = await mine.line('opened');
    assert.deepEqual([...new Set(mine.lines.flatMap((line) => (line.type === 'event' ? [line.event.run] : [])))], [run]);
    const open = JSON.parse(here.fullarc('gates', '--json').stdout) as { id: string }[];
    assert.deepEqual(open.map((each) => each.id).sort(), [gate, waiting.gate].sort());
    for (const each of [gate, waiting.gate]) here.fullarc('gates', 'reject', each);
    await Promise.all([other.ended, third.ended]);
  });

  it('that a person has to start waits with its agent not started', async (t) => {
    const here = installation(t, files(`console.log('ran');`, POLICIES.replace('[exec]', '[run]')));
    const run = here.run(['node', 'agent.mjs']);
    const { gate } = await run.line('waiting');
    assert.match(here.fullarc('gates').stdout, /agent wants node agent\.mjs/);
    assert.equal(run.output(), '');
    assert.equal(here.fullarc('gates', 'approve', gate).status, 0);
    assert.equal(await run.ended, 0, JSON.stringify(run.lines));
    assert.match(run.output(), /ran/);
    const refused = here.run(['node', 'agent.mjs'], { flags: ['--reject', 'not today'] });
    assert.equal((await refused.line('error', ({ code }) => code !== undefined)).code, 'run-refused');
    assert.equal(await refused.ended, 1);
    assert.equal(refused.output(), '');
    assert.equal(last(here)?.state, 'blocked');
  });

  it('cannot be decided, stopped or multiplied by its own agent through the command', async (t) => {
    const here = installation(t, files(`
      import { spawnSync } from 'node:child_process';
      for (const args of [['gates', 'approve', 'x'], ['runs', 'stop', 'x'], ['run', '--agent', 'agent', '--', 'true']]) console.log(spawnSync(process.execPath, [${JSON.stringify(CLI)}, ...args]).stderr.toString().split('\\n')[0]);
    `));
    const run = here.run(['node', 'agent.mjs']);
    assert.equal(await run.ended, 0);
    assert.equal(run.output().match(/fullarc: a governed agent may not/g)?.length, 3, run.output());
    assert.equal((JSON.parse(here.fullarc('runs', '--json').stdout) as RunSummary[]).length, 1);
  });

  it('behind a proxy reaches its gateway, and with a base address that is none does not start', async (t: TestContext) => {
    const here = installation(t, files(`console.log(process.env.NO_PROXY, process.env.no_proxy);`));
    const run = here.run(['node', 'agent.mjs'], { env: { no_proxy: 'example.com', NO_PROXY: undefined } });
    await run.ended;
    assert.match(run.output(), /example\.com,127\.0\.0\.1 example\.com,127\.0\.0\.1/);
    const wrong = here.run(['node', 'agent.mjs'], { env: { OPENAI_BASE_URL: 'localhost' } });
    assert.match((await wrong.line('error')).message, /OPENAI_BASE_URL is not a URL: localhost/);
    assert.equal(await wrong.ended, 1);
  });
});
