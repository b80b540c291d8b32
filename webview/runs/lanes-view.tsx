// The lanes on screen: a scroller with the agents on the left and the canvas beside them, both drawn for what is in sight only.

import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatUsd } from '../../protocol/money.ts';
import { printable } from '../../protocol/printable.ts';
import { rollUp } from '../../protocol/roll-up.ts';
import { runNode } from '../../protocol/run-graph.ts';
import { drawList, type Scene } from './draw-list.ts';
import { Glyph } from './glyph.tsx';
import { pathOf } from './keys.ts';
import type { Lane, Lanes } from './lanes.ts';
import { extent, hit, type Placed, place, ROW, RULER, type View } from './layout.ts';
import { outcomeOf } from './outcome.ts';
import { paint } from './paint-canvas.ts';
import { currentPalette, type Palette, watchTheme } from './palette.ts';
import { TreeRows } from './tree-rows.tsx';
import type { ViewState } from './view-state.ts';
import { clampZoom } from './view-state.ts';
import { pictureText, spoken } from './words.ts';

export const GUTTER = 272;

interface LanesViewProps {
  readonly lanes: Lanes;
  readonly rows: readonly Lane[];
  readonly view: ViewState;
  /** Milliseconds since the epoch: start of the picture, and what open bars reach to. */
  readonly zero: number;
  readonly now: number;
  readonly change: (part: Partial<ViewState>) => void;
  readonly select: (node: string) => void;
  readonly fold: (run: string) => void;
  readonly picture: RefObject<HTMLDivElement | null>;
}

export function LanesView(props: LanesViewProps) {
  const { lanes, rows, view, zero, now } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [window_, setWindow] = useState({ left: 0, top: 0, width: 0, height: 0 });
  const size = extent(lanes, rows.length, view, zero, now);
  const sight: View = { axis: view.axis, zoom: view.zoom, left: window_.left, top: window_.top, width: Math.max(0, window_.width - GUTTER), height: window_.height };
  useMeasured(scroller, setWindow);
  useFollow(scroller, view.follow, size.width, () => props.change({ follow: false }));
  useReveal(scroller, props, sight);
  return (
    <section class="lanes" aria-label="Agent lanes">
      <div class="lanes-scroll" ref={scroller}>
        <div class="lanes-space" style={{ inlineSize: `${size.width + GUTTER}px`, blockSize: `${size.height}px` }} />
        <div class="lanes-pane" style={{ inlineSize: `${window_.width}px`, blockSize: `${window_.height}px` }}>
          <Gutter {...props} sight={sight} scroller={scroller} />
          <Picture {...props} sight={sight} scroller={scroller} />
        </div>
      </div>
    </section>
  );
}

type Inner = LanesViewProps & { readonly sight: View; readonly scroller: RefObject<HTMLDivElement | null> };

function Gutter({ lanes, rows, view, sight, scroller, select, fold }: Inner) {
  const totals = rollUp(lanes.graph);
  const chosen = view.selected === undefined ? undefined : lanes.graph.nodes.get(view.selected)?.run;
  const rowAt = (index: number) => {
    const { run, depth, children, folded } = rows[index]!;
    const total = totals.get(run.id)!;
    const node = lanes.graph.nodes.get(runNode(run.id))!;
    const shown = folded > 0 ? total : { cost: run.cost, steps: run.steps, refusals: run.refusals, openGates: run.openGates };
    return {
      key: run.id, level: depth + 1, selected: run.id === chosen, ...(children > 0 && { expanded: folded === 0 }),
      cells: [
        <><Glyph outcome={outcomeOf(node)} size={13} /><span class="agent" title={printable(run.agent)}>{printable(run.agent)}</span>{folded > 0 && <span class="folded">+{folded}</span>}</>,
        formatUsd(shown.cost),
        <>{shown.steps}{shown.refusals > 0 && <span class="mark" title={`${shown.refusals} refused`}><Glyph outcome="refused" size={10} /><span class="spoken">, {shown.refusals} refused</span></span>}{shown.openGates > 0 && <span class="mark" title="gate open"><Glyph outcome="waiting" size={10} /><span class="spoken">, gate open</span></span>}{(lanes.graph.missing?.get(run.id) ?? 0) > 0 && <span class="mark missing">{lanes.graph.missing!.get(run.id)} events missing</span>}</>,
      ],
    };
  };
  const reveal = (index: number): void => {
    const box = scroller.current!;
    const top = index * ROW;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + ROW > box.scrollTop + box.clientHeight - RULER) box.scrollTop = top + ROW - box.clientHeight + RULER;
  };
  return <TreeRows class="gutter" label="Agents" columns={['Agent', 'Cost', 'Actions']} count={rows.length} rowAt={rowAt} rowHeight={ROW} headHeight={RULER}
    top={sight.top} height={sight.height} reveal={reveal} choose={(index) => select(runNode(rows[index]!.run.id))} toggle={(index) => fold(rows[index]!.run.id)} />;
}

