// What the schema has against a value, in the words of this language: which key, why, and what to write instead. Places are paths; findings.ts turns them into ranges.

import type { z } from 'zod';
import type { Severity } from '../../protocol/finding.ts';
import { describeCategory, fieldAt, fieldsAt, flowText, type Shape, shapeAt, typeText } from './describe.ts';
import type { Path } from './parse.ts';
import { closest } from './suggest.ts';

/** Codes of findings, stable: `fullarc/<area>/<name>`. */
export const CODES = [
  'fullarc/syntax/yaml', 'fullarc/syntax/alias', 'fullarc/syntax/depth', 'fullarc/syntax/size', 'fullarc/syntax/documents',
  'fullarc/structure/tab', 'fullarc/structure/duplicate-key', 'fullarc/structure/unknown-key', 'fullarc/structure/missing-key', 'fullarc/structure/wrong-type',
  'fullarc/structure/bad-value', 'fullarc/structure/too-many', 'fullarc/structure/unknown-category', 'fullarc/structure/duplicate-name', 'fullarc/structure/bad-name',
  'fullarc/reference/unknown-agent', 'fullarc/reference/unknown-fleet', 'fullarc/reference/glob-matches-nothing',
  'fullarc/reference/unknown-domain', 'fullarc/reference/unknown-field', 'fullarc/meaning/redundant', 'fullarc/meaning/unreachable',
  'fullarc/reference/unknown-policy', 'fullarc/reference/not-overridable', 'fullarc/reference/other-category', 'fullarc/reference/overrides-itself',
  'fullarc/expression/syntax', 'fullarc/expression/type', 'fullarc/expression/unknown-name', 'fullarc/expression/unsupported',
  'fullarc/expression/always-true', 'fullarc/expression/always-false', 'fullarc/expression/too-large', 'fullarc/expression/narrows',
  'fullarc/disposition/not-allowed', 'fullarc/disposition/weaker-escalation', 'fullarc/meaning/no-effect', 'fullarc/meaning/unconditional', 'fullarc/meaning/overridden-and-conditional', 'fullarc/compliance/unmet',
  'fullarc/test/failed', 'fullarc/test/unreached', 'fullarc/test/no-test',
] as const;
export type Code = (typeof CODES)[number];

/** A mending edit: replace what the issue points at, or write a new key into the mapping at the issue's path. */
export type Mend = { readonly title: string; readonly replace: string } | { readonly title: string; readonly insert: string };

/** A problem at a path below one policy or one top-level section. */
export interface Issue {
  readonly path: Path;
  readonly on: 'key' | 'value' | 'mapping';
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly mend?: Mend;
  /** A part of the value's text that it is about, in UTF-16 code units from the start of the text. */
  readonly within?: { readonly text: string; readonly start: number; readonly end: number };
}

/** Where a value stands: its path from the top of the file, and the category of the policy it belongs to. */
export interface Standing {
  readonly path: Path;
  readonly category?: string;
}

/** Zod's issues over `value`, translated. Paths of the result continue `from`. */
export function schemaIssues(problems: readonly z.core.$ZodIssue[], value: unknown, standing: Standing, from: Path = []): Issue[] {
  return problems.flatMap((problem) => {
    const below = problem.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    return translate(problem, valueAt(value, below), { ...standing, path: [...standing.path, ...below] }, [...from, ...below], below, value);
  });
}

/** A longer replacement is offered, but not written out in the sentence. */
const LONGEST_SHOWN = 200;

function translate(problem: z.core.$ZodIssue, found: unknown, standing: Standing, path: Path, below: Path, whole: unknown): Issue[] {
  const error = { path, severity: 'error' } as const;
  if (problem.code === 'unrecognized_keys') return problem.keys.map((key) => unknownKey(key, standing, path));
  if (found === undefined && isMissing(whole, below)) return [missingKey(standing, path)];
  const shape = shapeAt(standing.path, standing.category) ?? { kind: 'unknown' };
  const name = nameOf(path);
  if (problem.code === 'invalid_value' && shape.kind === 'enum' && typeof found === 'string') return [{ ...error, on: 'value', code: 'fullarc/structure/bad-value', ...notAmong(name, found, shape.values) }];
  if (problem.code === 'invalid_type' || problem.code === 'invalid_union' || problem.code === 'invalid_value') return [{ ...error, on: 'value', code: 'fullarc/structure/wrong-type', ...wrongType(name, found, shape, fieldAt(standing.path, standing.category)?.unit) }];
  if (name === 'name' && problem.code === 'invalid_format') return [{ ...error, on: 'value', code: 'fullarc/structure/bad-name', ...badName(String(found)) }];
  return [{ ...error, on: 'value', code: 'fullarc/structure/bad-value', message: `\`${name}\` ${limitText(problem, found, shape)}.` }];
}

function unknownKey(key: string, standing: Standing, path: Path): Issue {
  const fields = fieldsAt(standing.path, standing.category);
  const known = fields.find((field) => field.formerly.includes(key))?.name ?? closest(key, fields.map((field) => field.name));
  const home = known ? undefined : belongsUnder(key, standing);
  const list = fields.map((field) => field.name).join(', ');
  const advice = known ? `Did you mean \`${known}\`?` : home ? `It belongs under \`${home}:\`.` : list ? `Known keys here: ${list}.` : 'Remove it.';
  return {
    path: [...path, key], on: 'key', code: 'fullarc/structure/unknown-key', severity: 'error',
    message: `\`${key}\` is not a key of ${placeName(standing)}. ${advice}`,
    ...(known && { mend: { title: `Change to \`${known}\``, replace: known } }),
  };
}

