// Starts an agent under governance: a detached runner, of which the editor waits only for the first line, run opened or why not.

import { createInterface } from 'node:readline';
import { l10n } from 'vscode';
import { FullarcError, type ErrorCode } from '../../protocol/control.ts';
import { startCli, type Package } from '../processes.ts';
import { runArguments, type GovernedLaunch } from './configuration.ts';

export interface Launched {
  readonly run: string;
  readonly pid: number | undefined;
  /** The runner's exit code, which is the agent's; undefined when it was ended by a signal. Never settles when this window goes first. */
  readonly exited: Promise<number | undefined>;
}

/** What the runner writes first. */
type FirstLine = { readonly type: 'opened'; readonly run: string } | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string; readonly remedy: string };

/** Rejects with the runner's own words when the agent was not started. */
export async function launch(own: Package, config: GovernedLaunch, workspace: string): Promise<Launched> {
  const { child, lastWords } = startCli(own, runArguments(config, workspace), { cwd: workspace, env: config.env, stdout: 'pipe' });
  const exited = new Promise<number | undefined>((resolve) => child.once('exit', (code) => resolve(code ?? undefined)));
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const first = await Promise.race([failed, new Promise<string | undefined>((resolve) => { lines.once('line', resolve); lines.once('close', () => resolve(undefined)); })]);
  child.unref();
  const line = parse(first);
  if (line?.type === 'opened') return { run: line.run, pid: child.pid, exited };
  if (line?.type === 'error') throw new FullarcError(line.code, line.message, line.remedy);
  throw new FullarcError('internal', l10n.t('The agent was not started: the launcher ended without a word. {0}', lastWords()), l10n.t('See the log ("Fullarc: Show Log").'));
}

function parse(line: string | undefined): FirstLine | undefined {
  try {
    return line === undefined ? undefined : (JSON.parse(line) as FirstLine);
  } catch {
    return undefined;
  }
}
