// Small mistakes that somebody could make in a policy: each a changed copy of its text's value, for asking whether some test would notice.

import { DISPOSITIONS, stronger, type Disposition } from '../../../protocol/verdict.ts';
import type { Path } from '../parse.ts';
import { categoryNamed } from '../registry.ts';

/** A changed policy. */
export interface Mutant {
  /** What was changed, below the policy. */
  readonly path: Path;
  /** In words: `per_tree_cost_limit: 10 → 11`. */
  readonly change: string;
  /** The policy as it would stand; undefined when it is gone. */
  readonly value: Readonly<Record<string, unknown>> | undefined;
  /** True when it may apply to what it did not apply to before. */
  readonly widens: boolean;
}

/** Every mutant of one policy, in the order of its text: the same for the same text. */
export function mutantsOf(policy: Readonly<Record<string, unknown>>): Mutant[] {
  return [
    { path: [], change: 'policy removed', value: undefined, widens: false },
    ...ruleMutants(policy), ...dispositionMutants(policy), ...whenMutants(policy), ...scopeMutants(policy),
  ];
}

function ruleMutants(policy: Readonly<Record<string, unknown>>): Mutant[] {
  return leaves(policy['rules'], ['rules']).flatMap(({ path, value }) => changesOf(value).map(({ to, says }) => mutant(policy, path, to, `${path.slice(1).join('.')}: ${says}`)));
}

interface Change {
  /** Undefined takes the key or item away. */
  readonly to: unknown;
  readonly says: string;
}

function changesOf(value: unknown): Change[] {
  if (typeof value === 'boolean') return [{ to: !value, says: `${value} → ${!value}` }];
  if (typeof value === 'number') return [...new Set([value + 1, value - 1, value * 2, value / 2])].filter((to) => to !== value).map((to) => ({ to, says: `${value} → ${to}` }));
  if (Array.isArray(value)) return value.map((item, index) => ({ to: value.filter((_, at) => at !== index), says: `without ${typeof item === 'string' ? item : `item ${index + 1}`}` }));
  return [];
}

/** Scalars and lists below a mapping. Lists are leaves, and what is in their mappings as well. */
function leaves(value: unknown, path: Path): { readonly path: Path; readonly value: unknown }[] {
  if (Array.isArray(value)) return [{ path, value }, ...value.flatMap((item, index) => (typeof item === 'object' ? leaves(item, [...path, index]) : []))];
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]));
  return [{ path, value }];
}

function dispositionMutants(policy: Readonly<Record<string, unknown>>): Mutant[] {
  const category = categoryNamed(String(policy['category']));
  if (!category) return [];
  const now = (policy['on_violation'] ?? category.onViolation) as Disposition;
  const weaker = DISPOSITIONS.findLast((each) => category.dispositions.includes(each) && stronger(now, each));
  return [
    ...(weaker === undefined ? [] : [mutant(policy, ['on_violation'], weaker, `on_violation: ${now} → ${weaker}`)]),
    ...(policy['escalate'] === undefined ? [] : [mutant(policy, ['escalate'], undefined, 'escalate removed')]),
  ];
}

function whenMutants(policy: Readonly<Record<string, unknown>>): Mutant[] {
  const { when } = policy;
  if (typeof when !== 'string') return [];
  return [mutant(policy, ['when'], `!(${when})`, 'when: negated'), { ...mutant(policy, ['when'], undefined, 'when: removed'), widens: false }];
}

/** Each key left out, each of several names left out, each exception left out. */
function scopeMutants(policy: Readonly<Record<string, unknown>>): Mutant[] {
  const { scope } = policy;
  if (typeof scope !== 'object' || scope === null) return [];
  return Object.entries(scope).flatMap(([key, names]): Mutant[] => {
    const without = { ...mutant(policy, ['scope', key], undefined, `scope: without ${key}`), widens: true };
    if (!Array.isArray(names) || names.length < 2) return [without];
    return [without, ...names.map((name, index) => mutant(policy, ['scope', key], names.filter((_, at) => at !== index), `scope: ${key} without ${name}`))];
  });
}

function mutant(policy: Readonly<Record<string, unknown>>, path: Path, to: unknown, change: string): Mutant {
  return { path, change, value: replaced(policy, path, to) as Record<string, unknown>, widens: false };
}

/** A copy in which the value at the path is another, or is not there. */
function replaced(value: unknown, [step, ...rest]: Path, to: unknown): unknown {
  if (step === undefined) return to;
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === step ? replaced(item, rest, to) : item));
  const { [step]: old, ...others } = value as Record<string, unknown>;
  const next = replaced(old, rest, to);
  // In place, so that the order of keys stays.
  return next === undefined ? others : { ...(value as object), [step]: next };
}
