// Redacts a text that arrives in pieces, however it is cut, exactly as the whole would have been.

import type { Reason } from '../../../protocol/verdict.ts';
import { redactText } from '../../../protocol/verdict.ts';
import type { StreamRedactor } from '../api.ts';
import type { Detector, Span } from './detector.ts';
import { CONTEXT, WINDOW } from './detector.ts';
import { joined, placeholder, spare } from './scan.ts';

/** One thing to look for. `stop` ends the stream where a match begins; without it the match is replaced. */
export interface StreamPart {
  readonly detector: Detector;
  readonly stop?: Reason;
}

/** Text past `max` UTF-16 code units is replaced by `##TRUNCATED##`, or ends the stream. */
export interface StreamLimit {
  readonly max: number;
  readonly stop?: Reason;
}

export const TRUNCATED = 'TRUNCATED';

interface Found extends Span {
  readonly stop?: Reason;
  readonly detector?: Detector;
}

/**
 * Holds text back from the first place where a match could still begin or grow. A match that is certain but still open (a private key,
 * a token) is held until it ends and leaves as one placeholder; a mere beginning is waited for over `WINDOW` code units at most.
 */
export class StreamScan implements StreamRedactor {
  readonly #parts: readonly StreamPart[];
  readonly #limits: readonly StreamLimit[];
  readonly #accepts: number;
  readonly #labels = new Set<string>();
  /** Text not yet released, with up to `CONTEXT` code units before it. */
  #text = '';
  /** Where in `#text` the text not yet released begins. */
  #from = 0;
  /** How much of the stream lies before `#text`. */
  #base = 0;
  /** The first half of a surrogate pair whose other half is still to come: it is nothing to look at yet. */
  #half = '';
  #growing: Detector | undefined;
  #blocked: Reason | undefined;

  constructor(parts: readonly StreamPart[], limits: readonly StreamLimit[] = []) {
    this.#parts = parts;
    this.#limits = limits;
    this.#accepts = Math.min(...limits.map((limit) => limit.max)) + WINDOW;
  }

  get found(): readonly string[] {
    return [...this.#labels];
  }

  get blocked(): Reason | undefined {
    return this.#blocked;
  }

  push(piece: string): string {
    if (this.#blocked) return '';
    const taken = this.#take(piece);
    this.#text += taken;
    if (taken === '' || this.#growing?.goesOn?.(taken)) return '';
    const found = this.#find();
    return this.#release(found, this.#settled(found));
  }

  flush(): string {
    if (this.#blocked) return '';
    this.#text += this.#half;
    this.#half = '';
    return this.#release(this.#find(), this.#text.length);
  }

  #take(piece: string): string {
    const text = this.#half + piece.slice(0, Math.max(0, this.#accepts - this.#base - this.#text.length));
    this.#half = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.slice(-1) : '';
    return this.#half ? text.slice(0, -1) : text;
  }

  #find(): Found[] {
    const { length } = this.#text;
    const found: Found[] = this.#parts.flatMap(({ detector, stop }) => detector.find(this.#text, this.#from).map((span) => ({ ...span, stop, detector })));
    for (const { max, stop } of this.#limits) {
      if (this.#base + length > max) found.push({ start: Math.max(this.#from, max - this.#base), end: length, label: TRUNCATED, stop });
    }
    return found;
  }

  /** Up to where nothing that is still to come can change what was found. */
  #settled(found: readonly Found[]): number {
    const { length } = this.#text;
    let hold = placeholder.holdBack(this.#text, this.#from);
    for (const { detector } of this.#parts) hold = Math.min(hold, detector.holdBack(this.#text, this.#from));
    hold = Math.max(hold, this.#from, length - WINDOW);
    for (const span of found) if (!span.detector && !span.stop) hold = Math.min(hold, span.start);
    if (hold > this.#from && isHighSurrogate(this.#text.charCodeAt(hold - 1))) hold--;
    return hold;
  }

  #release(found: readonly Found[], settled: number): string {
    const whole = [...found, ...placeholder.find(this.#text, this.#from)];
    const stopping = found.filter((span) => span.stop && span.start < settled).sort((a, b) => a.start - b.start)[0];
    const until = outside(whole, stopping ? stopping.start : settled);
    const due = found.filter((span) => span.start < until);
    const spans = joined([...spare(this.#text, due.filter((span) => span.detector), this.#from), ...due.filter((span) => !span.detector)]);
    for (const span of spans) this.#labels.add(span.label);
    const from = this.#from;
    const out = redactText(this.#text.slice(from, until), spans.map((span) => ({ ...span, start: span.start - from, end: span.end - from })));
    this.#growing = found.find((span) => span.start <= until && span.end === this.#text.length && span.detector?.goesOn)?.detector;
    this.#keep(until);
    if (stopping) this.#stop(stopping);
    return out;
  }

  #keep(until: number): void {
    const cut = Math.max(0, until - CONTEXT);
    this.#text = this.#text.slice(cut);
    this.#from = until - cut;
    this.#base += cut;
  }

  #stop(span: Found): void {
    this.#blocked = span.stop;
    this.#labels.add(span.label);
    this.#text = '';
    this.#from = 0;
    this.#growing = undefined;
  }
}

/** The last place at or before `place` that lies inside no span. */
function outside(spans: readonly Span[], place: number): number {
  for (const span of spans) if (span.start < place && place < span.end) return outside(spans, span.start);
  return place;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
