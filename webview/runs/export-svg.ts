// The picture as a document: the whole run when it is small enough to be read, with the agents' names where the gutter would be.

import { formatUsd } from '../../protocol/money.ts';
import { printable } from '../../protocol/printable.ts';
import { drawList, type Mark, roughMeasure } from './draw-list.ts';
import type { Lane, Lanes } from './lanes.ts';
import { type Axis, extent, ROW, RULER } from './layout.ts';
import { svgOf } from './paint-svg.ts';
import type { Palette } from './palette.ts';
import { pictureText } from './words.ts';

const NAMES = 190;

/** `zero` and `until` bound the time axis, in milliseconds since the epoch. */
export function exportSvg(lanes: Lanes, rows: readonly Lane[], shown: { readonly axis: Axis; readonly zoom: number }, zero: number, until: number, palette: Palette): string {
  const whole = extent(lanes, rows.length, shown, zero, until);
  const size = { width: whole.width + NAMES, height: whole.height };
  const { marks } = drawList({ lanes, rows, view: { ...shown, left: -NAMES, top: 0, ...size }, zero, now: until, path: new Set(), measure: roughMeasure });
  return svgOf([...marks, ...rows.flatMap(nameOf)], palette, size, pictureText(lanes.graph));
}

function nameOf({ run, depth }: Lane, row: number): Mark[] {
  const x = 12 + depth * 14;
  const y = RULER + row * ROW + ROW / 2;
  return [
    { kind: 'text', x, y: y - 2, text: printable(run.agent), ink: 'text', size: 12, bold: true },
    { kind: 'text', x, y: y + 12, text: `${run.state}, ${formatUsd(run.cost)}`, ink: 'muted', size: 10.5 },
  ];
}
