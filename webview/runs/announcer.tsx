// What is said aloud: the selected node at once, and what a person must know about the run, at most once in three seconds.

import { useEffect, useRef, useState } from 'preact/hooks';
import { plural } from '../../protocol/describe-graph.ts';
import type { RunGraph } from '../../protocol/run-graph.ts';
import { spoken } from './words.ts';

const PAUSE = 3000;

export function Announcer({ graph, selected }: { graph: RunGraph; selected: string | undefined }) {
  const node = selected === undefined ? undefined : graph.nodes.get(selected);
  const news = useThrottled(newsOf(graph));
  return (
    <div class="spoken">
      <p aria-live="polite">{node ? spoken(graph, node) : ''}</p>
      <p aria-live="polite">{news}</p>
    </div>
  );
}

/** Gates, refusals and the budget; nothing else interrupts. */
function newsOf(graph: RunGraph): string {
  let gates = 0;
  let refusals = 0;
  for (const run of graph.runs.values()) {
    gates += run.openGates;
    refusals += run.refusals;
  }
  const full = [...graph.balances.values()].filter((each) => each.limit !== undefined && each.spent + each.reserved >= each.limit);
  return [gates ? `${plural(gates, 'gate')} waiting for you` : '', refusals ? plural(refusals, 'refusal') : '', full.length ? 'a budget is used up' : ''].filter(Boolean).join(', ');
}

function useThrottled(text: string): string {
  const [said, setSaid] = useState(text);
  const newest = useRef(text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  newest.current = text;
  useEffect(() => {
    if (timer.current !== undefined || text === said) return;
    setSaid(text);
    timer.current = setTimeout(() => {
      timer.current = undefined;
      setSaid(newest.current);
    }, PAUSE);
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return said;
}
