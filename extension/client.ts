// The language client: starts the policy language server and hands it the governance files of the workspace.

import * as vscode from 'vscode';
import { LanguageClient, TransportKind, type LanguageClientOptions } from 'vscode-languageclient/node';
import { LANGUAGE_ID } from '../protocol/ids.ts';

const GOVERNANCE_FILES = '**/{*.fullarc,.fullarc/**/*}.{yaml,yml}';

/** Starts in the background; a server that cannot start says so in the log and in one message. */
export function startLanguageClient(module: string, log: vscode.LogOutputChannel): vscode.Disposable {
  const client = new LanguageClient('fullarc', 'Fullarc', { module, transport: TransportKind.ipc }, options(log));
  client.start().catch((error: unknown) => {
    log.error(`language server: ${String(error)}`);
    void vscode.window.showErrorMessage(vscode.l10n.t('The policy language server did not start: {0}', (error as Error).message));
  });
  return { dispose: () => void client.dispose().catch((error: unknown) => log.debug(`language server: ${String(error)}`)) };
}

function options(log: vscode.LogOutputChannel): LanguageClientOptions {
  return {
    documentSelector: [{ language: LANGUAGE_ID, scheme: 'file' }, { language: LANGUAGE_ID, scheme: 'untitled' }],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher(GOVERNANCE_FILES) },
    outputChannel: log,
    diagnosticCollectionName: 'fullarc',
  };
}
