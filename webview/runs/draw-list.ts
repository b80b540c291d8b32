// What is to be drawn, as data: lines, boxes, shapes and texts with inks. A canvas paints it on screen, an SVG painter for export and tests.

import { printable } from '../../protocol/printable.ts';
import type { EdgeType } from '../../protocol/run-graph.ts';
import type { Lane, Lanes } from './lanes.ts';
import { BOX_HEIGHT, detailOf, place, type Placed, ROW, RULER, ticks, type View, visible } from './layout.ts';
import { type Ink, OUTCOMES, outcomeOf, type Shape } from './outcome.ts';
import { captionOf } from './words.ts';

export type Mark =
  | { readonly kind: 'fill'; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly ink: Ink; readonly opacity?: number }
  | { readonly kind: 'box'; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly radius: number; readonly ink: Ink; readonly fill: Ink; readonly opacity?: number; readonly weight: number; readonly dash?: boolean }
  | { readonly kind: 'edge'; readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number; readonly ink: Ink; readonly weight: number; readonly dash?: 'long' | 'dots'; readonly opacity?: number; readonly arrow?: boolean }
  | { readonly kind: 'shape'; readonly shape: Shape; readonly x: number; readonly y: number; readonly radius: number; readonly ink: Ink }
  | { readonly kind: 'text'; readonly x: number; readonly y: number; readonly text: string; readonly ink: Ink; readonly size: number; readonly bold?: boolean };

export interface Scene {
  readonly lanes: Lanes;
  readonly rows: readonly Lane[];
  readonly view: View;
  /** Milliseconds since the epoch: start of the picture, and what open bars reach to. */
  readonly zero: number;
  readonly now: number;
  readonly selected?: string;
  readonly hovered?: string;
  /** Nodes to light up with their edges: the path of causes of what is selected. */
  readonly path: ReadonlySet<string>;
  /** Width of a text in pixels. */
  readonly measure: (text: string, size: number, bold: boolean) => number;
}

/** The marks of everything in sight, back to front, in the coordinates of the view. */
export function drawList(scene: Scene): { marks: Mark[]; seen: Placed[] } {
  const { lanes, rows, view, zero, now } = scene;
  const seen = visible(lanes, rows, view, zero, now);
  const marks = [
    ...drawLanes(scene),
    ...drawThreads(scene, seen),
    ...drawEdges(scene, seen),
    ...seen.flatMap((each) => drawNode(scene, each)),
    ...drawRuler(view),
  ];
  return { marks, seen };
}

function drawRuler(view: View): Mark[] {
  const marks: Mark[] = [{ kind: 'fill', x: 0, y: 0, width: view.width, height: RULER, ink: 'ground' }];
  for (const { x, label } of ticks(view)) marks.push({ kind: 'text', x: x - view.left, y: 17, text: label, ink: 'muted', size: 10.5 });
  marks.push({ kind: 'edge', x1: 0, y1: RULER - 0.5, x2: view.width, y2: RULER - 0.5, ink: 'grid', weight: 1 });
  return marks;
}

function drawLanes({ rows, view, selected, lanes }: Scene): Mark[] {
  const marks: Mark[] = [];
  for (const { x } of ticks(view)) marks.push({ kind: 'edge', x1: x - view.left + 0.5, y1: RULER, x2: x - view.left + 0.5, y2: view.height, ink: 'grid', weight: 1, opacity: 0.4 });
  const chosen = selected === undefined ? undefined : lanes.graph.nodes.get(selected)?.run;
  rows.forEach((lane, row) => {
    const y = RULER + row * ROW - view.top;
    if (y > view.height || y < -ROW) return;
    if (lane.run.id === chosen) marks.push({ kind: 'fill', x: 0, y, width: view.width, height: ROW, ink: 'select', opacity: 0.25 });
    marks.push({ kind: 'edge', x1: 0, y1: y + ROW - 0.5, x2: view.width, y2: y + ROW - 0.5, ink: 'grid', weight: 1, opacity: 0.7 });
  });
  return marks;
}

