// Small pictures in the page: the shape of an outcome, and icons of the editor's own font. Both are silent; words stand beside them.

import type { Outcome } from './outcome.ts';
import { OUTCOMES } from './outcome.ts';
import { GLYPHS } from './shapes.ts';

export function Glyph({ outcome, size = 14 }: { outcome: Outcome; size?: number }) {
  const { shape, ink } = OUTCOMES[outcome];
  const glyph = GLYPHS[shape];
  return (
    <svg class={`glyph ink-${ink}`} width={size} height={size} viewBox="-1.3 -1.3 2.6 2.6" aria-hidden="true" focusable="false">
      <path class={glyph.hollow ? 'glyph-hollow' : 'glyph-full'} d={glyph.outline} />
      {glyph.mark && <path class="glyph-mark" d={glyph.mark} />}
    </svg>
  );
}

export function Icon({ name }: { name: string }) {
  return <span class={`codicon codicon-${name}`} aria-hidden="true" />;
}
