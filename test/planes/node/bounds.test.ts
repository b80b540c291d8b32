// Bounds of what real agents start: a program that takes too long or writes too much is stopped, a request that takes too long is broken off.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ActionBounds } from '../../../protocol/agent-wire.ts';
import { GO, nodes, openGovernor, openStand, runAgent } from './stand.ts';
import type { Stand, TestGovernor } from './stand.ts';

let stand: Stand;
before(async () => { stand = await openStand(); });
after(() => stand.dispose());

/** undici 7 itself wants Node 20. */
const undiciRuns = (node: string): boolean => Number(execFileSync(node, ['-p', 'parseInt(process.versions.node)']).toString()) >= 20;

let sockets = 0;
async function bounded(t: TestContext, bounds: ActionBounds): Promise<TestGovernor> {
  const governor = await openGovernor(join(stand.folder, `b${(sockets += 1)}.sock`), () => ({ ...GO, ...bounds }) as typeof GO);
  t.after(() => governor.die());
  return governor;
}
const TIME: ActionBounds = { timeoutMs: 300, boundedBy: { timeout: 'code' } };
const OUTPUT: ActionBounds = { maxOutputBytes: 5_000, boundedBy: { output: 'code' } };
const FOREVER = `[process.execPath, ['-e', 'setInterval(() => {}, 1000)']]`;
const CHATTY = `[process.execPath, ['-e', 'setInterval(() => process.stdout.write("x".repeat(3000)), 1)']]`;

