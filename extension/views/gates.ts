// The Gates view: what waits for a person, and the number on the activity bar.

import * as vscode from 'vscode';
import type { GateDetails } from '../../protocol/control.ts';
import { COMMANDS, VIEWS } from '../../protocol/ids.ts';
import type { Live } from '../live.ts';
import { notify } from '../settings.ts';
import { brief, clock } from '../text.ts';
import { facts, liveTree } from './tree.ts';

export function gatesView(live: Live): vscode.Disposable {
  const view = liveTree<GateDetails>(VIEWS.gates, live, { state: () => live.gates, children: (gate) => (gate ? [] : live.gates), item: gateItem });
  const badge = (): void => {
    const count = live.gates.length;
    view.badge = count === 0 || notify() === 'off' ? undefined : { value: count, tooltip: waiting(count) };
  };
  return vscode.Disposable.from(view, live.onDidChange(badge), vscode.workspace.onDidChangeConfiguration(badge));
}

/** "2 gates wait for you" */
export const waiting = (count: number): string => (count === 1 ? vscode.l10n.t('1 gate waits for you') : vscode.l10n.t('{0} gates wait for you', count));

function gateItem(gate: GateDetails): vscode.TreeItem {
  const item = new vscode.TreeItem(brief(`${gate.name} · ${gate.agent}`, 120));
  const until = clock(gate.expiresAt, vscode.env.language);
  item.id = gate.id;
  item.description = vscode.l10n.t('{0} · until {1}', gate.policy, until);
  item.iconPath = new vscode.ThemeIcon('question', new vscode.ThemeColor('charts.yellow'));
  item.contextValue = `gate-${gate.terms.review}`;
  item.command = { command: COMMANDS.reviewGate, title: vscode.l10n.t('Review Gate…'), arguments: [gate] };
  item.tooltip = facts([
    [vscode.l10n.t('Asks'), gate.path.join(' › ')], [vscode.l10n.t('For'), `${gate.kind} ${brief(gate.name, 80)}`], [vscode.l10n.t('Because'), brief(gate.message, 300)],
    [vscode.l10n.t('Policy'), gate.policy], [vscode.l10n.t('Without an answer'), withoutAnswer(gate)],
  ]);
  item.accessibilityInformation = { label: vscode.l10n.t('Gate: {0} wants {1} {2}. Policy {3}. Waits until {4}.', gate.agent, gate.kind, brief(gate.name, 80), gate.policy, until) };
  return item;
}

/** What the policy does by itself, and when. */
export function withoutAnswer(gate: GateDetails): string {
  const until = clock(gate.expiresAt, vscode.env.language);
  return gate.terms.onTimeout === 'allow' ? vscode.l10n.t('allowed at {0}', until) : vscode.l10n.t('refused at {0}', until);
}
