// What an action does to the world, counted from what crossed the boundary.

import type { ActionEvent } from '../protocol/action.ts';
import type { EffectsDelta } from '../protocol/run-graph.ts';
import type { Effects, Facts } from './policy/facts.ts';

const WRITING_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Of one action seen as one or several kinds; undefined when it only looks. */
export function effectsOf(events: readonly ActionEvent[]): EffectsDelta | undefined {
  const found = events.flatMap((event) => effectOf(event) ?? []);
  return found.length === 0 ? undefined : Object.assign({}, ...found) as EffectsDelta;
}

function effectOf(event: ActionEvent): EffectsDelta | undefined {
  switch (event.event) {
    case 'message.before': return { messages: 1, ...(event.amount !== undefined && { amount: event.amount }) };
    case 'file.before': return event.operation === 'read' || event.operation === 'list' ? undefined : { files: [event.path] };
    case 'http.before': return WRITING_METHODS.has(event.method.toUpperCase()) ? { apiWrites: 1 } : undefined;
    case 'memory.before': return event.operation === 'write' ? { memoryWrites: 1 } : undefined;
    // How many it were is known when it is over; a statement that says nothing of it counts as one.
    case 'data.after': return event.error !== undefined || event.operation === 'read' ? undefined : { [event.operation === 'delete' ? 'recordsDeleted' : 'recordsModified']: event.count ?? 1 };
    default: return undefined;
  }
}

/** The facts without what this action added to them when it was seen the first time, as the tool that does it. */
export function uncounted(facts: Facts, event: ActionEvent): Facts {
  const counted = effectsOf([event]);
  if (!counted) return facts;
  const less = (effects: Effects): Effects => ({
    recordsModified: effects.recordsModified, recordsDeleted: effects.recordsDeleted, messages: effects.messages, amount: effects.amount, memoryWrites: effects.memoryWrites,
    apiWrites: effects.apiWrites - (counted.apiWrites ?? 0), filesChanged: effects.filesChanged - (counted.files?.length ?? 0),
  });
  return { ...facts, run: { ...facts.run, effects: less(facts.run.effects), treeEffects: less(facts.run.treeEffects) } };
}

/** Running totals; files count once however often they are written. */
export class EffectTotals implements Effects {
  recordsModified = 0;
  recordsDeleted = 0;
  apiWrites = 0;
  messages = 0;
  amount = 0;
  memoryWrites = 0;
  readonly #files = new Set<string>();

  get filesChanged(): number {
    return this.#files.size;
  }

  add({ files = [], ...numbers }: EffectsDelta): void {
    for (const file of files) this.#files.add(file);
    for (const [name, value] of Object.entries(numbers) as [Exclude<keyof EffectsDelta, 'files'>, number][]) this[name] += value;
  }

  include(other: EffectTotals): void {
    this.add({ recordsModified: other.recordsModified, recordsDeleted: other.recordsDeleted, apiWrites: other.apiWrites, messages: other.messages, amount: other.amount, memoryWrites: other.memoryWrites, files: [...other.#files] });
  }
}
