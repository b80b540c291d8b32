// Secrets and what policies redact, let loose everywhere an agent and its people can put them: none of it may be found in what is stored or printed about the run.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { installation } from '../support/launched.ts';

const body = 'aB3dE6gH9jK2mN5pQ8rS';
/** One for each way in, so that a leak names its way. */
const KEYS = {
  argument: `ghp_${body}Arg1Arg1Arg1Arg1`,
  prompt: `ghp_${body}Pro1Pro1Pro1Pro1`,
  answer: `ghp_${body}Ans1Ans1Ans1Ans1`,
  tool: `ghp_${body}Too1Too1Too1Too1`,
  program: `ghp_${body}Exe1Exe1Exe1Exe1`,
  address: `ghp_${body}Url1Url1Url1Url1`,
  child: `ghp_${body}Chi1Chi1Chi1Chi1`,
  reason: `ghp_${body}Rea1Rea1Rea1Rea1`,
  stop: `ghp_${body}Sto1Sto1Sto1Sto1`,
} as const;
const PASSWORD = 'correct-horse-battery';
const MAIL = 'ada.fischer@northwind.example';

const POLICIES = `
agents:
  agent: { entry: agent.mjs }
  helper: { entry: helper.mjs }
policies:
  - name: mail
    category: approval
    rules: { require_approval_for: [send_email] }
  - name: private
    category: content
    rules: { pii_detection: { enabled: true, action: redact } }
`;
const AGENT = `
import { execFile, spawn } from 'node:child_process';
import http from 'node:http';
const ask = (messages) => fetch(process.env.OPENAI_BASE_URL + '/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer ${KEYS.address}' }, body: JSON.stringify({ model: 'gpt-4o', max_tokens: 100, messages }) }).then((answer) => answer.json());
const { choices: [{ message }] } = await ask([{ role: 'system', content: 'Use ${KEYS.prompt}' }, { role: 'user', content: 'Write to ${MAIL}' }]);
await new Promise((resolve) => execFile('echo', ['--token', '${KEYS.program}', '${MAIL}'], resolve));
await new Promise((resolve) => http.get('http://${KEYS.address}:${KEYS.address}@127.0.0.1:9/${KEYS.address}/${MAIL}?api_key=${PASSWORD}&key=${KEYS.address}').on('error', resolve));
await new Promise((resolve) => spawn(process.execPath, ['helper.mjs', '${KEYS.child}']).once('close', resolve));
await ask([{ role: 'user', content: 'Write' }, message, ...(message.tool_calls ?? []).map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'sent to ${MAIL} with ${KEYS.tool}' }))]);
setInterval(() => {}, 1000);
console.log('up');
`;

/** A model that answers with secrets, and first wants to send them. */
async function model(t: TestContext): Promise<string> {
  let asked = 0;
  const call = { id: 'call_1', type: 'function', function: { name: 'send_email', arguments: JSON.stringify({ to: MAIL, note: KEYS.argument, password: PASSWORD, nested: [{ api_key: PASSWORD }] }) } };
  const server = createServer((request, response) => request.resume().on('end', () => {
    const first = asked++ === 0;
    const message = first ? { role: 'assistant', content: `I use ${KEYS.answer} for ${MAIL}`, tool_calls: [call] } : { role: 'assistant', content: 'Done.' };
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'gpt-4o', choices: [{ index: 0, message, finish_reason: first ? 'tool_calls' : 'stop' }], usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 } }));
  }));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => void (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

function assertClean(what: string, text: string): void {
  for (const [way, secret] of Object.entries({ ...KEYS, password: PASSWORD, mail: MAIL })) {
    const at = text.indexOf(secret);
    assert.ok(at < 0, `${what} holds the secret of "${way}": …${text.slice(Math.max(0, at - 200), at + 60)}`);
  }
}

describe('a secret', () => {
  it('is in no file of the data folder and in nothing that is printed about the run', async (t) => {
    const here = installation(t, { '.fullarc/policies.yaml': POLICIES, 'agent.mjs': AGENT, 'helper.mjs': 'process.exit(1);' });
    const run = here.run(['node', 'agent.mjs', '--key', KEYS.argument], { env: { OPENAI_BASE_URL: await model(t) } });
    const { run: id } = await run.line('opened');
    const { gate } = await run.line('waiting');
    assertClean('gates --json', here.fullarc('gates', '--json').stdout);
    assertClean('gates show', here.fullarc('gates', 'show', gate, '--json').stdout);
    assert.equal(here.fullarc('gates', 'approve', gate, '--reason', `see ${KEYS.reason}`).status, 0);
    await run.line('output', ({ text }) => text.includes('up'));
    const files = () => readdirSync(here.home, { recursive: true, encoding: 'utf8' }).map((name) => join(here.home, name)).filter((path) => statSync(path).isFile());
    assert.ok(files().some((path) => path.endsWith('-wal')));
    for (const path of files()) assertClean(path, readFileSync(path, 'latin1'));
    assert.equal(here.fullarc('runs', 'stop', id, '--reason', `leaks ${KEYS.stop}`).status, 0);
    await run.ended;

    const shown = here.fullarc('runs', 'show', id, '--json').stdout;
    for (const seen of ['send_email', 'helper', '##', '"kind": "http"', '"kind": "exec"']) assert.ok(shown.includes(seen), `the run shows ${seen}`);
    for (const args of [['runs', '--json'], ['runs', 'show', id], ['runs', 'show', id, '--json'], ['gates', '--all', '--json'], ['explain', id, '--json'], ['explain', id]]) assertClean(args.join(' '), here.fullarc(...args).stdout);
    assertClean('the lines of the run', run.lines.filter((line) => line.type !== 'output').map((line) => JSON.stringify(line)).join('\n'));
    for (const path of files()) assertClean(path, readFileSync(path, 'latin1'));
  });
});
