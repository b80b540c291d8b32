#!/usr/bin/env node
// Behaves like the `code` executable towards @vscode/test-electron, on top of the npm-only host: opens the folder, runs the tests inside, ends with their code.
// Understands: [folder] --extensionDevelopmentPath=… --extensionTestsPath=… --install-extension=… --user-data-dir=…; other switches are Electron's and mean nothing here.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { format } from 'node:util';
import { launchBrowser } from './chromium.ts';
import { QUIET_SETTINGS, serve } from './serve.ts';
import { develop } from './workbench-options.ts';

/** Exit codes beside those of the tests, as `timeout` and shells use them. */
const SERVER_GONE = 97;
const PAGE_CRASHED = 98;
const TIMED_OUT = 124;
const LIMIT_MS = Number(process.env['CODE_SHIM_TIMEOUT_MS'] ?? 300_000);
/** What the workbench says on every start here, none of it about the extension. */
const NOISE = /^(Creating a socket|Resolv(ing|ed) connection|\[reconnection|Updating additional|Creation of workbench|\[Service Worker|\[AccountPolicy|\[AgentHost|\[ChatModel|getaddrinfo|Timed out waiting for auth|Error while fetching the extension under dev|No search provider|Aborted onWillSave|\[DefaultAccount|\[chat-stt)/;

const temporary = mkdtempSync(join(tmpdir(), 'fullarc-editor-'));
try {
  process.exitCode = await runTests(process.argv.slice(2));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
}

async function runTests(args: readonly string[]): Promise<number> {
  const given = (name: string): string[] => args.filter((each) => each.startsWith(`--${name}=`)).map((each) => resolve(each.slice(name.length + 3)));
  const folder = resolve(args.find((each) => !each.startsWith('-')) ?? join(temporary, 'empty'));
  if (!folder.endsWith('.code-workspace')) mkdirSync(folder, { recursive: true });
  const served = await serve({ folder, userData: given('user-data-dir')[0] ?? temporary, vsix: given('install-extension') });
  const browser = await launchBrowser();
  const close = async (): Promise<void> => { await browser.close(); await served.stop(); };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => void close().then(() => process.exit(130)));
  try {
    const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
    const finished = new Promise<number>((done) => {
      void page.exposeFunction('codeAutomationExit', done);
      page.once('crash', () => done(PAGE_CRASHED));
      void served.ended.then(() => done(SERVER_GONE));
      setTimeout(done, LIMIT_MS, TIMED_OUT).unref();
    });
    await page.exposeFunction('codeAutomationLog', (_type: string, words: readonly unknown[]) => print(words));
    await develop(page, { authority: served.authority, extensions: given('extensionDevelopmentPath'), tests: given('extensionTestsPath')[0], defaults: QUIET_SETTINGS });
    await page.goto(served.url, { waitUntil: 'domcontentloaded' });
    const code = await finished;
    if (code !== 0 && process.env['CODE_SHIM_SHOT']) await page.screenshot({ path: process.env['CODE_SHIM_SHOT'] });
    return code;
  } finally {
    await close();
  }
}

function print(words: readonly unknown[]): void {
  const text = format(...words);
  if (process.env['VERBOSE'] || !NOISE.test(text)) console.log(text);
}
