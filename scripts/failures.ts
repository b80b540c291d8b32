// `npm run failures`: each of the failures of examples/failures as a real agent process, ungoverned and governed by its shipped template, side by side.

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs, styleText } from 'node:util';
import type { RunEvent } from '../protocol/run-graph.ts';
import { FAILURES, type Failure, type Stop } from '../examples/failures/failures.ts';
import { parseScript } from '../examples/model-server/script.ts';
import { startModelServer } from '../examples/model-server/server.ts';
import { eventLine } from '../runtime/cli/event-line.ts';
import { connectControl } from '../runtime/wire/client.ts';
import { controlTokenPath, socketPath } from '../runtime/wire/paths.ts';

const root = join(import.meta.dirname, '..');
const EXAMPLES = join(root, 'examples', 'failures');
/** An agent that hangs is ended after this many milliseconds. */
const PATIENCE_MS = 60_000;

export interface Ran {
  readonly damage: string;
  /** Of the agent. */
  readonly exitCode: number | null;
  readonly output: string;
  readonly stops: readonly Stop[];
  readonly events: readonly RunEvent[];
}

/** Runs one failure in a folder of its own: by its agent alone, or under the `fullarc` command with its data in `home`. */
export async function runFailure(failure: Failure, home?: string): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-failure-'));
  const workspace = workspaceOf(failure, folder);
  const world = await failure.openWorld(workspace);
  const script = readFileSync(join(workspace, 'script.json'), 'utf8').replaceAll(/\$\{(\w+)\}/g, (_, name: string) => world.env[name] ?? '');
  const models = await startModelServer({ script: parseScript(script) });
  try {
    const { FULLARC_HOME: _home, ...inherited } = process.env;
    const env = { ...inherited, ...world.env, OPENAI_API_KEY: 'any', OPENAI_BASE_URL: `${models.url}/v1`, ANTHROPIC_API_KEY: 'any', ANTHROPIC_BASE_URL: models.url, ...(home !== undefined && { FULLARC_HOME: home }) };
    const ran = home === undefined ? await command(['agent.mjs'], workspace, env)
      : await command([join(root, 'dist', 'cli.js'), 'run', '--json', '--workspace', workspace, '--agent', failure.agent, ...failure.reviewer ?? [], '--', 'node', 'agent.mjs'], workspace, env);
    const lines = home === undefined ? [] : ran.output.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
    const events = lines.flatMap((line) => (line.type === 'event' ? [line.event] : []));
    const output = home === undefined ? ran.output : lines.map((line) => (line.type === 'output' ? line.text : line.type === 'error' ? `${line.message}\n` : '')).join('');
    return { damage: world.damage(models.requests), exitCode: ran.exitCode, output: output + ran.errors, stops: stopsOf(events), events };
  } finally {
    world.close();
    await models.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** A line of `fullarc run --json`, as far as it matters here. */
type Line = { readonly type: 'event'; readonly event: RunEvent } | { readonly type: 'output'; readonly text: string } | { readonly type: 'error'; readonly message: string } | { readonly type: 'opened' | 'ended' | 'waiting' | 'warning' };

/** The example as a project of its own, with the template as a user puts it there. */
function workspaceOf({ mode }: Failure, folder: string): string {
  cpSync(EXAMPLES, join(folder, 'failures'), { recursive: true, filter: (path) => !path.endsWith('.ts') });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const workspace = join(folder, 'failures', mode);
  mkdirSync(join(workspace, '.fullarc'));
  cpSync(join(root, 'templates', `failure-${mode}.fullarc.yaml`), join(workspace, '.fullarc', `failure-${mode}.fullarc.yaml`));
  return workspace;
}

async function command(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<{ readonly exitCode: number | null; readonly output: string; readonly errors: string }> {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE_MS });
  const text = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => { text.output += piece; });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => { text.errors += piece; });
  const exitCode = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { exitCode, ...text };
}

/** Every verdict that did not let an action pass as it was, with the first of its reasons. */
function stopsOf(events: readonly RunEvent[]): readonly Stop[] {
  const agents = new Map(events.flatMap((event) => (event.type === 'run.opened' ? [[event.run, event.info.agent] as const] : [])));
  const names = new Map(events.flatMap((event) => (event.type === 'action.proposed' ? [[event.node, event.name] as const] : [])));
  return events.flatMap((event): Stop[] => {
    if (event.type !== 'action.judged') return [];
    const reason = event.verdict.reasons.find(({ shadow }) => !shadow);
    if (!reason || event.verdict.disposition === 'warn') return [];
    return [{ agent: agents.get(event.run) ?? '', event: event.event, name: names.get(event.node) ?? '', disposition: event.verdict.disposition, policy: reason.policy, field: reason.field, step: Number(event.node.split('/').at(-1)) }];
  });
}

