// What changed between two policy sets, by name and key, of the policies as compiled: comments, order and layout are no change. The one place that compares sets.

import { isDeepStrictEqual } from 'node:util';
import type { PolicyChange, PolicyText } from '../protocol/policy-versions.ts';
import { compilePolicy } from './policy/compile.ts';
import { openDocument } from './policy/index.ts';
import { policySchema } from './policy/schema.ts';
import { declare } from './policy/sections.ts';

/** Sorted by kind and name. Files that are the same in both are not even read. */
export function changesBetween(before: readonly PolicyText[], after: readonly PolicyText[]): readonly PolicyChange[] {
  const [old, now] = [namedThings(without(before, after)), namedThings(without(after, before))];
  const ids = [...new Set([...old.keys(), ...now.keys()])];
  return ids.flatMap((id) => compared(old.get(id), now.get(id)) ?? []).sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

export function countsOf(changes: readonly PolicyChange[]): { readonly added: number; readonly removed: number; readonly changed: number } {
  const count = (change: PolicyChange['change']): number => changes.filter((each) => each.change === change).length;
  return { added: count('added'), removed: count('removed'), changed: count('changed') };
}

/** Files that a change of the set writes or removes. */
export function filesBetween(before: readonly PolicyText[], after: readonly PolicyText[]): { readonly path: string; readonly change: PolicyChange['change'] }[] {
  const [old, now] = [textsOf(before), textsOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((path) => {
    if (!old.has(path)) return { path, change: 'added' };
    if (!now.has(path)) return { path, change: 'removed' };
    return old.get(path) === now.get(path) ? [] : { path, change: 'changed' };
  });
}

interface Thing {
  readonly kind: PolicyChange['kind'];
  readonly name: string;
  readonly category?: string;
  /** Dotted keys to values; a list is one value. */
  readonly values: ReadonlyMap<string, unknown>;
}

const ORDER: readonly PolicyChange['kind'][] = ['policy', 'agent', 'fleet', 'tool'];
const textsOf = (sources: readonly PolicyText[]): ReadonlyMap<string, string> => new Map(sources.map(({ path, text }) => [path, text]));

function without(sources: readonly PolicyText[], others: readonly PolicyText[]): readonly PolicyText[] {
  const known = textsOf(others);
  return sources.filter(({ path, text }) => known.get(path) !== text);
}

function namedThings(sources: readonly PolicyText[]): ReadonlyMap<string, Thing> {
  const files = sources.map(({ path, text }) => ({ path, document: openDocument(text) }));
  const { agents, fleets, tools } = declare(files, []);
  const policies = files.flatMap(({ document }) => document.policies).flatMap(({ value }) => policyThing(value) ?? []);
  const things = [
    ...policies,
    ...[...agents].map(([name, { value }]): Thing => ({ kind: 'agent', name, values: flat(value) })),
    ...[...fleets].map(([name, { value }]): Thing => ({ kind: 'fleet', name, values: flat(value) })),
    ...[...tools].map(([name, { value }]): Thing => ({ kind: 'tool', name, values: flat(value) })),
  ];
  return new Map(things.map((thing) => [`${thing.kind}\n${thing.name}`, thing]));
}

/** Every key that a policy may have, as the schema reads it; category, disposition and rules as compiled, so that an alias or a default that is written out is no change. */
function policyThing(value: unknown): Thing | undefined {
  const { policy } = compilePolicy(value);
  const keys = policySchema.safeParse(value).data;
  return policy && keys && { kind: 'policy', name: policy.name, category: policy.category.id, values: flat({ ...keys, name: undefined, category: policy.category.id, on_violation: policy.onViolation, rules: policy.rules }) };
}

function compared(before: Thing | undefined, after: Thing | undefined): PolicyChange | undefined {
  const { kind, name, category } = (after ?? before)!;
  const keys = [...new Set([...before?.values.keys() ?? [], ...after?.values.keys() ?? []])]
    .map((key) => ({ key, before: before?.values.get(key), after: after?.values.get(key) }))
    .filter((each) => !isDeepStrictEqual(each.before, each.after)).sort((a, b) => (a.key < b.key ? -1 : 1));
  if (before && after && !keys.length) return undefined;
  return { kind, name, change: !before ? 'added' : !after ? 'removed' : 'changed', ...(category && { category }), keys };
}

/** Values as JSON says them, so that what is compared here is what crosses the wire. */
function flat(value: unknown, path = '', into = new Map<string, unknown>()): Map<string, unknown> {
  const json: unknown = path === '' ? JSON.parse(JSON.stringify(value)) : value;
  if (typeof json === 'object' && json !== null && !Array.isArray(json) && (path === '' || Object.keys(json).length)) {
    for (const [key, inner] of Object.entries(json)) flat(inner, path === '' ? key : `${path}.${key}`, into);
  } else into.set(path, json);
  return into;
}
