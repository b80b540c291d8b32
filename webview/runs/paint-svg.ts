// Paints a draw list as an SVG document: text stays text, colours are those of the palette. For export and for tests.

import type { Mark } from './draw-list.ts';
import { arrowPath, bendOf, DASHES } from './edge-shape.ts';
import type { Palette } from './palette.ts';
import { GLYPHS } from './shapes.ts';

/** One SVG document, one line per mark. `title` is what a screen reader says for it. */
export function svgOf(marks: readonly Mark[], palette: Palette, size: { readonly width: number; readonly height: number }, title: string): string {
  const lines = marks.map((mark) => (SVG[mark.kind] as (mark: Mark, palette: Palette) => string)(mark, palette));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n(size.width)}" height="${n(size.height)}" viewBox="0 0 ${n(size.width)} ${n(size.height)}" font-family="${escape(palette.font)}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="100%" height="100%" fill="${escape(palette.ground)}"/>`,
    ...lines, '</svg>', '',
  ].join('\n');
}

type Of<K extends Mark['kind']> = Extract<Mark, { kind: K }>;

const SVG: { readonly [K in Mark['kind']]: (mark: Of<K>, palette: Palette) => string } = {
  fill: (mark, palette) => `<rect x="${n(mark.x)}" y="${n(mark.y)}" width="${n(mark.width)}" height="${n(mark.height)}" fill="${colour(palette, mark.ink)}"${faded(mark, 'opacity')}/>`,
  box: (mark, palette) => `<rect x="${n(mark.x)}" y="${n(mark.y)}" width="${n(mark.width)}" height="${n(mark.height)}" rx="${n(mark.radius)}" fill="${colour(palette, mark.fill)}"${faded(mark, 'fill-opacity')} stroke="${colour(palette, mark.ink)}" stroke-width="${n(mark.weight)}"${mark.dash ? ' stroke-dasharray="4 3"' : ''}/>`,
  edge: (mark, palette) => {
    const bend = bendOf(mark);
    const line = `M${n(mark.x1)} ${n(mark.y1)}${bend ? `C${bend.map(n).join(' ')} ` : 'L'}${n(mark.x2)} ${n(mark.y2)}`;
    const path = `<path d="${line}" fill="none" stroke="${colour(palette, mark.ink)}" stroke-width="${n(mark.weight)}"${mark.dash ? ` stroke-dasharray="${DASHES[mark.dash].join(' ')}"` : ''}${faded(mark, 'opacity')}/>`;
    return mark.arrow && mark.y1 !== mark.y2 ? `${path}<path d="${arrowPath(mark)}" fill="${colour(palette, mark.ink)}"${faded(mark, 'opacity')}/>` : path;
  },
  shape: (mark, palette) => {
    const glyph = GLYPHS[mark.shape];
    const ink = colour(palette, mark.ink);
    const outline = glyph.hollow ? `<path d="${glyph.outline}" fill="none" stroke="${ink}"/>` : `<path d="${glyph.outline}" fill="${ink}" stroke="none"/>`;
    const inside = glyph.mark ? `<path d="${glyph.mark}" fill="none" stroke="${colour(palette, 'ground')}"/>` : '';
    return `<g data-shape="${mark.shape}" transform="translate(${n(mark.x)} ${n(mark.y)}) scale(${n(mark.radius)})" stroke-width=".24" stroke-linecap="round" stroke-linejoin="round">${outline}${inside}</g>`;
  },
  text: (mark, palette) => `<text x="${n(mark.x)}" y="${n(mark.y)}" font-size="${n(mark.size)}"${mark.bold ? ' font-weight="600"' : ''} fill="${colour(palette, mark.ink)}">${escape(mark.text)}</text>`,
};

function colour(palette: Palette, ink: keyof Palette): string {
  return escape(String(palette[ink]));
}

function faded(mark: { readonly opacity?: number }, attribute: string): string {
  return mark.opacity === undefined ? '' : ` ${attribute}="${n(mark.opacity)}"`;
}

function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
