// Governance files made from what the schema says of each key: all sections, all categories, every field, mostly right.

import { parse } from 'yaml';
import { fieldsOf, policyFields, type Shape, topLevelFields } from '../../runtime/policy/describe.ts';
import { CATEGORIES } from '../../runtime/policy/registry.ts';
import type { Random } from './random.ts';

export type Mapping = Record<string, unknown>;

const TOP_LEVEL = topLevelFields();
const KINDS = CATEGORIES.map(({ id, rules, examples, dispositions }) => ({ id, dispositions, fields: fieldsOf(rules), examples: examples.map((each) => parse(each.rules) as Mapping) }));

/** A file as a plain value: a policy or a few, now and then other sections. */
export function governance(random: Random): Mapping {
  const file: Mapping = { policies: Array.from({ length: random.once(4) ? 1 + random.below(3) : 1 }, (_, index) => policy(random, `p${index}`)) };
  for (const { name, shape } of TOP_LEVEL) if (name !== 'policies' && random.once(8)) file[name] = valueOf(shape, random, 0);
  return file;
}

/** A policy that is right: rules of an example, or every field of the category from its own examples. */
export function policy(random: Random, name: string): Mapping {
  const category = random.of(KINDS);
  const rules = structuredClone(random.of(category.examples));
  if (random.once(4)) for (const field of category.fields) if (random.once(3)) rules[field.name] = field.examples.length > 0 ? structuredClone(random.of(field.examples)) : valueOf(field.shape, random, 0);
  const made: Mapping = { name, category: category.id, rules };
  if (random.once(3)) made['on_violation'] = random.of(category.dispositions);
  if (random.once(4)) made['scope'] = { [random.of(['agents', 'fleets', 'users', 'workflows'])]: [random.of(['agent', 'a*', 'front', '*'])] };
  if (random.once(6)) made['mode'] = random.of(['enforce', 'shadow', 'off']);
  if (random.once(6)) made['when'] = random.of(CONDITIONS);
  return made;
}

const CONDITIONS = ['run.depth > 0', 'agent == "agent"', 'run.steps < 100 && fleet == ""', 'action.name.matches("^[a-z_]+$")', 'run.taint.exists(t, t.startsWith("tool:"))', 'now > timestamp("2020-01-01T00:00:00Z")'];
const WORDS = ['agent', 'gpt-4o', 'send_*', '*', 'api.example.com', 'a.b', '10m', 'args.to', 'select 1', '0.5', ''];

/** Something of that form, or now and then of another. */
export function valueOf(shape: Shape, random: Random, depth: number): unknown {
  switch (shape.kind) {
    case 'boolean': return random.once(2);
    case 'integer': case 'number': return (shape.min ?? 0) + random.below(20) + (shape.kind === 'number' && random.once(2) ? 0.5 : 0);
    case 'enum': return random.of(shape.values);
    case 'list': return Array.from({ length: random.below(3) }, () => valueOf(shape.item, random, depth + 1));
    case 'map': return Object.fromEntries(Array.from({ length: random.below(3) }, (_, index) => [`${random.of(['agent', 'a*', 'kb', 'send_mail'])}${index || ''}`, valueOf(shape.item, random, depth + 1)]));
    case 'object': return depth > 6 ? {} : Object.fromEntries(shape.fields.filter(({ required }) => required || random.once(3)).map((field) => [field.name, field.examples.length > 0 && random.once(2) ? structuredClone(random.of(field.examples)) : valueOf(field.shape, random, depth + 1)]));
    case 'either': return valueOf(random.of(shape.options), random, depth + 1);
    default: return random.of(WORDS);
  }
}

/** Every key that a policy, its rules or a file may have anywhere: none of them is garbage. */
export const KNOWN_KEYS: ReadonlySet<string> = new Set([...TOP_LEVEL, ...policyFields(), ...KINDS.flatMap(({ fields }) => fields)].flatMap(({ name, formerly }) => [name, ...formerly]));
