// The question that waits for a person. Its buttons come alive only after it has been in view long enough to be read, and never take the focus.

import { useEffect, useState } from 'preact/hooks';
import { printable } from '../../protocol/printable.ts';
import { gateNode, type GateView, type RunGraph } from '../../protocol/run-graph.ts';
import type { Outgoing } from '../host.ts';
import { Glyph, Icon } from './glyph.tsx';
import { clockText } from './words.ts';

/** Milliseconds that a gate is shown before it can be answered. */
export const READ_FIRST = 750;

export function GateBanner({ graph, now, post, select }: { graph: RunGraph; now: number; post: (message: Outgoing) => void; select: (node: string) => void }) {
  const open = [...graph.gates.values()].filter((gate) => gate.decision === undefined);
  const gate = open[0];
  const armed = useArmed(gate?.id);
  if (!gate) return null;
  const agent = printable(graph.runs.get(gate.run)?.agent ?? '');
  const action = graph.nodes.get(gate.node);
  return (
    <section class="gate" aria-label="Waiting for your decision">
      <Glyph outcome="waiting" size={22} />
      <div class="gate-text">
        <p class="gate-ask"><strong>{agent}</strong> wants <strong>{action ? printable(action.name) : 'an action'}</strong>. {printable(gate.message)}</p>
        <p class="gate-facts">policy {printable(gate.policy)} · {deadline(gate, now)}{open.length > 1 ? ` · ${open.length - 1} more waiting` : ''}
          {' · '}<button class="link" onClick={() => select(gateNode(gate.id))}>show in the run</button></p>
      </div>
      <div class="gate-buttons">
        {gate.terms.review === 'quick' && <button disabled={!armed} onClick={() => post({ type: 'decideGate', gate: gate.id, decision: 'approve' })}><Icon name="check" />Approve</button>}
        <button disabled={!armed} onClick={() => post({ type: 'decideGate', gate: gate.id, decision: 'reject' })}><Icon name="close" />Reject</button>
        <button disabled={!armed} onClick={() => post({ type: 'reviewGate', gate: gate.id })}><Icon name="diff" />Review…</button>
      </div>
    </section>
  );
}

function deadline(gate: GateView, now: number): string {
  const left = clockText(gate.expiresAt - now);
  return gate.terms.onTimeout === 'block' ? `refused in ${left} without an answer` : `allowed in ${left} without an answer`;
}

/** False for a moment after each new gate. */
function useArmed(gate: string | undefined): boolean {
  const [armed, setArmed] = useState<string>();
  useEffect(() => {
    if (gate === undefined) return undefined;
    const timer = setTimeout(() => setArmed(gate), READ_FIRST);
    return () => clearTimeout(timer);
  }, [gate]);
  return gate !== undefined && armed === gate;
}
