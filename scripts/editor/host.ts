// Finds a real VS Code, or brings one up: the desktop one when there is one that can show itself, else the npm-only host.

import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from './chromium.ts';
import { serverMain } from './server-host.ts';

export interface Host {
  readonly kind: 'desktop' | 'server';
  /** What `runTests({ vscodeExecutablePath })` of @vscode/test-electron starts. */
  readonly executable: string;
}

/** `VSCODE_EXECUTABLE`, else the desktop VS Code behind `code` on the PATH, else the npm-only host (`VSCODE_HOST=server` insists on it). */
export async function editorHost(): Promise<Host> {
  const named = process.env['VSCODE_EXECUTABLE'];
  if (named) return { kind: 'desktop', executable: named };
  const desktop = process.env['VSCODE_HOST'] === 'server' || !hasDisplay() ? undefined : desktopVsCode();
  if (desktop) return { kind: 'desktop', executable: desktop };
  serverMain();
  chromium();
  return { kind: 'server', executable: join(dirname(fileURLToPath(import.meta.url)), 'code-shim.ts') };
}

const hasDisplay = (): boolean => process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);

/** `code` on the PATH is a script that starts the application and returns; tests need the application itself. */
function desktopVsCode(): string | undefined {
  const { status, stdout } = spawnSync(process.platform === 'win32' ? 'where' : 'which', ['code'], { encoding: 'utf8' });
  const script = status === 0 ? stdout.split(/\r?\n/)[0] : undefined;
  if (!script) return undefined;
  const bin = dirname(realpathSync(script));
  return [join(bin, '..', 'code'), join(bin, '..', 'Code.exe'), join(bin, '..', '..', '..', 'MacOS', 'Electron')].find(existsSync);
}