/** A key of `rules` or `scope` that was written directly under the policy. */
function belongsUnder(key: string, { path, category }: Standing): string | undefined {
  if (path.length !== 2 || path[0] !== 'policies') return undefined;
  return ['rules', 'scope'].find((parent) => fieldsAt([...path, parent], category).some((field) => field.name === key));
}

function missingKey(standing: Standing, path: Path): Issue {
  const key = String(path.at(-1));
  const field = fieldAt(standing.path, standing.category);
  const example = key === 'name' ? `${standing.category ?? 'my'}-policy` : key === 'category' ? '' : field?.examples[0] === undefined ? '' : flowText(field.examples[0]);
  return {
    path: path.slice(0, -1), on: 'mapping', code: 'fullarc/structure/missing-key', severity: 'error',
    message: `\`${key}\` is missing. ${field?.description ?? ''}`.trim(),
    mend: { title: `Insert \`${key}\``, insert: `${key}: ${example}`.trimEnd() },
  };
}

function notAmong(name: string, found: string, values: readonly string[]): Pick<Issue, 'message' | 'mend'> {
  const near = closest(found, values);
  return {
    message: `\`${name}\` must be ${oneOf(values)}, but is \`${found.slice(0, 60)}\`.${near ? ` Did you mean \`${near}\`?` : ''}`,
    ...(near && { mend: { title: `Change to \`${near}\``, replace: near } }),
  };
}

function wrongType(name: string, found: unknown, shape: Shape, unit: string | undefined): Pick<Issue, 'message' | 'mend'> {
  const replace = converted(found, shape);
  return {
    message: `\`${name}\` must be ${wanted(shape, unit)}, but is ${shown(found)}.${replace === undefined || replace.length > LONGEST_SHOWN ? '' : ` Write ${replace}.`}`,
    ...(replace !== undefined && { mend: { title: `Change to ${replace}`, replace } }),
  };
}

/** What the author most likely meant: `yes` for true, a number in quotes, one text where a list belongs. */
function converted(found: unknown, shape: Shape): string | undefined {
  if (typeof found === 'string' && shape.kind === 'boolean') return { yes: 'true', on: 'true', true: 'true', no: 'false', off: 'false', false: 'false' }[found.toLowerCase()];
  if (typeof found === 'string' && (shape.kind === 'number' || shape.kind === 'integer')) return /^\s*\$?-?\d+(\.\d+)?\s*$/.test(found) ? found.replace('$', '').trim() : undefined;
  if (shape.kind === 'list' && shape.item.kind === 'string' && (typeof found === 'string' || typeof found === 'number') && found !== '') return flowText([String(found)]);
  if (shape.kind === 'string' && (typeof found === 'number' || typeof found === 'boolean')) return JSON.stringify(String(found));
  return undefined;
}

function badName(found: string): Pick<Issue, 'message' | 'mend'> {
  const kebab = found.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  return {
    message: `\`name\` must be in kebab-case (small letters, digits, single dashes), but is \`${found.slice(0, 60)}\`.`,
    ...(kebab && { mend: { title: `Change to \`${kebab}\``, replace: kebab } }),
  };
}

function limitText(problem: z.core.$ZodIssue, found: unknown, shape: Shape): string {
  if (problem.code === 'too_small' && typeof found === 'string') return 'must not be empty';
  if (problem.code === 'too_small' && Array.isArray(found)) return `must have at least ${problem.minimum} item${problem.minimum === 1 ? '' : 's'}; remove the key to leave it open`;
  if ((problem.code === 'too_small' || problem.code === 'too_big') && typeof found === 'number') return `must be a ${typeText(shape)}, but is ${found}`;
  if (problem.code === 'too_big') return `must not be longer than ${problem.maximum}`;
  return problem.message.replace(/\.$/, '');
}

function wanted(shape: Shape, unit: string | undefined): string {
  const text = shape.kind === 'boolean' ? 'true or false' : shape.kind === 'enum' ? oneOf(shape.values) : typeText(shape);
  const article = shape.kind === 'enum' || shape.kind === 'boolean' || shape.kind === 'string' ? '' : 'a ';
  return `${article}${text}${unit ? ` (${unit})` : ''}`;
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? `\`${values[0]}\`` : `one of ${values.map((value) => `\`${value}\``).join(', ')}`;
}

function shown(found: unknown): string {
  if (found === null || found === undefined) return 'empty';
  if (Array.isArray(found)) return 'a list';
  if (typeof found === 'object') return 'a mapping';
  return typeof found === 'string' ? `the text ${JSON.stringify(found.slice(0, 60))}` : `${found}`;
}

/** `per_run_cost_limit`, or `allowed_models[2]` for an item. */
function nameOf(path: Path): string {
  const at = path.findLastIndex((step) => typeof step === 'string');
  const items = path.slice(at + 1).map((step) => `[${step}]`).join('');
  return at < 0 ? `item${items}` : `${path[at]}${items}`;
}

function placeName({ path, category }: Standing): string {
  if (path.length === 0) return 'a governance file';
  if (path[0] === 'policies' && path.length === 2) return 'a policy';
  const described = category && path.length === 3 && path[2] === 'rules' ? describeCategory(category) : undefined;
  return described ? `the \`rules\` of ${described.id}` : `\`${nameOf(path)}\``;
}

function isMissing(value: unknown, path: Path): boolean {
  const parent = valueAt(value, path.slice(0, -1));
  const key = path.at(-1);
  return typeof key === 'string' && typeof parent === 'object' && parent !== null && !Object.hasOwn(parent, key);
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}
