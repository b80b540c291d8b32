// `fullarc run`: launches an agent under the governor and shows what it does as it happens.

import { constants } from 'node:os';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { FullarcError } from '../../protocol/control.ts';
import type { RunEvent } from '../../protocol/run-graph.ts';
import { describeTree } from '../../protocol/describe-graph.ts';
import { graphOf } from '../../protocol/reduce.ts';
import { launch } from '../launch.ts';
import { contextOf } from '../launch-identity.ts';
import { home } from '../wire/paths.ts';
import { osUser, refuseToAgents, withControl } from './control.ts';
import { eventLine } from './event-line.ts';

interface RunOptions {
  readonly workspace: string;
  readonly agent: string;
  readonly fleet?: string;
  readonly workflow?: string;
  readonly context: readonly string[];
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
    .passThroughOptions()
    .argument('<command...>', 'the agent, after `--`')
    .requiredOption('--agent <name>', 'who it is: a name under `agents:`')
    .option('--workspace <folder>', 'folder with the governance files', '.')
    .option('--fleet <name>', 'overrides the fleet declared for the agent')
    .option('--workflow <name>', 'what it is doing').option('--user <name>', 'on whose behalf', osUser())
    .option('--context <key=value>', 'what policies may ask of the run, such as purpose=support; may be repeated', (entry: string, all: readonly string[]) => [...all, entry], [])
    .option('--cwd <folder>', 'where the agent runs; the workspace when not given')
    .option('--ask', 'ask here when a gate opens')
    .option('--approve', 'approve every gate').option('--reject <reason>', 'reject every gate, for this reason')
    .option('--json', 'print one event a line')
    .addHelpText('after', `
Gates are answered here with --ask, or from anywhere with \`fullarc gates approve <id>\`. The exit code is the agent's, 128 and the number of the signal that ended it, or 1.
Standard input is the agent's, except with --ask.
Example: fullarc run --workspace examples/outreach --agent outreach -- node agent.ts`)
    .action(async (command: string[], options: RunOptions) => {
      process.exitCode = await run(command, options);
    });
}

async function run(command: readonly string[], options: RunOptions): Promise<number> {
  refuseToAgents('start a run of its own: it starts another agent by its entry point');
  const workspace = resolve(options.workspace);
  const say = sayer(options.json);
  const stop = stopSignals();
  const mine = new Set<string>();
  let early: RunEvent[] | undefined = [];
  const answers = answerer(options, say);
  const show = (event: RunEvent): void => {
    if (early) return void early.push(event);
    if (event.type === 'run.opened' && mine.has(event.info.root)) mine.add(event.run);
    if (!mine.has(event.run)) return;
    void say({ type: 'event', event }, () => eventLine(event));
    if (event.type === 'gate.opened') answers(event);
  };
  const { run, outcome, exitCode, endedBy } = await launch({
    home: home(), command, env: process.env, signal: stop.signal,
    cwd: options.cwd ? resolve(options.cwd) : workspace,
    identity: { workspace, agent: options.agent, fleet: options.fleet, workflow: options.workflow, user: options.user, context: contextOf(options.context) },
    stdin: options.ask ? 'ignore' : 'inherit',
    onOpened: (id, warning) => {
      mine.add(id);
      void say({ type: 'opened', run: id }, () => `run ${id} opened`);
      if (warning) void say({ type: 'warning', message: warning }, () => `  ▲ ${warning}`);
      const seen = early ?? [];
      early = undefined;
      seen.forEach(show);
    },
    onOutput: (stream, bytes, text) => say({ type: 'output', stream, text }, () => text, bytes),
    onNotification: { event: show },
  });
  const graph = graphOf(await withControl((control) => control.call('runs.events', { run })));
  const summary = graph.runs.get(run);
  await say({ type: 'ended', run, state: summary?.state, reason: summary?.reason, exitCode }, () => `\n${describeTree(graph)}\n`);
  if (stop.by()) return codeOf(stop.by());
  return outcome === 'completed' ? 0 : exitCode || codeOf(endedBy);
}

/** As shells say it: 128 and the number of the signal; 1 for none. */
const codeOf = (signal: NodeJS.Signals | undefined): number => (signal ? 128 + constants.signals[signal] : 1);

/** Aborts at the first signal that asks this process to end; the agent is then ended, and the run closed. */
function stopSignals(): { readonly signal: AbortSignal; by(): NodeJS.Signals | undefined } {
  const abort = new AbortController();
  let by: NodeJS.Signals | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {
    by ??= name;
    abort.abort(new FullarcError('bad-command', `ended by ${name}`, 'Start it again.'));
  });
  return { signal: abort.signal, by: () => by };
}

type Say = (json: unknown, text: () => string | undefined, raw?: Uint8Array) => Promise<void>;

/** Prints lines, and what the agent prints as it comes, on a stream that may be gone: the agent must not end because nobody reads. */
function sayer(json: boolean | undefined): Say {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const write = (stream: NodeJS.WriteStream, data: string | Uint8Array): Promise<void> => new Promise((resolve) => stream.write(data, () => resolve()));
  let atLineStart = true;
  return async (value, text, raw) => {
    if (json) return raw && !text() ? undefined : write(process.stdout, `${JSON.stringify(value)}\n`);
    if (raw) {
      const toErr = (value as { stream?: string }).stream === 'stderr';
      if (!toErr && raw.length) atLineStart = raw.at(-1) === LINE_FEED;
      return write(toErr ? process.stderr : process.stdout, raw);
    }
    const shown = text();
    if (!shown) return;
    const line = `${atLineStart ? '' : '\n'}${shown}\n`;
    atLineStart = true;
    return write(process.stdout, line);
  };
}

const LINE_FEED = 0x0a;

/** Answers gates as the options say, one after another: a terminal asks one question at a time. */
function answerer(options: RunOptions, say: Say): (event: RunEvent & { type: 'gate.opened' }) => void {
  let last = Promise.resolve();
  return (event) => {
    last = last.then(() => answer(event, options, say)).catch((error: unknown) => say({ type: 'error', message: String(error) }, () => `  ${String(error)}`));
  };
}

async function answer(event: RunEvent & { type: 'gate.opened' }, options: RunOptions, say: Say): Promise<void> {
  try {
    const decision = options.approve ? { decision: 'approve' as const } : options.reject !== undefined ? { decision: 'reject' as const, reason: options.reject } : options.ask ? await ask(event) : undefined;
    if (decision) await withControl((control) => control.call('gates.decide', { gate: event.gate, by: osUser(), contentHash: event.contentHash, ...decision }));
    else await say({ type: 'waiting', gate: event.gate }, () => `  answer with: fullarc gates approve ${event.gate}   or   fullarc gates reject ${event.gate} --reason "…"`);
  } catch (error) {
    await say({ type: 'error', message: (error as Error).message }, () => `  ${(error as Error).message}`);
  }
}

async function ask(event: RunEvent & { type: 'gate.opened' }): Promise<{ decision: 'approve' | 'reject'; reason?: string }> {
  const gate = (await withControl((control) => control.call('gates.list', {}))).find((each) => each.id === event.gate);
  const terminal = createInterface({ input: process.stdin, output: process.stdout }).on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    console.log(`\n${gate?.input?.body ?? event.message}\n`);
    const reply = (await terminal.question('Approve? [y = yes, anything else is the reason for rejecting] ')).trim();
    return /^y(es)?$/i.test(reply) ? { decision: 'approve' } : { decision: 'reject', reason: reply || 'rejected at the terminal' };
  } finally {
    terminal.close();
  }
}

