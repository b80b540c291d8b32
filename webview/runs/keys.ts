// The keys of the run view, and where each takes the selection. Pure: a key and what is shown in, a node or a command out.

import type { EdgeType, RunEdge, RunNode } from '../../protocol/run-graph.ts';
import type { Lane, Lanes } from './lanes.ts';
import { isTrouble, outcomeOf } from './outcome.ts';

/** As the help lists them. */
export const KEYS = [
  { keys: ['ArrowLeft', 'ArrowRight'], does: 'previous or next node of the agent' },
  { keys: ['ArrowUp', 'ArrowDown'], does: 'the agent above or below' },
  { keys: ['Enter'], does: 'read the selected node in the inspector' },
  { keys: [' '], does: 'fold or unfold the agents under this one' },
  { keys: ['n', 'N'], does: 'next or previous refusal or failure' },
  { keys: ['g'], does: 'next open gate' },
  { keys: ['$'], does: 'the most expensive node' },
  { keys: ['p'], does: 'what led here' },
  { keys: ['0'], does: 'fit the whole run' },
  { keys: ['+', '-'], does: 'zoom in or out' },
  { keys: ['f'], does: 'follow the run live' },
  { keys: ['?'], does: 'this help' },
] as const;

/** Where a key leads from the selected node; undefined when it leads nowhere. */
export function destination(key: string, lanes: Lanes, rows: readonly Lane[], selected: string | undefined): string | undefined {
  const node = selected === undefined ? undefined : lanes.graph.nodes.get(selected);
  switch (key) {
    case 'ArrowLeft': return alongLane(lanes, node, -1) ?? first(lanes, rows);
    case 'ArrowRight': return alongLane(lanes, node, 1) ?? first(lanes, rows);
    case 'ArrowUp': return acrossLanes(lanes, rows, node, -1) ?? first(lanes, rows);
    case 'ArrowDown': return acrossLanes(lanes, rows, node, 1) ?? first(lanes, rows);
    case 'n': return next(lanes, selected, 1, (each) => isTrouble(outcomeOf(each)));
    case 'N': return next(lanes, selected, -1, (each) => isTrouble(outcomeOf(each)));
    case 'g': return next(lanes, selected, 1, (each) => each.kind === 'gate' && each.state === 'waiting');
    case '$': return dearest(lanes);
    case 'p': return node && causeOf(lanes, node.id);
    default: return undefined;
  }
}

/** What a node came from: what spawned, gated or called it, else the latest whose data it used, else its own agent. */
export function causeOf(lanes: Lanes, id: string): string | undefined {
  const rank = ({ type, from }: RunEdge): number => (DIRECT.has(type) && lanes.graph.nodes.get(from)?.kind !== 'run' ? 2 : type === 'caused' ? 1 : 0);
  const led = lanes.incoming(id).filter(({ type }) => DIRECT.has(type) || type === 'caused');
  const step = ({ from }: RunEdge): number => lanes.graph.nodes.get(from)?.step ?? 0;
  return led.sort((a, b) => rank(b) - rank(a) || step(b) - step(a))[0]?.from;
}

const DIRECT: ReadonlySet<EdgeType> = new Set(['spawned', 'gated', 'called']);

/** The chain of causes from a node up to the start of the run, nearest first. */
export function pathOf(lanes: Lanes, id: string): string[] {
  const path: string[] = [];
  const seen = new Set([id]);
  for (let at = causeOf(lanes, id); at !== undefined && !seen.has(at); at = causeOf(lanes, at)) {
    seen.add(at);
    path.push(at);
  }
  return path;
}

function first(lanes: Lanes, rows: readonly Lane[]): string | undefined {
  return rows[0] && lanes.nodesOf(rows[0].run.id)[0];
}

function alongLane(lanes: Lanes, node: RunNode | undefined, by: 1 | -1): string | undefined {
  if (!node) return undefined;
  const ids = lanes.nodesOf(node.run);
  return ids[ids.indexOf(node.id) + by] ?? node.id;
}

/** The node of the neighbouring lane that stands nearest. */
function acrossLanes(lanes: Lanes, rows: readonly Lane[], node: RunNode | undefined, by: 1 | -1): string | undefined {
  if (!node) return undefined;
  const row = rows[rows.findIndex((lane) => lane.run.id === node.run) + by];
  if (!row) return node.id;
  let best: RunNode | undefined;
  for (const id of lanes.nodesOf(row.run.id)) {
    const each = lanes.graph.nodes.get(id)!;
    if (!best || Math.abs(each.step - node.step) < Math.abs(best.step - node.step)) best = each;
  }
  return best?.id;
}

/** The next node, by step, that fits; past the end it starts over. */
function next(lanes: Lanes, selected: string | undefined, by: 1 | -1, fits: (node: RunNode) => boolean): string | undefined {
  const found = [...lanes.graph.nodes.values()].filter(fits).sort((a, b) => a.step - b.step || (a.id < b.id ? -1 : 1));
  if (found.length === 0) return undefined;
  const at = found.findIndex((node) => node.id === selected);
  if (at >= 0) return found[(at + by + found.length) % found.length]!.id;
  const step = (selected === undefined ? undefined : lanes.graph.nodes.get(selected)?.step) ?? (by > 0 ? 0 : Infinity);
  const beyond = by > 0 ? found.find((node) => node.step > step) : found.findLast((node) => node.step < step);
  return (beyond ?? found.at(by > 0 ? 0 : -1)!).id;
}

function dearest(lanes: Lanes): string | undefined {
  let best: RunNode | undefined;
  for (const node of lanes.graph.nodes.values()) if ((node.cost ?? 0) > (best?.cost ?? 0)) best = node;
  return best?.id;
}
