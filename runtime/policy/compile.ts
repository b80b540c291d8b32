// One policy from its parsed value: what is wrong with it, and, when nothing is, its checks and its scope ready to be asked. Knows nothing of files.

import { stronger, type Disposition } from '../../protocol/verdict.ts';
import type { PolicySummary } from './api.ts';
import type { Category, Checks } from './category.ts';
import { conditional, type Holds } from './conditional.ts';
import { freshFacts, type Facts } from './facts.ts';
import { nameMatcher } from './globs.ts';
import { type Issue, schemaIssues } from './issues.ts';
import type { Path } from './parse.ts';
import { CATEGORIES, categoryNamed } from './registry.ts';
import { policySchema, type PolicyKeys, type Scope, scopeSchema } from './schema.ts';
import { closest } from './suggest.ts';

/** A whole policy, free of its place in a file. */
export interface CompiledPolicy extends Omit<PolicySummary, 'place' | 'category'> {
  readonly category: Category;
  /** Parsed by the category's own schema. */
  readonly rules: Record<string, unknown>;
  readonly scope: Scope | undefined;
  /** Undefined when it applies to everything. */
  readonly inScope: ((facts: Facts) => boolean) | undefined;
  /** False when `inScope` says more than `scope`: another policy overrides this one somewhere. */
  readonly exactScope?: boolean;
  readonly checks: Checks;
  /** Whether `when:` holds for an event; undefined without one. */
  readonly holds?: Holds;
  readonly message?: string;
  /** Strongest last. */
  readonly escalate: readonly Escalation[];
  /** Policy that this one replaces where it is in scope. */
  readonly overrides?: string;
  readonly overridable: boolean;
  readonly onError: 'block' | 'warn';
}

/** From how many violations on, counted over how long, which disposition. */
export interface Escalation {
  readonly after: number;
  readonly withinMs: number;
  readonly disposition: Disposition;
}

/** A policy that is not whole has no `policy`, and at least one issue that is an error. */
export interface Compilation {
  readonly policy?: CompiledPolicy;
  /** As written, also when the rest is broken. */
  readonly name?: string;
  readonly category?: string;
  readonly scope?: Scope;
  readonly overrides?: string;
  readonly overridable?: boolean;
  readonly issues: readonly Issue[];
}

/** Compiles one item of `policies:`. Never throws. */
export function compilePolicy(value: unknown): Compilation {
  if (!isMapping(value)) return { issues: [{ path: [], on: 'value', code: 'fullarc/structure/wrong-type', severity: 'error', message: `A policy is a mapping with \`name\`, \`category\` and \`rules\`, but this item is ${value === null || value === undefined ? 'empty' : 'not a mapping'}.` }] };
  const category = typeof value['category'] === 'string' ? categoryNamed(value['category']) : undefined;
  const written = {
    name: textAt(value, 'name'), category: category?.id, scope: scopeSchema.safeParse(value['scope']).data,
    overrides: textAt(value, 'overrides'), overridable: value['overridable'] === true,
  };
  const standing = { path: ['policies', 0] as Path, category: category?.id };
  const keys = policySchema.safeParse(value);
  const issues = keys.success ? [] : schemaIssues(keys.error.issues, value, standing);
  if (typeof value['category'] === 'string' && !category) issues.push(unknownCategory(value['category']));
  if (!category || (value['rules'] !== undefined && !isMapping(value['rules']))) return { ...written, issues };
  const fields = value['rules'] ?? {};
  const rules = category.rules.safeParse(fields);
  if (!rules.success) issues.push(...schemaIssues(rules.error.issues, fields, { ...standing, path: [...standing.path, 'rules'] }, ['rules']));
  const disposition = value['on_violation'];
  if (keys.success && disposition !== undefined && !category.dispositions.includes(disposition as Disposition)) issues.push(notAllowed(category, String(disposition)));
  if (keys.success) issues.push(...keyIssues(keys.data, category));
  if (issues.length > 0 || !keys.success || !rules.success) return { ...written, issues };
  return { ...written, ...build(keys.data, category, rules.data) };
}

/** What stands in the way of keys that are each well written. */
function keyIssues(keys: PolicyKeys, category: Category): Issue[] {
  const issues: Issue[] = [];
  const base = keys.on_violation ?? category.onViolation;
  keys.escalate?.forEach((step, at) => {
    const path = ['escalate', at, 'on_violation'];
    if (!category.dispositions.includes(step.on_violation)) issues.push({ ...notAllowed(category, step.on_violation), path });
    else if (!stronger(step.on_violation, base)) issues.push({ path, on: 'value', code: 'fullarc/disposition/weaker-escalation', severity: 'error', message: `\`${step.on_violation}\` is not stronger than \`${base}\`, which this policy begins with.` });
  });
  if (keys.overrides !== undefined && keys.when !== undefined) {
    issues.push({ path: ['when'], on: 'key', code: 'fullarc/meaning/overridden-and-conditional', severity: 'error', message: `Where \`when:\` does not hold, neither this policy nor \`${keys.overrides}\`, which it overrides, would apply. Narrow the \`scope:\` instead.` });
  }
  const always = keys.when === undefined ? undefined : UNCONDITIONAL.find((part) => category[part] !== undefined);
  if (always) issues.push({ path: ['when'], on: 'key', code: 'fullarc/meaning/unconditional', severity: 'error', message: `What a ${category.id} policy asks for holds for a run as a whole, so a condition on single actions cannot narrow it. Narrow the \`scope:\` instead.` });
  return issues;
}

