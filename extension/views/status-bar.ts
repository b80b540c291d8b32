// The one item in the status bar: what is being spent, and whether someone waits.

import * as vscode from 'vscode';
import { COMMANDS } from '../../protocol/ids.ts';
import { formatUsd } from '../../protocol/money.ts';
import { ended } from '../../protocol/run-graph.ts';
import type { Governor } from '../governor.ts';
import type { Live } from '../live.ts';
import { notify } from '../settings.ts';
import { waiting } from './gates.ts';
import { describe, roots, treeCost } from './runs.ts';

/** Rows of the hover's table. */
const SHOWN = 8;

export function statusBar(live: Live, governor: Governor): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('fullarc.status', vscode.StatusBarAlignment.Left, 50);
  item.name = 'Fullarc';
  item.command = COMMANDS.showStatus;
  const update = (): void => show(item, live, governor);
  update();
  return vscode.Disposable.from(item, live.onDidChange(update), governor.onState(update), vscode.workspace.onDidChangeConfiguration(update));
}

function show(item: vscode.StatusBarItem, live: Live, governor: Governor): void {
  const trees = roots(live);
  const active = trees.filter((run) => !ended(run.state));
  if (trees.length === 0 && live.policies.every((status) => status.policies.length === 0)) return item.hide();
  const spent = formatUsd((active.length ? active : trees.slice(0, 1)).reduce((sum, run) => sum + treeCost(run, live), 0));
  const gates = live.gates.length;
  const lost = governor.state === 'lost';
  const parts = [`$(shield) ${trees.length ? spent : 'Fullarc'}`];
  if (gates) parts.push(gates === 1 ? vscode.l10n.t('1 gate') : vscode.l10n.t('{0} gates', gates));
  if (lost) parts.push(vscode.l10n.t('reconnecting'));
  item.text = parts.join(' · ');
  item.backgroundColor = gates && notify() !== 'off' ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
  item.tooltip = table(live, lost);
  item.accessibilityInformation = { label: vscode.l10n.t('Fullarc: {0} spent, {1}', spent, waiting(gates)) };
  item.show();
}

function table(live: Live, lost: boolean): vscode.MarkdownString {
  const text = new vscode.MarkdownString('', true);
  if (lost) text.appendText(vscode.l10n.t('The governor is being reached again; this is the last known state.')).appendMarkdown('\n\n');
  if (live.gates.length) text.appendText(waiting(live.gates.length)).appendMarkdown('\n\n');
  text.appendMarkdown('| | |\n|---|---|\n');
  for (const run of roots(live).slice(0, SHOWN)) text.appendMarkdown('| ').appendText(run.agent).appendMarkdown(' | ').appendText(describe(run, live)).appendMarkdown(' |\n');
  return text;
}
