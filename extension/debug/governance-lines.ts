// What the debug console says about governance: one line per event that a person launching the agent wants to know, with the policy's place where there is one.

import { l10n } from 'vscode';
import type { ActionEvent } from '../../protocol/action.ts';
import { formatUsd } from '../../protocol/money.ts';
import { ended, type GateOutcome, type RunEvent } from '../../protocol/run-graph.ts';
import { refusalMessage, type Place, type Verdict } from '../../protocol/verdict.ts';
import { outcomeName } from '../gates/document.ts';
import { brief } from '../text.ts';
import { stateName } from '../views/runs.ts';

export interface GovernanceLine {
  readonly text: string;
  readonly place?: Place;
}

/** Names by node and run, as the tree has shown them so far. */
export interface Names {
  action(node: string): string;
  agent(run: string): string;
}

/** The line for an event; undefined for the many that are nobody's concern: plain allows, reservations, results. */
export function governanceLine(event: RunEvent, names: Names): GovernanceLine | undefined {
  const agent = names.agent(event.run);
  switch (event.type) {
    case 'run.opened': return event.info.parent ? { text: l10n.t('● {0} started by {1}', event.info.agent, names.agent(event.info.parent)) } : undefined;
    case 'run.state': return stateLine(event.state, agent, event.reason);
    case 'action.judged': return verdictLine(event.verdict, event.event, agent, names.action(event.node));
    case 'gate.opened': return { text: l10n.t('◆ {0}: {1} waits for a person. {2} (policy {3})', agent, names.action(event.node), brief(event.message, 300), event.policy) };
    case 'gate.decided': return { text: gateLine(agent, names.action(event.node), event.decision, event.by, event.reason) };
    case 'budget': return event.overrun > 0 && event.unit === 'usd_micro' ? { text: l10n.t('▲ {0}: {1} more than was reserved', agent, formatUsd(event.overrun)) } : undefined;
    case 'policy.changed': return { text: l10n.t('↻ policies changed: version {0} is in force', event.to) };
    default: return undefined;
  }
}

function verdictLine(verdict: Verdict, event: ActionEvent['event'], agent: string, action: string): GovernanceLine | undefined {
  if (verdict.disposition === 'allow' || verdict.disposition === 'gate') return undefined;
  const reason = verdict.reasons.find((each) => !each.shadow && each.disposition === verdict.disposition);
  const mark = verdict.disposition === 'warn' ? '▲' : verdict.disposition === 'redact' ? '▤' : '⬣';
  const budget = reason?.category === 'cost' && mark === '⬣' ? `${l10n.t('budget')}: ` : '';
  const after = event.endsWith('.after') ? ` ${l10n.t('(its result)')}` : '';
  return { text: `${mark} ${agent}: ${action}${after} · ${verdict.disposition} · ${budget}${brief(refusalMessage(verdict), 500)}`, ...(reason?.place ? { place: reason.place } : {}) };
}

function stateLine(state: Parameters<typeof stateName>[0], agent: string, reason: string | undefined): GovernanceLine | undefined {
  if (state !== 'in-doubt' && !(ended(state) && state !== 'completed')) return undefined;
  return { text: `■ ${agent}: ${stateName(state)}${reason ? ` · ${brief(reason, 500)}` : ''}` };
}

function gateLine(agent: string, action: string, decision: GateOutcome, by: string, reason: string | undefined): string {
  const line = l10n.t('◇ {0}: {1} {2} ({3})', agent, action, outcomeName(decision), by);
  return reason ? `${line}: ${brief(reason, 300)}` : line;
}