for (const node of nodes()) describe(`bounds under ${node}`, () => {
  const HEAD = `import { spawn, exec, execFile, spawnSync, execSync, execFileSync } from 'node:child_process'; import http from 'node:http';\n`;
  const run = (source: string, governor: TestGovernor, env: Record<string, string> = {}) => runAgent(HEAD + source, { node, stand, governor, env });
  const how = async (governor: TestGovernor): Promise<unknown> => {
    const ended = await governor.ended('exec.after');
    return ended.event === 'exec.after' && [ended.signal, ended.stopped];
  };

  test('a program that takes too long is stopped, and the agent is told why', async (t) => {
    const governor = await bounded(t, TIME);
    const result = await run(`spawn(...${FOREVER}).on('close', (code, signal) => console.log(code, signal));`, governor);
    assert.equal(result.stdout, 'null SIGKILL\n');
    assert.match(result.stderr, /^fullarc: .*node\S* was stopped: it took longer than the 0\.3 seconds it may \(policy code\)\n$/);
    assert.deepEqual(await how(governor), ['SIGKILL', 'timeout']);
  });

  test('so is what a shell started for it', { skip: process.platform !== 'linux' }, async (t) => {
    const governor = await bounded(t, TIME);
    const result = await run(`exec('sleep 60; echo never', (error, stdout) => console.log(error.signal, JSON.stringify(stdout)));`, governor);
    assert.equal(result.stdout, 'SIGKILL ""\n', 'it does not wait for the sleep that holds its output');
    assert.deepEqual(await how(governor), ['SIGKILL', 'timeout']);
  });

  test('a program that writes too much is stopped, whether or not anybody reads it as it comes', async (t) => {
    const governor = await bounded(t, OUTPUT);
    const result = await run(`
      const child = spawn(...${CHATTY});
      let size = 0;
      child.stdout.on('data', (piece) => { size += piece.length; });
      child.on('close', (code, signal) => console.log(code, signal, size > 5000));`, governor);
    assert.equal(result.stdout, 'null SIGKILL true\n');
    assert.match(result.stderr, /was stopped: it wrote more than the 5000 bytes it may \(policy code\)/);
    assert.deepEqual(await how(governor), ['SIGKILL', 'output']);
  });

  test('what stays within its bounds is left alone', async (t) => {
    const governor = await bounded(t, { timeoutMs: 15_000, maxOutputBytes: 5_000 });
    const result = await run(`
      spawn('sh', ['-c', 'echo fine']).on('close', (code) => console.log(code)).stdout.on('data', (text) => process.stdout.write(text));
      console.log(execSync('echo sync').toString().trim());`, governor);
    assert.deepEqual([result.stdout.split('\n').sort(), result.stderr], [['', '0', 'fine', 'sync'], '']);
    assert.deepEqual(await how(governor), [undefined, undefined]);
  });

  for (const [call, seen] of [
    [`const { signal, error } = spawnSync(...${FOREVER}); console.log(signal, error.code, error.message)`, /^SIGKILL ETIMEDOUT \[governance\] stopped: it took longer than the 0\.3 seconds it may \(policy code\) \(.+\)\n$/],
    [`try { execFileSync(...${FOREVER}) } catch (error) { console.log(error.signal, error.code, error.message) }`, /^SIGKILL ETIMEDOUT \[governance\] stopped: it took longer/],
  ] as const) test(`synchronously as well: ${call.includes('spawnSync') ? 'spawnSync' : 'execFileSync'}, time`, async (t) => {
    const governor = await bounded(t, TIME);
    assert.match((await run(call, governor)).stdout, seen);
    assert.deepEqual(await how(governor), ['SIGKILL', 'timeout']);
  });

  test('synchronously as well: output', async (t) => {
    const governor = await bounded(t, OUTPUT);
    const { stdout } = await run(`const { signal, error } = spawnSync(...${CHATTY}); console.log(signal, error.code, error.message)`, governor);
    assert.match(stdout, /^SIGKILL ENOBUFS \[governance\] stopped: it wrote more than the 5000 bytes it may \(policy code\) \(.+\)\n$/);
    assert.deepEqual(await how(governor), ['SIGKILL', 'output']);
  });

  test('the agent\'s own tighter bound stays, and is not taken for a policy\'s', async (t) => {
    const governor = await bounded(t, { timeoutMs: 15_000 });
    const { stdout } = await run(`const [file, args] = ${FOREVER}; const { signal, error } = spawnSync(file, args, { timeout: 200 }); console.log(signal, error.code, error.message.includes('governance'))`, governor);
    assert.equal(stdout, 'SIGTERM ETIMEDOUT false\n');
    assert.deepEqual(await how(governor), ['SIGTERM', undefined]);
  });

  for (const [name, client] of Object.entries({
    fetch: `(await fetch(url)).text()`,
    'undici request': `(await (await import('undici')).request(url)).body.text()`,
    'http.get': `new Promise((yes, no) => http.get(url, (r) => { let t = ''; r.on('data', (c) => t += c).on('end', () => yes(t)).on('error', no); }).on('error', no))`,
  })) for (const [path, what] of [['/silent', 'before its answer began'], ['/endless', 'in the middle of its answer']] as const) {
    test(`${name}: a request that takes too long is broken off ${what}`, { skip: name.startsWith('undici') && !undiciRuns(node) }, async (t) => {
      const gone = Promise.withResolvers<void>();
      const site = createServer((request, response) => {
        request.socket.once('close', () => gone.resolve());
        if (request.url === '/endless') response.write('word');
      });
      await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
      t.after(() => (site.closeAllConnections(), site.close()));
      const governor = await bounded(t, TIME);
      const { stdout } = await run(`
        const url = 'http://127.0.0.1:${(site.address() as AddressInfo).port}${path}';
        const stay = setTimeout(() => {}, 15_000);
        try { console.log(await (async () => ${client})()); } catch (error) { const cause = error.cause ?? error; console.log(cause.code, cause.message); }
        clearTimeout(stay);`, governor);
      assert.equal(stdout, 'ERR_FULLARC_TIMEOUT [governance] the request was broken off: it took longer than the 0.3 seconds it may (policy code)\n');
      await gone.promise;
      const ended = await governor.ended('http.after');
      assert.ok(ended.event === 'http.after' && (path === '/endless' ? ended.status === 200 : /broken off/.test(ended.error!)));
    });
  }
});
