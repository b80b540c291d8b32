// Answering a gate: asks for a reason where one is due, binds the answer to the content that was shown, and says what became of it.

import * as vscode from 'vscode';
import { FullarcError, type GateDetails } from '../../protocol/control.ts';
import { COMMANDS, CONTEXTS } from '../../protocol/ids.ts';
import type { Governor } from '../governor.ts';
import { currentUser } from '../settings.ts';
import { outcomeName } from './document.ts';

export async function approve(governor: Governor, gate: GateDetails): Promise<void> {
  await decide(governor, gate, 'approve');
}

/** Asks why first; the reason is told to the agent. Escape leaves the gate as it is. */
export async function reject(governor: Governor, gate: GateDetails): Promise<void> {
  const reason = await vscode.window.showInputBox({
    title: vscode.l10n.t('Reject {0}', gate.name),
    prompt: vscode.l10n.t('Why? The agent is told, and it is recorded. May stay empty.'),
    ignoreFocusOut: true,
  });
  if (reason !== undefined) await decide(governor, gate, 'reject', reason.trim() || undefined);
}

async function decide(governor: Governor, gate: GateDetails, decision: 'approve' | 'reject', reason?: string): Promise<void> {
  try {
    const { outcome } = await governor.request('gates.decide', { gate: gate.id, decision, by: currentUser(), contentHash: gate.contentHash, ...(reason ? { reason } : {}) });
    void vscode.commands.executeCommand('setContext', CONTEXTS.gateAnswered, true);
    const message = outcome === 'pending' ? vscode.l10n.t('{0}: recorded; {1} must agree', gate.name, gate.terms.quorum) : `${gate.name}: ${outcomeName(outcome)}`;
    vscode.window.setStatusBarMessage(`$(shield) ${message}`, 5000);
  } catch (error) {
    await explain(error, gate);
  }
}

async function explain(error: unknown, gate: GateDetails): Promise<void> {
  if (!(error instanceof FullarcError)) throw error;
  const review = vscode.l10n.t('Review');
  if (error.code === 'gate-decided' || error.code === 'no-such-gate') return offer(vscode.window.showInformationMessage(error.message, review), review, gate);
  if (error.code === 'content-changed') return offer(vscode.window.showWarningMessage(vscode.l10n.t('{0} changed after it was shown to you. Review it again.', gate.name), review), review, gate);
  void vscode.window.showErrorMessage(`${error.message} ${error.remedy}`.trim());
}

async function offer(answer: Thenable<string | undefined>, review: string, gate: GateDetails): Promise<void> {
  if (await answer === review) await vscode.commands.executeCommand(COMMANDS.reviewGate, gate.id);
}
