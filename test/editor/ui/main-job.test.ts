// The main job as a person does it: a real VS Code with the packaged extension installed, driven through its user interface. Screenshots go to test-output/editor.

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../../scripts/editor/chromium.ts';
import { QUIET_SETTINGS, serve, type Served } from '../../../scripts/editor/serve.ts';
import { controlToken } from '../../../runtime/governor-process.ts';
import { connectControl } from '../../../runtime/wire/client.ts';
import { socketPath } from '../../../runtime/wire/paths.ts';
import { Workbench } from './workbench.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const SHOTS = join(root, 'test-output', 'editor');
const SLOW = 60_000;
const MAIL = 'An idea for Northwind Trading';

const folder = mkdtempSync(join(tmpdir(), 'fullarc-ui-'));
const home = join(folder, 'home');
const suite: { served?: Served; browser?: Browser } = {};

before(async () => {
  mkdirSync(home, { mode: 0o700 });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  suite.served = await serve({
    folder, userData: join(folder, 'vscode'), vsix: [join(root, 'dist', 'fullarc.vsix')], settings: { ...QUIET_SETTINGS, 'debug.toolBarLocation': 'docked' },
    env: { FULLARC_HOME: home, OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '' },
  });
  suite.browser = await launchBrowser();
});

after(async () => {
  await suite.browser?.close();
  await suite.served?.stop();
  if (!existsSync(socketPath(home))) return rmSync(folder, { recursive: true, force: true });
  const control = connectControl({ socket: socketPath(home), token: controlToken(home), hello: { client: 'test' } });
  await control.call('shutdown', { reason: 'the tests are over' }).catch(() => {});
  control.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

interface Window { readonly bench: Workbench; readonly workspace: string; shot(name: string): Promise<void>; mail(): string }

/** A window of its own on a copy of the outreach example of its own. Each test leaves a picture of how it ended. */
async function window(t: TestContext, name: string): Promise<Window> {
  const examples = join(folder, name);
  for (const each of ['outreach', 'model-server']) cpSync(join(root, 'examples', each), join(examples, each), { recursive: true, filter: (path) => !path.endsWith('outbox') });
  const workspace = join(examples, 'outreach');
  const page = await (await suite.browser!.newContext({ viewport: { width: 1760, height: 1000 } })).newPage();
  const bench = new Workbench(page);
  const shot = (picture: string) => bench.screenshot(join(SHOTS, `${picture}.png`));
  t.after(async () => {
    await shot(`end-of-${name}`).catch(() => {}); // the page may be gone
    await page.context().close();
  });
  await bench.open(`http://${suite.served!.authority}/?folder=${encodeURIComponent(workspace)}`);
  return { bench, workspace, shot, mail: () => join(workspace, 'outbox', 'L-1050.eml') };
}

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (const end = Date.now() + SLOW; !holds(); await new Promise((resolve) => setTimeout(resolve, 50))) if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
};
/** F5, and the gate that the agent comes to. */
async function runToGate({ bench }: Window): Promise<void> {
  await bench.startDebugging();
  await bench.notification('send_email').waitFor({ timeout: SLOW });
}

describe('authoring', () => {
  it('completes a category into the file', async (t) => {
    const { bench, workspace, shot } = await window(t, 'completion');
    await bench.openFile('.fullarc/outreach.yaml');
    await bench.cursorAt('agents:');
    const keys = bench.page.keyboard;
    await keys.press('Control+End');
    await keys.type('\n  - name: night-rest');
    await keys.press('Escape');
    await keys.press('Enter');
    await keys.press('Shift+Home'); // whatever the editor indented
    await keys.type('    category: ');
    await keys.press('Control+Space');
    await bench.page.locator('.suggest-widget .monaco-list-row', { hasText: 'rate-limit' }).waitFor({ timeout: SLOW });
    await keys.type('kill');
    const suggestion = bench.page.locator('.suggest-widget .monaco-list-row', { hasText: 'kill-switch' });
    await suggestion.waitFor({ timeout: SLOW });
    await shot('1-completion');
    await suggestion.click();
    await bench.line('category: kill-switch').first().waitFor();
    await bench.page.keyboard.press('Control+s');
    await until('the saved file', () => /- name: night-rest\n\s+category: kill-switch/.test(readFileSync(join(workspace, '.fullarc', 'outreach.yaml'), 'utf8')));
  });

  it('underlines a wrong field, explains it, and mends it', async (t) => {
    const { bench, workspace, shot } = await window(t, 'fix');
    await bench.openFile('.fullarc/outreach.yaml');
    await bench.cursorAt('allowed_models:');
    await bench.line('allowed_models:').locator('span span', { hasText: /^\s*allowed_models/ }).first().dblclick();
    await bench.page.keyboard.type('allowed_model');
    await bench.page.keyboard.press('Escape');
    await bench.squiggle().first().waitFor({ timeout: SLOW });
    await bench.line('allowed_model:').locator('span span', { hasText: 'allowed_model' }).first().hover();
    await bench.page.locator('.monaco-hover:not(.hidden)', { hasText: 'allowed_models' }).first().waitFor({ timeout: SLOW });
    await shot('2-squiggle');
    await bench.line('allowed_model:').locator('span span', { hasText: 'allowed_model' }).first().click();
    const fix = await bench.quickFix('allowed_models');
    await shot('3-quick-fix');
    await fix.click();
    await bench.squiggle().first().waitFor({ state: 'detached', timeout: SLOW });
    await bench.page.keyboard.press('Control+s');
    await until('the mended file', () => readFileSync(join(workspace, '.fullarc', 'outreach.yaml'), 'utf8').includes('allowed_models:'));
  });
});

describe('F5', () => {
  it('runs the agent governed: its graph grows in the run view, a notification asks, Approve lets the mail out', async (t) => {
    const w = await window(t, 'approve');
    await runToGate(w);
    const view = w.bench.webview();
    await w.bench.command('View: Toggle Primary Side Bar Visibility');
    await view.getByRole('button', { name: 'Fit' }).click();
    await w.shot('4-gate-waits');
    await view.getByRole('button', { name: 'Table' }).click();
    for (const node of ['search_leads', 'researcher', 'send_email']) await view.getByRole('row', { name: new RegExp(node) }).first().waitFor({ timeout: SLOW });
    await w.shot('4-table');
    assert.ok(!existsSync(w.mail()));
    await w.bench.answer('send_email', 'Approve');
    await until('the mail', () => existsSync(w.mail()));
    assert.match(readFileSync(w.mail(), 'utf8'), new RegExp(MAIL));
    await w.bench.console('The e-mail to the newest lead is on its way').waitFor({ timeout: SLOW });
    await w.shot('5-approved');
  });

  it('shows in Review exactly what would be sent, and Reject with a reason tells the model', async (t) => {
    const w = await window(t, 'reject');
    await runToGate(w);
    await w.bench.answer('send_email', 'Review');
    await w.bench.line('Would a short call next week suit you?').first().waitFor({ timeout: SLOW });
    await w.shot('6-review');
    await w.bench.command('Fullarc: Reject…');
    await w.bench.type('wrong quarter');
    await w.bench.console(/I did not send the e-mail.*wrong quarter/).waitFor({ timeout: SLOW });
    await w.shot('7-rejected');
    assert.ok(!existsSync(w.mail()));
  });

  it('loses nothing when the window is reloaded while a gate is open', async (t) => {
    const w = await window(t, 'reload');
    await runToGate(w);
    await w.bench.reload();
    await w.bench.statusBar('1 gate').waitFor({ timeout: SLOW });
    await w.bench.showViews();
    await w.bench.rows('Gates').filter({ hasText: 'send_email' }).first().waitFor({ timeout: SLOW });
    await w.shot('8-after-reload');
    await w.bench.answer('send_email', 'Approve');
    await until('the mail', () => existsSync(w.mail()));
  });

  it('obeys a limit that is lowered in the editor while the agent waits', async (t) => {
    const w = await window(t, 'limit');
    await runToGate(w);
    await w.bench.openFile('.fullarc/outreach.yaml');
    await w.bench.cursorAt('per_tree_cost_limit: 0.05');
    await w.bench.page.keyboard.press('Backspace');
    await w.bench.page.keyboard.type('05');
    await w.bench.page.keyboard.press('Control+s');
    await until('the saved limit', () => readFileSync(join(w.workspace, '.fullarc', 'outreach.yaml'), 'utf8').includes('0.005'));
    await w.bench.answer('send_email', 'Approve');
    await w.bench.console(/\[governance\].*limit is \$0\.005/).first().waitFor({ timeout: SLOW });
    await w.shot('9-stopped-by-the-budget');
    assert.ok(existsSync(w.mail()), 'what was approved went out');
  });

  it('runs the same job on the Anthropic SDK', async (t) => {
    const w = await window(t, 'anthropic');
    await w.bench.startConfiguration('Governed: outreach (Anthropic)');
    await w.bench.notification('send_email').waitFor({ timeout: SLOW });
    await w.bench.answer('send_email', 'Approve');
    await until('the mail', () => existsSync(w.mail()));
    await w.shot('10-anthropic');
  });
});
