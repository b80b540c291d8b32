// What comes in from outside before any agent exists: only signals that are declared, from where they may come, with the payload they say they have.

import type { ActionEvent } from '../../protocol/action.ts';
import type { Checks, Violation } from './category.ts';
import type { FIELD_TYPES, SignalDeclaration } from './domain-schema.ts';

export function guardSignals(signals: ReadonlyMap<string, SignalDeclaration>): Checks {
  return { 'signal.before': (event) => check(event, signals.get(event.name)) };
}

function check({ name, source, payload }: ActionEvent<'signal.before'>, signal: SignalDeclaration | undefined): Violation | undefined {
  if (!signal) return { field: 'signals', fact: 'signal', value: name, message: `No signal ${name} is declared.`, remedy: `Declare it under \`signals:\`.` };
  if (signal.sources && !(signal.sources as readonly string[]).includes(source)) {
    return { field: `${name}.sources`, limit: signal.sources, fact: 'source', value: source, message: `${name} may not come from ${source}.`, remedy: 'Send it another way, or name the source.' };
  }
  for (const [field, declared] of Object.entries(signal.schema ?? {})) {
    const { type, optional } = typeof declared === 'string' ? { type: declared, optional: false } : { optional: false, ...declared };
    const value = Object.hasOwn(payload, field) ? payload[field] : undefined;
    if (value === undefined ? optional : isOf[type](value)) continue;
    const found = value === undefined ? 'missing' : Array.isArray(value) ? 'array' : typeof value;
    return { field: `${name}.schema.${field}`, limit: type, fact: field, value: found, message: `The payload of ${name} needs ${field} to be of type ${type}; it is ${found}.`, remedy: 'Mend the payload.' };
  }
  const extra = signal.schema && Object.keys(payload).find((field) => !Object.hasOwn(signal.schema!, field));
  return extra === undefined ? undefined : { field: `${name}.schema`, fact: 'field', value: extra.slice(0, 60), message: `The payload of ${name} has a field that its schema does not know.`, remedy: 'Leave it out, or declare it.' };
}

const isOf: Readonly<Record<(typeof FIELD_TYPES)[number], (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: Array.isArray,
  date: (value) => typeof value === 'string' && Number.isFinite(Date.parse(value)),
};
