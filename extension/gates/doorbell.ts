// The doorbell: a notification for each new gate, one for several that come at once. What waits is held by the Gates view; a missed ring loses nothing.

import * as vscode from 'vscode';
import type { GateDetails } from '../../protocol/control.ts';
import { COMMANDS, VIEWS } from '../../protocol/ids.ts';
import type { Live } from '../live.ts';
import { notify } from '../settings.ts';
import { brief } from '../text.ts';

/** Gates that open within this time ring once. */
const TOGETHER_MS = 300;
/** VS Code cuts notifications; ours are cut where we say. */
const LONGEST = 200;

/** Rings for gates as they open. Each gate rings once in the life of a window. */
export function doorbell(live: Live): vscode.Disposable {
  let rung: GateDetails[] = [];
  let timer: NodeJS.Timeout | undefined;
  const ring = (): void => {
    timer = undefined;
    const still = new Set(live.gates.map((gate) => gate.id));
    const gates = rung.filter((gate) => still.has(gate.id));
    rung = [];
    if (notify() !== 'toast' || gates.length === 0) return;
    void (gates.length === 1 ? ringOne(gates[0] as GateDetails) : ringMany(gates));
  };
  const opened = live.onDidOpenGate((gate) => {
    rung.push(gate);
    timer ??= setTimeout(ring, TOGETHER_MS);
  });
  return { dispose: () => { clearTimeout(timer); opened.dispose(); } };
}

async function ringOne(gate: GateDetails): Promise<void> {
  const [approve, review, reject] = [vscode.l10n.t('Approve'), vscode.l10n.t('Review'), vscode.l10n.t('Reject…')];
  const answers = gate.terms.review === 'quick' ? [approve, review, reject] : [review, reject];
  const answer = await vscode.window.showWarningMessage(brief(sentence(gate), LONGEST), ...answers);
  const command = answer === approve ? COMMANDS.approveGate : answer === review ? COMMANDS.reviewGate : answer === reject ? COMMANDS.rejectGate : undefined;
  if (command) await vscode.commands.executeCommand(command, gate.id);
}

async function ringMany(gates: readonly GateDetails[]): Promise<void> {
  const runs = new Set(gates.map((gate) => gate.root)).size;
  const open = vscode.l10n.t('Open Gates');
  const text = runs === 1 ? vscode.l10n.t('{0} gates wait for you in one run', gates.length) : vscode.l10n.t('{0} gates wait for you in {1} runs', gates.length, runs);
  if (await vscode.window.showWarningMessage(text, open) === open) await vscode.commands.executeCommand(`${VIEWS.gates}.focus`);
}

/** From verified facts only: who, what, which policy and its own words. */
function sentence(gate: GateDetails): string {
  return vscode.l10n.t('{0} wants to {1}. {2} (policy {3})', gate.agent, deed(gate), gate.message, gate.policy);
}

function deed({ kind, name }: GateDetails): string {
  if (kind === 'tool') return vscode.l10n.t('call {0}', name);
  if (kind === 'llm') return vscode.l10n.t('ask {0}', name);
  if (kind === 'exec') return vscode.l10n.t('run {0}', name);
  if (kind === 'http') return vscode.l10n.t('reach {0}', name);
  if (kind === 'spawn') return vscode.l10n.t('start {0}', name);
  return `${kind} ${name}`;
}
