// The governor as a process beside real agents: what happens when it dies, cannot start, or is asked by somebody else.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { socketPath } from '../../runtime/wire/paths.ts';
import { installation } from '../support/launched.ts';

const POLICIES = `
agents:
  agent: { entry: agent.mjs }
policies:
  - name: programs
    category: approval
    rules: { require_approval_for: [exec] }
  - name: hosts
    category: network
    rules: { allowed_domains: [api.openai.com] }
`;
const AGENT = `
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
console.log('agent', process.pid);
execFile('echo', ['ran'], (error, stdout) => {
  writeFileSync('result.txt', error ? 'error: ' + error.message : stdout);
  console.log('agent', process.pid, 'is done');
});
`;
const files = { '.fullarc/policies.yaml': POLICIES, 'agent.mjs': AGENT };

describe('a governed agent', () => {
  it('waits for a person, goes on after approval, and leaves a chain that verifies', async (t) => {
    const here = installation(t, files);
    const run = here.run(['node', 'agent.mjs']);
    const { gate } = await run.line('waiting');
    assert.match(here.fullarc('gates').stdout, /agent wants echo ran/);
    assert.equal(here.fullarc('gates', 'approve', gate).status, 0);
    assert.equal(await run.ended, 0);
    assert.equal(readFileSync(join(here.workspace, 'result.txt'), 'utf8').trim(), 'ran');
    assert.equal(here.fullarc('runs', 'verify').status, 0);
  });

  it('is told why when a person rejects', async (t) => {
    const here = installation(t, files);
    const run = here.run(['node', 'agent.mjs']);
    const { gate } = await run.line('waiting');
    here.fullarc('gates', 'reject', gate, '--reason', 'not on a Monday', '--by', 'ana');
    await run.ended;
    assert.match(readFileSync(join(here.workspace, 'result.txt'), 'utf8'), /ana rejected this: not on a Monday/);
  });

  it('goes on as the same process when the governor is killed while a gate is open', async (t) => {
    const here = installation(t, files);
    const run = here.run(['node', 'agent.mjs']);
    const { gate } = await run.line('waiting');
    const first = await here.governorPid();
    process.kill(first, 'SIGKILL');
    const approved = here.fullarc('gates', 'approve', gate);
    assert.equal(approved.status, 0, approved.stderr);
    assert.equal(await run.ended, 0);
    assert.notEqual(await here.governorPid(), first);
    const [, pid] = /agent (\d+)\n/.exec(run.output()) ?? [];
    assert.match(run.output(), new RegExp(`agent ${pid} is done`));
    assert.equal(readFileSync(join(here.workspace, 'result.txt'), 'utf8').trim(), 'ran');
    assert.equal(here.fullarc('runs', 'verify').status, 0);
  });

  it('obeys policies that are saved while it waits', async (t) => {
    const here = installation(t, files);
    const run = here.run(['node', 'agent.mjs']);
    await run.line('waiting');
    writeFileSync(join(here.workspace, '.fullarc', 'policies.yaml'), POLICIES.replace('[exec]', '[spawn]'));
    assert.equal(await run.ended, 0);
    assert.ok(run.lines.some((line) => line.type === 'event' && line.event.type === 'gate.decided' && line.event.decision === 'withdrawn'));
  });

  it('ends, with everything it started, when its run is stopped', async (t) => {
    const here = installation(t, { ...files, 'agent.mjs': `setInterval(() => {}, 1000); console.log('up');` });
    const run = here.run(['node', 'agent.mjs']);
    const { run: id } = await run.line('opened');
    await run.line('output');
    assert.equal(here.fullarc('runs', 'stop', id, '--reason', 'enough').status, 0);
    await run.ended;
    const ended = await run.line('ended');
    assert.equal(ended.state, 'killed');
    assert.match(ended.reason ?? '', /enough/);
  });

  it('keeps its exit code and its output', async (t) => {
    const here = installation(t, { ...files, 'agent.mjs': `console.log('out'); console.error('err'); process.exitCode = 7;` });
    const run = here.run(['node', 'agent.mjs']);
    assert.equal(await run.ended, 7);
    assert.match(run.output(), /out\n/);
    assert.match(run.output(), /err\n/);
  });
});

describe('nothing starts ungoverned', () => {
  it('when the policies do not compile: one message with place and remedy', async (t) => {
    const here = installation(t, { ...files, '.fullarc/policies.yaml': `${POLICIES}  - name: spend\n    category: cots\n    rules: {}\n` });
    const run = here.run(['node', 'agent.mjs']);
    const error = await run.line('error');
    assert.equal(await run.ended, 1);
    assert.equal(error.code, 'policy-errors');
    assert.match(error.message, /policies\.yaml:\d+:\d+ .*`cots`/);
    assert.equal(run.output(), '');
  });

  it('when the data folder cannot be used', async (t) => {
    const here = installation(t, files);
    writeFileSync(here.home, 'this is a file, not a folder');
    const run = here.run(['node', 'agent.mjs']);
    const error = await run.line('error');
    assert.equal(error.code, 'store-failed');
    assert.match(error.remedy, /FULLARC_HOME/);
    assert.equal(run.output(), '');
    assert.equal(await run.ended, 1);
  });

  it('when the command does not exist', async (t) => {
    const here = installation(t, files);
    const run = here.run(['no-such-program']);
    const error = await run.line('error');
    assert.equal(error.code, 'bad-command');
    const [last] = JSON.parse(here.fullarc('runs', '--json').stdout) as { state: string }[];
    assert.equal(last?.state, 'failed');
  });
});

describe('the socket', () => {
  it('lets nobody in without a token, and no agent do what control may', async (t) => {
    const here = installation(t, files);
    const run = here.run(['node', 'agent.mjs']);
    const { gate } = await run.line('waiting');
    const say = (lines: object[]): Promise<string[]> => new Promise((resolve) => {
      const answers: string[] = [];
      const socket = connect(socketPath(here.home), () => { for (const line of lines) socket.write(`${JSON.stringify(line)}\n`); });
      socket.setEncoding('utf8').on('data', (text: string) => {
        answers.push(...text.split('\n').filter(Boolean));
        if (answers.length === lines.length) socket.end();
      });
      socket.once('close', () => resolve(answers));
    });
    const hello = (token: string) => ({ jsonrpc: '2.0', id: 1, method: 'hello', params: { version: 1, token, client: 'x', pid: 1, part: 'preload' } });
    const decide = { jsonrpc: '2.0', id: 2, method: 'gates.decide', params: { gate, decision: 'approve', by: 'the agent itself' } };
    assert.match((await say([hello('wrong')]))[0] ?? '', /bad-token/);
    assert.match((await say([decide]))[0] ?? '', /unknown-method/);
    here.fullarc('gates', 'reject', gate);
    await run.ended;
  });

  it('is served by one governor, however many are started', async (t) => {
    const here = installation(t, files);
    const first = here.run(['node', 'agent.mjs']);
    await first.line('waiting');
    const pid = await here.governorPid();
    const second = here.fullarc('governor');
    assert.match(second.stderr, /another governor/);
    assert.equal(await here.governorPid(), pid);
    const { gate } = await first.line('waiting');
    here.fullarc('gates', 'approve', gate);
    await first.ended;
  });
});

