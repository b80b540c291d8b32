// Looks for everything at once: all detectors over one text, their spans merged, what was redacted before left alone.

import { mergeRedactions } from '../../../protocol/verdict.ts';
import type { Detector, Span } from './detector.ts';
import { lexical } from './detector.ts';

/** `##EMAIL##`: what stands in for redacted text. It is never redacted again, nor does a match reach over it. */
export const placeholder: Detector = lexical({ kind: 'placeholder', head: '##[A-Z][A-Z0-9_]{0,39}##' });

/** Spans of `text`, sorted, overlapping ones joined under the label of the earliest; placeholders cut out. */
export function scan(text: string, detectors: readonly Pick<Detector, 'find'>[]): Span[] {
  return spare(text, detectors.flatMap((detector) => detector.find(text)));
}

/** Merges spans as the protocol does and cuts the placeholders of `text` out of them. */
export function spare(text: string, spans: readonly Span[], from = 0): Span[] {
  if (spans.length === 0) return [];
  const merged = joined(spans);
  return text.includes('##', from) ? merged.flatMap((span) => cut(span, placeholder.find(text, from))) : merged;
}

/** Sorted, overlapping spans joined under the label of the earliest. */
export function joined(spans: readonly Span[]): Span[] {
  return mergeRedactions(spans.map((span) => ({ at: '', ...span }))).map(({ start, end, label }) => ({ start, end, label }));
}

function cut(span: Span, holes: readonly Span[]): Span[] {
  const rest: Span[] = [];
  let start = span.start;
  for (const hole of holes) {
    if (hole.end <= start || hole.start >= span.end) continue;
    if (hole.start > start) rest.push({ ...span, start, end: hole.start });
    start = hole.end;
  }
  if (start < span.end) rest.push({ ...span, start });
  return rest;
}
