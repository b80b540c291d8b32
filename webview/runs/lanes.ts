// The lanes of a live run: which agents there are, in spawn-tree order, with their nodes and the edges at each node. Grows with the events.

import { applyEvents } from '../../protocol/reduce.ts';
import { spawnOrder } from '../../protocol/roll-up.ts';
import { EMPTY_GRAPH, ended, gateNode, runNode, type RunEdge, type RunEvent, type RunGraph, type RunSummary } from '../../protocol/run-graph.ts';

export interface Lane {
  readonly run: RunSummary;
  readonly depth: number;
  /** Direct children, shown or folded. */
  readonly children: number;
  /** Runs hidden under this lane. */
  readonly folded: number;
}

/** More nodes than this and finished agents without trouble are folded when a run is opened. */
export const FOLD_ABOVE = 300;

/** The graph with what the picture needs to find its way in it. One per shown run. */
export class Lanes {
  #graph: RunGraph = EMPTY_GRAPH;
  #edges = 0;
  #lastStep = 0;
  readonly #nodes = new Map<string, string[]>();
  readonly #outgoing = new Map<string, RunEdge[]>();
  readonly #incoming = new Map<string, RunEdge[]>();

  get graph(): RunGraph {
    return this.#graph;
  }

  /** The largest step of any node. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /** Ids of a run's nodes, by step. */
  nodesOf(run: string): readonly string[] {
    return this.#nodes.get(run) ?? [];
  }

  outgoing(node: string): readonly RunEdge[] {
    return this.#outgoing.get(node) ?? [];
  }

  incoming(node: string): readonly RunEdge[] {
    return this.#incoming.get(node) ?? [];
  }

  /** Takes in new events, in the order they came. */
  add(events: readonly RunEvent[]): void {
    const before = this.#graph;
    this.#graph = applyEvents(before, events);
    for (const event of events) this.#place(nodeMadeBy(event), event.run);
    const { edges } = this.#graph;
    for (const edge of edges.slice(this.#edges)) {
      append(this.#outgoing, edge.from, edge);
      append(this.#incoming, edge.to, edge);
    }
    this.#edges = edges.length;
  }

  #place(id: string | undefined, run: string): void {
    const node = id === undefined ? undefined : this.#graph.nodes.get(id);
    if (!node || node.run !== run) return;
    const own = this.#nodes.get(run);
    // A run's nodes come by growing step, so a repeated event names one that is there already.
    if (own && this.#graph.nodes.get(own.at(-1)!)!.step >= node.step) return;
    append(this.#nodes, run, node.id);
    this.#lastStep = Math.max(this.#lastStep, node.step);
  }

  /** Lanes from top to bottom, without those under a folded run. */
  lanes(folded: ReadonlySet<string>): Lane[] {
    const order = spawnOrder(this.#graph);
    const children = new Map<string, number>();
    for (const run of order) if (run.parent !== undefined) children.set(run.parent, (children.get(run.parent) ?? 0) + 1);
    const lanes: (Lane & { folded: number })[] = [];
    const depths = new Map<string, number>();
    let top: { readonly depth: number; readonly lane: { folded: number } } | undefined;
    for (const run of order) {
      const depth = run.parent === undefined ? 0 : (depths.get(run.parent) ?? -1) + 1;
      depths.set(run.id, depth);
      if (top && depth > top.depth) {
        top.lane.folded += 1;
        continue;
      }
      const lane = { run, depth, children: children.get(run.id) ?? 0, folded: 0 };
      top = folded.has(run.id) && lane.children > 0 ? { depth, lane } : undefined;
      lanes.push(lane);
    }
    return lanes;
  }

  /** Runs to fold at first in a large tree: finished ones with children, where nothing was refused and nobody is asked. */
  quietRuns(): Set<string> {
    if (this.#graph.nodes.size <= FOLD_ABOVE) return new Set();
    const loud = new Set<string>();
    for (const run of spawnOrder(this.#graph).reverse()) {
      if (!ended(run.state) || run.refusals > 0 || run.openGates > 0) loud.add(run.id);
      if (loud.has(run.id) && run.parent !== undefined) loud.add(run.parent);
    }
    return new Set([...this.#graph.runs.values()].filter((run) => run.parent !== undefined && !loud.has(run.id)).map((run) => run.id));
  }
}

function nodeMadeBy(event: RunEvent): string | undefined {
  if (event.type === 'run.opened') return runNode(event.run);
  if (event.type === 'action.proposed') return event.node;
  return event.type === 'gate.opened' ? gateNode(event.gate) : undefined;
}

function append<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}
