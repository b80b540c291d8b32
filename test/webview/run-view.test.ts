// The run view in a real browser: fed live as the extension would, read and steered by keyboard and accessibility tree, under the editor's CSP.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { SCRIPT_LIMIT } from '../../webview/bundle.ts';
import { approvedEvents, manyEvents, OUTREACH, OUTREACH_GATE, outreachEvents, START } from '../support/run-events.ts';
import { openStudio, type RunPage, type Studio } from '../support/run-page.ts';
import type { THEMES } from '../support/themes.ts';

const pictures = join(import.meta.dirname, '../../test-output/webview');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('the run view', () => {
  let studio: Studio;
  before(async () => {
    mkdirSync(pictures, { recursive: true });
    studio = await openStudio();
  });
  after(() => studio.close());

  async function shown(options?: Parameters<Studio['open']>[0]): Promise<RunPage> {
    const view = await studio.open(options);
    await view.send({ type: 'snapshot', run: OUTREACH, events: outreachEvents() });
    return view;
  }

  test('stays small', () => {
    assert.ok(studio.scriptBytes <= SCRIPT_LIMIT, `runs.js has ${studio.scriptBytes} bytes, more than ${SCRIPT_LIMIT}`);
    console.log(`runs.js: ${studio.scriptBytes} bytes`);
  });

  test('waits with a word, then shows what arrives live', async () => {
    const { page, send, complaints } = await studio.open();
    await page.getByText('Waiting for the first event').waitFor();
    await audit(page);
    const events = outreachEvents();
    await send({ type: 'snapshot', run: OUTREACH, events: events.slice(0, 3) });
    await page.getByRole('button', { name: 'Table' }).click();
    const grid = page.getByRole('treegrid', { name: 'Agents and their actions' });
    assert.equal(await grid.getAttribute('aria-rowcount'), '2');
    for (const event of events.slice(3)) await send({ type: 'events', events: [event] });
    assert.equal(await grid.getAttribute('aria-rowcount'), '17');
    await grid.getByRole('row', { name: /tool read_file redacted no-contact-data/ }).waitFor();
    await grid.getByRole('row', { name: /agent outreach suspended/ }).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('says the whole picture in words, and the selected node', async () => {
    const { page } = await shown();
    const canvas = page.getByRole('img', { name: /^Run with 2 agents and 16 nodes, 2 refusals, 1 open gate/ });
    await canvas.waitFor();
    await page.keyboard.press('n');
    await page.getByRole('img', { name: /Selected: command curl, refused, step 7, agent outreach/ }).waitFor();
    await page.close();
  });

  for (const theme of ['dark', 'light', 'contrast'] as const satisfies readonly (keyof typeof THEMES)[]) {
    test(`has no accessibility violation and breaks no CSP rule in the ${theme} theme`, async () => {
      const { page, complaints } = await shown({ theme });
      await page.keyboard.press('n');
      await page.getByRole('button', { name: 'Approve' }).and(page.locator(':enabled')).waitFor();
      await audit(page);
      await page.screenshot({ path: join(pictures, `lanes-${theme}.png`) });
      await page.getByRole('button', { name: 'Time' }).click();
      await page.screenshot({ path: join(pictures, `time-${theme}.png`) });
      await page.getByRole('button', { name: 'Table' }).click();
      await audit(page);
      await page.screenshot({ path: join(pictures, `table-${theme}.png`) });
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await audit(page);
      assert.deepEqual(complaints, []);
      await page.close();
    });
  }

  test('takes a decision only after it could be read, and never has it in focus', async () => {
    const { page, send, posted } = await studio.open();
    await send({ type: 'snapshot', run: OUTREACH, events: outreachEvents() });
    const approve = page.getByRole('button', { name: 'Approve' });
    assert.equal(await approve.isDisabled(), true);
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'BODY');
    await approve.click();
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('button', { name: 'Reject' }).click();
    assert.deepEqual((await posted()).filter(({ type }) => /Gate/.test(type)), [
      { type: 'decideGate', gate: OUTREACH_GATE, decision: 'approve' }, { type: 'reviewGate', gate: OUTREACH_GATE }, { type: 'decideGate', gate: OUTREACH_GATE, decision: 'reject' },
    ]);
    await send({ type: 'events', events: approvedEvents() });
    await page.getByText('completed').first().waitFor();
    assert.equal(await approve.count(), 0);
    await page.close();
  });

  test('a gate that wants a full review offers no quick approval', async () => {
    const { page, send } = await studio.open();
    const events = outreachEvents().map((event) => (event.type === 'gate.opened' ? { ...event, terms: { ...event.terms, review: 'full' as const } } : event));
    await send({ type: 'snapshot', run: OUTREACH, events });
    await page.getByRole('button', { name: 'Review' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Approve' }).count(), 0);
    await page.close();
  });

  test('is steered by keyboard alone', async () => {
    const { page, posted } = await shown();
    const heading = page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { level: 2 });
    const press = async (key: string, text: string): Promise<void> => {
      await page.keyboard.press(key);
      await heading.filter({ hasText: text }).waitFor();
    };
    await press('g', 'gate of policy people-approve-mail');
    await press('p', 'tool send_email');
    await press('p', 'model call gpt-5.2');
    await press('n', 'command curl');
    await press('ArrowDown', 'agent researcher');
    await press('ArrowRight', 'model call gpt-5.2-mini');
    await press('$', 'model call gpt-5.2');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H2');
    await press('N', 'model call gpt-5.2-pro');
    await page.getByRole('button', { name: '.fullarc/outreach.fullarc.yaml:20' }).press('Enter');
    assert.deepEqual((await posted()).at(-1), { type: 'openPolicy', file: '.fullarc/outreach.fullarc.yaml', line: 20 });
    await page.keyboard.press('f');
    await page.getByRole('button', { name: 'Follow', pressed: true }).waitFor();
    await page.close();
  });

  test('the tree of agents folds and moves as a treegrid does', async () => {
    const { page } = await shown();
    const agents = page.getByRole('treegrid', { name: 'Agents' });
    await agents.getByRole('row', { name: /outreach/ }).focus();
    await page.keyboard.press('ArrowDown');
    await agents.locator('[role=row]:focus').filter({ hasText: 'researcher' }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await agents.locator('[aria-expanded=false]').waitFor();
    assert.equal(await agents.getAttribute('aria-rowcount'), '2');
    await page.keyboard.press('ArrowRight');
    await agents.getByRole('row', { name: /researcher/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'agent outreach' }).waitFor();
    await page.close();
  });

  test('keeps form, axis and selection over a reload, and starts afresh for another run', async () => {
    const { page } = await shown();
    await page.keyboard.press('n');
    await page.getByRole('button', { name: 'Table' }).click();
    await page.waitForFunction(() => (globalThis as unknown as { saved?: { form: string } }).saved?.form === 'table');
    const state = await page.evaluate(() => (globalThis as unknown as { saved: unknown }).saved);
    await page.close();
    const again = await shown({ state });
    await again.page.getByRole('row', { name: /command curl/, selected: true }).waitFor();
    await again.page.close();
    const other = await shown({ state: { ...(state as object), run: 'another' } });
    await other.page.getByRole('treegrid', { name: 'Agents' }).waitFor();
    await other.page.close();
  });

  test('says when the feed is lost, and shows the table to a screen reader', async () => {
    const { page, send } = await shown({ bodyClass: 'vscode-using-screen-reader' });
    await page.getByRole('treegrid', { name: 'Agents and their actions' }).waitFor();
    await send({ type: 'connection', lost: true, since: START + 20_000 });
    await page.getByText('The live feed was lost').waitFor();
    await audit(page);
    await send({ type: 'connection', lost: false, since: START + 21_000 });
    await page.getByText('The live feed was lost').waitFor({ state: 'detached' });
    await page.close();
  });

  test('text of an agent is text', async () => {
    const { page, send, complaints } = await studio.open();
    const evil = '<img src=x onerror="document.title=1"><script>document.title=1</script>\u202e';
    const events = outreachEvents().map((event) => (event.type === 'action.proposed' && event.node === 'n6' ? { ...event, name: evil, input: { title: evil, body: evil } } : event));
    await send({ type: 'snapshot', run: OUTREACH, events });
    await page.keyboard.press('n');
    await page.getByRole('heading', { name: '<img src=x' }).waitFor();
    assert.equal(await page.locator('.app img, .app script').count(), 0);
    assert.equal(await page.title(), 'Governed run');
    assert.ok(!(await page.locator('.app').innerText()).includes('\u202e'));
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('the theme is read again when the editor changes it', async () => {
    const { page } = await shown();
    const corner = (): Promise<number[]> => page.evaluate(() => [...document.querySelector('canvas')!.getContext('2d')!.getImageData(2, 2, 1, 1).data]);
    assert.deepEqual(await corner(), [31, 31, 31, 255]);
    await page.evaluate(() => document.documentElement.style.setProperty('--vscode-editor-background', '#ffffff'));
    await page.waitForFunction(() => document.querySelector('canvas')!.getContext('2d')!.getImageData(2, 2, 1, 1).data[0] === 255);
    await page.close();
  });

  test('ten thousand nodes are a page like any other', async () => {
    const { page, send, complaints } = await studio.open();
    const events = manyEvents(10_000);
    await send({ type: 'snapshot', run: 'r0', events: events.slice(0, -200) });
    for (let from = events.length - 200; from < events.length; from += 20) await send({ type: 'events', events: events.slice(from, from + 20) });
    await page.getByRole('img', { name: /^Run with 400 agents and 10400 nodes/ }).waitFor();
    assert.ok(await page.locator('*').count() < 1000);
    await page.screenshot({ path: join(pictures, 'lanes-10k.png') });
    await page.keyboard.press('0');
    await page.getByRole('button', { name: 'Follow', pressed: false }).waitFor();
    await page.screenshot({ path: join(pictures, 'lanes-10k-fit.png') });
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('saves the picture as a document, and asks to stop the run', async () => {
    const { page, posted } = await shown();
    await page.getByRole('button', { name: 'SVG' }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    const [saved, stop] = (await posted()).slice(-2);
    assert.ok(saved?.type === 'saveSvg' && saved.svg.startsWith('<svg ') && saved.svg.includes('read_file'));
    assert.deepEqual(stop, { type: 'stopRun', run: OUTREACH });
    await page.close();
  });
});

type Axe = { run(context: Document, options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };

/** Fails with what axe finds in the page. The debugger's own evaluation is not bound by the page's CSP, so axe comes in that way. */
async function audit(page: Page): Promise<void> {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
  });
  assert.deepEqual(found, []);
}
