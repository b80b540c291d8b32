// The head of the view: what runs, how it stands, what it spent, and how the picture is shown.

import { plural } from '../../protocol/describe-graph.ts';
import { formatUsd } from '../../protocol/money.ts';
import { printable } from '../../protocol/printable.ts';
import { rollUp } from '../../protocol/roll-up.ts';
import { ended, runNode, type RunGraph, type RunSummary } from '../../protocol/run-graph.ts';
import { Glyph, Icon } from './glyph.tsx';
import { OUTCOMES, outcomeOf } from './outcome.ts';
import type { Spend } from './spend.ts';
import type { ViewState } from './view-state.ts';
import { clockText } from './words.ts';

export interface HeaderProps {
  readonly graph: RunGraph;
  readonly run: RunSummary;
  readonly spend: Spend;
  readonly now: number;
  readonly view: ViewState;
  readonly change: (part: Partial<ViewState>) => void;
  readonly fit: () => void;
  readonly help: () => void;
  readonly saveSvg: () => void;
  readonly stop: () => void;
}

export function Header(props: HeaderProps) {
  const { graph, run, spend, now } = props;
  const total = rollUp(graph).get(run.id)!;
  const node = graph.nodes.get(runNode(run.id));
  return (
    <header class="head">
      <div class="head-line">
        <h1>{node && <Glyph outcome={outcomeOf(node)} size={16} />}{printable(run.agent)}</h1>
        <span class={`state ink-${node ? OUTCOMES[outcomeOf(node)].ink : 'muted'}`}>{run.state}</span>
        {run.reason && <span class="why">{printable(run.reason)}</span>}
        <span class="clock">{clockText((run.endedAt ?? now) - run.startedAt)}</span>
        <span class="fact">{total.runs > 1 ? `${plural(total.runs - 1, 'agent')} spawned` : 'no agent spawned'}</span>
        <span class="fact">{plural(total.steps, 'action')}</span>
        {total.openGates > 0 && <span class="fact"><Glyph outcome="waiting" size={12} />{plural(total.openGates, 'open gate')}</span>}
        {total.refusals > 0 && <span class="fact"><Glyph outcome="refused" size={12} />{plural(total.refusals, 'refusal')}</span>}
        <span class="fact" title={LEVELS[run.level]}>{run.level}</span>
        {!ended(run.state) && <button class="quiet stop" onClick={props.stop}><Icon name="debug-stop" />Stop</button>}
      </div>
      <SpendBar spend={spend} />
      <Toolbar {...props} />
    </header>
  );
}

const LEVELS = {
  L1: 'L1: held by environment and hooks', L2: 'L2: the provider key is not with the agent', L3: 'L3: confined, its only way out is governed',
} as const;

function SpendBar({ spend }: { spend: Spend }) {
  const { spent, reserved, limit } = spend;
  const share = (amount: number): string => `${Math.min(100, limit ? (amount / limit) * 100 : 0)}%`;
  return (
    <div class="spend">
      {limit !== undefined && (
        <div class={`bar${spent + reserved >= limit ? ' full' : ''}`} role="meter" aria-label={`Spend, ${spend.scope}`} aria-valuemin={0} aria-valuemax={limit / 1e6} aria-valuenow={Math.min(spent, limit) / 1e6} aria-valuetext={spend.text}>
          <span class="bar-spent" style={{ inlineSize: share(spent) }} />
          <span class="bar-reserved" style={{ inlineSize: share(reserved), insetInlineStart: share(spent) }} />
        </div>
      )}
      <p class="spend-text"><strong>{spend.atLeast ? '≥ ' : ''}{formatUsd(spent)}</strong>{spend.text.replace(/^.*? spent/, ' spent')} <span class="scope">({spend.scope})</span></p>
    </div>
  );
}

function Toolbar({ view, change, fit, help, saveSvg }: HeaderProps) {
  return (
    <div class="tools" role="toolbar" aria-label="How the run is shown">
      <Choice label="Form" value={view.form} options={[['lanes', 'Lanes'], ['table', 'Table']]} choose={(form) => change({ form })} />
      {view.form === 'lanes' && <Choice label="x axis" prefix="x:" value={view.axis} options={[['step', 'Step'], ['time', 'Time']]} choose={(axis) => change({ axis })} />}
      <span class="spring" />
      <button class="quiet" aria-pressed={view.follow} title="Follow live (f)" onClick={() => change({ follow: !view.follow })}><Icon name={view.follow ? 'pinned' : 'pin'} />Follow</button>
      {view.form === 'lanes' && <button class="quiet" title="Fit the whole run (0)" onClick={fit}><Icon name="screen-full" />Fit</button>}
      <button class="quiet" title="Save the picture as SVG" onClick={saveSvg}><Icon name="export" />SVG</button>
      <button class="quiet icon-only" aria-label="Keys" title="Keys (?)" onClick={help}><Icon name="question" /></button>
    </div>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly prefix?: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly choose: (value: T) => void;
}

function Choice<T extends string>({ label, prefix, value, options, choose }: ChoiceProps<T>) {
  return (
    <div class="choice" role="group" aria-label={label}>
      {prefix && <span class="choice-prefix" aria-hidden="true">{prefix}</span>}
      {options.map(([option, text]) => <button key={option} aria-pressed={option === value} onClick={() => choose(option)}>{text}</button>)}
    </div>
  );
}
