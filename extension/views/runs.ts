// The Runs view: trees of runs with their state, cost and refusals; live ones first.

import * as vscode from 'vscode';
import { COMMANDS, CONTEXTS, VIEWS } from '../../protocol/ids.ts';
import { formatUsd } from '../../protocol/money.ts';
import { ended, type RunState, type RunSummary } from '../../protocol/run-graph.ts';
import type { Live } from '../live.ts';
import { brief, clock } from '../text.ts';
import { facts, liveTree } from './tree.ts';

/** Icon and colour of each state: told apart by shape alone. */
const ICONS: Readonly<Record<RunState, readonly [icon: string, colour: string]>> = {
  pending: ['circle-outline', 'charts.blue'], running: ['play-circle', 'charts.blue'], suspended: ['debug-pause', 'charts.yellow'], completed: ['pass', 'charts.green'],
  failed: ['error', 'charts.red'], blocked: ['circle-slash', 'charts.red'], killed: ['stop-circle', 'charts.red'], 'in-doubt': ['warning', 'charts.orange'],
};

export function runsView(live: Live): vscode.Disposable {
  const view = liveTree<RunSummary>(VIEWS.runs, live, {
    state: () => live.runs,
    children: (run) => (run ? live.runs.filter((each) => each.parent === run.id).reverse() : roots(live)),
    item: (run) => runItem(run, live),
    parent: (run) => (run.parent ? live.run(run.parent) : undefined),
  });
  return vscode.Disposable.from(view, live.onDidChange(() => {
    void vscode.commands.executeCommand('setContext', CONTEXTS.hasRuns, live.runs.length > 0);
    void vscode.commands.executeCommand('setContext', CONTEXTS.hasGates, live.gates.length > 0);
  }));
}

/** Root runs, live ones first, then the newest. */
export function roots(live: Live): readonly RunSummary[] {
  const all = live.runs.filter((run) => !run.parent);
  return [...all.filter((run) => !ended(run.state)), ...all.filter((run) => ended(run.state))];
}

/** What a run and everything it spawned cost so far, in micro-dollars. */
export function treeCost(run: RunSummary, live: Live): number {
  return live.runs.filter((each) => each.parent === run.id).reduce((sum, child) => sum + treeCost(child, live), run.cost);
}

function runItem(run: RunSummary, live: Live): vscode.TreeItem {
  const children = live.runs.some((each) => each.parent === run.id);
  const item = new vscode.TreeItem(run.agent, children ? (ended(run.state) ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.Expanded) : vscode.TreeItemCollapsibleState.None);
  const [icon, colour] = ICONS[run.state];
  item.id = run.id;
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(colour));
  item.description = describe(run, live);
  item.contextValue = ended(run.state) ? 'run-ended' : 'run-live';
  item.command = { command: COMMANDS.openRun, title: vscode.l10n.t('Open Run…'), arguments: [run] };
  item.tooltip = facts([
    [vscode.l10n.t('Run'), run.id], [vscode.l10n.t('Command'), brief(run.command.join(' '), 200)], [vscode.l10n.t('Started'), clock(run.startedAt, vscode.env.language)],
    [vscode.l10n.t('Own cost'), formatUsd(run.cost)], [vscode.l10n.t('With its children'), formatUsd(treeCost(run, live))], [vscode.l10n.t('Held at'), run.level],
    ...(run.reason ? [[vscode.l10n.t('Reason'), brief(run.reason, 300)] as const] : []),
  ]);
  item.accessibilityInformation = { label: `${run.agent}, ${item.description}` };
  return item;
}

/** `running · $3.12 · 12 steps · 2 refused` */
export function describe(run: RunSummary, live: Live): string {
  const parts = [stateName(run.state), formatUsd(treeCost(run, live)), run.steps === 1 ? vscode.l10n.t('1 step') : vscode.l10n.t('{0} steps', run.steps)];
  if (run.refusals) parts.push(vscode.l10n.t('{0} refused', run.refusals));
  if (run.openGates) parts.push(run.openGates === 1 ? vscode.l10n.t('1 gate') : vscode.l10n.t('{0} gates', run.openGates));
  if (ended(run.state)) parts.push(clock(run.endedAt ?? run.startedAt, vscode.env.language));
  return parts.join(' · ');
}

export function stateName(state: RunState): string {
  const names: Readonly<Record<RunState, string>> = {
    pending: vscode.l10n.t('starting'), running: vscode.l10n.t('running'), suspended: vscode.l10n.t('waiting'), completed: vscode.l10n.t('completed'),
    failed: vscode.l10n.t('failed'), blocked: vscode.l10n.t('blocked'), killed: vscode.l10n.t('stopped'), 'in-doubt': vscode.l10n.t('in doubt'),
  };
  return names[state];
}
