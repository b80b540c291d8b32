// Tests of the reducer: what it makes of events, and that order, repetition and older graphs do not matter.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { approvedEvents, manyEvents, OUTREACH, OUTREACH_GATE, outreachEvents, RESEARCHER, START } from '../test/support/run-events.ts';
import { describeTree } from './describe-graph.ts';
import { applyEvent, applyEvents, graphOf } from './reduce.ts';
import { rollUp, spawnOrder } from './roll-up.ts';
import { EMPTY_GRAPH, gateNode, runNode, type RunEvent, type RunGraph } from './run-graph.ts';

const edgesOf = (graph: RunGraph, type: string): string[] => graph.edges.filter((edge) => edge.type === type).map((edge) => `${edge.from} > ${edge.to}`);

test('edges say what called, spawned, fed and gated what', () => {
  const graph = graphOf([...outreachEvents(), ...approvedEvents()]);
  assert.deepEqual(edgesOf(graph, 'spawned'), [`n5 > ${runNode(RESEARCHER)}`]);
  assert.ok(edgesOf(graph, 'called').includes('n1 > n2'));
  assert.ok(edgesOf(graph, 'called').includes(`${runNode(OUTREACH)} > n1`));
  assert.ok(!edgesOf(graph, 'called').includes(`${runNode(OUTREACH)} > n2`), 'a tool that a model asked for is called by the model alone');
  assert.deepEqual(edgesOf(graph, 'caused'), ['n2 > n4', 'n3 > n4', 'm2 > m4', 'm3 > m4', 'm2 > m5', 'm3 > m5', 'n3 > n7', 'n5 > n7', 'm5 > n7']);
  assert.deepEqual(edgesOf(graph, 'gated'), [`n8 > ${gateNode(OUTREACH_GATE)}`]);
  assert.deepEqual(edgesOf(graph, 'resumed'), [`${gateNode(OUTREACH_GATE)} > n8`]);
  assert.equal(edgesOf(graph, 'settled').length, 5);
});

test('a step is behind everything that led to it', () => {
  const graph = graphOf(outreachEvents());
  for (const edge of graph.edges) {
    if (edge.type === 'settled' || edge.type === 'resumed' || edge.type === 'decided') continue;
    assert.ok(graph.nodes.get(edge.from)!.step < graph.nodes.get(edge.to)!.step, `${edge.from} ${edge.type} ${edge.to}`);
  }
});

test('own and tree roll-ups reconcile', () => {
  const graph = graphOf(outreachEvents());
  const totals = rollUp(graph);
  assert.equal(graph.runs.get(OUTREACH)!.cost, 6_190 + 11_140 + 19_660);
  assert.equal(graph.runs.get(RESEARCHER)!.cost, 1_310 + 6_820);
  assert.deepEqual(totals.get(OUTREACH), { cost: 45_120, steps: 13, refusals: 2, openGates: 1, runs: 2 });
  assert.deepEqual(totals.get(RESEARCHER), { cost: 8_130, steps: 5, refusals: 1, openGates: 0, runs: 1 });
});

test('a gate holds its action until somebody answers', () => {
  const waiting = graphOf(outreachEvents());
  assert.equal(waiting.nodes.get('n8')!.state, 'waiting');
  assert.equal(waiting.nodes.get(gateNode(OUTREACH_GATE))!.state, 'waiting');
  const decided = applyEvent(waiting, approvedEvents()[0]!);
  assert.equal(decided.nodes.get('n8')!.state, 'running');
  assert.equal(decided.gates.get(OUTREACH_GATE)!.by, 'ana');
  assert.equal(decided.runs.get(OUTREACH)!.openGates, 0);
  const rejected = applyEvent(waiting, { ...approvedEvents()[0]!, decision: 'rejected' } as RunEvent);
  assert.equal(rejected.nodes.get('n8')!.state, 'refused');
  assert.equal(rejected.runs.get(OUTREACH)!.refusals, 2);
});

test('the same call after a failure is a retry', () => {
  const [open] = outreachEvents();
  const call = (node: string, seq: number): RunEvent[] => [
    { run: OUTREACH, seq, at: START, type: 'action.proposed', node, kind: 'tool', name: 'fetch', causes: [], input: { title: 'fetch(1)' } },
    { run: OUTREACH, seq: seq + 1, at: START, type: 'action.ended', node, outcome: 'failed', error: 'timed out' },
  ];
  const graph = graphOf([open!, ...call('a', 2), ...call('b', 4)]);
  assert.deepEqual(edgesOf(graph, 'retried'), ['a > b']);
});

test('missing events are counted, not invented', () => {
  const events = outreachEvents().filter((event) => event.run === OUTREACH && (event.seq < 4 || event.seq > 6));
  assert.deepEqual([...graphOf(events).missing!], [[OUTREACH, 3]]);
});

