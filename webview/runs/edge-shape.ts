// How an edge runs from one node to another, for both painters.

import type { Mark } from './draw-list.ts';

type Edge = Extract<Mark, { kind: 'edge' }>;

export const DASHES = { long: [6, 4], dots: [2, 3] } as const;

/** Control points of a curved edge; undefined for a straight one. An edge within a lane bows over what lies between. */
export function bendOf({ x1, y1, x2, y2, dash }: Edge): [number, number, number, number] | undefined {
  if (y1 === y2) return dash ? [x1 + 12, y1 - 12, x2 - 12, y2 - 12] : undefined;
  if (x1 === x2) return undefined;
  const reach = Math.min(60, Math.max(18, Math.abs(x2 - x1) / 2));
  return [x1 + reach, y1, x2 - reach, y2];
}

/** The head of an edge that arrives from the left. */
export function arrowPath({ x2, y2 }: Edge): string {
  return `M${x2} ${y2}L${x2 - 7} ${y2 - 3.5}V${y2 + 3.5}Z`;
}
