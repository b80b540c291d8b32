// What an action brought into the run's context: documents, decisions, and that text came from outside. Kept as the policies left it.

import type { ActionEvent } from '../protocol/action.ts';
import type { Learned } from '../protocol/run-graph.ts';
import { mergeRedactions, redactText, type Redaction } from '../protocol/verdict.ts';
import { RETRIEVED_TEXT } from './policy/facts.ts';
import type { Scrub } from './shown.ts';

/** How texts begin that the gateway says to the model in the user's place. */
const FEEDBACK = '[governance]';
/** Documents of one action that are kept. */
const MOST_DOCUMENTS = 50;

/** Of one action seen as one or several kinds, as it went on to the agent. `redactions` are those of its texts; `scrub` takes out what is never stored. */
export function learnedOf(events: readonly ActionEvent[], redactions: readonly Redaction[], scrub: Scrub): Learned | undefined {
  const learned: { -readonly [K in keyof Learned]: Learned[K] } = {};
  for (const event of events) {
    if (event.event === 'tool.after' && !event.isError && event.texts.some(({ text }) => text !== '')) learned.taint = `tool:${event.name}`;
    if (event.event === 'decision.after') learned.decision = { summary: scrub(event.summary), ...(event.about !== undefined && { about: event.about }) };
    if (event.event === 'retrieval.after') {
      const dropped = redactions.some(({ label }) => label === 'ROW' || label === 'FIELD');
      learned.documents = event.documents.slice(0, MOST_DOCUMENTS).filter(({ text }) => text !== undefined && (!dropped || remains(text, events, redactions)))
        .map(({ id, source, score, text = '' }) => ({ store: event.store, ...(id !== undefined && { id }), ...(source !== undefined && { source }), ...(score !== undefined && { score }), text: scrub(text).slice(0, RETRIEVED_TEXT) }));
    }
  }
  return Object.keys(learned).length === 0 ? undefined : learned;
}

/** What users say in an event, redacted, for telling what an answer made up from what it was told. */
export function toldIn(event: ActionEvent, redactions: readonly Redaction[], scrub: Scrub): readonly string[] | undefined {
  const parts = event.event === 'llm.before' ? event.texts.filter(({ role, text }) => role === 'user' && !text.startsWith(FEEDBACK)) : event.event === 'run.before' ? event.input ?? [] : [];
  if (parts.length === 0) return undefined;
  return parts.map(({ at, text }) => scrub(redactText(text, mergeRedactions(redactions.filter((each) => each.at === at)))).slice(0, RETRIEVED_TEXT));
}

/** False for a document that was cut out of the result: the agent never saw it. */
function remains(text: string, events: readonly ActionEvent[], redactions: readonly Redaction[]): boolean {
  const result = events.find((event) => event.event === 'tool.after');
  if (result?.event !== 'tool.after') return true;
  const written = JSON.stringify(text).slice(1, -1);
  return result.texts.some((part) => redactText(part.text, mergeRedactions(redactions.filter(({ at }) => at === part.at))).includes(written));
}
