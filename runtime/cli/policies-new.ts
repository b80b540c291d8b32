// `fullarc policies new`: a policy to start from, written where the governor finds it.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { FullarcError } from '../../protocol/control.ts';
import type { Finding } from '../../protocol/finding.ts';
import { isGovernanceFile } from '../../protocol/ids.ts';
import { compilePolicies } from '../policy/index.ts';
import { fitTemplate, type Fitted } from '../template-fit.ts';
import { TEMPLATE_GROUPS, templateNamed, templates, type GroupedTemplate } from '../templates.ts';
import { readSources } from '../workspace.ts';
import { print, refuseToAgents } from './control.ts';
import { findingLine } from './policies-lines.ts';

interface Options {
  readonly workspace: string;
  readonly out?: string;
  readonly list?: boolean;
  readonly print?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addPolicyNew(policies: Command): void {
  policies.command('new').argument('[template]', 'name of a category, or of a failure').description('Write a policy to start from into the workspace; without a name, list them.')
    .option('--workspace <folder>', 'folder with the governance files', '.').option('--out <file>', 'where to write it (default: .fullarc/<template>.fullarc.yaml in the workspace)')
    .option('--list', 'list the templates').option('--print', 'print what would be written, and write nothing').option('--force', 'overwrite the file').option('--json', 'print JSON')
    .action(async (name: string | undefined, options: Options) => {
      if (name === undefined || options.list) return list(options.json);
      const template = templateNamed(name);
      await (options.print ? show(template, options) : write(template, options));
    });
}

function list(json: boolean | undefined): void {
  const all = templates();
  const width = Math.max(...all.map(({ name }) => name.length));
  print(json, all.map(({ text: _, ...rest }) => rest), () => [
    ...TEMPLATE_GROUPS.flatMap((group) => [group, ...all.filter((each) => each.group === group).map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`), '']),
    '`fullarc policies new NAME` writes one into this workspace, `--print` shows it.',
  ]);
}

async function show(template: GroupedTemplate, { workspace, json }: Options): Promise<void> {
  const { sources } = await readSources(resolve(workspace));
  const fitted = fitTemplate(template.text, sources);
  if (json) print(json, { ...template, ...fitted }, () => []);
  else process.stdout.write(fitted.text);
}

async function write(template: GroupedTemplate, { workspace: folder, out, force, json }: Options): Promise<void> {
  refuseToAgents('change the policies that govern it');
  const workspace = resolve(folder);
  const file = out === undefined ? join(workspace, '.fullarc', `${template.name}.fullarc.yaml`) : resolve(out);
  const name = relative(workspace, file).replaceAll('\\', '/');
  if (!isGovernanceFile(file)) throw new FullarcError('bad-command', `${name} would never be read: it is no governance file`, 'Governance files are `*.fullarc.yaml` and the YAML files under `.fullarc/`.');
  if (name.startsWith('../')) throw new FullarcError('bad-command', `${file} is outside the workspace ${workspace}`, 'Write it into the workspace, or name another with --workspace.');
  if (existsSync(file) && !force) throw new FullarcError('conflict', `${name} is there already`, 'Write it elsewhere with --out FILE, or overwrite it with --force. `--print` shows the template.');
  const { sources, unreadable } = await readSources(workspace);
  const others = sources.filter(({ path }) => path !== name);
  const fitted = fitTemplate(template.text, others);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, fitted.text);
  const findings = [...unreadable, ...compilePolicies([...others, { path: name, text: fitted.text }]).findings];
  print(json, { template: template.name, file: name, renamed: fitted.renamed, left: fitted.left, agents: fitted.agents, findings }, () => linesOf(template, name, fitted, findings));
  if (findings.some(({ severity }) => severity === 'error')) process.exitCode = 1;
}

function linesOf({ change }: GroupedTemplate, file: string, { renamed, left, agents }: Fitted, findings: readonly Finding[]): readonly string[] {
  return [
    `wrote ${file}; change first: ${change}`,
    ...renamed.map(({ from, to }) => `  ${from} is named ${to} here, because this workspace has a policy of that name`),
    ...left.map(({ section, name, file: other }) => `  ${section}.${name} is left out, because ${other} declares it; see whether it says what this template needs`),
    ...agents.map(({ from, to }) => `  its tests start ${to} instead of ${from}, which this workspace does not declare`),
    ...findings.map(findingLine),
  ];
}
