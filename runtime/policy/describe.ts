// What completion, hover, forms, documentation and the JSON Schema need to know of each key, derived from the schema and the category literals.

import type { z } from 'zod';
import { stronger, type Disposition } from '../../protocol/verdict.ts';
import type { Category, Example, Group } from './category.ts';
import type { Path } from './parse.ts';
import { CATEGORIES, categoryNamed } from './registry.ts';
import { domainSchema, signalSchema } from './domain-schema.ts';
import { agentSchema, fileSchema, fleetSchema, policySchema, type Reference } from './schema.ts';
import { toolSchema } from './tool-schema.ts';

/** The form of a value. `object` has known keys, `map` has keys of the author's choice. */
export type Shape =
  | { readonly kind: 'string' | 'boolean' | 'unknown' }
  | { readonly kind: 'number' | 'integer'; readonly min?: number; readonly max?: number; /** True when `min` itself is not allowed. */ readonly above?: boolean }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'list' | 'map'; readonly item: Shape }
  | { readonly kind: 'object'; readonly fields: readonly Field[] }
  | { readonly kind: 'either'; readonly options: readonly Shape[] };

/** One key, everything a person may want to know about it. */
export interface Field {
  readonly name: string;
  readonly description: string;
  readonly shape: Shape;
  /** For people: `number, USD`, `list of texts`, `warn | block`. */
  readonly type: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly unit?: string;
  readonly examples: readonly unknown[];
  /** What the text, or each item of the list, names. */
  readonly reference?: Reference;
  /** Names that other products use for the same thing. */
  readonly formerly: readonly string[];
  /** `name: ` with a value to fill in, in the snippet syntax of the Language Server Protocol. Nested lines are indented by two spaces from the key. */
  readonly snippet: string;
}

export interface CategoryDescription {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly title: string;
  readonly group: Group;
  readonly why: string;
  readonly dispositions: readonly Disposition[];
  readonly onViolation: Disposition;
  readonly fields: readonly Field[];
  readonly examples: readonly Example[];
  /** Page in the documentation, from the project's root. */
  readonly page: string;
  /** A whole policy as a snippet, beginning with `name: `, its later lines indented as keys of the same mapping. */
  readonly snippet: string;
}

/** Every category, in the order of the registry. */
export function describeCategories(): readonly CategoryDescription[] {
  return CATEGORIES.map(describe);
}

/** A category by id or alias. */
export function describeCategory(name: string): CategoryDescription | undefined {
  const category = categoryNamed(name);
  return category && describe(category);
}

/** The keys at the top of a file. */
export function topLevelFields(): readonly Field[] {
  return fieldsOf(fileSchema);
}

/** Keys of a policy. With a category, `rules` has its fields and `on_violation` only its dispositions. */
export function policyFields(category?: string): readonly Field[] {
  const described = category === undefined ? undefined : describeCategory(category);
  return fieldsOf(policySchema).map((field) => specialise(field, described));
}

/** The field that a path from the top of a file ends in, for hover. A list item answers the field of its list. */
export function fieldAt(path: Path, category?: string): Field | undefined {
  let found: Field | undefined;
  let shape = fileShape(category);
  for (const step of path) {
    const next = descend(shape, step);
    if (!next) return undefined;
    found = next.field ?? found;
    shape = next.shape;
  }
  return found;
}

/** The form of the value at a path from the top of a file, for completion. `category` is that of the policy the path leads into. */
export function shapeAt(path: Path, category?: string): Shape | undefined {
  let shape = fileShape(category);
  for (const step of path) {
    const next = descend(shape, step);
    if (!next) return undefined;
    shape = next.shape;
  }
  return shape;
}

/** The keys a mapping at this path may have; empty for anything else. */
export function fieldsAt(path: Path, category?: string): readonly Field[] {
  const shape = shapeAt(path, category);
  const object = shape?.kind === 'either' ? shape.options.find((option) => option.kind === 'object') : shape;
  return object?.kind === 'object' ? object.fields : [];
}

/** The shape of any zod schema of ours. */
export function shapeOf(schema: z.core.$ZodType): Shape {
  const def = (schema as z.ZodType).def as unknown as Definition;
  switch (def.type) {
    case 'optional': case 'default': case 'nullable': case 'prefault': case 'readonly': return shapeOf(def.innerType!);
    case 'pipe': return shapeOf(def.in!);
    case 'string': return { kind: 'string' };
    case 'boolean': return { kind: 'boolean' };
    case 'number': return numberShape(schema as z.ZodNumber);
    case 'enum': return { kind: 'enum', values: Object.values(def.entries!) };
    case 'literal': return { kind: 'enum', values: def.values!.map(String) };
    case 'array': return { kind: 'list', item: shapeOf(def.element!) };
    case 'record': return { kind: 'map', item: shapeOf(def.valueType!) };
    case 'object': return { kind: 'object', fields: fieldsOf(schema as z.ZodObject) };
    case 'union': return { kind: 'either', options: def.options!.map(shapeOf) };
    default: return { kind: 'unknown' };
  }
}

