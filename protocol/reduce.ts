// The reducer: events in, run graph out. The same events give the same graph in the governor, the editor, the webview and a replay.

import { GraphVersion, type Draft } from './graph-line.ts';
import { EMPTY_GRAPH, ended, gateNode, runNode } from './run-graph.ts';
import type { ActionOutcome, EdgeType, GateOutcome, RunEvent, RunFact, RunGraph, RunNode, RunState, RunSummary } from './run-graph.ts';
import { proceeds, stronger } from './verdict.ts';

/**
 * The graph after one more event. `graph` itself does not change, and the cost does not depend on its size.
 *
 * An event that was already applied (same `run`, `seq` not newer) changes nothing: the same graph is returned. Events of different
 * runs may come in any order that keeps each run's own. Facts of a run whose opening was not seen are left out; a hole in a run's
 * sequence is counted in `missing`. Throws TypeError when `graph` is neither empty nor made here.
 */
export function applyEvent(graph: RunGraph, event: RunEvent): RunGraph {
  return applyEvents(graph, [event]);
}

/** As `applyEvent`, for several events at once. */
export function applyEvents(graph: RunGraph, events: Iterable<RunEvent>): RunGraph {
  const change = (draft: Draft): void => {
    for (const event of events) take(draft, event);
  };
  if (graph instanceof GraphVersion) return graph.grow(change);
  if (graph.runs.size === 0) return GraphVersion.first(change);
  throw new TypeError('applyEvent extends EMPTY_GRAPH or a graph that it made itself; rebuild this one from its events with graphOf');
}

/** The graph of all these events. */
export function graphOf(events: Iterable<RunEvent>): RunGraph {
  return applyEvents(EMPTY_GRAPH, events);
}

/** Takes in an event, unless it was taken before or its run was never opened. */
function take(draft: Draft, event: RunEvent): void {
  const cursor = draft.get('cursors', event.run);
  if (cursor ? event.seq <= cursor.seq : event.type !== 'run.opened') return;
  if (cursor && event.seq > cursor.seq + 1) {
    draft.put('missing', event.run, (draft.get('missing', event.run) ?? 0) + event.seq - cursor.seq - 1);
  }
  // A clock that went backwards must not make a run's later word older than its earlier one.
  draft.put('cursors', event.run, { seq: event.seq, at: Math.max(event.at, cursor?.at ?? 0), tail: cursor?.tail ?? '' });
  (TAKE[event.type] as (draft: Draft, event: RunEvent) => void)(draft, event);
}

type Of<T extends RunFact['type']> = RunEvent & Extract<RunFact, { type: T }>;

const TAKE: { readonly [T in RunFact['type']]: (draft: Draft, event: Of<T>) => void } = {
  'run.opened': openRun,
  'run.state': changeState,
  'action.proposed': propose,
  'action.judged': judge,
  'action.ended': end,
  'gate.opened': openGate,
  'gate.decided': decideGate,
  budget: balance,
  'policy.changed': (draft, event) => setPolicyVersion(draft, event, event.to),
};

function openRun(draft: Draft, event: Of<'run.opened'>): void {
  const { info } = event;
  draft.put('runs', event.run, { ...info, state: 'pending', startedAt: event.at, cost: 0, steps: 0, refusals: 0, openGates: 0 });
  const parent = event.spawnedBy ?? (info.parent === undefined ? undefined : runNode(info.parent));
  const node = runNode(event.run);
  place(draft, event, { id: node, kind: 'run', name: info.agent, state: 'proposed' }, parent === undefined ? [] : [parent]);
  if (parent !== undefined) draft.link({ type: 'spawned', from: parent, to: node, at: event.at });
  setPolicyVersion(draft, event, event.policyVersion);
}

const NODE_STATE = {
  pending: 'proposed', running: 'running', suspended: 'waiting', completed: 'done', failed: 'failed', blocked: 'refused', killed: 'aborted', 'in-doubt': 'in-doubt',
} as const satisfies Record<RunState, RunNode['state']>;

function changeState(draft: Draft, event: Of<'run.state'>): void {
  const over = ended(event.state);
  const endedAt = over ? event.at : undefined;
  changeRun(draft, event.run, (run) => ({ ...run, state: event.state, reason: event.reason, endedAt }));
  changeNode(draft, runNode(event.run), (node) => ({ ...node, state: NODE_STATE[event.state], endedAt, error: over ? event.reason : undefined }));
}

