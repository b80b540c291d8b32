// The built run view in a real browser, under the page and the CSP the editor gives it, with a stand-in for the editor's API.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../scripts/editor/chromium.ts';
import { runHtml } from '../../protocol/webview-html.ts';
import type { Incoming, Outgoing } from '../../webview/host.ts';
import { webviewBundle } from '../../webview/bundle.ts';
import { START } from './run-events.ts';
import { THEMES } from './themes.ts';

export interface RunPage {
  readonly page: Page;
  /** Sends what the extension would. */
  send(message: Incoming): Promise<void>;
  /** What the view posted so far. */
  posted(): Promise<Outgoing[]>;
  /** Console errors and CSP violations. */
  readonly complaints: string[];
}

export interface Studio {
  open(options?: { theme?: keyof typeof THEMES; state?: unknown; bodyClass?: string; /** What the page's clock says, in milliseconds since the epoch. */ now?: number }): Promise<RunPage>;
  /** Size of the built script in bytes. */
  readonly scriptBytes: number;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript', css: 'text/css', ttf: 'font/ttf' };

/** Builds the bundle, serves it on loopback and starts Chromium. Throws when there is no Chromium and none can be installed. */
export async function openStudio(): Promise<Studio> {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-webview-'));
  await build({ ...webviewBundle, outdir: folder, logLevel: 'silent' });
  const server = createServer((request, response) => {
    const name = /^\/(runs\.js|runs\.css|codicon\.ttf)/.exec(request.url ?? '')?.[1];
    if (name) response.setHeader('content-type', TYPES[name.split('.')[1]!]!).end(readFileSync(join(folder, name)));
    else response.setHeader('content-type', 'text/html; charset=utf-8').end(runHtml({ nonce: randomBytes(16).toString('base64url'), cspSource: "'self'", script: '/runs.js', style: '/runs.css' }));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const browser = await launchBrowser();
  return {
    scriptBytes: readFileSync(join(folder, 'runs.js')).byteLength,
    open: (options) => openPage(browser, address, options),
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      rmSync(folder, { recursive: true });
    },
  };
}

async function openPage(browser: Browser, address: string, { theme = 'dark', state, bodyClass = '', now = START + 62_000 }: Parameters<Studio['open']>[0] = {}): Promise<RunPage> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  const complaints: string[] = [];
  page.on('console', (message) => { if (message.type() === 'error' && !message.text().includes('favicon')) complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.clock.setFixedTime(now);
  await page.addInitScript(standIn, { ...THEMES[theme], bodyClass: `${THEMES[theme].bodyClass} ${bodyClass}`, state });
  await page.goto(address);
  await page.waitForFunction(() => (globalThis as unknown as { posted: { type: string }[] }).posted.some(({ type }) => type === 'ready'));
  return {
    page, complaints,
    send: (message) => page.evaluate((data) => { postMessage(data); return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))); }, message as unknown as Record<string, unknown>) as Promise<void>,
    posted: () => page.evaluate(() => (globalThis as unknown as { posted: Outgoing[] }).posted),
  };
}

/** Runs in the page before anything else: the editor's API, its variables on the root element and its classes on the body. */
function standIn({ bodyClass, variables, state }: { bodyClass: string; variables: Readonly<Record<string, string>>; state?: unknown }): void {
  const scope = globalThis as unknown as { posted: unknown[]; saved: unknown; acquireVsCodeApi: () => unknown; violations: string[] };
  scope.posted = [];
  scope.saved = state;
  scope.acquireVsCodeApi = () => ({
    postMessage: (message: unknown) => scope.posted.push(structuredClone(message)),
    getState: () => scope.saved,
    setState: (saved: unknown) => { scope.saved = structuredClone(saved); },
  });
  document.addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  document.addEventListener('readystatechange', () => {
    if (document.readyState !== 'interactive') return;
    for (const [name, value] of Object.entries(variables)) document.documentElement.style.setProperty(`--vscode-${name}`, value);
    document.body.className = bodyClass;
  });
}
