// A name that the same policy allows and blocks.

import type { Finding } from '../../protocol/finding.ts';
import { flowText } from '../../runtime/policy/describe.ts';
import { findingAt, replaceValue } from './lint.ts';
import type { Lint, LintedPolicy } from './lint.ts';

export const allowedAndBlocked: Lint = (policy) => Object.keys(policy.rules).filter((field) => field.startsWith('allowed_')).flatMap((field) => {
  const blocked = policy.rules[`blocked_${field.slice('allowed_'.length)}`];
  const allowed = policy.rules[field];
  return Array.isArray(allowed) && Array.isArray(blocked) ? contradictions(policy, field, allowed, new Set(blocked)) : [];
});

function contradictions(policy: LintedPolicy, field: string, allowed: readonly unknown[], blocked: ReadonlySet<unknown>): readonly Finding[] {
  return allowed.flatMap((name, index) => {
    if (typeof name !== 'string' || !blocked.has(name)) return [];
    const rest = allowed.filter((each) => each !== name);
    return [findingAt(policy, ['rules', field, index], {
      code: 'fullarc/meaning/allowed-and-blocked', severity: 'warning',
      message: `\`${name}\` is also under \`blocked_${field.slice('allowed_'.length)}\`, which is stronger: it is never allowed.`,
      fixes: rest.length > 0 ? replaceValue(policy, ['rules', field], `Remove from \`${field}\``, flowText(rest)) : [],
    })];
  });
}
