// Commands on gates. Each takes a row of the view, an id, the review document, or nothing: then the gate in front, or one that is asked for.

import * as vscode from 'vscode';
import type { GateDetails } from '../../protocol/control.ts';
import { COMMANDS } from '../../protocol/ids.ts';
import { approve, reject } from '../gates/decide.ts';
import { gateOf, stateOf } from '../gates/document.ts';
import type { Reviews } from '../gates/review.ts';
import type { Governor } from '../governor.ts';
import type { Live } from '../live.ts';
import { brief } from '../text.ts';

export function gateCommands(live: Live, governor: Governor, reviews: Reviews) {
  const find = (argument: unknown): Promise<GateDetails | undefined> => findGate(argument, live, governor, reviews);
  const answer = async (argument: unknown, how: typeof approve): Promise<void> => {
    const gate = await find(argument);
    if (!gate) return;
    if (gate.decision) void vscode.window.showInformationMessage(vscode.l10n.t('{0} is no longer waiting: {1}.', gate.name, stateOf(gate)));
    else await how(governor, gate);
  };
  return {
    [COMMANDS.reviewGate]: async (argument: unknown) => {
      const gate = await find(argument);
      if (gate) await reviews.open(gate.id);
    },
    [COMMANDS.reviewNextGate]: async () => {
      const next = live.gates[0];
      if (next) await reviews.open(next.id);
      else void vscode.window.showInformationMessage(vscode.l10n.t('Nothing is waiting for you.'));
    },
    [COMMANDS.approveGate]: (argument: unknown) => answer(argument, approve),
    [COMMANDS.rejectGate]: (argument: unknown) => answer(argument, reject),
  };
}

async function findGate(argument: unknown, live: Live, governor: Governor, reviews: Reviews): Promise<GateDetails | undefined> {
  const id = idOf(argument) ?? reviews.focused;
  if (id === undefined) return pickGate(live.gates);
  const shown = reviews.get(id);
  const waiting = live.gates.find((gate) => gate.id === id);
  // What was shown is what is answered: its content hash goes with the decision.
  if (shown && waiting) return shown;
  return waiting ?? (await governor.request('gates.list', { all: true })).find((gate) => gate.id === id);
}

function idOf(argument: unknown): string | undefined {
  if (typeof argument === 'string') return argument;
  if (argument instanceof vscode.Uri) return gateOf(argument);
  return typeof argument === 'object' && argument !== null && 'contentHash' in argument && 'id' in argument ? String(argument.id) : undefined;
}

async function pickGate(gates: readonly GateDetails[]): Promise<GateDetails | undefined> {
  if (gates.length === 0) void vscode.window.showInformationMessage(vscode.l10n.t('Nothing is waiting for you.'));
  if (gates.length <= 1) return gates[0];
  const picked = await vscode.window.showQuickPick(gates.map((gate) => ({ label: brief(`${gate.name} · ${gate.agent}`, 100), description: gate.policy, detail: brief(gate.message, 200), gate })), { title: vscode.l10n.t('Gates') });
  return picked?.gate;
}