function Picture({ lanes, rows, view, zero, now, sight, scroller, select, change, picture }: Inner) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const seen = useRef<readonly Placed[]>([]);
  const [hovered, setHovered] = useState<string>();
  const palette = usePalette();
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || sight.width === 0) return;
    const ratio = devicePixelRatio || 1;
    resize(context.canvas, sight, ratio);
    const lit = view.selected ?? hovered;
    const path = new Set(lit === undefined ? [] : [lit, ...pathOf(lanes, lit)]);
    const scene: Scene = { lanes, rows, view: sight, zero, now, selected: view.selected, hovered, path: path.size > 1 ? path : new Set(), measure: measureWith(context, palette) };
    const drawn = drawList(scene);
    seen.current = drawn.seen;
    paint(context, drawn.marks, palette, ratio);
  });
  const under = (event: MouseEvent): string | undefined => {
    const box = canvas.current!.getBoundingClientRect();
    return hit(seen.current, event.clientX - box.left + sight.left, event.clientY - box.top + sight.top)?.id;
  };
  const drag = useDrag(scroller, () => change({ follow: false }));
  const selected = view.selected === undefined ? undefined : lanes.graph.nodes.get(view.selected);
  return (
    <div ref={picture} class={`picture${hovered ? ' over' : ''}`} role="application" aria-label="Picture of the run; arrow keys move along it, question mark lists the keys" tabIndex={0}
      onMouseMove={(event) => setHovered(under(event))} onMouseLeave={() => setHovered(undefined)}
      onClick={(event) => { const node = under(event); if (node && !drag.moved()) select(node); }}
      onWheel={(event) => zoomAtPointer(event, sight, scroller, view.zoom, (zoom) => change({ zoom, follow: false }))}
      onPointerDown={drag.start} onPointerMove={drag.move}>
      <canvas ref={canvas} role="img" aria-label={`${pictureText(lanes.graph)}${selected ? ` Selected: ${spoken(lanes.graph, selected)}.` : ''}`} />
    </div>
  );
}

function usePalette(): Palette {
  const [palette, setPalette] = useState(currentPalette);
  useEffect(() => watchTheme(() => setPalette(currentPalette())), []);
  return palette;
}

function resize(canvas: HTMLCanvasElement, { width, height }: View, ratio: number): void {
  if (canvas.width === Math.round(width * ratio) && canvas.height === Math.round(height * ratio)) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.inlineSize = `${width}px`;
  canvas.style.blockSize = `${height}px`;
}

function measureWith(context: CanvasRenderingContext2D, palette: Palette): Scene['measure'] {
  return (text, size, bold) => {
    context.font = `${bold ? '600 ' : ''}${size}px ${palette.font}`;
    return context.measureText(text).width;
  };
}

