// JSON Schema over values that agents send: every draft from 4 to 2020-12, in linear time for any pattern, with sentences that an agent can act on.

import { Validator, type OutputUnit, type Schema, type SchemaDraft } from '@cfworker/json-schema';
import { RE2JS } from 're2js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Where a value breaks its schema. */
export interface SchemaFault {
  /** JSON pointer (RFC 6901) into the value; empty for the value itself. */
  readonly at: string;
  /** A clause about what stands there, without the value: `has no property "to"`. */
  readonly says: string;
}

/** A schema that cannot be checked, with the reason and what to write instead. */
export class SchemaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SchemaError';
  }
}

/**
 * Prepares a schema. The answer lists where a value breaks it, the deepest places first, at most `most`; nothing when it fits. Throws a
 * SchemaError for a schema that cannot be checked. The schema is copied, never changed.
 */
export function compileSchema(schema: JsonSchema, most = 3): (value: unknown) => readonly SchemaFault[] {
  const patterns = new Map<string, RE2JS>();
  visit(schema, '', (part, at) => examine(part, at, schema, patterns));
  if (patterns.size > 0) return (value) => faultsOf(new Validator(copyFor(schema, value, patterns), draftOf(schema), false).validate(value).errors, most);
  const validator = new Validator(copyOf(schema), draftOf(schema), false);
  return (value) => faultsOf(validator.validate(value).errors, most);
}

/** What is wrong with a schema, as a sentence without its full stop; undefined when it can be used. For the edit-time check of policies. */
export function schemaProblem(schema: JsonSchema): string | undefined {
  try {
    compileSchema(schema)(null);
    return undefined;
  } catch (error) {
    return error instanceof SchemaError ? error.message : `cannot be used: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
}

/** The faults as one clause: `/to has no property "name"; /age is not a number`. */
export function faultText(faults: readonly SchemaFault[]): string {
  return faults.map(({ at, says }) => (at === '' ? `it ${says}` : `${at} ${says}`)).join('; ');
}

const TYPES = new Set(['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']);
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
const LISTS = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const SINGLES = new Set(['not', 'if', 'then', 'else', 'items', 'additionalItems', 'unevaluatedItems', 'contains', 'additionalProperties', 'unevaluatedProperties', 'propertyNames']);

/** Calls `each` for the schema and every schema inside it, and for nothing else that an object may hold: not for `default`, `const`, `examples`. */
function visit(schema: unknown, at: string, each: (part: JsonSchema, at: string) => void): void {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return;
  const part = schema as JsonSchema;
  each(part, at);
  for (const [key, value] of Object.entries(part)) {
    if (SINGLES.has(key) && !Array.isArray(value)) visit(value, `${at}/${key}`, each);
    else if ((LISTS.has(key) || key === 'items') && Array.isArray(value)) value.forEach((item, index) => visit(item, `${at}/${key}/${index}`, each));
    else if (MAPS.has(key) && typeof value === 'object' && value !== null) for (const [name, item] of Object.entries(value)) visit(item, `${at}/${key}/${name}`, each);
  }
}

function examine(part: JsonSchema, at: string, root: JsonSchema, patterns: Map<string, RE2JS>): void {
  const { type, pattern, required, $ref } = part;
  const types = Array.isArray(type) ? type as unknown[] : type === undefined ? [] : [type];
  const stranger = types.find((each) => typeof each !== 'string' || !TYPES.has(each));
  if (stranger !== undefined) throw new SchemaError(`has the type ${JSON.stringify(stranger)} at ${at || '/'}, which is none of ${[...TYPES].join(', ')}`);
  if (required !== undefined && typeof required !== 'boolean' && !Array.isArray(required)) throw new SchemaError(`has a \`required\` at ${at || '/'} that is not a list of names`);
  if (typeof $ref === 'string' && $ref.startsWith('#/') && !reaches(root, $ref)) throw new SchemaError(`refers to ${$ref}, which it does not hold`);
  const used = [...(typeof pattern === 'string' ? [pattern] : []), ...Object.keys((part['patternProperties'] as object | undefined) ?? {})];
  for (const each of used) if (!patterns.has(each)) patterns.set(each, linear(each));
}

function reaches(root: unknown, reference: string): boolean {
  let value = root;
  for (const step of decodeURIComponent(reference).slice(2).split('/').map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'))) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return false;
    value = (value as Record<string, unknown>)[step];
  }
  return true;
}

function linear(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern.replace(/\\u\{?([0-9A-Fa-f]{4,6})\}?/g, '\\x{$1}').replace(/\(\?<(?![=!])/g, '(?P<'));
  } catch {
    throw new SchemaError(`has the pattern /${pattern}/, which cannot be matched in linear time: write it without look-around and back-references`);
  }
}

