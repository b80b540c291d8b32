// Tests of the picture without a screen: places, what is in sight, the draw list, keys, spend, what is kept over a reload.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyEvents, graphOf } from '../../protocol/reduce.ts';
import { gateNode, runNode, type RunEvent } from '../../protocol/run-graph.ts';
import { runHtml } from '../../protocol/webview-html.ts';
import { drawList, roughMeasure, type Scene } from '../../webview/runs/draw-list.ts';
import { exportSvg } from '../../webview/runs/export-svg.ts';
import { destination, pathOf } from '../../webview/runs/keys.ts';
import { Lanes } from '../../webview/runs/lanes.ts';
import { hit, place, type View, zeroOf } from '../../webview/runs/layout.ts';
import { OUTCOMES, outcomeOf } from '../../webview/runs/outcome.ts';
import { paletteOf } from '../../webview/runs/palette.ts';
import { BurnDown, spendOf } from '../../webview/runs/spend.ts';
import { RunStore } from '../../webview/runs/store.ts';
import { FRESH, fromSaved, toSaved } from '../../webview/runs/view-state.ts';
import { printable } from '../../protocol/printable.ts';
import { approvedEvents, manyEvents, OUTREACH, OUTREACH_GATE, outreachEvents, RESEARCHER, START } from '../support/run-events.ts';
import { THEMES } from '../support/themes.ts';

const NOTHING: ReadonlySet<string> = new Set();
const variables: Readonly<Record<string, string>> = THEMES.dark.variables;
const palette = paletteOf((name) => variables[name.slice('--vscode-'.length)] ?? '', false);

function lanesOf(events: readonly RunEvent[]): Lanes {
  const lanes = new Lanes();
  lanes.add(events);
  return lanes;
}

function sceneOf(lanes: Lanes, view: Partial<View> = {}): Scene {
  const whole = { axis: 'step', zoom: 1, left: 0, top: 0, width: 2600, height: 400, ...view } as const;
  return { lanes, rows: lanes.lanes(NOTHING), view: whole, zero: START, now: START + 20_000, path: new Set(), measure: roughMeasure };
}

test('golden: the outreach run by step and by time', () => {
  for (const axis of ['step', 'time'] as const) {
    const lanes = lanesOf(outreachEvents());
    const svg = exportSvg(lanes, lanes.lanes(NOTHING), { axis, zoom: 1 }, START, START + 20_000, palette);
    const path = new URL(`../support/outreach-${axis}.svg`, import.meta.url);
    if (process.env['UPDATE']) writeFileSync(path, svg);
    assert.equal(svg, readFileSync(path, 'utf8'));
  }
});

test('a node that is placed never moves sideways when others arrive', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 60 }), (batch) => {
    const events = manyEvents(200, 11);
    const lanes = new Lanes();
    const places = new Map<string, number>();
    for (let from = 0; from < events.length; from += batch) {
      lanes.add(events.slice(from, from + batch));
      for (const node of lanes.graph.nodes.values()) {
        const { x } = place(node, 0, { axis: 'step', zoom: 1 }, START, START);
        assert.equal(places.get(node.id) ?? x, x, node.id);
        places.set(node.id, x);
      }
    }
  }), { numRuns: 12 });
});

test('no two nodes of an agent share a place', () => {
  const lanes = lanesOf(manyEvents(300, 7));
  for (const run of lanes.graph.runs.keys()) {
    const steps = lanes.nodesOf(run).map((id) => lanes.graph.nodes.get(id)!.step);
    assert.deepEqual(steps, [...new Set(steps)].sort((a, b) => a - b));
  }
});

test('what is in sight is exactly what a search of everything finds', () => {
  const lanes = lanesOf(manyEvents(400, 16));
  const rows = lanes.lanes(NOTHING);
  fc.assert(fc.property(fc.record({ left: fc.integer({ min: 0, max: 9000 }), top: fc.integer({ min: 0, max: 900 }), width: fc.integer({ min: 50, max: 900 }), height: fc.integer({ min: 60, max: 500 }), zoom: fc.double({ min: 0.05, max: 2, noNaN: true }) }), (part) => {
    const { seen } = drawList(sceneOf(lanes, part));
    const ids = new Set(seen.map((each) => each.node.id));
    rows.forEach((lane, row) => {
      for (const id of lanes.nodesOf(lane.run.id)) {
        const { x, y, width } = place(lanes.graph.nodes.get(id)!, row, { axis: 'step', zoom: part.zoom }, START, START);
        const inside = x + width > part.left && x < part.left + part.width && y > part.top + 26 && y < part.top + part.height;
        if (inside) assert.ok(ids.has(id), id);
      }
    });
    assert.ok(seen.length <= (part.height / 52 + 2) * (part.width / Math.max(3, 148 * part.zoom) + 3));
  }), { numRuns: 200 });
});