/** Keeps the scroller's position and size in the state. */
function useMeasured(scroller: RefObject<HTMLDivElement | null>, set: (window: { left: number; top: number; width: number; height: number }) => void): void {
  useLayoutEffect(() => {
    const box = scroller.current!;
    const read = (): void => set({ left: box.scrollLeft, top: box.scrollTop, width: box.clientWidth, height: box.clientHeight });
    const observer = new ResizeObserver(read);
    observer.observe(box);
    box.addEventListener('scroll', read, { passive: true });
    read();
    return () => {
      observer.disconnect();
      box.removeEventListener('scroll', read);
    };
  }, []);
}

/** While following, the newest is in sight; scrolling back by hand ends it. */
function useFollow(scroller: RefObject<HTMLDivElement | null>, follow: boolean, width: number, stop: () => void): void {
  useLayoutEffect(() => {
    if (follow) scroller.current!.scrollLeft = width;
  }, [follow, width]);
  useEffect(() => {
    const box = scroller.current!;
    const onWheel = (event: WheelEvent): void => {
      if (follow && (event.deltaX < 0 || (event.shiftKey && event.deltaY < 0))) stop();
    };
    box.addEventListener('wheel', onWheel, { passive: true });
    return () => box.removeEventListener('wheel', onWheel);
  }, [follow]);
}

/** Brings a newly selected node into sight, by as little as it takes. */
function useReveal(scroller: RefObject<HTMLDivElement | null>, { lanes, rows, view, zero, now }: LanesViewProps, sight: View): void {
  useLayoutEffect(() => {
    const node = view.selected === undefined ? undefined : lanes.graph.nodes.get(view.selected);
    const row = node ? rows.findIndex((lane) => lane.run.id === node.run) : -1;
    if (!node || row < 0 || sight.width === 0) return;
    const { x, y, width } = place(node, row, view, zero, now);
    const box = scroller.current!;
    const room = 40;
    if (x - room < box.scrollLeft) box.scrollLeft = x - room;
    else if (x + Math.min(width, 160) + room > box.scrollLeft + sight.width) box.scrollLeft = x + Math.min(width, 160) + room - sight.width;
    if (y - ROW / 2 - RULER < box.scrollTop) box.scrollTop = y - ROW / 2 - RULER;
    else if (y + ROW / 2 > box.scrollTop + sight.height) box.scrollTop = y + ROW / 2 - sight.height;
  }, [view.selected, view.axis, sight.width > 0]);
}

/** Ctrl and wheel (a pinch on a touch pad) zooms around what is under the pointer. */
function zoomAtPointer(event: WheelEvent, sight: View, scroller: RefObject<HTMLDivElement | null>, zoom: number, set: (zoom: number) => void): void {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const next = clampZoom(zoom * Math.exp(-event.deltaY / 300));
  const offset = event.clientX - (event.currentTarget as HTMLElement).getBoundingClientRect().left;
  set(next);
  requestAnimationFrame(() => { scroller.current!.scrollLeft = ((sight.left + offset) * next) / zoom - offset; });
}

/** Dragging the picture scrolls it. */
function useDrag(scroller: RefObject<HTMLDivElement | null>, begun: () => void) {
  const from = useRef<{ x: number; y: number; left: number; top: number; moved: boolean } | undefined>(undefined);
  return {
    start: (event: PointerEvent): void => {
      if (event.button !== 0) return;
      const box = scroller.current!;
      from.current = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop, moved: false };
    },
    move: (event: PointerEvent): void => {
      const start = from.current;
      if (!start || event.buttons === 0) return;
      if (!start.moved && Math.hypot(event.clientX - start.x, event.clientY - start.y) < 5) return;
      if (!start.moved) begun();
      start.moved = true;
      scroller.current!.scrollLeft = start.left + start.x - event.clientX;
      scroller.current!.scrollTop = start.top + start.y - event.clientY;
    },
    moved: (): boolean => from.current?.moved ?? false,
  };
}
