// The run in words, line by line: for the command line, for screen readers and for whoever reads a log.

import { formatUsd } from './money.ts';
import { printable } from './printable.ts';
import { rollUp, spawnOrder, type TreeTotals } from './roll-up.ts';
import type { Balance, GateView, RunGraph, RunNode, RunSummary } from './run-graph.ts';
import type { Reason } from './verdict.ts';

/**
 * Every run, action, verdict and gate as an indented tree, children under the action that spawned them, budgets at the end.
 * Depends on nothing but the graph: times are told from the start of the run, in seconds.
 */
export function describeTree(graph: RunGraph): string {
  const shape = shapeOf(graph);
  const lines = shape.roots.flatMap((run) => describeRun(shape, run, '', graph.runs.get(run.root)?.startedAt ?? run.startedAt));
  const balances = [...graph.balances.values()].sort((a, b) => (a.account + a.unit < b.account + b.unit ? -1 : 1)).map(describeBalance);
  const missing = [...(graph.missing ?? [])].sort().map(([run, count]) => `${plural(count, 'event')} of run ${run} missing`);
  return [...lines, ...(balances.length ? ['budgets', ...balances.map((line) => `  ${line}`)] : []), ...missing, ''].join('\n');
}

/** One reason as a sentence with its policy, the numbers it compared and its place. */
export function describeReason(reason: Reason): string {
  const place = reason.place ? `${reason.place.file}:${reason.place.line}` : '';
  const facts = [
    reason.limit === undefined ? reason.field : `${reason.field} ${valueText(reason.limit)}`,
    reason.value === undefined ? '' : `${reason.fact ?? 'value'} ${valueText(reason.value)}`,
    place,
  ].filter(Boolean);
  return printable(`${reason.disposition}${reason.shadow ? ' (shadow)' : ''} by ${reason.policy}: ${reason.message} [${facts.join(', ')}]`);
}

/** A policy's or a fact's value as text: lists with commas, everything else as JSON without its outer quotes. */
export function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value) ?? String(value);
}

/** What an amount of an account's unit says: money as money, anything else with its unit. */
export function amountText(amount: number, unit: string): string {
  return isMoney(unit) ? formatUsd(amount) : `${amount} ${unit}`;
}

/** True for the unit that counts micro-dollars. */
export function isMoney(unit: string): boolean {
  return unit === 'usd_micro';
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

interface TreeShape {
  readonly graph: RunGraph;
  readonly roots: readonly RunSummary[];
  readonly nodes: ReadonlyMap<string, readonly RunNode[]>;
  /** Runs by the node that spawned them. */
  readonly spawned: ReadonlyMap<string, readonly RunSummary[]>;
  readonly gates: ReadonlyMap<string, readonly GateView[]>;
  readonly totals: ReadonlyMap<string, TreeTotals>;
}

function shapeOf(graph: RunGraph): TreeShape {
  const order = spawnOrder(graph);
  const from = new Map(graph.edges.filter((edge) => edge.type === 'spawned').map((edge) => [edge.to, edge.from]));
  const spawner = (run: RunSummary): string => from.get(`${run.id}/run`) ?? '';
  const held = order.filter((run) => graph.nodes.has(spawner(run)));
  return {
    graph,
    roots: order.filter((run) => !graph.nodes.has(spawner(run))),
    nodes: Map.groupBy(graph.nodes.values(), (node) => node.run),
    spawned: Map.groupBy(held, spawner),
    gates: Map.groupBy(graph.gates.values(), (gate) => gate.node),
    totals: rollUp(graph),
  };
}

function describeRun(shape: TreeShape, run: RunSummary, indent: string, zero: number): string[] {
  const total = shape.totals.get(run.id)!;
  const head = [
    `${indent}${printable(run.agent)}  ${run.state}`, `run ${run.id}`, run.level, plural(run.steps, 'step'),
    total.runs > 1 ? `cost ${formatUsd(run.cost)} of its own, ${formatUsd(total.cost)} with ${plural(total.runs - 1, 'agent')} under it` : `cost ${formatUsd(run.cost)}`,
    total.refusals ? plural(total.refusals, 'refusal') : '', total.openGates ? plural(total.openGates, 'open gate') : '',
  ].filter(Boolean).join(', ');
  const own = shape.nodes.get(run.id) ?? [];
  return [
    head,
    ...(run.reason ? [`${indent}  because ${printable(run.reason)}`] : []),
    ...own.flatMap((node) => (node.kind === 'run' ? under(shape, node, indent, zero) : node.kind === 'gate' ? [] : describeAction(shape, node, `${indent}  `, zero))),
  ];
}

function describeAction(shape: TreeShape, node: RunNode, indent: string, zero: number): string[] {
  const took = node.endedAt === undefined ? '' : ` took ${seconds(node.endedAt - node.startedAt)}`;
  const head = `${indent}${node.kind} ${printable(node.name)}  ${node.state}${node.disposition === 'allow' ? '' : `, ${node.disposition}`}, at ${seconds(node.startedAt - zero)}${took}${costText(node)}`;
  const detail = `${indent}  `;
  return [
    head,
    ...(node.input && node.input.title !== node.name ? [`${detail}${printable(node.input.title)}`] : []),
    ...node.verdicts.flatMap(({ event, verdict }) => verdict.reasons.map((reason) => `${detail}${event}: ${describeReason(reason)}`)),
    ...(shape.gates.get(node.id) ?? []).map((gate) => `${detail}${describeGate(gate)}`),
    ...(node.error ? [`${detail}error: ${printable(node.error)}`] : []),
    ...under(shape, node, detail, zero),
  ];
}

function under(shape: TreeShape, node: RunNode, indent: string, zero: number): string[] {
  return (shape.spawned.get(node.id) ?? []).flatMap((run) => describeRun(shape, run, node.kind === 'run' ? `${indent}  ` : indent, zero));
}

function describeGate(gate: GateView): string {
  const answer = gate.decision === undefined ? `waiting, then ${gate.terms.onTimeout}` : `${gate.decision} by ${gate.by ?? 'nobody'}${gate.reason ? `: ${gate.reason}` : ''}`;
  return printable(`gate ${gate.id}: ${gate.message} (policy ${gate.policy}) - ${answer}`);
}

function costText(node: RunNode): string {
  if (node.cost !== undefined) return `, ${formatUsd(node.cost)}${node.costKnown === false ? ' at least, price unknown' : ''}`;
  return node.estimate === undefined || node.endedAt !== undefined ? '' : `, at most ${formatUsd(node.estimate)}`;
}

function describeBalance(balance: Balance): string {
  const { account, unit } = balance;
  const limit = balance.limit === undefined ? 'no limit' : `limit ${amountText(balance.limit, unit)}`;
  const overrun = balance.overrun ? `, ${amountText(balance.overrun, unit)} over` : '';
  return `${account}: ${amountText(balance.spent, unit)} spent, ${amountText(balance.reserved, unit)} reserved, ${limit}${overrun}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