function propose(draft: Draft, event: Of<'action.proposed'>): void {
  const known = draft.get('nodes', event.node);
  if (known?.kind === 'run') changeNode(draft, event.node, (node) => ({ ...node, input: event.input })); // the start of the run itself is judged
  if (known) return;
  const run = draft.get('runs', event.run)!;
  if (run.state === 'pending') changeState(draft, { ...event, type: 'run.state', state: 'running' });
  changeRun(draft, event.run, (each) => ({ ...each, steps: each.steps + 1 }));
  const { kind, name, input, estimate } = event;
  place(draft, event, { id: event.node, kind, name, state: 'proposed', input, estimate }, event.causes);
  if (!linkCauses(draft, event)) draft.link({ type: 'called', from: runNode(event.run), to: event.node, at: event.at });
  linkRetry(draft, event);
}

/** Edges from the causes that are known; the others get theirs when they arrive. True when an LLM call of this run asked for the action. */
function linkCauses(draft: Draft, event: Of<'action.proposed'>): boolean {
  let called = false;
  for (const id of new Set(event.causes)) {
    const cause = draft.get('nodes', id);
    if (id === event.node) continue;
    if (!cause) {
      const rest = draft.get('awaiting', id);
      draft.put('awaiting', id, { item: { node: event.node, at: event.at }, ...(rest && { rest }) });
      continue;
    }
    const type = causeType(cause, event.kind);
    called ||= type === 'called' && cause.run === event.run;
    draft.link({ type, from: id, to: event.node, at: event.at });
  }
  return called;
}

/** A model that asked for an action called it; anything else that led here flowed in as data. */
function causeType(cause: RunNode, kind: RunNode['kind']): EdgeType {
  return cause.kind === 'llm' && kind !== 'llm' ? 'called' : 'caused';
}

/** The same action again, after it did not succeed. */
function linkRetry(draft: Draft, event: Of<'action.proposed'>): void {
  const key = `${event.run}\n${event.kind}\n${event.name}`;
  const before = draft.get('nodes', draft.get('attempts', key) ?? '');
  draft.put('attempts', key, event.node);
  if (!before || before.input?.title !== event.input?.title || before.input?.body !== event.input?.body) return;
  if (before.state !== 'failed' && before.state !== 'aborted' && before.state !== 'refused') return;
  draft.link({ type: 'retried', from: before.id, to: event.node, at: event.at });
}

function judge(draft: Draft, event: Of<'action.judged'>): void {
  const { disposition } = event.verdict;
  changeNode(draft, event.node, (node) => ({
    ...node,
    state: node.state === 'proposed' && proceeds(disposition) ? 'running' : node.state,
    disposition: stronger(disposition, node.disposition) ? disposition : node.disposition,
    verdicts: [...node.verdicts, { event: event.event, verdict: event.verdict }],
  }));
}

function end(draft: Draft, event: Of<'action.ended'>): void {
  const before = draft.get('nodes', event.node);
  if (!before || before.kind === 'run') return; // how a run ended is said by its state
  const { outcome, output, usage, cost, costKnown, error } = event;
  changeNode(draft, event.node, (node) => ({ ...node, state: outcome satisfies ActionOutcome, endedAt: event.at, output, usage, cost, costKnown, error }));
  if (cost !== undefined && before.cost === undefined) {
    draft.link({ type: 'settled', from: event.node, to: runNode(event.run), at: event.at, cost, disposition: before.disposition });
  }
}

function openGate(draft: Draft, event: Of<'gate.opened'>): void {
  if (draft.get('gates', event.gate)) return;
  const { gate, run, node, policy, message, terms, expiresAt, contentHash } = event;
  draft.put('gates', gate, { id: gate, run, node, policy, message, terms, openedAt: event.at, expiresAt, contentHash });
  changeRun(draft, run, (each) => ({ ...each, openGates: each.openGates + 1 }));
  changeNode(draft, node, (each) => ({ ...each, state: 'waiting' }));
  place(draft, event, { id: gateNode(gate), kind: 'gate', name: policy, state: 'waiting', disposition: 'gate' }, []);
  draft.link({ type: 'gated', from: node, to: gateNode(gate), at: event.at, disposition: 'gate' });
}

const LETS_PASS = { approved: true, 'expired-allow': true, withdrawn: true, rejected: false, 'expired-block': false } as const satisfies Record<GateOutcome, boolean>;

function decideGate(draft: Draft, event: Of<'gate.decided'>): void {
  const gate = draft.get('gates', event.gate);
  if (!gate || gate.decision !== undefined) return;
  const { decision, by, reason } = event;
  draft.put('gates', event.gate, { ...gate, decision, by, reason });
  changeRun(draft, event.run, (run) => ({ ...run, openGates: run.openGates - 1 }));
  changeNode(draft, gateNode(event.gate), (node) => ({ ...node, state: decision, endedAt: event.at }));
  const passes = LETS_PASS[decision];
  changeNode(draft, gate.node, (node) => (node.state === 'waiting' ? { ...node, state: passes ? 'running' : 'refused' } : node));
  draft.link({ type: passes ? 'resumed' : 'decided', from: gateNode(event.gate), to: gate.node, at: event.at, disposition: passes ? 'allow' : 'block' });
}

