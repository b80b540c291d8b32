// Where everything is: x is the causal step (or the time), y the agent. A node's place depends on itself alone, so nothing moves when others arrive.

import type { RunGraph, RunNode } from '../../protocol/run-graph.ts';
import type { Lane, Lanes } from './lanes.ts';

export type Axis = 'step' | 'time';

/** What part of the picture is looked at. Pixels; `zoom` 1 shows labels at their natural size. */
export interface View {
  readonly axis: Axis;
  readonly zoom: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Placed {
  readonly node: RunNode;
  /** Left edge and middle of the lane, in the coordinates of the whole picture. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export const ROW = 52;
export const BOX_HEIGHT = 36;
const COLUMN = 148;
const GAP = 22;
export const MARGIN = 18;
/** Height of the ruler over the lanes. */
export const RULER = 26;
export const ZOOM = { least: 0.04, most: 2.5 } as const;
/** Pixels of a second at zoom 1, on the time axis. */
const SECOND = 60;

/** How much of a node can be seen at this zoom: a labelled box, a shape alone, or a tick. */
export function detailOf(zoom: number): 'box' | 'shape' | 'tick' {
  return zoom >= 0.55 ? 'box' : zoom >= 0.16 ? 'shape' : 'tick';
}

/** Places one node in its row. */
export function place(node: RunNode, row: number, view: Pick<View, 'axis' | 'zoom'>, zero: number, now: number): Placed {
  const y = RULER + row * ROW + ROW / 2;
  if (view.axis === 'step') {
    const column = COLUMN * view.zoom;
    return { node, x: MARGIN + (node.step - 1) * column, y, width: Math.max(3, column - GAP * Math.min(1, view.zoom)) };
  }
  const scale = (SECOND * view.zoom) / 1000;
  // On the time axis a gate is the moment of its decision, or now: the action that waits at it has the bar.
  if (node.kind === 'gate') return { node, x: MARGIN + ((node.endedAt ?? Math.max(now, node.startedAt)) - zero) * scale - 9, y, width: 18 };
  const end = node.endedAt ?? (node.kind === 'run' || node.state === 'waiting' || node.state === 'running' ? Math.max(now, node.startedAt) : node.startedAt);
  return { node, x: MARGIN + (node.startedAt - zero) * scale, y, width: Math.max(3, (end - node.startedAt) * scale) };
}

/** Size of the whole picture. `until` is the time it reaches to on the time axis. */
export function extent(lanes: Lanes, rows: number, view: Pick<View, 'axis' | 'zoom'>, zero: number, until: number): { width: number; height: number } {
  const width = view.axis === 'step' ? lanes.lastStep * COLUMN * view.zoom : ((until - zero) * SECOND * view.zoom) / 1000 + 80;
  return { width: Math.ceil(width + MARGIN * 2), height: RULER + rows * ROW };
}

/** The zoom at which everything fits into `width`. */
export function fitZoom(lanes: Lanes, axis: Axis, width: number, zero: number, until: number): number {
  const natural = extent(lanes, 0, { axis, zoom: 1 }, zero, until).width;
  return Math.min(1, Math.max(ZOOM.least, (width - MARGIN * 2) / Math.max(1, natural - MARGIN * 2)));
}

/** The nodes in sight, with their rows. Cost: what is in sight, plus a binary search per visible lane. */
export function visible(lanes: Lanes, rows: readonly Lane[], view: View, zero: number, now: number): Placed[] {
  const first = Math.max(0, Math.floor((view.top - RULER) / ROW));
  const last = Math.min(rows.length, Math.ceil((view.top + view.height - RULER) / ROW));
  const seen: Placed[] = [];
  for (let row = first; row < last; row += 1) {
    const ids = lanes.nodesOf(rows[row]!.run.id);
    const at = (index: number): Placed => place(lanes.graph.nodes.get(ids[index]!)!, row, view, zero, now);
    const start = firstInSight(ids.length, at, view);
    if (view.axis === 'time' && start > 0) seen.push(at(0));
    for (let index = start; index < ids.length; index += 1) {
      const placed = at(index);
      if (placed.x > view.left + view.width) break;
      seen.push(placed);
    }
  }
  return seen;
}

/** The first node of a lane that reaches into the view; the run's own node, which spans all on the time axis, is always shown there. */
function firstInSight(count: number, at: (index: number) => Placed, view: View): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(middle).x < view.left) low = middle + 1;
    else high = middle;
  }
  // On the time axis a node that began to the left may still reach in; a few before are enough for calls that overlap.
  return Math.max(0, low - (view.axis === 'time' ? 24 : 1));
}

/** The node under a point of the picture; on the time axis the last drawn is on top. */
export function hit(seen: readonly Placed[], x: number, y: number): RunNode | undefined {
  return seen.findLast((each) => Math.abs(each.y - y) <= BOX_HEIGHT / 2 && x >= each.x - 4 && x <= each.x + Math.max(each.width, 10) + 4)?.node;
}

/** Start of the picture's time: the earliest run. */
export function zeroOf(graph: RunGraph): number {
  let zero = Infinity;
  for (const run of graph.runs.values()) zero = Math.min(zero, run.startedAt);
  return zero === Infinity ? 0 : zero;
}

/** Ticks of the ruler in sight: round steps or round seconds at least 70 px apart. */
export function ticks(view: View): { x: number; label: string }[] {
  const unit = view.axis === 'step' ? COLUMN * view.zoom : SECOND * view.zoom;
  const every = ROUND.find((each) => each * unit >= 70 && (view.axis === 'time' || each >= 1)) ?? ROUND.at(-1)!;
  const from = Math.max(0, Math.floor((view.left - MARGIN) / unit / every));
  const to = Math.ceil((view.left + view.width) / unit / every);
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => {
    const value = (from + index) * every;
    return { x: MARGIN + value * unit, label: view.axis === 'step' ? `${value + 1}` : timeLabel(value) };
  });
}

const ROUND = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800];

function timeLabel(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  return seconds < 3600 ? `${Number((seconds / 60).toFixed(1))} min` : `${Number((seconds / 3600).toFixed(1))} h`;
}