test('a point on a node finds it, a point between nodes finds nothing', () => {
  const lanes = lanesOf(outreachEvents());
  const { seen } = drawList(sceneOf(lanes));
  const curl = seen.find((each) => each.node.id === 'n6')!;
  assert.equal(hit(seen, curl.x + 20, curl.y)?.id, 'n6');
  assert.equal(hit(seen, curl.x + curl.width + 10, curl.y), undefined);
});

test('every outcome has a shape of its own, so that colour is never needed', () => {
  const shapes = Object.values(OUTCOMES).map(({ shape }) => shape);
  assert.equal(new Set(shapes).size, shapes.length);
  const graph = graphOf(outreachEvents());
  const outcomes = ['n1', 'n3', 'm3', 'm4', 'n8', gateNode(OUTREACH_GATE), runNode(RESEARCHER)].map((id) => outcomeOf(graph.nodes.get(id)!));
  assert.deepEqual(outcomes, ['done', 'redacted', 'warned', 'refused', 'waiting', 'waiting', 'done']);
});

test('a far zoom draws one tick per node and no text', () => {
  const { marks, seen } = drawList(sceneOf(lanesOf(manyEvents(500, 8)), { zoom: 0.05, height: 500 }));
  assert.ok(seen.length > 300);
  assert.equal(marks.filter((mark) => mark.kind === 'shape').length, 0);
  assert.ok(marks.filter((mark) => mark.kind === 'text').every((mark) => mark.kind === 'text' && /^\d+$/.test(mark.text)));
});

test('keys lead to neighbours, trouble, gates, causes and the dearest node', () => {
  const lanes = lanesOf(outreachEvents());
  const rows = lanes.lanes(NOTHING);
  const go = (key: string, from?: string): string | undefined => destination(key, lanes, rows, from);
  assert.equal(go('ArrowRight'), runNode(OUTREACH));
  assert.equal(go('ArrowRight', 'n1'), 'n2');
  assert.equal(go('ArrowLeft', 'n2'), 'n1');
  assert.equal(go('ArrowDown', 'n6'), runNode(RESEARCHER));
  assert.equal(go('ArrowUp', 'm5'), 'n7');
  assert.equal(go('n'), 'n6');
  assert.equal(go('n', 'n6'), 'm4');
  assert.equal(go('n', 'm4'), 'n6');
  assert.equal(go('N', 'n6'), 'm4');
  assert.equal(go('g'), gateNode(OUTREACH_GATE));
  assert.equal(go('$'), 'n7');
  assert.equal(go('p', 'm1'), runNode(RESEARCHER));
  assert.equal(go('p', runNode(RESEARCHER)), 'n5');
  assert.equal(go('x', 'n1'), undefined);
  assert.deepEqual(pathOf(lanes, 'm4'), ['m3', 'm1', runNode(RESEARCHER), 'n5', 'n4', 'n3', 'n1', runNode(OUTREACH)]);
});

test('a folded agent hides what it spawned, and says how much', () => {
  const lanes = lanesOf(outreachEvents());
  const [only, ...others] = lanes.lanes(new Set([OUTREACH]));
  assert.equal(only!.folded, 1);
  assert.equal(others.length, 0);
});

test('a large tree starts folded, but never over a refusal, a gate or a live agent', () => {
  const lanes = lanesOf([...manyEvents(400, 30), ...ended(30)]);
  const quiet = lanes.quietRuns();
  const shown = new Set(lanes.lanes(quiet).map((lane) => lane.run.id));
  for (const run of lanes.graph.runs.values()) if (run.refusals > 0) assert.ok(shown.has(run.id), run.id);
  assert.equal(lanesOf(outreachEvents()).quietRuns().size, 0);
});

