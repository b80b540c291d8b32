#!/usr/bin/env node
// The `fullarc` command on any Node: goes on under a Node that is new enough, or says which one is needed. Plain JavaScript, because an old Node has to understand it.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cli = join(root, 'dist', 'cli.js');
const [major, minor] = process.versions.node.split('.').map(Number);

if (!existsSync(cli)) fail('Fullarc is not built here. Run `npm run build` first.');
else if (major > 24 || (major === 24 && minor >= 15)) await import(pathToFileURL(cli).href);
else {
  const newer = join(root, 'toolchain', 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (!existsSync(newer)) fail(`Fullarc needs Node 24.15 or later for its store; this is ${process.versions.node}. Install Node 24 (in a checkout, \`npm run build\` brings one along).`);
  else {
    const env = { ...process.env, PATH: dirname(newer) + delimiter + process.env.PATH };
    const child = spawn(newer, [cli, ...process.argv.slice(2)], { stdio: 'inherit', env, shell: process.platform === 'win32' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.once('close', (code) => { process.exitCode = code ?? 1; });
  }
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