function draftOf(schema: JsonSchema): SchemaDraft {
  const named = typeof schema['$schema'] === 'string' ? /draft-0?(4|6|7)|(2019-09)/.exec(schema['$schema']) : null;
  return named ? (named[2] ? '2019-09' : named[1] === '4' ? '4' : '7') : '2020-12';
}

/** The validator writes into its schema, so it gets a copy. Its `url` format is not linear; `uri` says the same and is. */
function copyOf(schema: JsonSchema): Schema {
  const copy = JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;
  visit(copy, '', (part) => {
    if (part['format'] === 'url') (part as Record<string, unknown>)['format'] = 'uri';
  });
  return copy as Schema;
}

/**
 * A copy for one value: the patterns are asked, by an engine that is linear, about each text the value holds, and stand in the copy as the list
 * of texts that matched. The same answers come out wherever in the schema a pattern stands.
 */
function copyFor(schema: JsonSchema, value: unknown, patterns: ReadonlyMap<string, RE2JS>): Schema {
  const texts = [...textsOf(value, new Set<string>())];
  const lists = new Map([...patterns].map(([pattern, expression]) => [pattern, exactly(texts.filter((text) => expression.matcher(text).find()))] as const));
  const copy = copyOf(schema);
  visit(copy, '', (part) => {
    const open = part as Record<string, unknown>;
    const { pattern, patternProperties } = open;
    if (typeof pattern === 'string') open['pattern'] = lists.get(pattern);
    if (typeof patternProperties === 'object' && patternProperties !== null) open['patternProperties'] = renamed(patternProperties, lists);
  });
  return copy;
}

/** Two patterns that match the same names become one, which asks for both. */
function renamed(schemas: object, lists: ReadonlyMap<string, string>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [pattern, schema] of Object.entries(schemas)) {
    const name = lists.get(pattern)!;
    out[name] = Object.hasOwn(out, name) ? { allOf: [out[name], schema as unknown] } : schema;
  }
  return out;
}

function exactly(texts: readonly string[]): string {
  return texts.length === 0 ? '(?!)' : `^(?:${texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|')})$`;
}

function textsOf(value: unknown, into: Set<string>): Set<string> {
  if (typeof value === 'string') into.add(value);
  else if (Array.isArray(value)) for (const item of value) textsOf(item, into);
  else if (typeof value === 'object' && value !== null) for (const [key, item] of Object.entries(value)) textsOf(item, into.add(key));
  return into;
}

/** Keywords whose error only says that something inside is wrong. */
const AROUND = new Set(['properties', 'patternProperties', 'additionalProperties', 'items', 'prefixItems', 'additionalItems', '$ref', '$recursiveRef', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'if', 'then', 'else', 'dependentSchemas', 'unevaluatedProperties', 'unevaluatedItems', 'propertyNames', 'contains']);

function faultsOf(errors: readonly OutputUnit[], most: number): readonly SchemaFault[] {
  if (errors.length === 0) return [];
  const own = errors.filter(({ keyword }) => !AROUND.has(keyword));
  const faults = (own.length > 0 ? own : errors).map((error): SchemaFault => ({ at: error.instanceLocation.slice(1), says: clauseOf(error) }));
  const distinct = [...new Map(faults.map((fault) => [`${fault.at} ${fault.says}`, fault])).values()];
  return distinct.sort((a, b) => b.at.split('/').length - a.at.split('/').length).slice(0, most);
}

function clauseOf({ keyword, error }: OutputUnit): string {
  const said = error.replace(/\.$/, '');
  switch (keyword) {
    case 'false': return 'is not allowed there';
    case 'required': return said.replace(/^Instance does not have required property /, 'has no property ');
    case 'type': return said.replace(/^Instance type "(\w+)" is invalid\. Expected (.*)$/, (_, found: string, wanted: string) => `is of type ${found}, not ${wanted.replaceAll('"', '').replaceAll(', ', ' or ')}`);
    case 'enum': case 'const': return said.replace(/^Instance does not match/, 'is not').replace(/^is not any of (.*)$/s, 'is none of $1');
    case 'minimum': case 'maximum': case 'exclusiveMinimum': case 'exclusiveMaximum': case 'multipleOf': return said.replace(/^\S+ is/, 'is');
    case 'pattern': return 'does not match its pattern';
    case 'format': return said.replace(/^String does/, 'does');
    default: return `is refused by \`${keyword}\`: ${said[0]!.toLowerCase()}${said.slice(1)}`;
  }
}