/** The keys of a mapping. Schemas never change, so each is described once. */
export function fieldsOf(schema: z.ZodObject): readonly Field[] {
  const known = DESCRIBED.get(schema);
  if (known) return known;
  const fields = Object.entries(schema.shape).map(([name, field]) => fieldOf(name, field as z.ZodType));
  DESCRIBED.set(schema, fields);
  return fields;
}

const DESCRIBED = new WeakMap<z.ZodObject, readonly Field[]>();

/** A form in words: `list of texts`, `number above 0, USD`. */
export function typeText(shape: Shape, unit?: string): string {
  const text = bareType(shape);
  return unit ? `${text}, ${unit}` : text;
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
  readonly defaultValue?: unknown;
}

interface Meta {
  readonly description?: string;
  readonly unit?: string;
  readonly examples?: readonly unknown[];
  readonly reference?: Reference;
  readonly formerly?: readonly string[];
}

function fieldOf(name: string, schema: z.ZodType): Field {
  const meta = metaOf(schema);
  const shape = shapeOf(schema);
  const fallback = defaultOf(schema);
  const examples = meta.examples ?? (fallback === undefined ? [] : [fallback]);
  return {
    name, shape, examples,
    description: meta.description ?? '',
    type: typeText(shape, meta.unit),
    required: !schema.safeParse(undefined).success,
    default: fallback,
    unit: meta.unit,
    reference: meta.reference,
    formerly: meta.formerly ?? [],
    snippet: snippetOf(name, shape, examples[0]),
  };
}

/** What `.describe()` and `.meta()` said at any layer; the outer layer wins. */
function metaOf(schema: z.ZodType): Meta {
  const inner = (schema.def as unknown as Definition).innerType as z.ZodType | undefined;
  return { ...(inner && metaOf(inner)), ...(schema.meta() as Meta | undefined) };
}

function defaultOf(schema: z.ZodType): unknown {
  const def = schema.def as unknown as Definition;
  if (def.type === 'default') return def.defaultValue;
  return def.innerType && defaultOf(def.innerType as z.ZodType);
}

function numberShape(schema: z.ZodNumber): Shape {
  const limits = ((schema.def as { readonly checks?: readonly z.core.$ZodCheck[] }).checks ?? []).map((check) => check._zod.def as unknown as { readonly check: string; readonly value: number; readonly inclusive?: boolean });
  const lower = limits.find(({ check }) => check === 'greater_than');
  const upper = limits.find(({ check }) => check === 'less_than');
  return { kind: schema.isInt ? 'integer' : 'number', min: lower?.value, max: upper?.value, ...(lower?.inclusive === false && { above: true }) };
}

function bareType(shape: Shape): string {
  switch (shape.kind) {
    case 'string': return 'text';
    case 'boolean': return 'true | false';
    case 'unknown': return 'any value';
    case 'number': case 'integer': return `${shape.kind === 'integer' ? 'whole number' : 'number'}${bounds(shape)}`;
    case 'enum': return shape.values.join(' | ');
    case 'list': return `list of ${plural(shape.item)}`;
    case 'map': return `mapping of names to ${plural(shape.item)}`;
    case 'object': return 'mapping';
    case 'either': return shape.options.map(bareType).join(', or ');
  }
}

function plural(shape: Shape): string {
  const words: Partial<Record<Shape['kind'], string>> = { string: 'texts', number: 'numbers', integer: 'whole numbers', object: 'mappings', list: 'lists' };
  return words[shape.kind] ?? `(${bareType(shape)})`;
}

function bounds({ min, max, above }: { readonly min?: number; readonly max?: number; readonly above?: boolean }): string {
  // A bound that only guards against nonsense says nothing to a reader.
  if (max !== undefined && max >= 1e9) return bounds({ min, above });
  if (min !== undefined && max !== undefined && !above) return ` from ${min} to ${max}`;
  const low = min === undefined ? '' : above ? ` above ${min}` : ` from ${min}`;
  return `${low}${max === undefined ? '' : ` up to ${max}`}`;
}

function describe(category: Category): CategoryDescription {
  const fields = fieldsOf(category.rules);
  return {
    id: category.id, aliases: category.aliases ?? [], title: category.title, group: category.group, why: category.why,
    dispositions: category.dispositions, onViolation: category.onViolation, fields, examples: category.examples,
    page: `docs/categories/${category.id}.md`,
    snippet: policySnippet(category, fields),
  };
}

