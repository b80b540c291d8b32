// What of an event is recorded: everything but what the policies redact, what the audit rules keep out, and what looks like a credential. What is left out is named, so that nobody later takes its absence for a fact.

import type { ActionEvent } from '../protocol/action.ts';
import type { Redaction } from '../protocol/verdict.ts';
import type { AuditRules } from './policy/api.ts';
import type { Scrub } from './shown.ts';

export interface Storing {
  readonly redactions: readonly Redaction[];
  readonly audit: AuditRules;
  readonly scrub: Scrub;
}

/** The event as it may be stored, and JSON pointers to what is missing from it. */
export function storableEvent(event: ActionEvent, storing: Storing): { readonly event: Partial<ActionEvent>; readonly withheld: readonly string[] } {
  const cut = new Cut(event, storing, undefined);
  const first = cut.done();
  const { scrub } = storing;
  const joined = cut.strings.join('\n');
  if (scrub(joined) === joined) return first;
  return new Cut(event, storing, scrub).done();
}

/** Always stored: what lists and graphs show of an action whatever the audit rules say. */
const NAMES: ReadonlySet<string> = new Set(['event', 'model', 'name', 'host', 'agent', 'store', 'source', 'channel']);
/** What an agent gives into an action. */
const INPUTS: ReadonlySet<string> = new Set(['input', 'args', 'statement', 'query', 'payload', 'subject', 'command', 'argv', 'url', 'redirectedFrom', 'texts', 'to', 'path', 'columns']);
/** What it gets out of it, or says. */
const OUTPUTS: ReadonlySet<string> = new Set(['texts', 'documents', 'rows', 'error', 'summary', 'explanation', 'alternatives', 'receipt']);
const ADDRESSES: ReadonlySet<string> = new Set(['url', 'redirectedFrom']);

class Cut {
  /** Everything that is kept and could hold a secret. */
  readonly strings: string[] = [];
  readonly #withheld: string[] = [];
  readonly #event: ActionEvent;
  /** Texts of which something is redacted. */
  readonly #redacted: ReadonlySet<string>;
  /** Any other place that is redacted or left out, with all below it. */
  readonly #hidden: ReadonlySet<string>;
  readonly #audit: AuditRules;
  /** Looks at each text on its own; undefined in the first pass, which looks at all of them together. */
  readonly #scrub: Scrub | undefined;

  constructor(event: ActionEvent, { redactions, audit }: Storing, scrub: Scrub | undefined) {
    this.#event = event;
    this.#audit = audit;
    this.#scrub = scrub;
    this.#redacted = new Set(redactions.filter(({ start, end }) => end > start).map(({ at }) => at));
    this.#hidden = new Set(redactions.map(({ at }) => at));
  }

  done(): { readonly event: Partial<ActionEvent>; readonly withheld: readonly string[] } {
    const kept: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(this.#event)) {
      if (value === undefined) continue;
      const at = `/${key}`;
      if (!this.#isKept(key, value)) this.#withheld.push(at);
      else this.#keep(kept, key, value, at);
    }
    return { event: kept as Partial<ActionEvent>, withheld: this.#withheld };
  }

  #isKept(key: string, value: unknown): boolean {
    const { logInputs, logOutputs, logSteps, logToolCalls } = this.#audit;
    if (NAMES.has(key)) return true;
    const { event } = this.#event;
    if (!logSteps || (!logToolCalls && (event === 'tool.before' || event === 'tool.after'))) return false;
    if (ADDRESSES.has(key) && carriesSecrets(value as string)) return false;
    const given = INPUTS.has(key) && !(key === 'texts' && SAYS.has(event));
    const got = OUTPUTS.has(key) && event.endsWith('.after');
    return (logInputs || !given) && (logOutputs || !got);
  }

  #keep(into: Record<string, unknown> | unknown[], key: string | number, value: unknown, at: string): void {
    const kept = this.#value(value, at);
    if (kept === WITHHELD) {
      this.#withheld.push(at);
      if (Array.isArray(into)) into.push(null);
    } else if (Array.isArray(into)) into.push(kept);
    else Object.defineProperty(into, key, { value: kept, enumerable: true, configurable: true, writable: true }); // also for a key such as `__proto__`
  }

  #value(value: unknown, at: string): unknown {
    if (this.#hidden.size > 0 && this.#hidden.has(at)) return WITHHELD;
    if (typeof value === 'string') return this.#text(value, at);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (let index = 0; index < value.length; index++) this.#keep(items, index, value[index], `${at}/${index}`);
      return items;
    }
    return this.#object(value as Readonly<Record<string, unknown>>, at);
  }

  #object(value: Readonly<Record<string, unknown>>, at: string): unknown {
    const kept: Record<string, unknown> = {};
    const part = at.startsWith('/texts/') || at.startsWith('/input/') ? partOf(value) : undefined;
    for (const key of Object.keys(value)) {
      const inner = value[key];
      if (inner === undefined) continue;
      const pointer = `${at}/${key.includes('/') || key.includes('~') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key}`;
      if (part && key === 'text' && this.#hides(part)) this.#withheld.push(pointer);
      else if (!part && this.#isSecret(key)) this.#withheld.push(pointer);
      else if (this.#scrub && this.#scrub(key) !== key) return WITHHELD;
      else {
        if (!part) this.strings.push(key);
        this.#keep(kept, key, inner, pointer);
      }
    }
    return kept;
  }

  /** A text part is hidden when something in it was redacted, and when it is the result of a tool that must not be stored. */
  #hides({ at, role }: { readonly at: string; readonly role: string }): boolean {
    return this.#redacted.has(at) || (role === 'tool' && !this.#audit.logToolCalls);
  }

  #isSecret(key: string): boolean {
    const { redactFields } = this.#audit;
    if (redactFields.length === 0) return false;
    const name = key.toLowerCase();
    return redactFields.some((secret) => name.includes(secret));
  }

  #text(text: string, at: string): unknown {
    if (text.length > this.#audit.maxText) return WITHHELD;
    if (this.#scrub) return this.#scrub(text) === text ? text : WITHHELD;
    this.strings.push(text);
    return text;
  }
}

const WITHHELD = Symbol('withheld');
/** Events whose texts come out of the model or the tool. */
const SAYS: ReadonlySet<string> = new Set(['llm.after', 'tool.after', 'file.after', 'output.after']);

function partOf(value: Readonly<Record<string, unknown>>): { readonly at: string; readonly role: string } | undefined {
  return typeof value['at'] === 'string' && typeof value['role'] === 'string' ? { at: value['at'], role: value['role'] } : undefined;
}

/** User, password and the values of a query are where addresses carry keys. */
function carriesSecrets(url: string): boolean {
  return url.includes('?') || url.includes('@');
}
