// A spending limit that another limit of the same policy is always reached before.

import type { Finding } from '../../protocol/finding.ts';
import { findingAt, replaceValue } from './lint.ts';
import type { Lint } from './lint.ts';

/** What is spent on the left is always spent on the right as well. */
const WITHIN = [
  ['per_run_cost_limit', 'per_tree_cost_limit'],
  ['per_run_token_limit', 'per_tree_token_limit'],
  ['daily_cost_limit', 'monthly_cost_limit'],
  ['daily_token_limit', 'monthly_token_limit'],
] as const;

export const limitWithoutEffect: Lint = (policy) => {
  if (policy.category !== 'cost') return [];
  return WITHIN.flatMap(([inner, outer]): Finding[] => {
    const [part, whole] = [policy.rules[inner], policy.rules[outer]];
    if (typeof part !== 'number' || typeof whole !== 'number' || part <= whole) return [];
    return [findingAt(policy, ['rules', inner], {
      code: 'fullarc/meaning/limit-without-effect', severity: 'warning',
      message: `\`${inner}\` is ${part}, above \`${outer}\`, which is ${whole} and counts the same spending: it is never reached. Lower it, or remove it.`,
      fixes: replaceValue(policy, ['rules', inner], `Lower to ${whole}`, String(whole)),
    })];
  });
};
