// HTML that acts when a browser shows it: scripts, frames, event handlers and addresses that are programs, and the spans to take out so that none is left.

export const HTML_KINDS = ['script', 'frame', 'event handler', 'script address'] as const;
export type HtmlKind = (typeof HTML_KINDS)[number];

/** A span of the text, in UTF-16 code units; `end` is exclusive. */
export interface ActiveSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: HtmlKind;
}

/**
 * Everything active in a text, as spans that do not overlap, in order. Without them nothing active is left, also when taking one out joins
 * the halves of another. It knows tags as browsers read them, and is no full HTML sanitiser: styles and forms stay.
 */
export function activeHtml(text: string): readonly ActiveSpan[] {
  if (!/<|script:/i.test(text)) return [];
  let spans: readonly ActiveSpan[] = [];
  for (let turn = 0; turn < 8; turn++) {
    const { kept, places } = without(text, spans);
    const found = joined(once(kept));
    if (found.length === 0) return spans;
    spans = joined([...spans, ...found.map(({ start, end, kind }) => ({ start: places[start]!, end: places[end - 1]! + 1, kind }))]);
  }
  return [{ start: 0, end: text.length, kind: spans[0]!.kind }];
}

/** The text without the spans, and where each of its characters stood. */
function without(text: string, spans: readonly ActiveSpan[]): { readonly kept: string; readonly places: readonly number[] } {
  const places: number[] = [];
  let next = 0;
  for (let at = 0; at < text.length; at++) {
    if (next < spans.length && at >= spans[next]!.end) next++;
    if (next >= spans.length || at < spans[next]!.start) places.push(at);
  }
  return { kept: spans.length === 0 ? text : places.map((at) => text[at]).join(''), places };
}

function joined(spans: readonly ActiveSpan[]): readonly ActiveSpan[] {
  const out: ActiveSpan[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = out.at(-1);
    if (last && span.start <= last.end) out[out.length - 1] = { ...last, end: Math.max(last.end, span.end) };
    else out.push(span);
  }
  return out;
}

const FRAMES = new Set(['iframe', 'frame', 'object', 'embed', 'applet']);
const ADDRESSES = new Set(['href', 'src', 'action', 'formaction', 'data', 'xlink:href', 'background', 'poster', 'from', 'to', 'values']);

function once(text: string): ActiveSpan[] {
  const spans: ActiveSpan[] = [];
  const lower = text.toLowerCase();
  let at = text.indexOf('<');
  while (at >= 0) {
    const tag = /[a-z/]/i.test(text[at + 1] ?? '') ? readTag(text, at) : undefined;
    if (tag?.name === 'script' || (tag && FRAMES.has(tag.name))) {
      const end = tag.name === 'script' ? endOf(lower, '</script', tag.end) : tag.end;
      spans.push({ start: at, end, kind: tag.name === 'script' ? 'script' : 'frame' });
      at = text.indexOf('<', end);
    } else {
      for (const attribute of tag?.attributes ?? []) if (attribute.kind) spans.push({ start: attribute.start, end: attribute.end, kind: attribute.kind });
      at = text.indexOf('<', tag?.end ?? at + 1);
    }
  }
  return [...spans, ...schemes(text)];
}

/** Up to and with the closing tag; a browser takes all that follows an unclosed script for the script. */
function endOf(lower: string, closing: string, from: number): number {
  const close = lower.indexOf(closing, from);
  if (close < 0) return lower.length;
  const end = lower.indexOf('>', close);
  return end < 0 ? lower.length : end + 1;
}

interface Tag {
  readonly name: string;
  readonly end: number;
  readonly attributes: readonly { readonly start: number; readonly end: number; readonly kind: HtmlKind | undefined }[];
}

/** A tag as the HTML standard's tokenizer reads it: a name, attributes parted by white space or `/`, to the first `>` outside quotes. */
function readTag(text: string, start: number): Tag {
  const closing = text[start + 1] === '/';
  const name = sticky(/[^\s/>]*/y, text, start + (closing ? 2 : 1));
  const attributes: Tag['attributes'][number][] = [];
  let at = start + (closing ? 2 : 1) + name.length;
  while (at < text.length && text[at] !== '>') {
    const gap = sticky(/[\s/]+/y, text, at).length;
    const key = sticky(/=?[^\s/>=]*/y, text, at + gap);
    const value = sticky(/\s*=\s*(?:"[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s>"'][^\s>]*)?/y, text, at + gap + key.length);
    const end = at + gap + key.length + value.length;
    if (end === at) break;
    attributes.push({ start: at, end, kind: kindOf(key.toLowerCase(), value) });
    at = end;
  }
  return { name: name.toLowerCase(), end: Math.min(at + 1, text.length), attributes };
}

function sticky(expression: RegExp, text: string, at: number): string {
  expression.lastIndex = at;
  return expression.exec(text)?.[0] ?? '';
}

function kindOf(key: string, assigned: string): HtmlKind | undefined {
  if (/^on[a-z]/.test(key) && assigned !== '') return 'event handler';
  if (key === 'srcdoc') return 'frame';
  if (!ADDRESSES.has(key)) return undefined;
  const value = decoded(assigned.replace(/^\s*=\s*["']?/, '')).replace(/[\u0000-\u0020]+/g, '').toLowerCase();
  return /(?:^|;)(?:javascript|vbscript|livescript):|^data:(?:text\/html|image\/svg)/.test(value) ? 'script address' : undefined;
}

const NAMED: Readonly<Record<string, string>> = { colon: ':', tab: '\t', newline: '\n', lpar: '(', rpar: ')', amp: '&' };

/** Character references as a browser reads them, as far as an address can hide behind them. */
function decoded(value: string): string {
  return value.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(colon|tab|newline|lpar|rpar|amp));?/gi, (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
    if (name) return NAMED[name.toLowerCase()]!;
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Addresses outside tags, as in a Markdown link. Prose that goes on after `JavaScript:` has a space there. */
function schemes(text: string): ActiveSpan[] {
  return [...text.matchAll(/(?<![\w-])(?:javascript|vbscript):(?=[^\s:])/gi)].map((match) => ({ start: match.index, end: match.index + match[0].length, kind: 'script address' }));
}
