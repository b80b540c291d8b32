// `fullarc policies`: what is in force in a workspace, and how it changes.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { print, withControl } from './control.ts';
import { addPolicyChanges } from './policies-change.ts';
import { addPolicyNew } from './policies-new.ts';
import { addPolicyVersions } from './policies-versions.ts';

export function addPolicies(program: Command): void {
  const policies = program.command('policies').description('The policies of a workspace: what is in force, its versions, and how to change it while agents run.')
    .addHelpText('after', `
A version is named by the beginning of its hash (at least four digits), or by # and its number, in quotes: '#3'.
What is activated, rolled back to or put in shadow is written to the governance files, so that files, history and governor always agree.`);
  policies.command('show-all', { isDefault: true, hidden: true }).description('The policies in force, and what is wrong with their newest text.')
    .option('--workspace <folder>', 'folder with the governance files', '.').option('--json', 'print JSON')
    .action(async (options: { workspace: string; json?: boolean }) => {
      const status = await withControl((control) => control.call('policies.reload', { workspace: resolve(options.workspace) }));
      print(options.json, status, () => [
        `version ${status.version} in ${status.workspace}`,
        ...status.policies.map((policy) => `  ${policy.name}  ${policy.category}, ${policy.mode}, ${policy.onViolation}  ${policy.file}:${policy.line}${policy.description ? `  ${policy.description}` : ''}`),
        ...status.findings.map((each) => `  ${each.severity}: ${each.file}:${each.line}:${each.column} ${each.message} [${each.code}]`),
      ]);
      if (status.findings.some((finding) => finding.severity === 'error')) process.exitCode = 1;
    });
  addPolicyNew(policies);
  addPolicyVersions(policies);
  addPolicyChanges(policies);
}
