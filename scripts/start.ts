// `npm start`: a real VS Code with Fullarc and the outreach example open, and every verdict of its runs in this terminal. With --headless the same job without an editor.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eventLine } from '../runtime/cli/event-line.ts';
import { controlToken, ensureGovernor } from '../runtime/governor-process.ts';
import { connectControl } from '../runtime/wire/client.ts';
import { socketPath } from '../runtime/wire/paths.ts';
import { chromium } from './editor/chromium.ts';
import { editorHost } from './editor/host.ts';
import { serve } from './editor/serve.ts';
import { packageExtension } from './package.ts';

const root = join(import.meta.dirname, '..');
const workspace = join(root, 'examples', 'outreach');
const START_SETTINGS = { 'workbench.startupEditor': 'none', 'telemetry.telemetryLevel': 'off', 'update.mode': 'none', 'extensions.autoUpdate': false, 'chat.disableAIFeatures': true, 'remote.autoForwardPorts': false, 'workbench.secondarySideBar.defaultVisibility': 'hidden' };
const { values } = parseArgs({
  options: {
    headless: { type: 'boolean' }, approve: { type: 'boolean' }, reject: { type: 'string' }, anthropic: { type: 'boolean' }, port: { type: 'string' }, help: { type: 'boolean' },
  },
});

if (values.help) {
  console.log(`npm start                       a real VS Code with the outreach example
npm start -- --port 8123        the same, on this port (when it is served)
npm start -- --headless         the governed job in this terminal; asks at the gate
  --approve | --reject "reason" answers the gate
  --anthropic                   the agent on the Anthropic SDK`);
} else {
  console.log('Building Fullarc …');
  const vsix = await packageExtension();
  // The example keeps its runs to itself unless told otherwise, so that trying it leaves nothing in your own data folder.
  process.env.FULLARC_HOME ??= join(root, '.fullarc-home');
  mkdirSync(process.env.FULLARC_HOME, { recursive: true, mode: 0o700 });
  process.exitCode = values.headless ? await headless() : await editor(vsix);
}

/** The governed job through the same command that users have. */
function headless(): Promise<number> {
  const answer = values.approve ? ['--approve'] : values.reject === undefined ? ['--ask'] : ['--reject', values.reject];
  const agent = values.anthropic ? 'agent-anthropic.ts' : 'agent.ts';
  const command = [join(root, 'dist', 'cli.js'), 'run', '--workspace', workspace, '--agent', 'outreach', ...answer, '--', 'node', agent];
  const child = spawn(process.execPath, command, { stdio: 'inherit' });
  process.on('SIGINT', () => {}); // the terminal tells the child, which ends the agent first
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

async function editor(vsix: string): Promise<number> {
  await ensureGovernor(process.env.FULLARC_HOME ?? '');
  const stopWatching = await watchRuns();
  const host = await editorHost();
  const closed = Promise.withResolvers<number>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => closed.resolve(0));
  if (host.kind === 'desktop') {
    const code = spawn(host.executable, ['--new-window', '--wait', `--extensionDevelopmentPath=${root}`, workspace], { stdio: 'inherit', env: process.env });
    code.once('exit', (status) => closed.resolve(status ?? 0));
    console.log(`VS Code opens ${workspace}. Press F5 there. Ctrl-C stops everything.`);
    const status = await closed.promise;
    code.kill();
    await stopWatching();
    return status;
  }
  console.log('Starting VS Code …');
  const served = await serve({ folder: workspace, userData: join(root, '.vscode-host', 'start'), vsix: [vsix], settings: START_SETTINGS, port: values.port ? Number(values.port) : undefined, env: { FULLARC_HOME: process.env.FULLARC_HOME } });
  console.log(`\nVS Code with Fullarc is at\n\n  ${served.url}\n\nOpen it in a browser${existsSync('/usr/bin/chromium') ? ` (${chromium()} is installed)` : ''}, choose "Governed: outreach" under Run and Debug, and press F5.\nWhat the agents do is listed here. Ctrl-C stops everything.\n`);
  void served.ended.then((status) => closed.resolve(status ?? 1));
  const status = await closed.promise;
  console.log('\nStopping …');
  await stopWatching();
  await served.stop();
  return status;
}

/** Prints each verdict as it happens. The returned function stops the example's governor. */
async function watchRuns(): Promise<() => Promise<void>> {
  const home = process.env.FULLARC_HOME ?? '';
  const control = connectControl({
    socket: socketPath(home), token: controlToken(home), hello: { client: 'start' }, ensure: () => ensureGovernor(home),
    onNotification: {
      event: (event) => {
        if (event.type === 'run.opened') console.log(`\n▶ ${event.info.agent}: ${event.info.command.join(' ')}`);
        const line = eventLine(event);
        if (line) console.log(line);
      },
    },
    onState: (state) => { if (state === 'connected') void control.call('watch', {}); },
  });
  await control.hello();
  return async () => {
    for (const run of await control.call('runs.list', {})) if (!run.endedAt && run.depth === 0) await control.call('runs.kill', { run: run.id, reason: 'npm start was stopped', by: 'terminal' });
    await control.call('shutdown', { reason: 'npm start was stopped' });
    control.close();
  };
}
