// One event of a run as a line on a terminal; undefined for events that say nothing new there.

import { formatUsd } from '../../protocol/money.ts';
import { describeReason } from '../../protocol/describe-graph.ts';
import type { RunEvent } from '../../protocol/run-graph.ts';

export function eventLine(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'run.opened': return event.info.depth ? `  ▶ ${event.info.agent} starts (run ${event.run})` : undefined;
    case 'action.proposed': return event.kind === 'run' ? undefined : `  · ${event.kind} ${event.input?.title ?? event.name}${event.estimate ? `  up to ${formatUsd(event.estimate)}` : ''}`;
    case 'action.judged': return event.verdict.reasons.length ? event.verdict.reasons.map((reason) => `    ${MARKS[reason.disposition]} ${describeReason(reason)}`).join('\n') : undefined;
    case 'action.ended': return event.cost === undefined ? undefined : `    ✓ ${event.output?.title ?? event.outcome}  ${formatUsd(event.cost)}`;
    case 'gate.opened': return `  ◆ waits for a person: ${event.message}  (gate ${event.gate})`;
    case 'gate.decided': return `  ◆ ${event.decision} by ${event.by}${event.reason ? `: ${event.reason}` : ''}`;
    case 'budget': return undefined;
    case 'policy.changed': return `  ⟳ policies ${event.from} → ${event.to}`;
    case 'run.state': return event.state === 'running' || event.state === 'suspended' ? undefined : `  ■ ${event.state}${event.reason ? `: ${event.reason}` : ''}`;
  }
}

const MARKS = { allow: '✓', warn: '▲', redact: '▒', throttle: '⏸', retry: '↻', skip: '»', gate: '◆', block: '⬣' } as const;
