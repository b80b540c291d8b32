// Asks one category directly, without an engine: for the tests beside the categories.

import { parse } from 'yaml';
import type { ActionEvent } from '../../protocol/action.ts';
import { stronger, type Disposition } from '../../protocol/verdict.ts';
import type { PolicySet } from './api.ts';
import type { Category, Violation } from './category.ts';
import { freshFacts, type Facts } from './facts.ts';
import { nameMatcher } from './globs.ts';
import { entriesFor, namesOf } from './policy-index.ts';

export interface Asked {
  readonly disposition: Disposition;
  readonly violations: readonly Violation[];
}

/** What a category with these `rules:` (YAML) says to an event. Throws when the rules do not fit its schema. */
export function ask(category: Category, rules: string, event: ActionEvent, facts: Partial<Facts> = {}, onViolation = category.onViolation, set: PolicySet = ALONE, name = 'policy'): Asked {
  const checks = category.checks(category.rules.parse(parse(rules)), { name, onViolation });
  const names = namesOf(event);
  const entries = entriesFor({ checks }, event.event).filter((entry) => !entry.names || names.some(nameMatcher(entry.names)));
  const violations = entries.filter(({ given }) => given?.(freshFacts(facts)) ?? true).flatMap(({ check }) => check(event, freshFacts(facts), set)).filter((each) => each !== undefined);
  return { violations, disposition: violations.map((each) => each.disposition ?? onViolation).reduce((a, b) => (stronger(b, a) ? b : a), 'allow' as Disposition) };
}

/** A set of no other policies. */
export const ALONE: PolicySet = { inForce: () => [], all: [] };

/** The name that the policy of an example has. */
export const EXAMPLE_NAME = 'example';

/** The examples of a category that do not come out as they say. */
export function disagreements(category: Category): string[] {
  return category.examples.flatMap(({ title, rules, event, facts, expect, field }) => {
    const { disposition, violations } = ask(category, rules, event, facts, undefined, undefined, EXAMPLE_NAME);
    const agrees = disposition === expect && (field === undefined || violations.some((each) => each.field === field));
    return agrees ? [] : [`${title}: expected ${expect} by ${field}, got ${disposition} by ${violations.map((each) => each.field).join(', ')}`];
  });
}

/** The fields of a category that no example names in its rules. */
export function withoutExample(category: Category): string[] {
  return Object.keys(category.rules.shape).filter((field) => !category.examples.some((example) => Object.hasOwn(parse(example.rules), field)));
}
