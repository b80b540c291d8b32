// What the run view costs: reducing events, opening a run, appending a batch and drawing what is in sight, at 1,000 and 10,000 nodes.

import { performance } from 'node:perf_hooks';
import { applyEvent, applyEvents, graphOf } from '../../protocol/reduce.ts';
import { EMPTY_GRAPH, type RunEvent, type RunGraph } from '../../protocol/run-graph.ts';
import { drawList, roughMeasure } from '../../webview/runs/draw-list.ts';
import { Lanes } from '../../webview/runs/lanes.ts';
import { manyEvents, START } from '../support/run-events.ts';
import type { BenchResult } from './bench.ts';

export const ABOUT = 'The run view without its browser: reducing events, laying out and making the draw list. The baseline of the one ratio is copying the graph for every event.';

const SIZES = [1_000, 10_000] as const;
const ROUNDS = 7;
const NOTHING: ReadonlySet<string> = new Set();

/** Medians in one process. `ratio` of the appends is a copy of the maps per event, the plain way to keep older graphs, in the same run. */
export async function run(): Promise<BenchResult[]> {
  measure(2_000); // What is measured is a view that has been open for a moment, not the compiler.
  const results = SIZES.map((nodes) => ({ nodes, ...measure(nodes) }));
  const [small, large] = results as [(typeof results)[0], (typeof results)[0]];
  return [
    ...results.flatMap(({ nodes, reduce, open, append, copying, draw }): BenchResult[] => [
      { name: `reduce all events, ${nodes.toLocaleString('en')} nodes`, unit: 'ms', value: reduce },
      { name: `open (graph, lanes, first draw list), ${nodes.toLocaleString('en')} nodes`, unit: 'ms', value: open },
      { name: `live batch of 10 nodes and its draw list, ${nodes.toLocaleString('en')} nodes`, unit: 'ms', value: append },
      { name: `one event applied, ${nodes.toLocaleString('en')} nodes`, unit: 'µs', value: copying.ours, ratio: copying.theirs / copying.ours, note: 'beside copying the maps for every event' },
      { name: `draw list of one screen, ${nodes.toLocaleString('en')} nodes`, unit: 'ms', value: draw },
    ]),
    { name: 'growth of a live batch, 1,000 to 10,000 nodes', unit: '×', value: large.append / small.append, note: 'flat is 1' },
    { name: 'growth of one event, 1,000 to 10,000 nodes', unit: '×', value: large.copying.ours / small.copying.ours, note: 'flat is 1' },
  ];
}

function measure(nodes: number): { reduce: number; open: number; append: number; copying: { ours: number; theirs: number }; draw: number } {
  const events = manyEvents(nodes);
  const live = events.length - 400;
  const opened = (): Lanes => {
    const lanes = new Lanes();
    lanes.add(events.slice(0, live));
    screen(lanes);
    return lanes;
  };
  return {
    reduce: median(ROUNDS, () => graphOf(events)),
    open: median(ROUNDS, opened),
    append: appended(opened, events, live),
    copying: oneEvent(events, live),
    draw: drawn(opened()),
  };
}

/** Batches of forty events, which is ten nodes, on views that were just opened. */
function appended(opened: () => Lanes, events: readonly RunEvent[], live: number): number {
  const views = Array.from({ length: 4 }, opened);
  const batches = views.flatMap((lanes) => Array.from({ length: 10 }, (_, index) => ({ lanes, from: live + index * 40 })));
  return median(batches.length, () => {
    const { lanes, from } = batches.shift()!;
    lanes.add(events.slice(from, from + 40));
    screen(lanes);
  });
}

function drawn(lanes: Lanes): number {
  return median(ROUNDS * 4, () => screen(lanes));
}

function screen(lanes: Lanes): void {
  const rows = lanes.lanes(NOTHING);
  drawList({ lanes, rows, view: { axis: 'step', zoom: 1, left: 1200, top: 200, width: 1200, height: 700 }, zero: START, now: START, path: NOTHING, measure: roughMeasure });
}

function oneEvent(events: readonly RunEvent[], live: number): { ours: number; theirs: number } {
  let graph: RunGraph = applyEvents(EMPTY_GRAPH, events.slice(0, live));
  let next = live;
  const ours = median(300, () => { graph = applyEvent(graph, events[next++]!); }) * 1000;
  let copy = { nodes: new Map(graph.nodes), runs: new Map(graph.runs), edges: [...graph.edges] };
  const theirs = median(40, () => { copy = { nodes: new Map(copy.nodes), runs: new Map(copy.runs), edges: [...copy.edges] }; }) * 1000;
  return { ours, theirs };
}

/** Median milliseconds of one call. */
function median(rounds: number, work: () => void): number {
  const times = Array.from({ length: rounds }, () => {
    const from = performance.now();
    work();
    return performance.now() - from;
  });
  return times.sort((a, b) => a - b)[rounds >> 1]!;
}
