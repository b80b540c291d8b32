// What a policy has against the others it stands among, at edit time.

import type { Finding } from '../../protocol/finding.ts';
import type { PolicySet } from './api.ts';
import type { PlacedPolicy } from './engine.ts';
import { issueFinding, type PolicyFile } from './findings.ts';
import type { Path } from './parse.ts';

export interface Reviewed {
  readonly policy: PlacedPolicy;
  readonly file: PolicyFile;
  readonly base: Path;
}

/** Asks the policies that look at others. One that is switched off has nothing to say. */
export function reviewPolicies(policies: readonly Reviewed[], set: () => PolicySet): Finding[] {
  const reviewing = policies.filter(({ policy }) => policy.category.review !== undefined && policy.mode !== 'off');
  if (reviewing.length === 0) return [];
  const others = set();
  return reviewing.flatMap(({ policy, file, base }) => policy.category.review!(policy.rules, others).map(({ field, message, severity = 'error' }) =>
    issueFinding(file, base, { path: ['rules', ...field.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step))], on: 'key', code: 'fullarc/compliance/unmet', severity, message })));
}
