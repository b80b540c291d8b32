// `fullarc check`: compiles governance files and prints what is wrong with them.

import { readFileSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import type { Command } from 'commander';
import type { Finding } from '../../protocol/finding.ts';
import { FullarcError } from '../../protocol/control.ts';
import { compilePolicies } from '../policy/index.ts';
import { governanceFiles } from '../workspace.ts';

export function addCheck(program: Command): void {
  program.command('check')
    .description('Compile governance files as one set and print the findings; exit code 1 when one is an error.')
    .argument('[files...]', 'files or folders; a folder is searched for governance files', ['.'])
    .option('--json', 'print the findings as a JSON array')
    .action(async (files: string[], options: { json?: boolean }) => {
      const paths = (await Promise.all(files.map(expand))).flat();
      if (!paths.length) throw new FullarcError('bad-command', `there is no governance file in ${files.join(', ')}`, 'Governance files are `*.fullarc.yaml` and the YAML files under `.fullarc/`.');
      const { findings } = compilePolicies(paths.map((path) => ({ path, text: read(path) })));
      if (options.json) console.log(JSON.stringify(findings.map(plain), null, 2));
      else for (const line of report(findings, paths.length)) console.log(line);
      if (findings.some((finding) => finding.severity === 'error')) process.exitCode = 1;
    });
}

async function expand(path: string): Promise<string[]> {
  const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  return folder ? (await governanceFiles(path)).map((file) => relative('.', file)).sort() : [path];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new FullarcError('bad-command', `${path} cannot be read: ${(error as Error).message}`, 'Name files or folders that exist.');
  }
}

const plain = ({ file, line, column, endLine, endColumn, severity, code, message }: Finding) => ({ file, line, column, endLine, endColumn, severity, code, message });

function report(findings: readonly Finding[], files: number): string[] {
  const lines = findings.map((each) => `${each.file}:${each.line}:${each.column}: ${each.severity}: ${each.message} [${each.code}]`);
  const errors = findings.filter((each) => each.severity === 'error').length;
  return [...lines, `${files} ${files === 1 ? 'file' : 'files'}, ${errors} ${errors === 1 ? 'error' : 'errors'}, ${findings.length - errors} other findings`];
}