/** The thread of an agent: what it did, one thing after the other. */
function drawThreads({ view }: Scene, seen: readonly Placed[]): Mark[] {
  if (view.axis === 'time') return [];
  const marks: Mark[] = [];
  seen.forEach((each, index) => {
    const next = seen[index + 1];
    if (!next || next.y !== each.y) return;
    marks.push({ kind: 'edge', x1: each.x + each.width - view.left, y1: each.y - view.top, x2: next.x - view.left, y2: each.y - view.top, ink: 'line', weight: 1.5 });
  });
  return marks;
}

interface EdgeLook { readonly ink: Ink; readonly dash?: 'long' | 'dots' }
/** Edges that a picture shows; the others are told in the inspector. */
const EDGE_LOOKS: { readonly [T in EdgeType]?: EdgeLook } = {
  spawned: { ink: 'accent' }, called: { ink: 'line' }, caused: { ink: 'warn', dash: 'long' }, gated: { ink: 'gate', dash: 'dots' }, retried: { ink: 'muted', dash: 'dots' },
};
/** Above this many nodes in sight, data edges show for the selected path only. */
const MANY = 200;

function drawEdges(scene: Scene, seen: readonly Placed[]): Mark[] {
  const { lanes, view, path, hovered } = scene;
  const detail = detailOf(view.zoom);
  const rowOf = new Map(scene.rows.map((lane, row) => [lane.run.id, row]));
  const inSight = new Map(seen.map((each) => [each.node.id, each]));
  const marks: Mark[] = [];
  const draw = (edge: { type: EdgeType; from: string; to: string }): void => {
    const look = EDGE_LOOKS[edge.type];
    const lit = path.has(edge.from) && path.has(edge.to) || edge.from === hovered || edge.to === hovered;
    if (!look || (!lit && (detail === 'tick' || (look.dash && seen.length > MANY)))) return;
    const from = find(scene, edge.from, inSight, rowOf);
    const to = find(scene, edge.to, inSight, rowOf);
    if (!from || !to || isThread(from, to, look, lit)) return;
    marks.push(...edgeMarks(from, to, look, lit, view, path.size > 0));
  };
  for (const { node } of seen) {
    for (const edge of lanes.incoming(node.id)) draw(edge);
    for (const edge of lanes.outgoing(node.id)) if (!inSight.has(edge.to)) draw(edge);
  }
  return marks;
}

/** The thread already shows that an agent's own step led to a later one, unless data went further than the next. */
function isThread(from: Placed, to: Placed, look: EdgeLook, lit: boolean): boolean {
  if (from.y !== to.y) return false;
  return (!look.dash && !lit) || to.node.step - from.node.step <= 1;
}

function edgeMarks(from: Placed, to: Placed, look: EdgeLook, lit: boolean, view: View, dimmed: boolean): Mark[] {
  const same = from.y === to.y;
  const half = detailOf(view.zoom) === 'box' ? BOX_HEIGHT / 2 : 8;
  const [x1, y1, x2, y2] = same
    ? [from.x + from.width / 2, from.y - half, to.x + to.width / 2, to.y - half]
    : [view.axis === 'time' ? to.x : from.x + from.width, from.y + (view.axis === 'time' ? half : 0), to.x, to.y];
  return [{
    kind: 'edge', x1: x1 - view.left, y1: y1 - view.top, x2: x2 - view.left, y2: y2 - view.top,
    ink: look.ink, weight: lit ? 2.25 : 1.25, ...(look.dash && { dash: look.dash }), opacity: lit ? 1 : dimmed ? 0.35 : 0.75, arrow: lit || !look.dash,
  }];
}

