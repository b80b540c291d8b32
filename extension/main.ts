// The extension: constructs its parts, registers them, returns. What takes time (the governor, the language server) goes on in the background.

import * as vscode from 'vscode';
import { isGovernanceFile } from '../protocol/ids.ts';
import { startLanguageClient } from './client.ts';
import { gateCommands } from './commands/gates.ts';
import { governorCommands } from './commands/governor.ts';
import { policyCommands } from './commands/policies.ts';
import { runCommands } from './commands/runs.ts';
import type { Fullarc } from './context.ts';
import { debugging } from './debug/debugging.ts';
import { doorbell } from './gates/doorbell.ts';
import { Reviews } from './gates/review.ts';
import { Governor } from './governor.ts';
import { Live } from './live.ts';
import { budgetsView } from './views/budgets.ts';
import { gatesView } from './views/gates.ts';
import { policiesView } from './views/policies.ts';
import { RunPanels } from './views/run-panel.ts';
import { runsView } from './views/runs.ts';
import { statusBar } from './views/status-bar.ts';

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Fullarc', { log: true });
  const built = (file: string): string => vscode.Uri.joinPath(context.extensionUri, 'dist', file).fsPath;
  const own = { cli: built('cli.js'), logs: context.logUri.fsPath };
  const governor = new Governor(own, log);
  const live = new Live(governor, log);
  const panels = new RunPanels(context, governor, live, log);
  const reviews = new Reviews(governor, live);
  const fullarc: Fullarc = { context, log, governor, live, panels };
  context.subscriptions.push(
    log, governor, live, panels, reviews,
    gatesView(live), runsView(live), budgetsView(live), policiesView(live), statusBar(live, governor), doorbell(live),
    debugging({ context, own, governor, live, panels }),
    commands(log, { ...gateCommands(live, governor, reviews), ...runCommands(live, governor, panels), ...policyCommands(live, { cli: own.cli, templates: vscode.Uri.joinPath(context.extensionUri, 'templates').fsPath }), ...governorCommands(fullarc) }),
    startLanguageClient(built('language-server.js'), log),
    vscode.workspace.onDidSaveTextDocument((document) => saved(document, governor)),
    vscode.workspace.onDidGrantWorkspaceTrust(() => begin(governor, log)),
  );
  if (vscode.workspace.isTrusted) begin(governor, log);
}

/** The governor is what the views show and what agents started from here need, so it is brought up at once, but never waited for. */
function begin(governor: Governor, log: vscode.LogOutputChannel): void {
  governor.connect().catch((error: unknown) => log.error((error as Error).message));
}

/** A saved policy is in force when the editor says that it is saved, not when a file watcher notices. */
function saved(document: vscode.TextDocument, governor: Governor): void {
  if (governor.state !== 'connected' || document.uri.scheme !== 'file' || !isGovernanceFile(document.uri.fsPath)) return;
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  if (folder) governor.request('policies.reload', { workspace: folder.uri.fsPath }).catch(() => undefined); // the file watcher of the governor sees it too
}

type Handlers = Readonly<Record<string, (argument: unknown) => unknown>>;

/** Registers commands; one that fails says why, and the reason is in the log. */
function commands(log: vscode.LogOutputChannel, handlers: Handlers): vscode.Disposable {
  return vscode.Disposable.from(...Object.entries(handlers).map(([id, handler]) => vscode.commands.registerCommand(id, async (argument: unknown) => {
    try {
      return await handler(argument);
    } catch (error) {
      log.error(`${id}: ${(error as Error).stack ?? String(error)}`);
      void vscode.window.showErrorMessage((error as Error).message);
      return undefined;
    }
  })));
}
