// What the client was last told about each file, so that nothing is told twice.

import type { Diagnostic } from 'vscode-languageserver';

export interface Report {
  readonly items: readonly Diagnostic[];
  /** Changes whenever the diagnostics do, and only then. */
  readonly id: string;
  readonly changed: boolean;
}

export class Published {
  readonly #last = new Map<string, { readonly text: string; readonly id: string }>();
  #count = 0;

  report(uri: string, items: readonly Diagnostic[]): Report {
    const text = JSON.stringify(items);
    const last = this.#last.get(uri);
    if (last?.text === text) return { items, id: last.id, changed: false };
    const id = String(++this.#count);
    this.#last.set(uri, { text, id });
    return { items, id, changed: last !== undefined || items.length > 0 };
  }

  /** The file is gone: the client is told nothing more about it. */
  forget(uri: string): void {
    this.#last.delete(uri);
  }
}
