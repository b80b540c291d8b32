// The review document of a gate: what would happen, from verified facts, and below it the exact content. Text only; nothing in it is a link.

import * as vscode from 'vscode';
import type { GateDetails } from '../../protocol/control.ts';
import { GATE_SCHEME } from '../../protocol/ids.ts';
import type { GateOutcome } from '../../protocol/run-graph.ts';
import { brief, namedValues, visible } from '../text.ts';
import { withoutAnswer } from '../views/gates.ts';

/** `fullarc-gate:/send_email%20(planner).txt?<gate>`: the path is what the tab shows. */
export function gateUri(gate: GateDetails): vscode.Uri {
  const name = brief(`${gate.name} (${gate.agent})`, 60).replaceAll('/', '∕');
  return vscode.Uri.from({ scheme: GATE_SCHEME, path: `/${name}.txt`, query: gate.id });
}

/** Id of the gate that a review document shows; undefined for any other document. */
export const gateOf = (uri: vscode.Uri | undefined): string | undefined => (uri?.scheme === GATE_SCHEME ? uri.query : undefined);

export function gateText(gate: GateDetails): string {
  const rows: [string, string][] = [
    [vscode.l10n.t('Action'), `${gate.kind} ${brief(gate.name, 120)}`],
    [vscode.l10n.t('Asked by'), gate.path.join(' › ')],
    [vscode.l10n.t('Run'), gate.run],
    [vscode.l10n.t('Policy'), gate.policy],
    [vscode.l10n.t('Because'), brief(gate.message, 500)],
    [vscode.l10n.t('May decide'), approvers(gate)],
    [vscode.l10n.t('No answer'), withoutAnswer(gate)],
    [vscode.l10n.t('Content'), `sha256 ${gate.contentHash}`],
    [vscode.l10n.t('State'), stateOf(gate)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
  const cut = gate.input?.truncated ? `\n\n${rule(vscode.l10n.t('the record holds no more of it than this'))}` : '';
  return [rule(vscode.l10n.t('what will happen, as the governor verified it')), table, '', rule(vscode.l10n.t('exactly what would be sent')), content(gate) + cut, ''].join('\n');
}

/** The title says it in a line (a command, an address), the body in full. A body of named values is shown by its names, and below as it is. */
function content({ input, name }: GateDetails): string {
  if (!input) return vscode.l10n.t('(this action has no content)');
  if (input.body === undefined) return visible(input.title);
  const values = namedValues(input.body);
  if (values) return `${values}\n\n${rule(vscode.l10n.t('the same, as it goes over the wire'))}\n${visible(input.body)}`;
  return [...(input.title.startsWith(`${name}(`) ? [] : [input.title]), input.body].map(visible).join('\n\n');
}

/** "waiting", or who decided what, when it was decided elsewhere too. */
export function stateOf(gate: GateDetails): string {
  if (!gate.decision) return vscode.l10n.t('waiting for you');
  const what = outcomeName(gate.decision);
  const by = gate.by ? vscode.l10n.t('{0} by {1}', what, gate.by) : what;
  return gate.reason ? `${by}: ${brief(gate.reason, 300)}` : by;
}

export function outcomeName(outcome: GateOutcome): string {
  const names: Readonly<Record<GateOutcome, string>> = {
    approved: vscode.l10n.t('approved'), rejected: vscode.l10n.t('rejected'), 'expired-allow': vscode.l10n.t('allowed, as nobody answered in time'),
    'expired-block': vscode.l10n.t('refused, as nobody answered in time'), withdrawn: vscode.l10n.t('withdrawn: the call no longer needs it'),
  };
  return names[outcome];
}

function approvers({ terms }: GateDetails): string {
  const who = terms.approvers.length ? terms.approvers.join(', ') : vscode.l10n.t('anyone here');
  return terms.quorum > 1 ? vscode.l10n.t('{0}; {1} must agree', who, terms.quorum) : who;
}

const rule = (title: string): string => `--- ${title} ${'-'.repeat(Math.max(3, 72 - title.length))}`;
