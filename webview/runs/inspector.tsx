// All there is to know about one node: what happened in plain words, every verdict, what went in and out, the cost, and the path that led here.

import type { ComponentChildren, Ref } from 'preact';
import { formatUsd } from '../../protocol/money.ts';
import { printable, visible } from '../../protocol/printable.ts';
import type { RunNode, Shown } from '../../protocol/run-graph.ts';
import type { Reason } from '../../protocol/verdict.ts';
import type { Outgoing } from '../host.ts';
import { Glyph, Icon } from './glyph.tsx';
import { pathOf } from './keys.ts';
import type { Lanes } from './lanes.ts';
import { OUTCOMES, outcomeOf, type Outcome } from './outcome.ts';
import { comparisonOf, durationText, summaryOf, titleOf } from './words.ts';

interface InspectorProps {
  readonly lanes: Lanes;
  readonly selected: string | undefined;
  readonly select: (node: string) => void;
  readonly post: (message: Outgoing) => void;
  readonly heading: Ref<HTMLHeadingElement>;
}

export function Inspector({ lanes, selected, select, post, heading }: InspectorProps) {
  const node = selected === undefined ? undefined : lanes.graph.nodes.get(selected);
  if (!node) return <aside class="inspector" aria-label="Inspector" tabIndex={0}><h2 ref={heading} tabIndex={-1}>Nothing selected</h2><p class="hint">Select a node to read what happened, what was decided and why.</p></aside>;
  return (
    <aside class="inspector" aria-label="Inspector" tabIndex={0}>
      <h2 ref={heading} tabIndex={-1}><Glyph outcome={outcomeOf(node)} size={16} />{titleOf(node)}</h2>
      <p class={`badge ink-${OUTCOMES[outcomeOf(node)].ink}`}>{OUTCOMES[outcomeOf(node)].word}</p>
      <p class="summary">{summaryOf(lanes.graph, node)}</p>
      <Verdicts node={node} post={post} />
      <Text title="Input" shown={node.input} />
      <Text title="Output" shown={node.output} />
      {node.error && <Part title="Error"><pre tabIndex={0}>{visible(node.error)}</pre></Part>}
      <Cost node={node} />
      <Path lanes={lanes} node={node} select={select} />
    </aside>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return <section class="part"><h3>{title}</h3>{children}</section>;
}

function Verdicts({ node, post }: { node: RunNode; post: (message: Outgoing) => void }) {
  if (node.verdicts.length === 0) return null;
  return (
    <Part title="Decision">
      {node.verdicts.map(({ event, verdict }) => (
        <div class="verdict" key={event}>
          <p class="event"><code>{event}</code> {verdict.reasons.length === 0 ? 'allowed by every policy' : verdict.disposition}</p>
          <ul>{verdict.reasons.map((reason, index) => <ReasonItem key={index} reason={reason} post={post} />)}</ul>
        </div>
      ))}
    </Part>
  );
}

function ReasonItem({ reason, post }: { reason: Reason; post: (message: Outgoing) => void }) {
  const { place } = reason;
  return (
    <li class="reason">
      <p class="reason-head"><Glyph outcome={LOOK[reason.disposition]} size={12} /><strong>{printable(reason.policy)}</strong> <span class="says">{reason.disposition}{reason.shadow ? ', in shadow: without effect' : ''}</span></p>
      <p>{printable(reason.message)}</p>
      <p class="compare">{comparisonOf(reason)}</p>
      {reason.remedy && <p class="remedy"><Icon name="lightbulb" />{printable(reason.remedy)}</p>}
      {reason.error && <p class="remedy">The check itself failed: {printable(reason.error)}</p>}
      {place && <button class="link" onClick={() => post({ type: 'openPolicy', file: place.file, line: place.line })}><Icon name="go-to-file" />{printable(place.file)}:{place.line}</button>}
    </li>
  );
}

const LOOK = {
  allow: 'done', warn: 'warned', redact: 'redacted', throttle: 'refused', retry: 'refused', skip: 'refused', gate: 'waiting', block: 'refused',
} as const satisfies Record<Reason['disposition'], Outcome>;

function Text({ title, shown }: { title: string; shown: Shown | undefined }) {
  if (!shown) return null;
  return (
    <Part title={title}>
      <p class="shown-title">{printable(shown.title)}</p>
      {shown.body && <pre tabIndex={0}>{visible(shown.body)}</pre>}
      {shown.truncated && <p class="hint">The rest was cut when it was stored.</p>}
    </Part>
  );
}

function Cost({ node }: { node: RunNode }) {
  const { usage, cost, estimate } = node;
  const rows: [string, string][] = [];
  if (cost !== undefined) rows.push(['Cost', `${node.costKnown === false ? 'at least ' : ''}${formatUsd(cost)}`]);
  if (estimate !== undefined) rows.push(['At most', formatUsd(estimate)]);
  if (usage) {
    rows.push(['Tokens in', usage.cachedInput ? `${usage.input} (${usage.cachedInput} cached)` : String(usage.input)]);
    rows.push(['Tokens out', usage.reasoning ? `${usage.output} (${usage.reasoning} reasoning)` : String(usage.output)]);
  }
  if (node.endedAt !== undefined) rows.push(['Took', durationText(node.endedAt - node.startedAt)]);
  rows.push(['Began', new Date(node.startedAt).toLocaleTimeString()]);
  return <Part title="Cost and time"><dl>{rows.map(([term, value]) => <div key={term}><dt>{term}</dt><dd>{value}</dd></div>)}</dl></Part>;
}

/** Steps of the path that are listed; a longer one says how many were left out. */
const LISTED = 12;

function Path({ lanes, node, select }: { lanes: Lanes; node: RunNode; select: (node: string) => void }) {
  const path = pathOf(lanes, node.id).map((id) => lanes.graph.nodes.get(id)).filter((each) => each !== undefined);
  if (path.length === 0) return null;
  return (
    <Part title="What led here">
      <ol class="path">
        {path.slice(0, LISTED).map((each) => <li key={each.id}><button class="link" onClick={() => select(each.id)}><Glyph outcome={outcomeOf(each)} size={12} />{titleOf(each)}</button></li>)}
      </ol>
      {path.length > LISTED && <p class="hint">and {path.length - LISTED} more, up to the start of the run</p>}
    </Part>
  );
}
