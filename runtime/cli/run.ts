// `fullarc run`: launches an agent under the governor and shows what it does as it happens.

import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { RunEvent } from '../../protocol/run-graph.ts';
import { describeTree } from '../../protocol/describe-graph.ts';
import { graphOf } from '../../protocol/reduce.ts';
import { launch } from '../launch.ts';
import { home } from '../wire/paths.ts';
import { osUser, withControl } from './control.ts';
import { eventLine } from './event-line.ts';

interface RunOptions {
  readonly workspace: string;
  readonly agent: string;
  readonly fleet?: string;
  readonly workflow?: string;
  readonly user: string;
  readonly cwd?: string;
  readonly json?: boolean;
  readonly ask?: boolean;
  readonly approve?: boolean;
  readonly reject?: string;
}

export function addRun(program: Command): void {
  program.command('run')
    .description('Run an agent, unmodified, under the governor.')
    .argument('<command...>', 'the agent, after `--`')
    .requiredOption('--agent <name>', 'who it is: a name under `agents:`')
    .option('--workspace <folder>', 'folder with the governance files', '.')
    .option('--fleet <name>', 'overrides the fleet declared for the agent')
    .option('--workflow <name>', 'what it is doing').option('--user <name>', 'on whose behalf', osUser())
    .option('--cwd <folder>', 'where the agent runs; the workspace when not given')
    .option('--ask', 'ask here when a gate opens')
    .option('--approve', 'approve every gate').option('--reject <reason>', 'reject every gate, for this reason')
    .option('--json', 'print one event a line')
    .addHelpText('after', `
Gates are answered here with --ask, or from anywhere with \`fullarc gates approve <id>\`. The exit code is the agent's.
Example: fullarc run --workspace examples/outreach --agent outreach -- node agent.ts`)
    .action(async (command: string[], options: RunOptions) => {
      process.exitCode = await run(command, options);
    });
}

async function run(command: readonly string[], options: RunOptions): Promise<number> {
  const workspace = resolve(options.workspace);
  const say = sayer(options.json);
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => abort.abort());
  const mine = new Set<string>();
  const { run, outcome, exitCode } = await launch({
    home: home(), command, env: process.env, signal: abort.signal,
    cwd: options.cwd ? resolve(options.cwd) : workspace,
    identity: { workspace, agent: options.agent, fleet: options.fleet, workflow: options.workflow, user: options.user },
    stdin: options.ask || !process.stdin.isTTY ? 'ignore' : 'inherit',
    onOpened: (id) => {
      mine.add(id);
      say({ type: 'opened', run: id }, () => `run ${id} opened`);
    },
    onOutput: (stream, text) => say({ type: 'output', stream, text }, () => text),
    onNotification: {
      event: (event) => {
        if (event.type === 'run.opened' && (event.info.depth === 0 || mine.has(event.info.root))) mine.add(event.run);
        if (!mine.has(event.run)) return;
        say({ type: 'event', event }, () => eventLine(event));
        if (event.type === 'gate.opened') void answer(event, options, say);
      },
    },
  });
  const events = await withControl((control) => control.call('runs.events', { run }));
  const graph = graphOf(events);
  const summary = graph.runs.get(run);
  say({ type: 'ended', run, state: summary?.state, reason: summary?.reason, exitCode }, () => `\n${describeTree(graph)}\n`);
  return exitCode ?? (outcome === 'completed' ? 0 : 1);
}

type Say = (json: unknown, text: () => string | undefined) => void;

/** Prints lines, and what the agent prints as it comes, on a stream that may be gone: the agent must not end because nobody reads. */
function sayer(json: boolean | undefined): Say {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let atLineStart = true;
  return (value, text) => {
    if (json) return void process.stdout.write(`${JSON.stringify(value)}\n`);
    const shown = text();
    if (!shown) return;
    const raw = isOutput(value);
    process.stdout.write(`${raw || atLineStart ? '' : '\n'}${shown}${raw ? '' : '\n'}`);
    atLineStart = raw ? shown.endsWith('\n') : true;
  };
}

const isOutput = (value: unknown): boolean => (value as { type?: string }).type === 'output';

async function answer(event: RunEvent & { type: 'gate.opened' }, options: RunOptions, say: Say): Promise<void> {
  const decision = options.approve ? { decision: 'approve' as const } : options.reject !== undefined ? { decision: 'reject' as const, reason: options.reject } : options.ask ? await ask(event) : undefined;
  if (!decision) {
    say({ type: 'waiting', gate: event.gate }, () => `  answer with: fullarc gates approve ${event.gate}   or   fullarc gates reject ${event.gate} --reason "…"`);
    return;
  }
  try {
    await withControl((control) => control.call('gates.decide', { gate: event.gate, by: osUser(), contentHash: event.contentHash, ...decision }));
  } catch (error) {
    say({ type: 'error', message: (error as Error).message }, () => `  ${(error as Error).message}`);
  }
}

async function ask(event: RunEvent & { type: 'gate.opened' }): Promise<{ decision: 'approve' | 'reject'; reason?: string }> {
  const gate = (await withControl((control) => control.call('gates.list', {}))).find((each) => each.id === event.gate);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    console.log(`\n${gate?.input?.body ?? event.message}\n`);
    const reply = (await terminal.question('Approve? [y = yes, anything else is the reason for rejecting] ')).trim();
    return /^y(es)?$/i.test(reply) ? { decision: 'approve' } : { decision: 'reject', reason: reply || 'rejected at the terminal' };
  } finally {
    terminal.close();
  }
}

