// Builds a real VS Code from npm packages alone: the server inside code-server, run by our own Node, shown by any Chromium.
// No compiler, no install scripts, no download but the registry's; the two native modules that matter are replaced by stand-ins.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pins from './pins.json' with { type: 'json' };

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = process.env['VSCODE_HOST_DIR'] ?? join(HERE, '..', '..', '.vscode-host');
const PIN = pins['code-server'];
const STAND_INS = ['spdlog', 'native-watchdog'] as const;
/** What a test of an extension never uses: 440 MB of 780. */
const UNUSED = ['node_modules/@github', 'node_modules/@microsoft/mxc-sdk', 'extensions/copilot', 'extensions/mermaid-markdown-features'];

/** Built-in extensions that cannot work here (TypeScript's compiler is not in the package): they stay, inert, as the workbench complains about one that is missing. */
const INERT = ['typescript-language-features'];

/** Path of the host's `server-main.js`; built once per pin (about 25 s, 220 MB), which `report` tells step by step. */
export function serverMain(report: (step: string) => void = (step) => console.error(`editor host: ${step}`)): string {
  const folder = join(ROOT, `${PIN.version}-${recipe()}`);
  if (!existsSync(folder)) build(folder, report);
  return join(folder, 'out', 'server-main.js');
}

/** Builds aside and renames at the end, so that a folder with the final name is always whole. */
function build(folder: string, report: (step: string) => void): void {
  const work = join(ROOT, `building-${process.pid}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    report(`fetching code-server ${PIN.version} (VS Code ${PIN.vscode}) from npm`);
    const tarball = fetchPinned(work);
    report('unpacking');
    run('tar', ['xzf', tarball, '-C', work, '--strip-components=3', 'package/lib/vscode'], work);
    report('installing its dependencies, without scripts');
    run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error'], work);
    putStandIns(work);
    prune(work);
    for (const name of INERT) makeInert(join(work, 'extensions', name, 'package.json'));
    rmSync(tarball);
    if (!existsSync(folder)) renameSync(work, folder);
    report('ready');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function fetchPinned(into: string): string {
  run('npm', ['pack', '--silent', '--pack-destination', into, `code-server@${PIN.version}`], into);
  const tarball = join(into, `code-server-${PIN.version}.tgz`);
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (integrity !== PIN.integrity) throw new Error(`code-server ${PIN.version} is not the package that was pinned: it has ${integrity}, scripts/editor/pins.json says ${PIN.integrity}. Do not run it; find out which of the two changed.`);
  return tarball;
}

function putStandIns(server: string): void {
  for (const name of STAND_INS) copyFileSync(join(HERE, 'stand-ins', `${name}.cjs`), join(server, 'node_modules', '@vscode', name, 'index.js'));
}

function prune(server: string): void {
  for (const path of UNUSED) rmSync(join(server, path), { recursive: true, force: true });
  const platform = `${process.platform}-${process.arch}`;
  for (const folder of ['node_modules/@vscode/ripgrep-universal/bin', 'node_modules/node-pty/prebuilds']) keepOnly(join(server, folder), platform);
}

function makeInert(manifest: string): void {
  const { name, publisher, version, engines } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
  writeFileSync(manifest, JSON.stringify({ name, publisher, version, engines }));
}

function keepOnly(folder: string, name: string): void {
  if (!existsSync(join(folder, name))) return;
  for (const each of readdirSync(folder)) if (each !== name) rmSync(join(folder, each), { recursive: true, force: true });
}

/** Changes when the pin, a stand-in or the pruning does, so that an old host is not taken for the new one. */
function recipe(): string {
  const hash = createHash('sha256').update(JSON.stringify([PIN, UNUSED, INERT]));
  for (const name of STAND_INS) hash.update(readFileSync(join(HERE, 'stand-ins', `${name}.cjs`)));
  return hash.digest('hex').slice(0, 8);
}

function run(command: string, args: readonly string[], cwd: string): void {
  const path = `${dirname(process.execPath)}:${process.env['PATH']}`;
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH: path } });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}. The editor host needs tar, npm and a registry that has code-server ${PIN.version}.`);
}
