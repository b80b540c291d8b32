// The run as a table: every agent and every action as a row of a treegrid. The same content as the picture, for whoever does not see it or wants to read it.

import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatUsd } from '../../protocol/money.ts';
import { printable } from '../../protocol/printable.ts';
import { rollUp } from '../../protocol/roll-up.ts';
import { runNode } from '../../protocol/run-graph.ts';
import { Glyph } from './glyph.tsx';
import type { Lane, Lanes } from './lanes.ts';
import { OUTCOMES, outcomeOf } from './outcome.ts';
import { type TreeRow, TreeRows } from './tree-rows.tsx';
import { decidingReason, durationText, titleOf } from './words.ts';

const HEIGHT = 28;

interface TableViewProps {
  readonly lanes: Lanes;
  readonly rows: readonly Lane[];
  readonly folded: ReadonlySet<string>;
  readonly selected: string | undefined;
  readonly zero: number;
  readonly follow: boolean;
  readonly select: (node: string) => void;
  readonly fold: (run: string) => void;
}

export function TableView({ lanes, rows, folded, selected, zero, follow, select, fold }: TableViewProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 400 });
  const lines = useMemo(() => linesOf(lanes, rows, folded), [lanes.graph, rows, folded]);
  const totals = rollUp(lanes.graph);
  useLayoutEffect(() => {
    const box = scroller.current!;
    const read = (): void => setSight({ top: box.scrollTop, height: box.clientHeight });
    const observer = new ResizeObserver(read);
    observer.observe(box);
    box.addEventListener('scroll', read, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener('scroll', read);
    };
  }, []);
  useLayoutEffect(() => {
    const index = lines.findIndex((line) => line.node === selected);
    if (index >= 0) reveal(index);
    else if (follow && selected === undefined) scroller.current!.scrollTop = scroller.current!.scrollHeight;
  }, [selected]);

  const reveal = (index: number): void => {
    const box = scroller.current!;
    if (index * HEIGHT < box.scrollTop) box.scrollTop = index * HEIGHT;
    else if ((index + 2) * HEIGHT > box.scrollTop + box.clientHeight) box.scrollTop = (index + 2) * HEIGHT - box.clientHeight;
  };
  const rowAt = (index: number): TreeRow => {
    const { lane, node: id } = lines[index]!;
    const node = lanes.graph.nodes.get(id)!;
    const outcome = outcomeOf(node);
    const isRun = node.kind === 'run';
    const reason = decidingReason(node);
    return {
      key: id, level: lane.depth + (isRun ? 1 : 2), selected: id === selected, ...(isRun && { expanded: !folded.has(lane.run.id) }),
      cells: [
        <span class="what" title={printable(node.input?.title ?? node.name)}>{titleOf(node)}</span>,
        <><Glyph outcome={outcome} size={12} />{isRun ? lane.run.state : OUTCOMES[outcome].word}</>,
        node.verdicts.length > 0 && reason ? printable(reason.policy) : node.kind === 'gate' ? printable(node.name) : '',
        isRun ? formatUsd(totals.get(lane.run.id)!.cost) : node.cost === undefined ? '' : formatUsd(node.cost),
        durationText(node.startedAt - zero),
        node.endedAt === undefined ? '' : durationText(node.endedAt - node.startedAt),
      ],
    };
  };
  return (
    <section class="table" aria-label="Table of the run">
      <div class="table-scroll" ref={scroller}>
        <div class="table-space" style={{ blockSize: `${(lines.length + 1) * HEIGHT}px` }} />
        <div class="table-pane" style={{ blockSize: `${sight.height}px` }}>
          <TreeRows class="grid" label="Agents and their actions" columns={['What', 'Outcome', 'Policy', 'Cost', 'At', 'Took']} count={lines.length} rowAt={rowAt} rowHeight={HEIGHT} headHeight={HEIGHT}
            top={sight.top} height={sight.height} reveal={reveal} choose={(index) => select(lines[index]!.node)} toggle={(index) => fold(lines[index]!.lane.run.id)} />
        </div>
      </div>
    </section>
  );
}

interface Line { readonly lane: Lane; readonly node: string }

function linesOf(lanes: Lanes, rows: readonly Lane[], folded: ReadonlySet<string>): Line[] {
  return rows.flatMap((lane) => {
    const ids = folded.has(lane.run.id) ? [runNode(lane.run.id)] : lanes.nodesOf(lane.run.id);
    return ids.map((node) => ({ lane, node }));
  });
}
