// Starts an agent under governance: a detached runner, of which the editor waits only for one line, that the run was opened or why not.

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

/** The line that says whether the run was opened; events of the run may come before it. */
type Answer = { readonly type: 'opened'; readonly run: string } | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string; readonly remedy: string };

/** Rejects with the runner's own words when the agent was not started. */
export async function launch(own: Package, config: GovernedLaunch, workspace: string): Promise<Launched> {
  const { child, lastWords } = startCli(own, runArguments(config, workspace), { cwd: workspace, env: config.env, stdout: 'pipe' });
  const exited = new Promise<number | undefined>((resolve) => child.once('exit', (code) => resolve(code ?? undefined)));
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const answer = await Promise.race([failed, firstAnswer(child.stdout as NodeJS.ReadableStream)]);
  child.unref();
  if (answer?.type === 'opened') return { run: answer.run, pid: child.pid, exited };
  if (answer) throw new FullarcError(answer.code, answer.message, answer.remedy);
  throw new FullarcError('internal', l10n.t('The agent was not started: the launcher ended without a word. {0}', lastWords()), l10n.t('See the log ("Fullarc: Show Log").'));
}

/** Undefined when the runner ended without one. What follows is read and dropped, so that the runner never waits for a reader. */
function firstAnswer(stdout: NodeJS.ReadableStream): Promise<Answer | undefined> {
  const lines = createInterface({ input: stdout });
  return new Promise((resolve) => {
    lines.on('line', (line) => { const answer = parse(line); if (answer) resolve(answer); });
    lines.once('close', () => resolve(undefined));
  });
}

function parse(line: string): Answer | undefined {
  try {
    const value = JSON.parse(line) as Answer | { readonly type: 'event' };
    return value.type === 'opened' || value.type === 'error' ? value : undefined;
  } catch {
    return undefined;
  }
}
