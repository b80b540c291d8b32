// A gate that several people must open, without saying who they are.

import { findingAt } from './lint.ts';
import type { Lint } from './lint.ts';

export const anyoneApproves: Lint = (policy) => {
  const { approvers, quorum } = policy.rules;
  const isOpen = approvers === undefined || (Array.isArray(approvers) && approvers.length === 0);
  if (policy.category !== 'approval' || !isOpen || typeof quorum !== 'number' || quorum < 2) return [];
  return [findingAt(policy, ['rules', 'quorum'], {
    code: 'fullarc/meaning/anyone-approves', severity: 'information',
    message: `${quorum} people must approve, but without \`approvers\` anyone who controls this governor counts as one of them. Name them under \`approvers:\`.`,
    ...(approvers === undefined ? { fixes: insertBeside(policy) } : {}),
  })];
};

/** A new key in front of `quorum`, in block or in flow style. */
function insertBeside(policy: Parameters<Lint>[0]) {
  const key = policy.locate(['rules', 'quorum'])?.key;
  if (!key) return [];
  const { document } = policy;
  const { line, column } = document.position(key.start);
  const before = document.text.slice(document.offset(line, 1), key.start);
  const text = before.trim() === '' ? `approvers: []\n${before}` : 'approvers: [], ';
  return [{ title: 'Insert `approvers`', edits: [{ line, column, endLine: line, endColumn: column, text }] }];
}
