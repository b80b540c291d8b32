// What a compliance profile is made of, and whether a set of policies meets a requirement.

import { stronger, type Disposition } from '../../../protocol/verdict.ts';
import type { PolicyInForce } from '../api.ts';

/** The categories that a requirement can be about: all of them. */
export const CATEGORY_IDS = [
  'rate-limit', 'cost', 'scheduling', 'safety', 'kill-switch', 'audit', 'operations', 'control', 'llm', 'quality', 'content',
  'data-access', 'network', 'scope', 'code-execution', 'input-validation', 'grounding', 'retrieval', 'reasoning',
  'approval', 'delegation', 'communication', 'privacy', 'identity', 'memory', 'compliance',
] as const;
export type CategoryId = (typeof CATEGORY_IDS)[number];

/**
 * How a rule is held against a value. `includes`: the list holds all of the value. `within`: the list holds nothing else. `set`: it is
 * written or has a default. `non-empty`: a text or a list that is not empty. `not`: it is anything else, or absent.
 */
export const OPS = ['at-least', 'at-most', 'equals', 'not', 'includes', 'within', 'set', 'non-empty'] as const;
export type Op = (typeof OPS)[number];
export type Value = number | boolean | string | readonly string[];

export interface Constraint {
  /** Dotted path under `rules:`. */
  readonly path: string;
  readonly op: Op;
  readonly value?: Value;
  /** True where policies are merged to the least of what they say, so that every one of them must agree. */
  readonly every?: true;
}

export interface Source {
  /** A public document. */
  readonly document: string;
  /** Section, article or control in it. */
  readonly section: string;
}

export interface Requirement {
  /** Unique over all profiles: `hipaa/audit-trail`. */
  readonly id: string;
  readonly title: string;
  readonly source: Source;
  readonly category: CategoryId;
  /** One policy must meet all of them. */
  readonly rules: readonly Constraint[];
  /** The weakest `on_violation` that counts; absent: any. */
  readonly atLeast?: Disposition;
  /** What it has to do with agents, in a sentence. */
  readonly why: string;
}

export interface Profile {
  readonly id: string;
  readonly title: string;
  /** What it stands for, and where its reach ends. */
  readonly about: string;
  readonly requirements: readonly Requirement[];
}

/** What is missing, as an instruction; undefined when the policies meet the requirement. Policies that are not enforced do not count. */
export function missing(requirement: Pick<Requirement, 'category' | 'rules' | 'atLeast'>, policies: readonly PolicyInForce[]): string | undefined {
  const { category, rules, atLeast } = requirement;
  const candidates = policies.filter((policy) => policy.category === category);
  const enforced = candidates.filter(({ mode }) => mode === 'enforce');
  if (enforced.length === 0) return candidates.length > 0 ? `the ${category} policy ${candidates[0]!.name} is not enforced: set \`mode: enforce\`` : `there is no policy of the category ${category}: add one${rules.length > 0 ? ` with ${asked(rules)}` : ''}`;
  const dissent = rules.filter(({ every }) => every).flatMap((rule) => enforced.filter((policy) => !holds(rule, policy)).map((policy) => `${policy.name} must have ${asked([rule])}`));
  if (dissent.length > 0) return dissent[0];
  const lacking = enforced.map((policy) => ({ policy, rules: rules.filter((rule) => !holds(rule, policy)), weak: atLeast !== undefined && stronger(atLeast, policy.onViolation) }));
  if (lacking.some((each) => each.rules.length === 0 && !each.weak)) return undefined;
  const nearest = lacking.toSorted((a, b) => a.rules.length + Number(a.weak) - b.rules.length - Number(b.weak))[0]!;
  const wanted = [...(nearest.rules.length > 0 ? [asked(nearest.rules)] : []), ...(nearest.weak ? [`\`on_violation: ${atLeast}\` or stronger`] : [])];
  return `the ${category} policy ${nearest.policy.name} needs ${wanted.join(' and ')}`;
}

/** True when the policy's rules meet the constraint. */
export function holds({ path, op, value }: Constraint, { rules }: Pick<PolicyInForce, 'rules'>): boolean {
  const found = path.split('.').reduce<unknown>((at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined), rules);
  switch (op) {
    case 'at-least': return typeof found === 'number' && typeof value === 'number' && found >= value;
    case 'at-most': return typeof found === 'number' && typeof value === 'number' && found <= value;
    case 'equals': return same(found, value);
    case 'not': return !same(found, value);
    case 'includes': return Array.isArray(found) && listOf(value).every((item) => found.includes(item));
    case 'within': return Array.isArray(found) && found.length > 0 && found.every((item) => listOf(value).includes(item as string));
    case 'set': return found !== undefined && found !== null;
    case 'non-empty': return (Array.isArray(found) || typeof found === 'string') && found.length > 0;
  }
}

const listOf = (value: Value | undefined): readonly unknown[] => (Array.isArray(value) ? value : [value]);
const same = (a: unknown, b: unknown): boolean => (Array.isArray(a) && Array.isArray(b) ? a.length === b.length && a.every((item, index) => item === b[index]) : a === b);

function asked(rules: readonly Constraint[]): string {
  return rules.map(askedOne).join(', ');
}

function askedOne({ path, op, value }: Constraint): string {
  const text = Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
  switch (op) {
    case 'at-least': return `\`${path}: ${text}\` or more`;
    case 'at-most': return `\`${path}: ${text}\` or less`;
    case 'equals': return `\`${path}: ${text}\``;
    case 'not': return `\`${path}\` other than ${text}`;
    case 'includes': return `\`${path}\` with ${text} in it`;
    case 'within': return `\`${path}\` with nothing but ${text}`;
    case 'set': return `\`${path}\``;
    case 'non-empty': return `\`${path}\` with at least one entry`;
  }
}
