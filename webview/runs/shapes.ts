// The outline and the mark of each shape, as SVG paths around the origin in a circle of radius 1. Canvas and SVG draw the same bytes.

import type { Shape } from './outcome.ts';

export interface Glyph {
  /** Filled with the outcome's ink, or only outlined when `hollow`. */
  readonly outline: string;
  /** Drawn over the outline in the colour of the ground. */
  readonly mark?: string;
  readonly hollow?: boolean;
}

const CIRCLE = 'M1 0A1 1 0 1 1 -1 0A1 1 0 1 1 1 0Z';
const DIAMOND = 'M0 -1.15L1.15 0L0 1.15L-1.15 0Z';
const SQUARE = 'M-.88 -.88H.88V.88H-.88Z';
const CHECK = 'M-.45 .02L-.12 .36L.48 -.32';
const CROSS = 'M-.38 -.38L.38 .38M.38 -.38L-.38 .38';

export const GLYPHS: { readonly [S in Shape]: Glyph } = {
  ring: { outline: CIRCLE, hollow: true },
  play: { outline: 'M-.7 -1L1.05 0L-.7 1Z' },
  circle: { outline: CIRCLE, mark: CHECK },
  triangle: { outline: 'M0 -1.1L1.12 .92H-1.12Z', mark: 'M0 -.4V.25M0 .55V.62' },
  stripes: { outline: SQUARE, mark: 'M-.88 -.3H.88M-.88 .3H.88' },
  diamond: { outline: DIAMOND, mark: 'M0 -.5V.12M0 .46V.52' },
  'diamond-check': { outline: DIAMOND, mark: CHECK },
  'diamond-cross': { outline: DIAMOND, mark: CROSS },
  octagon: { outline: 'M-.42 -1.02H.42L1.02 -.42V.42L.42 1.02H-.42L-1.02 .42V-.42Z', mark: 'M-.5 0H.5' },
  slash: { outline: SQUARE, mark: 'M-.5 .5L.5 -.5' },
  cross: { outline: CIRCLE, mark: CROSS },
  square: { outline: SQUARE, hollow: true },
  question: { outline: CIRCLE, mark: 'M-.34 -.28A.36 .36 0 1 1 .1 .06Q0 .12 0 .28M0 .56V.62' },
};