function find({ lanes, view, zero, now }: Scene, id: string, inSight: ReadonlyMap<string, Placed>, rowOf: ReadonlyMap<string, number>): Placed | undefined {
  const seen = inSight.get(id);
  if (seen) return seen;
  const node = lanes.graph.nodes.get(id);
  const row = node && rowOf.get(node.run);
  return node && row !== undefined ? place(node, row, view, zero, now) : undefined;
}

function drawNode(scene: Scene, placed: Placed): Mark[] {
  const { view } = scene;
  const detail = view.axis === 'time' ? (placed.width >= 56 ? 'box' : placed.width >= 16 ? 'shape' : 'tick') : detailOf(view.zoom);
  const x = placed.x - view.left;
  const y = placed.y - view.top;
  if (view.axis === 'time' && placed.node.kind === 'run') return [lifeline(placed, x, y)];
  const { ink, shape } = OUTCOMES[outcomeOf(placed.node)];
  const chosen = placed.node.id === scene.selected;
  const lit = chosen || placed.node.id === scene.hovered;
  if (detail === 'tick') {
    const height = ink === 'allow' || ink === 'muted' ? 14 : 24;
    return [{ kind: 'fill', x, y: y - height / 2, width: Math.max(2, placed.width), height, ink }, ...(chosen ? [halo(x, y, placed.width)] : [])];
  }
  if (detail === 'shape') {
    const middle = x + placed.width / 2;
    return [...(lit ? [halo(middle - 9, y, 18)] : []), { kind: 'shape', shape, x: middle, y, radius: 8, ink }];
  }
  return drawBox(scene, placed, x, y, lit);
}

function drawBox(scene: Scene, { node, width }: Placed, x: number, y: number, lit: boolean): Mark[] {
  const { ink, shape } = OUTCOMES[outcomeOf(node)];
  // A long bar that begins to the left of the view keeps its words in sight.
  const label = Math.min(Math.max(x, 2), x + Math.max(0, width - 120));
  const room = x + width - label - 36;
  const name = cut(printable(node.kind === 'gate' ? `gate: ${node.name}` : node.name), room, 12, scene, node.kind === 'run');
  const caption = cut(captionOf(node), room, 10.5, scene, false);
  return [
    ...(lit ? [halo(x, y, width)] : []),
    { kind: 'box', x, y: y - BOX_HEIGHT / 2, width, height: BOX_HEIGHT, radius: node.kind === 'run' ? BOX_HEIGHT / 2 : 5, ink, fill: 'panel', weight: lit ? 2 : 1.25, dash: node.state === 'proposed' || node.state === 'waiting' },
    { kind: 'shape', shape, x: label + 15, y, radius: 7, ink },
    { kind: 'text', x: label + 28, y: y - 2, text: name, ink: 'text', size: 12, bold: node.kind === 'run' },
    { kind: 'text', x: label + 28, y: y + 12, text: caption, ink: 'muted', size: 10.5 },
  ];
}

function halo(x: number, y: number, width: number): Mark {
  return { kind: 'box', x: x - 3.5, y: y - BOX_HEIGHT / 2 - 3.5, width: width + 7, height: BOX_HEIGHT + 7, radius: 8, ink: 'accent', fill: 'select', opacity: 0.35, weight: 1.5 };
}

function lifeline({ node, width }: Placed, x: number, y: number): Mark {
  return { kind: 'fill', x, y: y - 1.5, width, height: 3, ink: OUTCOMES[outcomeOf(node)].ink, opacity: 0.6 };
}

/** As much of the text as fits, with an ellipsis. */
function cut(text: string, room: number, size: number, { measure }: Scene, bold: boolean): string {
  if (measure(text, size, bold) <= room) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(`${text.slice(0, middle)}…`, size, bold) <= room) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : `${text.slice(0, low)}…`;
}

/** A measure without a font, for tests and export: the mean width of a sans-serif letter. */
export function roughMeasure(text: string, size: number, bold: boolean): number {
  return text.length * size * (bold ? 0.6 : 0.55);
}
