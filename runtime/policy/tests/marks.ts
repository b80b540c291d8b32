// What of an action counts for later checks: its effects on the world, how it is recognised when it repeats, what it brings into the run's context.

import type { ActionEvent } from '../../../protocol/action.ts';
import { mergeRedactions, redactText, type Redaction } from '../../../protocol/verdict.ts';
import { actionName } from '../action-name.ts';
import { canonicalArgs, shapeOf } from '../detect/loops.ts';
import { NO_EFFECTS, RETRIEVED_TEXT, type CallMark, type DecisionMark, type Effects, type RetrievedMark } from '../facts.ts';
import { sha256 } from '../sha256.ts';

const WRITING_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Running totals; files count once however often they are written. */
export class EffectTotals {
  #counts: Effects;
  readonly #files = new Set<string>();

  constructor(given: Partial<Effects> = {}) {
    this.#counts = { ...NO_EFFECTS, ...given };
  }

  get totals(): Effects {
    return { ...this.#counts, filesChanged: this.#counts.filesChanged + this.#files.size };
  }

  /** Counts one action, seen as one or several kinds. */
  add(events: readonly ActionEvent[]): void {
    for (const event of events) {
      if (event.event === 'file.before' && event.operation !== 'read' && event.operation !== 'list') this.#files.add(event.path);
      for (const [key, value] of Object.entries(effectOf(event))) this.#counts = { ...this.#counts, [key]: this.#counts[key as keyof Effects] + value };
    }
  }
}

function effectOf(event: ActionEvent): Partial<Effects> {
  switch (event.event) {
    case 'message.before': return { messages: 1, amount: event.amount ?? 0 };
    case 'http.before': return WRITING_METHODS.has(event.method.toUpperCase()) ? { apiWrites: 1 } : {};
    case 'memory.before': return event.operation === 'write' ? { memoryWrites: 1 } : {};
    // How many it were is known when it is over; a statement that says nothing of it counts as one.
    case 'data.after': return event.error !== undefined || event.operation === 'read' ? {} : { [event.operation === 'delete' ? 'recordsDeleted' : 'recordsModified']: event.count ?? 1 };
    default: return {};
  }
}

/** How a call is remembered for seeing that it repeats; undefined for kinds that do not count. */
export function markOf(event: ActionEvent, at: number): CallMark | undefined {
  const found = repeatable(event);
  return found && { kind: found.kind, name: actionName(event) || found.kind, hash: sha256(canonicalArgs(found.value)), shape: sha256(shapeOf(found.value)), at };
}

function repeatable(event: ActionEvent): { readonly kind: CallMark['kind']; readonly value: unknown } | undefined {
  switch (event.event) {
    case 'tool.before': return { kind: 'tool', value: event.args };
    case 'http.before': return { kind: 'http', value: { method: event.method, url: event.url } };
    case 'exec.before': return { kind: 'exec', value: { argv: event.argv, cwd: event.cwd } };
    case 'spawn.before': return { kind: 'spawn', value: event.command };
    default: return undefined;
  }
}

/** What an action that went on to the agent brought into the run's context, as the policies left it. */
export interface Brought {
  readonly taint: readonly string[];
  readonly decisions: readonly DecisionMark[];
  readonly documents: readonly RetrievedMark[];
  readonly told: readonly string[];
}

export function broughtBy(events: readonly ActionEvent[], redactions: readonly Redaction[], at: number): Brought {
  return {
    taint: events.flatMap((event) => (event.event === 'tool.after' && !event.isError && event.texts.some(({ text }) => text !== '') ? [`tool:${event.name}`] : [])),
    decisions: events.flatMap((event) => (event.event === 'decision.after' ? [{ at, summary: event.summary, ...(event.about !== undefined && { about: event.about }) }] : [])),
    documents: events.flatMap((event) => (event.event === 'retrieval.after' ? event.documents.filter(({ text }) => text !== undefined && remains(text, events, redactions))
      .map(({ id, source, score, text = '' }) => ({ at, store: event.store, text: text.slice(0, RETRIEVED_TEXT), ...(id !== undefined && { id }), ...(source !== undefined && { source }), ...(score !== undefined && { score }) })) : [])),
    told: events.flatMap((event) => (event.event === 'llm.before' ? event.texts : event.event === 'run.before' ? event.input ?? [] : []))
      .filter(({ role }) => role === 'user').map((part) => redacted(part, redactions).slice(0, RETRIEVED_TEXT)),
  };
}

/** False for a document that was cut out of the result of its tool: the agent never saw it. */
function remains(text: string, events: readonly ActionEvent[], redactions: readonly Redaction[]): boolean {
  const result = events.find((event) => event.event === 'tool.after');
  if (result?.event !== 'tool.after' || !redactions.some(({ label }) => label === 'ROW' || label === 'FIELD')) return true;
  const written = JSON.stringify(text).slice(1, -1);
  return result.texts.some((part) => redacted(part, redactions).includes(written));
}

const redacted = ({ at, text }: { readonly at: string; readonly text: string }, redactions: readonly Redaction[]): string => redactText(text, mergeRedactions(redactions.filter((each) => each.at === at)));
