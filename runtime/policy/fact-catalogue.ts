// The facts that a condition of a policy may name: those of every event that the policy looks at, taken together.

import { parse } from 'yaml';
import { EVENT_NAMES, type EventName } from '../../protocol/action.ts';
import type { Category } from './category.ts';
import { environmentOf, eventsKnowing } from './cel/environments.ts';
import type { FactField, FactFields } from './cel/expression.ts';

/** Facts of several events as one tree: a group that several events have holds what any of them has. */
export function unitedFacts(events: readonly EventName[]): FactFields {
  return events.map((event) => environmentOf(event).variables).reduce(united, {});
}

/** The events among these that have a fact, by its dotted path. */
export function eventsWith(path: string, events: readonly EventName[] = EVENT_NAMES): readonly EventName[] {
  const knowing = new Set(eventsKnowing([path]));
  return events.filter((event) => knowing.has(event));
}

/** The events that a policy with these rules looks at; while its rules are not whole, all that its category may look at. */
export function watchedEvents(category: Category, rules: unknown): readonly EventName[] {
  const watched = eventsOfRules(category, rules);
  return watched.length > 0 ? watched : EVENT_NAMES.filter((event) => category.examples.some((example) => eventsOfRules(category, parse(example.rules)).includes(event)));
}

function eventsOfRules(category: Category, rules: unknown): readonly EventName[] {
  const read = category.rules.safeParse(rules ?? {});
  if (!read.success) return [];
  try {
    const checks = category.checks(read.data, { name: 'draft', onViolation: category.onViolation });
    return EVENT_NAMES.filter((event) => checks[event] !== undefined);
  } catch {
    return []; // Rules that cannot be prepared have a finding of their own.
  }
}

function united(a: FactFields, b: FactFields): FactFields {
  const both = Object.entries(b).map(([name, field]): [string, FactField] => {
    const known = Object.hasOwn(a, name) ? a[name]! : undefined;
    const groups = known && typeof known.type === 'object' && 'fields' in known.type && typeof field.type === 'object' && 'fields' in field.type;
    return [name, groups ? { ...field, type: { fields: united((known.type as { readonly fields: FactFields }).fields, (field.type as { readonly fields: FactFields }).fields) } } : field];
  });
  return { ...a, ...Object.fromEntries(both) };
}