/** Accounts are shared between runs, so the newest word wins whatever order the runs' events come in. */
function balance(draft: Draft, event: Of<'budget'>): void {
  const { account, unit, limit, reserved, spent, overrun } = event;
  const key = `${account} ${unit}`;
  if (isNewest(draft, `balance ${key}`, event, spent)) draft.put('balances', key, { account, unit, limit, reserved, spent, overrun });
}

function setPolicyVersion(draft: Draft, event: RunEvent, version: string): void {
  if (isNewest(draft, 'policy', event, 0)) draft.put('policyVersion', '', version);
}

function isNewest(draft: Draft, key: string, event: RunEvent, spent: number): boolean {
  const stamp = [draft.get('cursors', event.run)!.at, spent, event.run, event.seq] as const;
  const before = draft.get('stamps', key);
  if (before && !later(stamp, before)) return false;
  draft.put('stamps', key, stamp);
  return true;
}

function later(a: readonly (string | number)[], b: readonly (string | number)[]): boolean {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at >= 0 && a[at]! > b[at]!;
}

function changeRun(draft: Draft, id: string, change: (run: RunSummary) => RunSummary): void {
  draft.put('runs', id, change(draft.get('runs', id)!));
}

/** Changes a node and carries the difference in cost and refusals to its run. */
function changeNode(draft: Draft, id: string, change: (node: RunNode) => RunNode): void {
  const before = draft.get('nodes', id);
  if (!before) return;
  const after = change(before);
  draft.put('nodes', id, after);
  const cost = (after.cost ?? 0) - (before.cost ?? 0);
  const refusals = Number(isRefusal(after)) - Number(isRefusal(before));
  if (cost !== 0 || refusals !== 0) changeRun(draft, after.run, (run) => ({ ...run, cost: run.cost + cost, refusals: run.refusals + refusals }));
}

/** True for an action that did not go on, or whose result was withheld. */
export function isRefusal(node: RunNode): boolean {
  return node.kind !== 'run' && node.kind !== 'gate' && (node.state === 'refused' || node.disposition === 'block');
}

type Placed = Pick<RunNode, 'id' | 'kind' | 'name' | 'state' | 'input' | 'estimate'> & { readonly disposition?: 'gate' };

/** Adds a node after everything its run did before and after everything that led to it, and wakes those that waited for it. */
function place(draft: Draft, event: RunEvent, node: Placed, causes: readonly string[]): void {
  const cursor = draft.get('cursors', event.run)!;
  const before = cursor.tail === '' ? causes : [cursor.tail, ...causes];
  const step = 1 + Math.max(0, ...before.map((id) => draft.get('nodes', id)?.step ?? 0));
  draft.put('nodes', node.id, { ...node, run: event.run, disposition: node.disposition ?? 'allow', verdicts: [], startedAt: event.at, step });
  draft.put('cursors', event.run, { ...cursor, tail: node.id });
  if (cursor.tail !== '') follow(draft, cursor.tail, node.id);
  for (const cause of causes) if (cause !== node.id && draft.get('nodes', cause)?.run !== event.run) follow(draft, cause, node.id);
  welcome(draft, node.id, node.kind);
}

function follow(draft: Draft, before: string, after: string): void {
  const rest = draft.get('followers', before);
  draft.put('followers', before, { item: after, ...(rest && { rest }) });
}

/** A node that others already named as their cause: gives them their edges, and moves them behind it. */
function welcome(draft: Draft, id: string, kind: RunNode['kind']): void {
  const cause = draft.get('nodes', id)!;
  for (let link = draft.get('awaiting', id); link; link = link.rest) {
    const effect = draft.get('nodes', link.item.node)!;
    draft.link({ type: causeType({ ...cause, kind }, effect.kind), from: id, to: effect.id, at: link.item.at });
  }
  moveFollowers(draft, cause);
}

/** Restores step(follower) > step(node) downstream of a new node. Events in causal order never get past the first look. */
function moveFollowers(draft: Draft, start: RunNode): void {
  const moved = new Map<string, number>([[start.id, start.step]]);
  const queue = [start.id];
  for (const id of queue) {
    for (let link = draft.get('followers', id); link; link = link.rest) {
      const node = draft.get('nodes', link.item);
      if (!node || (moved.get(node.id) ?? node.step) > moved.get(id)!) continue;
      // Two runs that each name the other as their cause: there is no order to restore, so neither follows.
      if (node.id === start.id) return draft.put('followers', start.id, null);
      moved.set(node.id, moved.get(id)! + 1);
      queue.push(node.id);
    }
  }
  moved.delete(start.id);
  for (const [id, step] of moved) draft.put('nodes', id, { ...draft.get('nodes', id)!, step });
}
