// `npm start`, as a newcomer types it: the editor comes up with the example open, and the headless job runs to its end.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { socketPath } from '../../runtime/wire/paths.ts';

const root = join(import.meta.dirname, '..', '..');

/** Runs the start script in a home of its own. `until` is called with everything printed so far, after each piece. */
function start(t: TestContext, args: readonly string[], until: (text: string) => void = () => {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-start-'));
  const home = join(folder, 'home');
  const child = spawn(process.execPath, [join(root, 'scripts', 'start.ts'), ...args], { cwd: root, env: { ...process.env, FULLARC_HOME: home, FULLARC_IDLE_MS: '2000', OUTBOX: join(folder, 'outbox'), VSCODE_HOST: 'server', OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '' } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      until(text);
    });
  }
  t.after(() => {
    child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  return { child, home, outbox: join(folder, 'outbox'), ended: new Promise<{ code: number | null; text: string }>((resolve) => child.once('close', (code) => resolve({ code, text }))) };
}

describe('npm start', () => {
  it('brings up VS Code with the example, says where, and stops everything at Ctrl-C', async (t) => {
    const address = Promise.withResolvers<string>();
    const started = start(t, [], (text) => {
      const found = /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(text)?.[0];
      if (found && text.includes('Ctrl-C')) address.resolve(found);
    });
    void started.ended.then(({ text }) => address.reject(new Error(text)));
    const page = await (await fetch(await address.promise)).text();
    assert.match(page, /vscode-workbench-web-configuration/);
    started.child.kill('SIGINT');
    const { code } = await started.ended;
    assert.equal(code, 0);
    await assert.rejects(fetch(await address.promise), 'the server is gone');
    assert.ok(!existsSync(socketPath(started.home)), 'the governor is gone');
  });

  it('--headless --approve runs the job to its end and prints the tree with its costs', async (t) => {
    const started = start(t, ['--headless', '--approve']);
    const { code, text } = await started.ended;
    assert.equal(code, 0, text);
    assert.match(readFileSync(join(started.outbox, 'L-1050.eml'), 'utf8'), /An idea for Northwind Trading/);
    assert.match(text, /researcher {2}completed[\s\S]*budgets[\s\S]*spent/);
  });

  it('--headless --reject tells the model why, and nothing is sent', async (t) => {
    const started = start(t, ['--headless', '--reject', 'too pushy']);
    const { code, text } = await started.ended;
    assert.equal(code, 0, text);
    assert.match(text, /I did not send the e-mail\. .*too pushy/);
    assert.ok(!existsSync(started.outbox));
  });
});
