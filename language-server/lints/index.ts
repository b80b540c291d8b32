// All lints. The compiler says what is wrong; these say what is hardly meant.

import type { Finding } from '../../protocol/finding.ts';
import type { GovernanceDocument } from '../../runtime/policy/document.ts';
import { allowedAndBlocked } from './allowed-and-blocked.ts';
import { anyoneApproves } from './anyone-approves.ts';
import { limitWithoutEffect } from './limit-without-effect.ts';
import { lintedPolicies } from './lint.ts';
import type { Lint } from './lint.ts';
import { silenceApproves } from './silence-approves.ts';

const LINTS: readonly Lint[] = [allowedAndBlocked, anyoneApproves, limitWithoutEffect, silenceApproves];

export function lint(files: readonly { readonly path: string; readonly document: GovernanceDocument }[]): readonly Finding[] {
  return files.flatMap(({ path, document }) => lintedPolicies(path, document).flatMap((policy) => LINTS.flatMap((each) => each(policy))));
}
