// A VS Code window as a person sees it: the page object of the UI tests. Every wait is for something seen, never for time.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';

/** A first start on a busy machine. */
const STARTS_MS = 60_000;
const SEEN_MS = 20_000;
const SHORT_MS = 2_000;

export class Workbench {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Opens the address of `serve()` and waits for the first file in the explorer: the extension host is connected then. */
  async open(url: string): Promise<void> {
    await this.page.goto(url, { waitUntil: 'domcontentloaded' });
    await this.ready();
  }

  /** Reloads the window as "Developer: Reload Window" does. */
  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
    await this.page.locator('.monaco-workbench').waitFor({ timeout: STARTS_MS });
  }

  async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench').waitFor({ timeout: STARTS_MS });
    await this.page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: STARTS_MS });
  }

  /** Runs a command by its title in the palette. */
  async command(title: string): Promise<void> {
    await this.#quickInput('F1', `>${title}`, title);
  }

  async openFile(name: string): Promise<void> {
    const base = name.split('/').at(-1) ?? name;
    await this.#quickInput('Control+p', name, base);
    await this.editorText(base).waitFor({ timeout: SEEN_MS });
  }

  /** The tab with this name. */
  tab(name: string | RegExp): Locator {
    return this.page.locator('.tab', { hasText: name }).first();
  }

  editorText(tab: string): Locator {
    return this.page.locator('.tab.active', { hasText: tab }).first();
  }

  /** Lines of the editor in front that hold the text. */
  line(text: string | RegExp): Locator {
    return this.page.locator('.editor-instance .view-line', { hasText: text });
  }

  /** Puts the cursor at the end of the first line that holds the text, and waits until it is there. */
  async cursorAt(text: string): Promise<void> {
    await this.line(text).first().click({ timeout: STARTS_MS });
    await this.page.locator('.editor-instance .monaco-editor.focused').first().waitFor({ timeout: SEEN_MS });
    await this.page.keyboard.press('End');
  }

  /** Opens the quick fixes at the cursor; the row with the text. The key is pressed again when a hover that just came swallowed it. */
  async quickFix(text: string): Promise<Locator> {
    const row = this.page.locator('.action-widget .monaco-list-row', { hasText: text }).first();
    for (let attempt = 0; attempt < 5; attempt++) {
      await this.page.keyboard.press('Control+.');
      if (await row.waitFor({ timeout: SHORT_MS }).then(() => true, () => false)) break;
      await this.page.keyboard.press('Escape');
    }
    await row.waitFor({ timeout: SEEN_MS });
    return row;
  }

  squiggle(severity: 'error' | 'warning' | 'info' = 'error'): Locator {
    return this.page.locator(`.squiggly-${severity}`);
  }

  /** A notification, as a toast or in the centre. */
  notification(text: string | RegExp): Locator {
    return this.page.locator('.notifications-toasts .notification-toast, .notifications-center .notification-list-item').filter({ hasText: text }).first();
  }

  /** Presses a button of a notification; one whose toast is gone is found in the centre. */
  async answer(text: string | RegExp, button: string): Promise<void> {
    const item = this.notification(text);
    if (!await item.isVisible()) await this.command('Notifications: Show Notifications');
    await item.getByRole('button', { name: button, exact: true }).click({ timeout: SEEN_MS });
  }

  dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  statusBar(text: string | RegExp): Locator {
    return this.page.locator('.statusbar-item', { hasText: text }).first();
  }

  /** Opens Fullarc's views in the side bar. */
  async showViews(): Promise<void> {
    if (await this.view('Runs').isVisible()) return;
    await this.page.locator('.activitybar').getByRole('tab', { name: /^Fullarc/ }).click({ timeout: SEEN_MS });
    await this.view('Runs').waitFor({ timeout: SEEN_MS });
  }

  /** A view in the side bar by its title. */
  view(title: string): Locator {
    return this.page.locator('.sidebar .pane', { has: this.page.locator('.pane-header', { hasText: title }) }).first();
  }

  /** Rows of a tree view. */
  rows(view: string): Locator {
    return this.view(view).locator('.monaco-list-row');
  }

  /** The badge of Fullarc on the activity bar. */
  badge(): Locator {
    return this.page.locator('.activitybar .action-item', { has: this.page.locator('[aria-label^="Fullarc"]') }).locator('.badge-content');
  }

  /** The document inside a webview; the nth that is open. */
  webview(nth = 0): FrameLocator {
    return this.page.locator('iframe.webview.ready').nth(nth).contentFrame().locator('iframe#active-frame').contentFrame();
  }

  /** F5 on the configuration that is chosen. A workbench that just started opens its view at the first press, and starts at the second. */
  async startDebugging(): Promise<void> {
    await this.statusBar('Fullarc').waitFor({ timeout: STARTS_MS });
    for (let attempt = 0; attempt < 3; attempt++) {
      await this.page.keyboard.press('F5');
      if (await this.page.locator('.debug-toolbar, .statusbar.debugging, .statusbar-item.has-background-color').first().waitFor({ timeout: SEEN_MS / 2 }).then(() => true, () => false)) return;
    }
  }

  /** Starts another configuration by its name. */
  async startConfiguration(name: string): Promise<void> {
    await this.statusBar('Fullarc').waitFor({ timeout: STARTS_MS });
    await this.#quickInput('Control+p', `debug ${name}`, name);
  }

  /** Lines of the debug console. */
  console(text: string | RegExp): Locator {
    return this.page.locator('.repl .monaco-list-row', { hasText: text });
  }

  /** Types into the quick input that is open, and accepts. */
  async type(text: string): Promise<void> {
    const box = this.page.locator('.quick-input-widget input').first();
    await box.waitFor({ timeout: SEEN_MS });
    await box.fill(text);
    await box.press('Enter');
  }

  async screenshot(path: string): Promise<void> {
    mkdirSync(dirname(path), { recursive: true });
    await this.page.screenshot({ path });
  }

  /** The key is pressed again until the box is there: a workbench that just started drops the first. The row is clicked, as Enter races the filter. */
  async #quickInput(key: string, text: string, row: string): Promise<void> {
    const widget = this.page.locator('.quick-input-widget');
    const box = widget.locator('input').first();
    for (let attempt = 0; attempt < 5; attempt++) {
      await this.page.keyboard.press(key);
      if (await box.waitFor({ state: 'visible', timeout: SHORT_MS }).then(() => true, () => false)) break;
    }
    await box.fill(text);
    await widget.locator('.monaco-list-row', { hasText: row }).first().click({ timeout: SEEN_MS });
    await widget.waitFor({ state: 'hidden', timeout: SEEN_MS });
  }
}
