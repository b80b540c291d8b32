// Finds a Chromium for the workbench of the test host, or installs Debian's.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium as playwright, type Browser } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];
const QUIET = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];

/** Path of a Chromium: `CHROME_PATH`, a usual place, or (as root on Debian) the package installed now. Throws with what to install otherwise. */
export function chromium(): string {
  const named = process.env['CHROME_PATH'];
  const found = named ?? PLACES.find(existsSync);
  if (found) return found;
  if (process.getuid?.() === 0 && has('apt-get')) install();
  const now = PLACES.find(existsSync);
  if (!now) throw new Error('No Chromium was found, and the editor tests show VS Code in one. Install it (`apt-get install chromium`, or Google Chrome), or name one with CHROME_PATH.');
  return now;
}

/** A headless browser; `HEADED=1` shows it. */
export function launchBrowser(): Promise<Browser> {
  return playwright.launch({ executablePath: chromium(), headless: !process.env['HEADED'], args: QUIET });
}

function install(): void {
  console.error('editor host: installing chromium (apt-get install chromium)');
  const options = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  spawnSync('apt-get', ['update', '-qq'], options);
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options);
}

const has = (command: string): boolean => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
