// The run view as a whole: feed and view state in, the page out, keys and selection in between.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ended } from '../../protocol/run-graph.ts';
import type { Host } from '../host.ts';
import { BurnDownChart } from './burn-down.tsx';
import { exportSvg } from './export-svg.ts';
import { GateBanner } from './gate-banner.tsx';
import { Header } from './header.tsx';
import { Help } from './help.tsx';
import { Inspector } from './inspector.tsx';
import { destination } from './keys.ts';
import { GUTTER, LanesView } from './lanes-view.tsx';
import { fitZoom, zeroOf } from './layout.ts';
import { Announcer } from './announcer.tsx';
import { currentPalette } from './palette.ts';
import { spendOf } from './spend.ts';
import { LostBanner, Waiting } from './states.tsx';
import type { Feed, RunStore } from './store.ts';
import { TableView } from './table-view.tsx';
import { clampZoom, FRESH, fromSaved, type Saved, toSaved, type ViewState } from './view-state.ts';

interface AppProps {
  readonly store: RunStore;
  readonly host: Host<Saved>;
  readonly clock: () => number;
}

export function App({ store, host, clock }: AppProps) {
  const [feed, setFeed] = useState(store.feed);
  useEffect(() => store.watch(setFeed), [store]);
  const [opened] = useState(clock);
  const now = useNow(clock, feed);
  const run = feed.run === undefined ? undefined : feed.lanes.graph.runs.get(feed.run) ?? rootOf(feed);
  if (!run) return <main class="app"><h1 class="spoken">Governed run</h1>{feed.lost && <LostBanner since={feed.lostSince} />}<Waiting since={opened} now={now} /></main>;
  return <RunPage key={run.id} feed={feed} run={run.id} host={host} now={now} />;
}

/** The time that the view shows: it runs while the run does, and stops with the feed. */
function useNow(clock: () => number, { lost, lostSince, lanes, run }: Feed): number {
  const [now, setNow] = useState(clock);
  const state = run === undefined ? undefined : lanes.graph.runs.get(run)?.state;
  const running = !lost && !(state && ended(state));
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setNow(clock()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return lost ? lostSince : now;
}

function rootOf({ lanes }: Feed) {
  return [...lanes.graph.runs.values()].find((run) => run.parent === undefined);
}

function RunPage({ feed, run: id, host, now }: { feed: Feed; run: string; host: Host<Saved>; now: number }) {
  const { lanes } = feed;
  const { graph } = lanes;
  const run = graph.runs.get(id)!;
  const [view, setView] = useState<ViewState>(() => fromSaved(id, host.restore(), firstView(feed)));
  const [help, setHelp] = useState(false);
  const page = useRef<HTMLElement>(null);
  const picture = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const change = (part: Partial<ViewState>): void => setView((before) => ({ ...before, ...part }));
  useEffect(() => host.save(toSaved(id, view)), [view]);

  const folded = useMemo(() => new Set(view.folded), [view.folded]);
  const rows = useMemo(() => lanes.lanes(folded), [graph, folded]);
  const zero = zeroOf(graph);
  const until = ended(run.state) ? feed.lastAt : Math.max(now, feed.lastAt);
  const spend = spendOf(graph, run.root, feed.burnDown.unknownPrice);
  const select = (node: string): void => {
    change({ selected: node, follow: false });
    host.post({ type: 'select', node });
  };
  const fold = (runId: string): void => change({ folded: folded.has(runId) ? view.folded.filter((each) => each !== runId) : [runId, ...view.folded] });
  const fit = (): void => change({ zoom: fitZoom(lanes, view.axis, (picture.current?.parentElement?.clientWidth ?? 800) - GUTTER, zero, until), follow: false });
  const saveSvg = (): void => host.post({ type: 'saveSvg', name: `${run.agent}-${id}.svg`, svg: exportSvg(lanes, rows, view, zero, until, currentPalette()) });

  const commands: Readonly<Record<string, () => void>> = {
    '0': fit, '?': () => setHelp(true), f: () => change({ follow: !view.follow }),
    '+': () => change({ zoom: clampZoom(view.zoom * 1.25) }), '-': () => change({ zoom: clampZoom(view.zoom / 1.25) }),
    Enter: () => heading.current?.focus(),
    ' ': () => { const node = graph.nodes.get(view.selected ?? ''); if (node) fold(node.run); },
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || help) return;
    const inPicture = target === picture.current || target === document.body;
    if (!inPicture && (/^(Enter| |Arrow.*)$/.test(event.key) || target.matches('input, textarea'))) return;
    const node = destination(event.key, lanes, rows, view.selected);
    const command = commands[event.key];
    if (node === undefined && !command) return;
    event.preventDefault();
    if (node !== undefined) select(node);
    else command!();
  };
  const keys = useRef(onKeyDown);
  keys.current = onKeyDown;
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => keys.current(event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);

  return (
    <main ref={page} class="app" data-version={feed.version}>
      {feed.lost && <LostBanner since={feed.lostSince} />}
      <Header graph={graph} run={run} spend={spend} now={until} view={view} change={change} fit={fit} help={() => setHelp(true)} saveSvg={saveSvg} stop={() => host.post({ type: 'stopRun', run: id })} />
      <GateBanner graph={graph} now={until} post={host.post} select={select} />
      <div class="middle">
        {view.form === 'lanes'
          ? <LanesView lanes={lanes} rows={rows} view={view} zero={zero} now={until} change={change} select={select} fold={fold} picture={picture} />
          : <TableView lanes={lanes} rows={rows} folded={folded} selected={view.selected} zero={zero} follow={view.follow} select={select} fold={fold} />}
        <Inspector lanes={lanes} selected={view.selected} select={select} post={host.post} heading={heading} />
      </div>
      <BurnDownChart samples={feed.burnDown.samples(spend.account)} spend={spend} until={until} zero={zero} />
      <Announcer graph={graph} selected={view.selected} />
      <Help open={help} close={() => setHelp(false)} />
    </main>
  );
}

/** A screen reader gets the table; a large tree starts with its quiet parts folded. */
function firstView({ lanes }: Feed): ViewState {
  return { ...FRESH, form: document.body.classList.contains('vscode-using-screen-reader') ? 'table' : 'lanes', folded: [...lanes.quietRuns()] };
}
