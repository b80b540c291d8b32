// What the parts of the extension share. Built once in main.ts and handed down; nothing here is global.

import type * as vscode from 'vscode';
import type { Governor } from './governor.ts';
import type { Live } from './live.ts';
import type { RunPanels } from './views/run-panel.ts';

export interface Fullarc {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly governor: Governor;
  readonly live: Live;
  readonly panels: RunPanels;
}
