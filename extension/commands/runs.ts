// Commands on runs. Each takes a row of the view, an id, or nothing: then the run in front, or one that is asked for.

import * as vscode from 'vscode';
import { COMMANDS, DEBUG_TYPE } from '../../protocol/ids.ts';
import { ended, type RunSummary } from '../../protocol/run-graph.ts';
import { entryPoints, pick } from '../debug/provider.ts';
import type { Governor } from '../governor.ts';
import type { Live } from '../live.ts';
import { currentUser } from '../settings.ts';
import { describe, roots } from '../views/runs.ts';
import type { RunPanels } from '../views/run-panel.ts';

export function runCommands(live: Live, governor: Governor, panels: RunPanels) {
  const stop = (run: string): Promise<null> => governor.request('runs.kill', { run, reason: vscode.l10n.t('stopped in the editor'), by: currentUser() });
  return {
    [COMMANDS.openRun]: async (argument: unknown) => {
      const id = idOf(argument) ?? debugged(live) ?? (await pickRun(live, roots(live), vscode.l10n.t('Open Run')))?.id;
      if (id) panels.open(live.run(id)?.root ?? id, false);
    },
    [COMMANDS.stopRun]: async (argument: unknown) => {
      const given = idOf(argument) ?? panels.focused;
      const run = given ? live.run(given) : await pickRun(live, roots(live).filter((each) => !ended(each.state)), vscode.l10n.t('Stop Run'));
      if (!run || ended(run.state)) return;
      if (await sure(vscode.l10n.t('Stop {0} and everything it started?', run.agent), run.openGates)) await stop(run.id);
    },
    [COMMANDS.stopAll]: async () => {
      const going = roots(live).filter((run) => !ended(run.state));
      if (going.length === 0) return void vscode.window.showInformationMessage(vscode.l10n.t('No run is going on.'));
      const gates = going.reduce((sum, run) => sum + run.openGates, 0);
      if (await sure(going.length === 1 ? vscode.l10n.t('Stop {0} and everything it started?', going[0]?.agent ?? '') : vscode.l10n.t('Stop {0} runs and everything they started?', going.length), gates)) await Promise.all(going.map((run) => stop(run.id)));
    },
    [COMMANDS.copyRunId]: async (argument: unknown) => {
      const id = idOf(argument) ?? panels.focused ?? (await pickRun(live, live.runs, vscode.l10n.t('Copy Run ID')))?.id;
      if (id) await vscode.env.clipboard.writeText(id);
    },
    [COMMANDS.debugAgent]: async () => {
      const folder = vscode.workspace.workspaceFolders?.[0];
      const configs = await entryPoints(governor, folder);
      if (configs.length === 0) return offerToDeclare();
      const config = await pick(configs);
      if (config) await vscode.debug.startDebugging(folder, config, { noDebug: false });
    },
  };
}

/** Calls in flight are cut off, which a person should know before. */
async function sure(question: string, gates: number): Promise<boolean> {
  const stop = vscode.l10n.t('Stop');
  const detail = gates ? vscode.l10n.t('Calls in flight are cut off, and what waits for an answer is withdrawn.') : vscode.l10n.t('Calls in flight are cut off.');
  return await vscode.window.showWarningMessage(question, { modal: true, detail }, stop) === stop;
}

async function offerToDeclare(): Promise<void> {
  const create = vscode.l10n.t('Declare an Agent');
  const text = vscode.l10n.t('No governance file declares an agent with an entry point here, so there is nothing to launch.');
  if (await vscode.window.showInformationMessage(text, create) === create) await vscode.commands.executeCommand(COMMANDS.newPolicy, 'agent');
}

function idOf(argument: unknown): string | undefined {
  if (typeof argument === 'string') return argument;
  if (typeof argument !== 'object' || argument === null) return undefined;
  if ('root' in argument && 'contentHash' in argument) return String(argument.root); // a gate: the run it belongs to
  return 'root' in argument && 'id' in argument ? String(argument.id) : undefined;
}

/** Run of the debug session in front, for the button in its tool bar. */
function debugged(live: Live): string | undefined {
  const session = vscode.debug.activeDebugSession;
  if (session?.type !== DEBUG_TYPE) return undefined;
  const run = session.configuration['run'] as string | undefined;
  return run ?? roots(live).find((each) => !ended(each.state) && each.agent === session.configuration['agent'])?.id;
}

async function pickRun(live: Live, runs: readonly RunSummary[], title: string): Promise<RunSummary | undefined> {
  if (runs.length <= 1) return runs[0];
  const picked = await vscode.window.showQuickPick(runs.map((run) => ({ label: run.agent, description: describe(run, live), run })), { title });
  return picked?.run;
}
