// What a tree of runs adds up to: cost, steps, refusals and open gates of each run with everything under it, and the order trees are shown in.

import type { MicroUsd } from './action.ts';
import type { RunGraph, RunSummary } from './run-graph.ts';

/** Sums over a run and all its descendants. */
export interface TreeTotals {
  readonly cost: MicroUsd;
  readonly steps: number;
  readonly refusals: number;
  readonly openGates: number;
  /** Runs in the tree, the run itself included. */
  readonly runs: number;
}

/** Totals of every run's tree. Own values and the totals of the children always add up to the parent's. */
export function rollUp(graph: Pick<RunGraph, 'runs'>): ReadonlyMap<string, TreeTotals> {
  const totals = new Map<string, TreeTotals>();
  for (const run of spawnOrder(graph).reverse()) {
    const own = add({ cost: run.cost, steps: run.steps, refusals: run.refusals, openGates: run.openGates, runs: 1 }, totals.get(run.id));
    totals.set(run.id, own);
    const parent = run.parent === undefined ? undefined : graph.runs.get(run.parent);
    if (parent) totals.set(parent.id, add(own, totals.get(parent.id)));
  }
  return totals;
}

/** Runs depth first, each before its children, siblings by the time they started. A run whose parent is not known stands at the top. */
export function spawnOrder(graph: Pick<RunGraph, 'runs'>): RunSummary[] {
  const children = new Map<string, RunSummary[]>();
  for (const run of graph.runs.values()) {
    const parent = run.parent !== undefined && graph.runs.has(run.parent) ? run.parent : '';
    const siblings = children.get(parent);
    if (siblings) siblings.push(run);
    else children.set(parent, [run]);
  }
  const order: RunSummary[] = [];
  const stack = (children.get('') ?? []).sort(byStart).reverse();
  for (let run = stack.pop(); run; run = stack.pop()) {
    order.push(run);
    for (const child of (children.get(run.id) ?? []).sort(byStart).reverse()) stack.push(child);
  }
  return order;
}

function byStart(a: RunSummary, b: RunSummary): number {
  return a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1);
}

function add(a: TreeTotals, b: TreeTotals | undefined): TreeTotals {
  if (!b) return a;
  return { cost: a.cost + b.cost, steps: a.steps + b.steps, refusals: a.refusals + b.refusals, openGates: a.openGates + b.openGates, runs: a.runs + b.runs };
}