/** What is not as it should be; nothing when the failure happens ungoverned, and is stopped where its template says. */
export function faults(failure: Failure, ungoverned: Ran, governed: Ran): readonly string[] {
  return [
    ...(ungoverned.damage === failure.damage.ungoverned ? [] : [`ungoverned it did ${ungoverned.damage}, not ${failure.damage.ungoverned}`]),
    ...(governed.damage === failure.damage.governed ? [] : [`governed it did ${governed.damage}, not ${failure.damage.governed}`]),
    ...(isDeepStrictEqual(governed.stops, failure.stops) ? [] : [`it was stopped at\n    ${governed.stops.map(stopLine).join('\n    ')}\n  and not at\n    ${failure.stops.map(stopLine).join('\n    ')}`]),
    ...(failure.ends.test(governed.output) ? [] : [`the governed agent did not end with ${failure.ends}`]),
    ...(governed.exitCode === 0 ? [] : [`the governed agent ended with ${governed.exitCode}`]),
  ];
}

const stopLine = ({ agent, event, name, disposition, policy, field, step }: Stop): string => `${disposition} by ${policy} / ${field} at step ${step} of ${agent} (${event} ${name})`;

/** A home for the data of the governed runs, with the end of the governor that comes up there. */
export function temporaryHome(): { readonly home: string; end(): Promise<void> } {
  const home = mkdtempSync(join(tmpdir(), 'fullarc-failures-'));
  return {
    home,
    async end() {
      if (existsSync(controlTokenPath(home))) {
        const control = connectControl({ socket: socketPath(home), token: readFileSync(controlTokenPath(home), 'utf8').trim(), hello: { client: 'failures' }, patienceMs: 2_000 });
        await control.call('shutdown', { reason: 'the examples are over' }).catch(() => {});
        control.close();
      }
      rmSync(home, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { built: { type: 'boolean' }, help: { type: 'boolean' } } });
  const unknown = positionals.filter((name) => !FAILURES.some(({ mode }) => mode === name));
  if (values.help || unknown.length > 0) {
    console.log(`npm run failures                        all ${FAILURES.length}, ungoverned and governed\nnpm run failures -- ${FAILURES[0]!.mode}        some, with all that the agents say and the governor does\n\nThere are ${FAILURES.map(({ mode }) => mode).join(', ')}.`);
    return unknown.length > 0 ? 2 : 0;
  }
  if (!values.built) {
    console.log('Building Fullarc …');
    await (await import('./build.ts')).buildAll();
  }
  const wrong: string[] = [];
  const rows: Row[] = [];
  const { home, end } = temporaryHome();
  try {
    for (const failure of FAILURES.filter(({ mode }) => positionals.length === 0 || positionals.includes(mode))) {
      const ungoverned = await runFailure(failure);
      const governed = await runFailure(failure, home);
      const found = faults(failure, ungoverned, governed);
      console.log(`${found.length > 0 ? styleText('red', '✗') : styleText('green', '✓')} ${failure.mode}`);
      if (positionals.length > 0) console.log(transcript(ungoverned, governed));
      rows.push(...rowsOf(failure, ungoverned, governed));
      wrong.push(...found.map((each) => `${failure.mode}: ${each}`));
    }
  } finally {
    await end();
  }
  console.log(`\n${tableOf([HEADINGS, ...rows])}`);
  if (wrong.length > 0) console.error(`\n${wrong.join('\n')}`);
  return wrong.length > 0 ? 1 : 0;
}

type Row = readonly string[];

const HEADINGS: Row = ['failure', 'ungoverned', 'governed', 'stopped by', 'step'];

/** One line for the failure, and below it one for each further policy that stopped it, with the steps where it did. */
function rowsOf({ mode }: Failure, ungoverned: Ran, governed: Ran): readonly Row[] {
  const groups = Object.entries(Object.groupBy(governed.stops, ({ disposition, policy, field }) => `${disposition} by ${policy} / ${field}`));
  if (groups.length === 0) return [[mode, ungoverned.damage, governed.damage, 'nothing', '']];
  return groups.map(([by, stops = []], index) => [...(index === 0 ? [mode, ungoverned.damage, governed.damage] : ['', '', '']), by, `${stops.map(({ step }) => step).join(', ')} of ${stops[0]!.agent}`]);
}

/** Columns as wide as their widest cell. */
function tableOf(rows: readonly Row[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: Row): string => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd();
  const [headings, ...rest] = rows.map(line);
  return [styleText('bold', headings!), widths.map((width) => '─'.repeat(width)).join('  '), ...rest].join('\n');
}

function transcript(ungoverned: Ran, governed: Ran): string {
  return `\n── ungoverned\n${ungoverned.output}\n── governed\n${governed.output}\n── what the governor did\n${governed.events.flatMap((event) => eventLine(event) ?? []).join('\n')}`;
}

if (import.meta.main) process.exitCode = await main();