test('an older graph keeps what it had, also while it is being read', () => {
  const events = outreachEvents();
  const versions = events.reduce<RunGraph[]>((all, event) => [...all, applyEvent(all.at(-1)!, event)], [EMPTY_GRAPH]);
  versions.forEach((graph, index) => assert.deepEqual(canonical(graph), canonical(graphOf(events.slice(0, index)))));
  const half = graphOf(events.slice(0, 20));
  const seen: string[] = [];
  let grown = half;
  let rest = 20;
  for (const [id, node] of half.nodes) {
    grown = applyEvents(grown, events.slice(rest, (rest += 9)));
    seen.push(id + node.state);
  }
  assert.deepEqual(seen, [...graphOf(events.slice(0, 20)).nodes].map(([id, node]) => id + node.state));
});

test('two futures of one graph do not touch each other', () => {
  const events = outreachEvents();
  const now = graphOf(events.slice(0, 30));
  const left = applyEvents(now, events.slice(30));
  const right = applyEvent(now, events[30]!);
  assert.deepEqual(canonical(left), canonical(graphOf(events)));
  assert.deepEqual(canonical(right), canonical(graphOf(events.slice(0, 31))));
});

test('property: any interleaving that keeps each run in order gives the same graph', () => {
  for (const events of [[...outreachEvents(), ...approvedEvents()], manyEvents(120, 9)]) {
    const expected = canonical(graphOf(events));
    fc.assert(fc.property(fc.infiniteStream(fc.nat()), (picks) => {
      assert.deepEqual(canonical(graphOf(interleaved(events, picks))), expected);
    }), { numRuns: 100 });
  }
});

test('property: an event that was applied changes nothing when it comes again', () => {
  const events = outreachEvents();
  fc.assert(fc.property(fc.array(fc.nat(events.length - 1)), fc.nat(events.length), (again, upTo) => {
    const graph = graphOf(events.slice(0, upTo));
    for (const index of again.filter((each) => each < upTo)) assert.equal(applyEvent(graph, events[index]!), graph);
  }));
});

test('runs that name each other as cause neither hang nor lose nodes', () => {
  const [open] = outreachEvents();
  const other: RunEvent = { ...open!, run: 'x', type: 'run.opened', policyVersion: 'v', info: { ...(open as Extract<RunEvent, { type: 'run.opened' }>).info, id: 'x' } };
  const propose = (run: string, seq: number, node: string, causes: string[]): RunEvent => ({ run, seq, at: START, type: 'action.proposed', node, kind: 'tool', name: 't', causes });
  const graph = graphOf([open!, other, propose(OUTREACH, 2, 'a', ['b', 'a']), propose('x', 2, 'b', ['a']), propose('x', 3, 'c', []), propose(OUTREACH, 3, 'd', ['c'])]);
  assert.equal(graph.nodes.size, 6);
  assert.ok(graph.nodes.get('d')!.step > graph.nodes.get('c')!.step);
});

test('children follow their parent, siblings in the order they started', () => {
  const order = spawnOrder(graphOf(manyEvents(50, 12))).map((run) => run.id);
  assert.equal(order[0], 'r0');
  assert.equal(new Set(order).size, 12);
});

test('golden: the run in words', () => {
  const path = new URL('../test/support/outreach-tree.txt', import.meta.url);
  const text = describeTree(graphOf(outreachEvents()));
  if (process.env['UPDATE']) writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'));
});

test('text of an agent cannot forge a line of the description', () => {
  const [open] = outreachEvents();
  const text = describeTree(graphOf([open!, { run: OUTREACH, seq: 2, at: START, type: 'action.proposed', node: 'a', kind: 'tool', name: 'x\n  tool y  done', causes: [], input: { title: 'a\u202eb\u001b[2J' } }]));
  assert.ok(text.includes('tool x tool y  done'));
  assert.ok(text.includes('a\u2425b\u2425[2J'));
});

/** A graph as plain data in an order of its own. */
function canonical(graph: RunGraph): unknown {
  const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    runs: sorted(graph.runs), nodes: sorted(graph.nodes), gates: sorted(graph.gates), balances: sorted(graph.balances),
    policyVersion: graph.policyVersion, missing: sorted(graph.missing ?? new Map()), edges: graph.edges.map((edge) => JSON.stringify(edge)).sort(),
  };
}

/** The events with the runs shuffled into one another as the picks say. */
function interleaved(events: readonly RunEvent[], picks: Iterable<number>): RunEvent[] {
  const queues = [...Map.groupBy(events, (event) => event.run).values()].map((queue) => [...queue]);
  const picked: RunEvent[] = [];
  for (const pick of picks) {
    const open = queues.filter((queue) => queue.length > 0);
    if (open.length === 0) break;
    picked.push(open[pick % open.length]!.shift()!);
  }
  return picked;
}
