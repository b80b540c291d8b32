// All lints. The compiler says what is wrong; these say what is hardly meant.

import type { Finding } from '../../protocol/finding.ts';
import type { GovernanceDocument } from '../../runtime/policy/document.ts';
import { allowedAndBlocked } from './allowed-and-blocked.ts';
import { anyoneApproves } from './anyone-approves.ts';
import { limitWithoutEffect } from './limit-without-effect.ts';
import { isRecord, lintedPolicy } from './lint.ts';
import type { Lint } from './lint.ts';
import { silenceApproves } from './silence-approves.ts';

const LINTS: readonly Lint[] = [allowedAndBlocked, anyoneApproves, limitWithoutEffect, silenceApproves];

/** `clean` remembers the policies, by their parsed value, that no lint has anything against: they are not judged again. */
export function lint(files: readonly { readonly path: string; readonly document: GovernanceDocument }[], clean: WeakSet<object>): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { path, document } of files) {
    for (const item of document.policies) {
      if (!isRecord(item.value) || clean.has(item.value)) continue;
      const found = lintPolicy(path, document, item.index, item.value);
      if (found.length === 0) clean.add(item.value);
      else findings.push(...found);
    }
  }
  return findings;
}

function lintPolicy(path: string, document: GovernanceDocument, index: number, value: Readonly<Record<string, unknown>>): readonly Finding[] {
  const policy = lintedPolicy(path, document, index, value);
  return policy ? LINTS.flatMap((each) => each(policy)) : [];
}
