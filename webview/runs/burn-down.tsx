// The budget over time: what was spent, what is reserved on top of it, and the limit both must stay under.

import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatUsd } from '../../protocol/money.ts';
import { currentPalette, type Palette, watchTheme } from './palette.ts';
import type { Sample, Spend } from './spend.ts';
import { clockText } from './words.ts';

const HEIGHT = 118;

interface BurnDownProps {
  readonly samples: readonly Sample[];
  readonly spend: Spend;
  /** The time that the curve reaches to. */
  readonly until: number;
  /** Start of the run: the axis counts from here. */
  readonly zero: number;
}

export function BurnDownChart({ samples, spend, until, zero }: BurnDownProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [palette, setPalette] = useState(currentPalette);
  useEffect(() => watchTheme(() => setPalette(currentPalette())), []);
  const empty = samples.length === 0;
  useEffect(() => {
    if (!box.current || empty) return undefined;
    const host = box.current;
    plot.current = new uPlot(optionsOf(palette, host.clientWidth, zero), dataOf(samples, until), host);
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [palette, empty]);
  useEffect(() => plot.current?.setData(dataOf(samples, until)), [samples.length, until]);
  return (
    <section class="burn" aria-label="Budget over time">
      <p class="legend"><span class="key key-spent" />spent<span class="key key-reserved" />reserved{spend.limit !== undefined && <><span class="key key-limit" />limit {formatUsd(spend.limit)}, {spend.scope}</>}</p>
      {empty ? <p class="hint">Nothing spent yet.</p> : <div ref={box} class="plot" role="img" aria-label={`Budget over time, ${spend.scope}: ${spend.text}.`} />}
    </section>
  );
}

/** Columns for uPlot: seconds, spent, spent and reserved, limit, in dollars. */
function dataOf(samples: readonly Sample[], until: number): uPlot.AlignedData {
  const last = samples.at(-1)!;
  const all = until > last.at ? [...samples, { ...last, at: until }] : samples;
  return [
    all.map(({ at }) => at / 1000), all.map(({ spent }) => spent / 1e6),
    all.map(({ spent, reserved }) => (spent + reserved) / 1e6), all.map(({ limit }) => (limit === undefined ? null : limit / 1e6)),
  ];
}

function optionsOf(palette: Palette, width: number, zero: number): uPlot.Options {
  const stepped = uPlot.paths.stepped!({ align: 1 });
  const axis = { stroke: palette.muted, font: `10.5px ${palette.font}`, grid: { stroke: palette.contrast ? translucent(palette.grid) : palette.grid, width: 1 }, ticks: { show: false } } as const;
  return {
    width, height: HEIGHT, legend: { show: false }, cursor: { show: false }, padding: [8, 12, 0, 0],
    scales: { y: { range: (_plot, _low, high) => [0, (high || 0.01) * 1.12] } },
    axes: [{ ...axis, size: 22, space: 80, values: (_plot, values) => values.map((value) => timeLabel(value * 1000 - zero, (values[1] ?? Infinity) - (values[0] ?? 0))) }, { ...axis, size: 64, space: 28, values: (_plot, values) => values.map((value) => formatUsd(Math.round(value * 1e6))) }],
    bands: [{ series: [2, 1], fill: hatch(palette) }],
    series: [
      {}, { stroke: palette.active, width: 1.75, fill: translucent(palette.active), paths: stepped, points: { show: false } },
      { width: 0, paths: stepped, points: { show: false } },
      { stroke: palette.deny, width: 1.25, dash: [6, 4], points: { show: false } },
    ],
  };
}

/** Diagonal lines, for what is reserved: told apart by pattern, not by colour. */
function hatch(palette: Palette): CanvasPattern {
  const tile = Object.assign(document.createElement('canvas'), { width: 6, height: 6 });
  const context = tile.getContext('2d')!;
  context.strokeStyle = palette.gate;
  context.lineWidth = 1.25;
  context.beginPath();
  for (const from of [-6, 0, 6]) {
    context.moveTo(from, 6);
    context.lineTo(from + 6, 0);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat')!;
}

function translucent(colour: string): string {
  return `color-mix(in srgb, ${colour} 22%, transparent)`;
}

/** Time since the start; with tenths where the marks stand closer than a second. */
function timeLabel(ms: number, spacing: number): string {
  return spacing < 1 ? `${(ms / 1000).toFixed(1)} s` : clockText(ms);
}
