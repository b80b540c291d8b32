// What a detector is, and how one is made from the shape of what it looks for.

import { prefixOf } from './prefix.ts';

/** A place in a text that a detector recognised. Offsets are UTF-16 code units; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

/** Longest beginning of a match, in UTF-16 code units, that a stream waits for. A match once recognised may be longer. */
export const WINDOW = 512;

/** How much text before a place may decide whether a match begins there, in UTF-16 code units. */
export const CONTEXT = 160;

/**
 * Recognises one kind of text. Both functions look at up to `CONTEXT` code units before `from`, but report no match that begins there.
 * The promise that makes streams exact: whatever is appended to `text`, the spans that begin before `holdBack(text)` stay as they are.
 */
export interface Detector {
  /** Name in a policy, for example `credit_card`. */
  readonly kind: string;
  /** What stands in for it: `##LABEL##`. */
  readonly label: string;
  /** Spans in order, none overlapping. */
  find(text: string, from?: number): Span[];
  /** Where the first match begins that more text could complete or lengthen; the text's length when there is none. */
  holdBack(text: string, from?: number): number;
  /** True when an open match is sure to go on through all of `piece`. */
  goesOn?(piece: string): boolean;
}

/** The shape of a match: a head of bounded length, then, for tokens of any length, a run of `more` and perhaps a `close`. */
export interface Shape {
  readonly kind: string;
  readonly label?: string;
  /** Source of the head. Every quantifier in it is bounded, and it starts only where a token starts, so that a scan is linear. */
  readonly head: string;
  /** Character class of the run that follows. */
  readonly more?: string;
  /** Source of a bounded end, taken in when it follows the run. */
  readonly close?: string;
  readonly ignoreCase?: boolean;
  readonly unicode?: boolean;
  /** Where the match really ends, or undefined when it is none. May look at one code unit past `end`. */
  readonly accept?: (text: string, start: number, end: number) => number | undefined;
}

/** A detector over V8's own expressions. */
export function lexical(shape: Shape): Detector {
  const { kind, head, more, close, accept } = shape;
  const label = shape.label ?? kind.toUpperCase();
  const flags = `${shape.ignoreCase ? 'i' : ''}${shape.unicode ? 'u' : ''}`;
  const heads = new RegExp(head, `g${flags}`);
  const run = more === undefined ? undefined : new RegExp(`${more}*${close ? `(?:${close})?` : ''}`, `y${flags}`);
  const open = new RegExp(`(?:${more === undefined ? '' : `(?:${head})${more}*${close ? prefixOf(close) : ''}|`}${prefixOf(head)})$`, `g${flags}`);
  const only = more === undefined ? undefined : new RegExp(`^${more}*$`, flags);
  return {
    kind,
    label,
    find(text, from = 0) {
      const spans: Span[] = [];
      heads.lastIndex = from;
      for (let match = heads.exec(text); match; match = heads.exec(text)) {
        const start = match.index;
        const reach = run ? endOf(run, text, heads.lastIndex) : heads.lastIndex;
        const end = accept ? accept(text, start, reach) : reach;
        if (end !== undefined) spans.push({ start, end, label });
        heads.lastIndex = end ?? start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
      }
      return spans;
    },
    holdBack(text, from = 0) {
      open.lastIndex = Math.max(from, shape.more === undefined ? text.length - WINDOW : 0);
      return open.exec(text)?.index ?? text.length;
    },
    ...(only && { goesOn: (piece: string) => only.test(piece) }),
  };
}

function endOf(run: RegExp, text: string, from: number): number {
  run.lastIndex = from;
  return from + (run.exec(text)?.[0].length ?? 0);
}