/** What some categories ask for beside their checks, of a run and not of an action. */
const UNCONDITIONAL = ['audit', 'breaker', 'memory'] as const satisfies readonly (keyof Category)[];

function build(keys: PolicyKeys, category: Category, rules: Record<string, unknown>): Pick<Compilation, 'policy' | 'issues'> {
  const onViolation = keys.on_violation ?? category.onViolation;
  try {
    const conditioned = conditional(category.checks(rules, { name: keys.name, onViolation }), keys.when);
    const policy: CompiledPolicy = {
      name: keys.name, category, mode: keys.mode, onViolation, description: keys.description, message: keys.message, onError: keys.on_error,
      escalate: escalations(keys), ...(keys.overrides !== undefined && { overrides: keys.overrides }), overridable: keys.overridable,
      rules, checks: conditioned.checks, ...(conditioned.holds && { holds: conditioned.holds }), scope: keys.scope, inScope: scopeCheck(keys.scope),
    };
    const wrong = conditioned.issues.some(({ severity }) => severity === 'error');
    const idle = !wrong && watchesNothing(policy) ? [noEffect()] : [];
    return { ...(!wrong && { policy }), issues: [...conditioned.issues, ...idle] };
  } catch (error) {
    return { issues: [{ path: ['rules'], on: 'key', code: 'fullarc/structure/bad-value', severity: 'error', message: `These rules cannot be prepared: ${error instanceof Error ? error.message : String(error)}` }] };
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

function escalations({ escalate = [] }: PolicyKeys): readonly Escalation[] {
  return escalate.map(({ after, within, on_violation: disposition }) => ({ after, disposition, withinMs: within === undefined ? Infinity : Number(within.slice(0, -1)) * UNIT_MS[within.at(-1)!]! }))
    .sort((a, b) => Number(stronger(a.disposition, b.disposition)) - Number(stronger(b.disposition, a.disposition)));
}

/** All keys that are given must match; then, when `except` is given, not all of its keys may. */
export function scopeCheck(scope: Scope | undefined): ((facts: Facts) => boolean) | undefined {
  if (!scope) return undefined;
  const inside = conjunction(scope);
  const outside = scope.except && conjunction(scope.except);
  if (!outside) return inside;
  const isOutside = outside;
  return inside ? (facts) => inside(facts) && !isOutside(facts) : (facts) => !isOutside(facts);
}

function conjunction(keys: Omit<Scope, 'except'>): ((facts: Facts) => boolean) | undefined {
  const tests: ((facts: Facts) => boolean)[] = [];
  const add = (names: readonly string[] | undefined, of: (facts: Facts) => string | undefined) => {
    if (!names) return;
    const match = nameMatcher(names);
    tests.push((facts) => {
      const value = of(facts);
      return value !== undefined && match(value);
    });
  };
  add(keys.agents, (facts) => facts.agent);
  add(keys.fleets, (facts) => facts.fleet);
  add(keys.users, (facts) => facts.user);
  add(keys.workflows, (facts) => facts.workflow);
  add(keys.planes, (facts) => facts.plane);
  if (tests.length <= 1) return tests[0];
  return (facts) => {
    for (let index = 0; index < tests.length; index++) if (!tests[index]!(facts)) return false;
    return true;
  };
}

/** True for a category that can act, as a policy whose rules leave it nothing to look at. */
function watchesNothing({ checks, category, rules, ...policy }: CompiledPolicy): boolean {
  if (category.limits?.(rules, policy, freshFacts()).length || category.alerts?.(rules, policy) || category.memory?.(rules, policy)) return false;
  return Object.keys(checks).length === 0 && category.dispositions.some((disposition) => disposition !== 'allow');
}

function noEffect(): Issue {
  return { path: [], on: 'mapping', code: 'fullarc/meaning/no-effect', severity: 'warning', message: 'With these rules the policy has nothing to check. Add a rule, or remove the policy.' };
}

function unknownCategory(written: string): Issue {
  const near = closest(written, CATEGORIES.flatMap((category) => [category.id, ...(category.aliases ?? [])]));
  return {
    path: ['category'], on: 'value', code: 'fullarc/structure/unknown-category', severity: 'error',
    message: `There is no category \`${written.slice(0, 60)}\`. ${near ? `Did you mean \`${near}\`?` : `There are: ${CATEGORIES.map(({ id }) => id).join(', ')}.`}`,
    ...(near && { mend: { title: `Change to \`${near}\``, replace: near } }),
  };
}

function notAllowed(category: Category, written: string): Issue {
  const near = category.onViolation;
  return {
    path: ['on_violation'], on: 'value', code: 'fullarc/disposition/not-allowed', severity: 'error',
    message: `A ${category.id} policy cannot ${written}; it can ${category.dispositions.join(', ')}.`,
    mend: { title: `Change to \`${near}\``, replace: near },
  };
}

const textAt = (value: Record<string, unknown>, key: string): string | undefined => (typeof value[key] === 'string' ? value[key] : undefined);

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
