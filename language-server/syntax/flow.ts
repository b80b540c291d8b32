// Where a cursor is inside a flow collection (`{ a: 1, b: [x, y] }`), open or closed, on one line or several.

import { isSpace } from './lines.ts';

export interface FlowFrame {
  readonly kind: '{' | '[';
  /** Scalars and empty strings for collections, by key; keys after the cursor included. */
  readonly entries: Map<string, string>;
}

/** The collections around the cursor, outermost first. Offsets are into the scanned text. */
export interface FlowPlace {
  readonly frames: readonly FlowFrame[];
  /** For each frame: the key whose value holds the cursor; undefined in a list, or where a key stands. */
  readonly keys: readonly (string | undefined)[];
  /** The token at the cursor: its offset, and the quote that opened it. */
  readonly token: number;
  readonly quote?: '"' | "'";
  /** True when the cursor is in a comment. */
  readonly comment: boolean;
}

/** Scans a text that starts with `{` or `[`; undefined when the collection is closed before the cursor. Linear. */
export function flowPlace(text: string, cursor: number): FlowPlace | undefined {
  const scan = new Scan(text, cursor);
  while (scan.at < text.length && !scan.closed) scan.step();
  return scan.place ?? scan.take();
}

interface OpenFrame extends FlowFrame { key?: string }

class Scan {
  at = 0;
  closed = false;
  place: FlowPlace | undefined;
  private readonly text: string;
  private readonly cursor: number;
  private readonly stack: OpenFrame[] = [];
  private token = -1;
  private last = '';

  constructor(text: string, cursor: number) {
    this.text = text;
    this.cursor = cursor;
  }

  step(): void {
    const from = this.at;
    const char = this.text[from] ?? '';
    if (from >= this.cursor) this.mark();
    if (char === '"' || char === "'") return this.quoted(char);
    if (char === '#' && (from === 0 || /\s/.test(this.text[from - 1] ?? ''))) return this.comment();
    this.at++;
    if (char === '{' || char === '[') return this.open(char);
    if (char === '}' || char === ']') return this.close();
    if (char === ',') return this.separate();
    if (char === ':' && this.isColon(from)) return this.colon();
    if (isSpace(char) || char === '\n' || char === '\r') return;
    if (this.token < 0) this.token = from;
    this.last = this.text.slice(this.token, this.at);
  }

  /** Records where the cursor is, once. */
  mark(quote?: '"' | "'", comment = false): void {
    this.place ??= this.take(quote, comment);
  }

  take(quote?: '"' | "'", comment = false): FlowPlace | undefined {
    if (this.stack.length === 0) return undefined;
    return { frames: [...this.stack], keys: this.stack.map((frame) => frame.key), token: this.token < 0 ? Math.min(this.at, this.cursor) : this.token, ...(quote ? { quote } : {}), comment };
  }

  private quoted(quote: '"' | "'"): void {
    if (this.token < 0) this.token = this.at;
    let end = this.at + 1;
    while (end < this.text.length && this.text[end] !== quote && this.text[end] !== '\n') end += quote === '"' && this.text[end] === '\\' ? 2 : 1;
    if (this.cursor > this.at && this.cursor <= end) {
      this.token = this.at + 1;
      this.mark(quote);
    }
    this.last = this.text.slice(this.at + 1, end);
    this.at = end + 1;
  }

  private comment(): void {
    const end = this.text.indexOf('\n', this.at);
    const stop = end < 0 ? this.text.length : end;
    if (this.cursor > this.at && this.cursor <= stop) this.mark(undefined, true);
    this.at = stop;
  }

  private open(kind: '{' | '['): void {
    this.stack.push({ kind, entries: new Map() });
    this.forget();
  }

  private close(): void {
    this.settle();
    this.stack.pop();
    this.closed = this.stack.length === 0;
    this.forget();
  }

  private separate(): void {
    this.settle();
    const frame = this.stack.at(-1);
    if (frame) frame.key = undefined;
    this.forget();
  }

  private colon(): void {
    const frame = this.stack.at(-1);
    if (frame?.kind === '{' && frame.key === undefined) {
      frame.key = this.last;
      frame.entries.set(this.last, '');
    }
    this.forget();
  }

  /** Ends an entry: its scalar, or a key that has no value yet. */
  private settle(): void {
    const frame = this.stack.at(-1);
    if (frame?.kind !== '{' || this.last === '') return;
    if (frame.key === undefined) frame.entries.set(this.last, '');
    else frame.entries.set(frame.key, this.last);
  }

  private forget(): void {
    this.token = -1;
    this.last = '';
  }

  private isColon(at: number): boolean {
    const next = this.text[at + 1];
    return next === undefined || /[\s,[\]{}]/.test(next) || /["']/.test(this.text[at - 1] ?? '');
  }
}
