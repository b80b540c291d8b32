// Paints a draw list on a canvas.

import type { Mark } from './draw-list.ts';
import { arrowPath, bendOf, DASHES } from './edge-shape.ts';
import type { Palette } from './palette.ts';
import { GLYPHS } from './shapes.ts';

const paths = Object.fromEntries(Object.entries(GLYPHS).map(([shape, glyph]) => [
  shape, { outline: new Path2D(glyph.outline), mark: new Path2D(glyph.mark ?? ''), hollow: glyph.hollow ?? false },
]));

/** Clears the canvas and paints. `ratio` is device pixels per CSS pixel. */
export function paint(context: CanvasRenderingContext2D, marks: readonly Mark[], palette: Palette, ratio: number): void {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = palette.ground;
  context.fillRect(0, 0, context.canvas.width / ratio, context.canvas.height / ratio);
  for (const mark of marks) {
    context.globalAlpha = 'opacity' in mark && mark.opacity !== undefined && (!palette.contrast || mark.ink === 'grid') ? mark.opacity : 1;
    (PAINT[mark.kind] as (context: CanvasRenderingContext2D, mark: Mark, palette: Palette) => void)(context, mark, palette);
  }
  context.globalAlpha = 1;
}

type Of<K extends Mark['kind']> = Extract<Mark, { kind: K }>;

const PAINT: { readonly [K in Mark['kind']]: (context: CanvasRenderingContext2D, mark: Of<K>, palette: Palette) => void } = {
  fill(context, mark, palette) {
    if (palette.contrast && mark.ink === 'select') {
      context.strokeStyle = palette.accent;
      context.lineWidth = 1;
      context.strokeRect(mark.x + 1, mark.y + 1, mark.width - 2, mark.height - 2);
      return;
    }
    context.fillStyle = palette[mark.ink];
    context.fillRect(mark.x, mark.y, mark.width, mark.height);
  },
  box(context, mark, palette) {
    context.beginPath();
    context.roundRect(mark.x, mark.y, mark.width, mark.height, Math.min(mark.radius, mark.width / 2));
    context.fillStyle = palette.contrast ? palette.ground : palette[mark.fill];
    context.fill();
    context.globalAlpha = 1;
    stroke(context, palette[mark.ink], mark.weight, mark.dash ? [4, 3] : []);
  },
  edge(context, mark, palette) {
    context.beginPath();
    context.moveTo(mark.x1, mark.y1);
    const bend = bendOf(mark);
    if (bend) context.bezierCurveTo(...bend, mark.x2, mark.y2);
    else context.lineTo(mark.x2, mark.y2);
    stroke(context, palette[mark.ink], mark.weight, mark.dash ? DASHES[mark.dash] : []);
    if (mark.arrow && mark.y1 !== mark.y2) {
      context.fillStyle = palette[mark.ink];
      context.fill(new Path2D(arrowPath(mark)));
    }
  },
  shape(context, mark, palette) {
    const glyph = paths[mark.shape]!;
    context.save();
    context.translate(mark.x, mark.y);
    context.scale(mark.radius, mark.radius);
    context.lineWidth = 0.24;
    context.lineCap = context.lineJoin = 'round';
    context.fillStyle = context.strokeStyle = palette[mark.ink];
    if (glyph.hollow) context.stroke(glyph.outline);
    else context.fill(glyph.outline);
    context.strokeStyle = palette.ground;
    context.stroke(glyph.mark);
    context.restore();
  },
  text(context, mark, palette) {
    context.font = `${mark.bold ? '600 ' : ''}${mark.size}px ${palette.font}`;
    context.fillStyle = palette[mark.ink];
    context.fillText(mark.text, mark.x, mark.y);
  },
};

function stroke(context: CanvasRenderingContext2D, colour: string, weight: number, dash: readonly number[]): void {
  context.strokeStyle = colour;
  context.lineWidth = weight;
  context.setLineDash(dash as number[]);
  context.stroke();
}