function policySnippet(category: Category, fields: readonly Field[]): string {
  const needed = fields.filter((field) => field.required);
  const shown = needed.length > 0 ? needed : fields.slice(0, 1);
  const rules = shown.map((field, index) => `  ${field.name}: ${placeholder(index + 2, field.shape, field.examples[0])}`);
  return [`name: \${1:${category.id}-policy}`, `category: ${category.id}`, 'rules:', ...rules, '$0'].join('\n');
}

function snippetOf(name: string, shape: Shape, example: unknown): string {
  if (shape.kind === 'map' || shape.kind === 'object') return `${name}:\n  $0`;
  if (shape.kind === 'list' && (shape.item.kind === 'object' || shape.item.kind === 'map')) return `${name}:\n  - $0`;
  return `${name}: ${placeholder(1, shape, example)}`;
}

function placeholder(stop: number, shape: Shape, example: unknown): string {
  if (shape.kind === 'enum') return `\${${stop}|${shape.values.join(',')}|}`;
  if (shape.kind === 'boolean') return `\${${stop}|true,false|}`;
  const text = example === undefined ? '' : escape(flowText(example));
  if (shape.kind === 'list') return `[\${${stop}:${text.slice(1, -1)}}]`;
  return `\${${stop}:${text}}`;
}

/** A value as YAML flow text on one line. */
export function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`;
  if (value !== null && typeof value === 'object') return `{ ${Object.entries(value).map(([key, item]) => `${flowText(key)}: ${flowText(item)}`).join(', ')} }`;
  if (typeof value !== 'string') return String(value);
  return /^[A-Za-z_][\w ./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value) && !value.endsWith(' ') ? value : JSON.stringify(value);
}

function escape(text: string): string {
  return text.replace(/[\\$}]/g, '\\$&');
}

function specialise(field: Field, category: CategoryDescription | undefined): Field {
  if (field.name === 'category') {
    const shape: Shape = { kind: 'enum', values: CATEGORIES.map(({ id }) => id) };
    return { ...field, shape, type: 'name of a category', snippet: snippetOf(field.name, shape, undefined) };
  }
  if (!category) return field;
  if (field.name === 'rules') return { ...field, shape: { kind: 'object', fields: category.fields }, type: `mapping of the fields of ${category.id}`, snippet: 'rules:\n  $0' };
  if (field.name === 'escalate') return { ...field, shape: escalation(field.shape, category) };
  if (field.name !== 'on_violation') return field;
  const shape: Shape = { kind: 'enum', values: category.dispositions };
  return { ...field, shape, type: typeText(shape), default: category.onViolation, snippet: snippetOf(field.name, shape, undefined) };
}

/** A step is one of the category's dispositions, and never its weakest. */
function escalation(shape: Shape, category: CategoryDescription): Shape {
  if (shape.kind !== 'list' || shape.item.kind !== 'object') return shape;
  const values = category.dispositions.filter((each) => category.dispositions.some((other) => stronger(each, other)));
  const fields = shape.item.fields.map((field) => (field.name === 'on_violation' ? { ...specialise(field, category), shape: { kind: 'enum', values } as const, type: typeText({ kind: 'enum', values }), default: undefined } : field));
  return { kind: 'list', item: { kind: 'object', fields } };
}

function fileShape(category: string | undefined): Shape {
  const fields = topLevelFields().map((field): Field => (field.name === 'policies' ? { ...field, shape: { kind: 'list', item: { kind: 'object', fields: policyFields(category) } } } : field));
  return { kind: 'object', fields };
}

function descend(shape: Shape, step: string | number): { readonly field?: Field; readonly shape: Shape } | undefined {
  switch (shape.kind) {
    case 'object': {
      const field = shape.fields.find(({ name }) => name === step);
      return field && { field, shape: field.shape };
    }
    case 'list': return typeof step === 'number' ? { shape: shape.item } : undefined;
    case 'map': return { shape: shape.item };
    case 'either': {
      for (const option of shape.options) {
        const next = descend(option, step);
        if (next) return next;
      }
      return undefined;
    }
    default: return undefined;
  }
}

/** Keys of an entry under each section of names. */
export const entryFields = {
  agents: (): readonly Field[] => fieldsOf(agentSchema),
  fleets: (): readonly Field[] => fieldsOf(fleetSchema),
  tools: (): readonly Field[] => fieldsOf(toolSchema),
  domains: (): readonly Field[] => fieldsOf(domainSchema),
  signals: (): readonly Field[] => fieldsOf(signalSchema),
} as const;
