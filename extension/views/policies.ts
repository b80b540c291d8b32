// The Policies view: what is in force in each folder, and what is wrong with the newest text.

import { join } from 'node:path';
import * as vscode from 'vscode';
import type { PolicyInForce, PolicyStatus } from '../../protocol/control.ts';
import { COMMANDS, VIEWS } from '../../protocol/ids.ts';
import type { Finding } from '../../protocol/finding.ts';
import type { Live } from '../live.ts';
import { liveTree } from './tree.ts';

/** A row of the view; `openPolicy` takes one. */
export type PolicyRow =
  | { readonly kind: 'folder'; readonly status: PolicyStatus }
  | { readonly kind: 'policy'; readonly status: PolicyStatus; readonly policy: PolicyInForce }
  | { readonly kind: 'errors'; readonly status: PolicyStatus; readonly errors: readonly Finding[] };

export function policiesView(live: Live): vscode.Disposable {
  return liveTree<PolicyRow>(VIEWS.policies, live, { state: () => live.policies, children: (row) => children(live, row), item: policyItem });
}

function children(live: Live, row?: PolicyRow): readonly PolicyRow[] {
  if (row) return row.kind === 'folder' ? rows(row.status) : [];
  const worth = live.policies.filter((status) => status.policies.length > 0 || status.findings.length > 0);
  return worth.length === 1 ? rows(worth[0] as PolicyStatus) : worth.map((status) => ({ kind: 'folder', status }));
}

function rows(status: PolicyStatus): readonly PolicyRow[] {
  const errors = status.findings.filter((finding) => finding.severity === 'error');
  return [...(errors.length ? [{ kind: 'errors', status, errors } as const] : []), ...status.policies.map((policy) => ({ kind: 'policy', status, policy }) as const)];
}

function policyItem(row: PolicyRow): vscode.TreeItem {
  const open = { command: COMMANDS.openPolicy, title: vscode.l10n.t('Open Policy…'), arguments: [row] };
  if (row.kind === 'folder') {
    const item = new vscode.TreeItem(vscode.Uri.file(row.status.workspace), vscode.TreeItemCollapsibleState.Expanded);
    item.description = row.status.version;
    return item;
  }
  if (row.kind === 'errors') {
    const item = new vscode.TreeItem(row.errors.length === 1 ? vscode.l10n.t('1 error') : vscode.l10n.t('{0} errors', row.errors.length));
    item.description = vscode.l10n.t('the last good version stays in force');
    item.iconPath = new vscode.ThemeIcon('error', new vscode.ThemeColor('errorForeground'));
    item.tooltip = row.errors.slice(0, 5).map((error) => `${error.file}:${error.line} ${error.message}`).join('\n');
    item.command = open;
    return item;
  }
  const { policy } = row;
  const item = new vscode.TreeItem(policy.name);
  item.description = [policy.category, policy.onViolation, ...(policy.mode === 'enforce' ? [] : [policy.mode])].join(' · ');
  item.iconPath = new vscode.ThemeIcon(policy.mode === 'enforce' ? 'shield' : policy.mode === 'shadow' ? 'eye' : 'circle-slash');
  item.contextValue = 'policy';
  item.tooltip = [policy.description, `${policy.file}:${policy.line}`].filter(Boolean).join('\n');
  item.command = open;
  return item;
}

/** File and line that a row is about. */
export function placeOf(row: PolicyRow): { readonly file: string; readonly line: number } | undefined {
  const place = row.kind === 'policy' ? row.policy : row.kind === 'errors' ? row.errors[0] : undefined;
  return place && { file: join(row.status.workspace, place.file), line: place.line };
}
