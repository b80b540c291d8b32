// The Budgets view: every limit that a policy set, with what is spent and what is reserved against it.

import * as vscode from 'vscode';
import { VIEWS } from '../../protocol/ids.ts';
import type { Balance } from '../../protocol/run-graph.ts';
import type { Live } from '../live.ts';
import { amount, bar, readAccount, used } from '../text.ts';
import { liveTree } from './tree.ts';

/** Share from which a budget is shown as nearly gone. */
const NEARLY_GONE = 0.8;

export function budgetsView(live: Live): vscode.Disposable {
  return liveTree<Balance>(VIEWS.budgets, live, {
    state: () => limited(live).map((balance) => [balance, accountLabel(balance, live)]),
    children: (element) => (element ? [] : limited(live)),
    item: (balance) => budgetItem(balance, live),
  });
}

/** Accounts with a limit, the fullest first. */
export function limited(live: Live): readonly Balance[] {
  return live.balances.filter((balance) => balance.limit !== undefined).sort((a, b) => used(b) - used(a) || (a.account < b.account ? -1 : 1));
}

function budgetItem(balance: Balance, live: Live): vscode.TreeItem {
  const { unit, spent, reserved, limit = 0, overrun } = balance;
  const language = vscode.env.language;
  const say = (value: number): string => amount(value, unit, language);
  const percent = new Intl.NumberFormat(language, { style: 'percent' }).format(used(balance));
  const item = new vscode.TreeItem(accountLabel(balance, live));
  item.id = `${balance.account} ${unit}`;
  item.description = `${bar(used(balance))} ${percent} · ${vscode.l10n.t('{0} of {1}', say(spent), say(limit))}${reserved ? ` + ${say(reserved)}` : ''}`;
  item.iconPath = overrun > 0 || used(balance) >= 1 ? new vscode.ThemeIcon('error', new vscode.ThemeColor('charts.red'))
    : used(balance) >= NEARLY_GONE ? new vscode.ThemeIcon('warning', new vscode.ThemeColor('charts.yellow')) : new vscode.ThemeIcon('credit-card');
  const sentence = vscode.l10n.t('{0} spent, {1} reserved, of {2} {3}', say(spent), say(reserved), say(limit), unit === 'tokens' ? vscode.l10n.t('tokens') : '').trimEnd();
  item.tooltip = overrun > 0 ? `${sentence}. ${vscode.l10n.t('{0} more than was reserved', say(overrun))}` : sentence;
  item.accessibilityInformation = { label: `${accountLabel(balance, live)}: ${percent}, ${sentence}` };
  return item;
}

/** "writer and its children", "writer today", "everything this month". */
export function accountLabel({ account, unit }: Balance, live: Live): string {
  const name = readAccount(account);
  const suffix = unit === 'tokens' ? ` (${vscode.l10n.t('tokens')})` : '';
  if (!name) return account + suffix;
  if (name.scope === 'run') return vscode.l10n.t('{0} and its children', live.run(name.run)?.agent ?? name.run) + suffix;
  const who = name.kind === 'all' ? vscode.l10n.t('everything') : `${name.who}${name.model ? ` · ${name.model}` : ''}`;
  return (name.scope === 'day' ? vscode.l10n.t('{0} today', who) : vscode.l10n.t('{0} this month', who)) + suffix;
}
