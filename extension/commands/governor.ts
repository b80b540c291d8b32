// Commands on the governor and around it: restart, log, status, walkthrough, demo.

import { cp, mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { COMMANDS, DEBUG_TYPE, EXTENSION_ID, VIEWS } from '../../protocol/ids.ts';
import { ended } from '../../protocol/run-graph.ts';
import type { Fullarc } from '../context.ts';
import { waiting } from '../views/gates.ts';
import { describe, roots } from '../views/runs.ts';

export function governorCommands({ context, log, governor, live }: Fullarc) {
  return {
    [COMMANDS.restartGovernor]: async () => {
      await governor.restart(vscode.l10n.t('restarted in the editor'));
      void vscode.window.setStatusBarMessage(`$(shield) ${vscode.l10n.t('The governor was restarted; runs go on.')}`, 5000);
    },
    [COMMANDS.showLog]: () => log.show(),
    [COMMANDS.openWalkthrough]: () => vscode.commands.executeCommand('workbench.action.openWalkthrough', `${EXTENSION_ID}#start`, false),
    [COMMANDS.runDemo]: () => runDemo(context, live.follow.bind(live)),
    [COMMANDS.showStatus]: () => showStatus(live),
  };
}

/** The demo runs in a folder of its own, under its own policies; those that a person changed there are kept. */
async function runDemo(context: vscode.ExtensionContext, follow: (folder: string) => Promise<void>): Promise<void> {
  const packed = vscode.Uri.joinPath(context.extensionUri, 'dist', 'demo').fsPath;
  if (!existsSync(packed)) throw new Error(vscode.l10n.t('This installation has no demo: {0} is missing. Reinstall the extension; from source, run "npm run build".', packed));
  const folder = vscode.Uri.joinPath(context.globalStorageUri, 'demo').fsPath;
  await mkdir(folder, { recursive: true });
  await cp(packed, folder, { recursive: true, filter: (_source, target) => !(target.endsWith('.yaml') && existsSync(target)) });
  await follow(folder);
  await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], {
    type: DEBUG_TYPE, request: 'launch', name: vscode.l10n.t('Governed: demo'), agent: 'outreach', workspace: folder, cwd: folder,
    command: process.execPath, args: [vscode.Uri.joinPath(context.globalStorageUri, 'demo', 'agent.mjs').fsPath], env: { ELECTRON_RUN_AS_NODE: '1' },
  });
}

async function showStatus(live: Fullarc['live']): Promise<void> {
  const going = roots(live).filter((run) => !ended(run.state));
  const items: (vscode.QuickPickItem & { readonly act?: readonly [command: string, ...args: unknown[]] })[] = [
    ...(live.gates.length ? [{ label: `$(eye) ${vscode.l10n.t('Review Next Gate')}`, description: waiting(live.gates.length), act: [COMMANDS.reviewNextGate] as const }] : []),
    ...roots(live).slice(0, 5).map((run) => ({ label: `$(graph) ${run.agent}`, description: describe(run, live), act: [COMMANDS.openRun, run.id] as const })),
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    ...(going.length ? [{ label: `$(stop-circle) ${vscode.l10n.t('Stop All Runs…')}`, act: [COMMANDS.stopAll] as const }] : []),
    { label: `$(debug-start) ${vscode.l10n.t('Run Agent Governed…')}`, act: [COMMANDS.debugAgent] },
    { label: `$(shield) ${vscode.l10n.t('Show Views')}`, act: [`${VIEWS.runs}.focus`] },
    { label: `$(output) ${vscode.l10n.t('Show Log')}`, act: [COMMANDS.showLog] },
  ];
  const picked = await vscode.window.showQuickPick(items, { title: 'Fullarc' });
  if (picked?.act) await vscode.commands.executeCommand(...picked.act);
}