test('the tightest account is shown, and its text reconciles', () => {
  const graph = graphOf(outreachEvents());
  const spend = spendOf(graph, OUTREACH);
  assert.deepEqual([spend.spent, spend.reserved, spend.limit, spend.scope], [45_120, 0, 80_000, 'whole tree']);
  assert.equal(spend.text, '$0.0451 spent, limit $0.0800');
  const day = applyEvents(graph, [{ run: OUTREACH, seq: 900, at: START + 15_000, type: 'budget', account: 'day:2026-11-23:/w:agent:outreach', unit: 'usd_micro', limit: 50_000, spent: 48_000, reserved: 1_000, overrun: 0 }]);
  assert.equal(spendOf(day, OUTREACH).scope, 'today, agent outreach');
  assert.match(spendOf(graphOf(manyEvents(20, 2)), 'r0').text, /no limit$/);
});

test('the burn-down follows the account', () => {
  const burn = new BurnDown();
  burn.add(outreachEvents());
  assert.deepEqual(burn.samples(`run:${OUTREACH}`).map(({ spent, reserved }) => [spent, reserved]), [[0, 0], [6_190, 0], [25_460, 0], [25_460, 24_000], [45_120, 0]]);
  assert.equal(burn.samples(undefined).at(-1)!.spent, 45_120);
});

test('the store tells once per frame, and starts anew with a snapshot', () => {
  const frames: (() => void)[] = [];
  const store = new RunStore((tell) => frames.push(tell));
  let told = 0;
  store.watch(() => { told += 1; });
  const events = outreachEvents();
  store.receive({ type: 'snapshot', run: OUTREACH, events: events.slice(0, 10) });
  store.receive({ type: 'events', events: events.slice(10) });
  store.receive({ type: 'events', events: events.slice(10) });
  assert.equal(frames.length, 1);
  frames[0]!();
  assert.equal(told, 1);
  assert.equal(store.feed.lanes.graph.nodes.size, graphOf(events).nodes.size);
  assert.equal(store.feed.lanes.nodesOf(OUTREACH).length, new Set(store.feed.lanes.nodesOf(OUTREACH)).size);
  store.receive({ type: 'connection', lost: true, since: START });
  assert.equal(store.feed.lost, true);
  store.receive({ type: 'snapshot', run: OUTREACH, events: [...events, ...approvedEvents()] });
  assert.equal(store.feed.lost, false);
  assert.equal(store.feed.lanes.graph.runs.get(OUTREACH)!.state, 'completed');
});

test('what is kept over a reload stays below 2 kB and is not trusted', () => {
  const folded = Array.from({ length: 5000 }, (_, index) => `r-${String(index).padStart(36, '0')}`);
  const saved = toSaved(OUTREACH, { ...FRESH, folded, selected: 'x'.repeat(9000) });
  assert.ok(JSON.stringify(saved).length < 2000);
  assert.deepEqual(fromSaved('other', saved, FRESH), FRESH);
  assert.equal(fromSaved(OUTREACH, { run: OUTREACH, zoom: Number.NaN, form: 'x' as 'table' }, FRESH).zoom, 1);
});

test('text of an agent stays text in an exported picture', () => {
  const events = outreachEvents().map((event) => (event.type === 'action.proposed' && event.node === 'n2' ? { ...event, name: '<b>"&\u202e' } : event));
  const lanes = lanesOf(events);
  const svg = exportSvg(lanes, lanes.lanes(NOTHING), { axis: 'step', zoom: 1 }, zeroOf(lanes.graph), START, palette);
  assert.ok(svg.includes('&lt;b&gt;&quot;&amp;\u2425'));
  assert.ok(!svg.includes('<b>'));
  assert.equal(printable('a\u200bb\tc\u0007'), 'a\u2425b\tc\u2425');
});

test('the page allows nothing but its own bundle', () => {
  const html = runHtml({ nonce: 'abcdefghijklmnop', cspSource: 'https://x.example', script: 'https://x.example/runs.js?a="b"', style: '/runs.css' });
  assert.match(html, /default-src 'none'; script-src 'nonce-abcdefghijklmnop'/);
  assert.doesNotMatch(html, /unsafe/);
  assert.match(html, /runs\.js\?a=&quot;b&quot;/);
  assert.throws(() => runHtml({ nonce: '" x', cspSource: '', script: '', style: '' }), RangeError);
});

function ended(agents: number): RunEvent[] {
  return Array.from({ length: agents }, (_, agent) => ({ run: `r${agent}`, seq: 1_000_000, at: START + 9_000_000, type: 'run.state', state: 'completed' }));
}
