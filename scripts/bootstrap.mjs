// Makes any machine ready and goes on under the right Node: installs what the lockfile says, brings Node 24 from npm when the machine's own is older, then runs the script named first.
// Plain JavaScript without imports of ours: it is the one file that an old Node, before any installation, has to understand.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const [script, ...args] = process.argv.slice(2);
const OLDEST = [24, 15];

if (!script) fail('Usage: node scripts/bootstrap.mjs <script> [arguments]');
const node = newEnough(process.versions.node) ? process.execPath : toolchainNode();
const env = { ...process.env, PATH: dirname(node) + delimiter + process.env.PATH };
install(ROOT, ['ci', '--ignore-scripts'], env);
const child = spawnSync(node, [join(ROOT, script), ...args], { stdio: 'inherit', env, cwd: process.cwd() });
process.exitCode = child.status ?? 1;

function newEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Node from the packages that toolchain/package-lock.json pins. */
function toolchainNode() {
  const folder = join(ROOT, 'toolchain');
  const binary = join(folder, 'node_modules', `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    console.error(`Node ${process.versions.node} is older than ${OLDEST.join('.')}; bringing Node 24 from npm.`);
    install(folder, ['ci'], process.env);
  }
  if (!existsSync(binary)) fail(`Fullarc needs Node ${OLDEST.join('.')} or later, this is ${process.versions.node}, and npm has no Node for ${process.platform}-${process.arch}. Install Node 24 and try again.`);
  return binary;
}

/** Runs npm only when the lockfile changed since it last ran. */
function install(folder, command, environment) {
  const stamp = join(folder, 'node_modules', '.fullarc-installed');
  const lock = createHash('sha256').update(readFileSync(join(folder, 'package-lock.json'))).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.error(`Installing the packages of ${folder === ROOT ? 'Fullarc' : 'its toolchain'} (npm ${command.join(' ')}).`);
  const result = spawnSync('npm', [...command, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], env: environment, shell: process.platform === 'win32' });
  if (result.status !== 0) fail(`npm ${command.join(' ')} failed in ${folder}. Is the npm registry reachable? See the message above.`);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
