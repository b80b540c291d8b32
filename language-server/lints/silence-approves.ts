// A gate that opens by itself when nobody answers.

import { findingAt, replaceValue } from './lint.ts';
import type { Lint } from './lint.ts';

export const silenceApproves: Lint = (policy) => {
  if (policy.category !== 'approval' || policy.rules['action_on_timeout'] !== 'allow') return [];
  const path = ['rules', 'action_on_timeout'];
  return [findingAt(policy, path, {
    code: 'fullarc/meaning/silence-approves', severity: 'warning',
    message: 'When nobody answers in time the action goes on as if it were approved. With `block` silence refuses it.',
    fixes: replaceValue(policy, path, 'Change to `block`', 'block'),
  })];
};
