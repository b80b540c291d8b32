// `fullarc policies activate`, `rollback` and `shadow`: another version in force, at once, for agents that run.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ControlRequests } from '../../protocol/control.ts';
import type { ChangeTerms, PolicyOutcome } from '../../protocol/policy-versions.ts';
import type { WireClient } from '../wire/client.ts';
import { osUser, print, refuseToAgents, withControl } from './control.ts';
import { changeLines, findingLine } from './policies-lines.ts';

interface ChangeOptions {
  readonly workspace: string;
  readonly by: string;
  readonly note?: string;
  readonly expect?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addPolicyChanges(policies: Command): void {
  changing(policies.command('activate').argument('<version>').description('Put a recorded version in force: its texts are written to the governance files.'))
    .action((version: string, options: ChangeOptions) => change(options, (control, terms) => control.call('policies.activate', { ...terms, version })));
  changing(policies.command('rollback').description('Put the version before the one in force back in force; again, one further back.'))
    .action((options: ChangeOptions) => change(options, (control, terms) => control.call('policies.rollback', terms)));
  changing(policies.command('shadow').argument('<policy>').description('Let a policy only record what it would have done: `mode: shadow` in its file.'))
    .option('--off', 'enforce it again')
    .action((policy: string, { off, ...options }: ChangeOptions & { off?: boolean }) => change(options, (control, terms) => control.call('policies.shadow', { ...terms, policy, off })));
}

function changing(command: Command): Command {
  return command.option('--workspace <folder>', 'folder with the governance files', '.')
    .option('--by <name>', 'who', osUser()).option('--note <text>', 'why, for the history')
    .option('--expect <version>', 'only while this version, by its whole hash, is in force')
    .option('--force', 'overwrite files whose newest text is not in force').option('--dry-run', 'print what would change, and do nothing')
    .option('--json', 'print JSON');
}

async function change({ workspace, json, ...terms }: ChangeOptions, ask: (control: WireClient<ControlRequests>, terms: ChangeTerms) => Promise<PolicyOutcome>): Promise<void> {
  refuseToAgents('change the policies that govern it');
  const outcome = await withControl((control) => ask(control, { workspace: resolve(workspace), ...terms }));
  print(json, outcome, () => linesOf(outcome, terms.dryRun ?? false));
  if (!outcome.accepted) process.exitCode = 1;
}

function linesOf({ accepted, version, before, changes, files, findings }: PolicyOutcome, trial: boolean): readonly string[] {
  const problems = findings.map(findingLine);
  if (!accepted) return [`version ${version} does not compile here, so ${before} stays in force:`, ...problems];
  if (!files.length) return [`version ${version} is in force already`, ...problems];
  return [`${before} → ${version}${trial ? ' would come into force' : ' is in force'}`, ...changeLines(changes), ...files.map(({ path, change }) => `  ${path}: ${change}`), ...problems];
}
