// `fullarc policies`: what is in force in a workspace.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { print, withControl } from './control.ts';

export function addPolicies(program: Command): void {
  program.command('policies').description('The policies in force in a workspace, and what is wrong with their newest text.')
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
}
