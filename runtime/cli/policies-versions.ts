// `fullarc policies list`, `show` and `diff`: the versions of a workspace's policies.

import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { analysedSet } from '../policy/analyse/policy-set.ts';
import { semanticDiff } from '../policy/analyse/semantic-diff.ts';
import { print, withControl } from './control.ts';
import { changeLines, headOf, textLines, versionLine } from './policies-lines.ts';
import { semanticJson, semanticLines } from './policies-semantic.ts';

interface Options {
  readonly workspace: string;
  readonly json?: boolean;
}

export function addPolicyVersions(policies: Command): void {
  policies.command('list').description('The versions, newest first; * marks the one in force, + - ~ count what was added, removed and changed.')
    .option('--workspace <folder>', 'folder with the governance files', '.').option('--limit <n>', 'how many', count, 20).option('--json', 'print JSON')
    .action(async ({ workspace, limit, json }: Options & { limit: number }) => {
      const versions = await withControl((control) => control.call('policies.versions', { workspace: resolve(workspace), limit }));
      print(json, versions, () => (versions.length ? versions.map(versionLine) : ['No version yet: the policies of this folder never compiled. `fullarc check` prints why.']));
    });
  policies.command('show').argument('<version>').description('One version: who, when, what it changed, and with --text its files.')
    .option('--workspace <folder>', 'folder with the governance files', '.').option('--text', 'print its files').option('--json', 'print JSON, with the files')
    .action(async (version: string, { workspace, text, json }: Options & { text?: boolean }) => {
      const shown = await withControl((control) => control.call('policies.version', { workspace: resolve(workspace), version }));
      print(json, shown, () => [versionLine(shown), ...changeLines(shown.changes), ...(text ? shown.sources.flatMap((file) => [`--- ${file.path}`, file.text.trimEnd()]) : [])]);
    });
  policies.command('diff').argument('[a]', 'the one before B').argument('[b]', 'the one in force').description('What changed from version A to version B, policy by policy.')
    .option('--workspace <folder>', 'folder with the governance files', '.').option('--text', 'line by line').option('--semantic', 'what is newly allowed and newly refused, each shown by an action').option('--json', 'print JSON')
    .action(async (from: string | undefined, to: string | undefined, { workspace: folder, text, semantic, json }: Options & { text?: boolean; semantic?: boolean }) => {
      const workspace = resolve(folder);
      const { diff, before, after } = await withControl(async (control) => {
        const diff = await control.call('policies.diff', { workspace, from, to });
        const sourcesOf = async (number: number | undefined) => ((text || semantic) && number !== undefined ? (await control.call('policies.version', { workspace, version: `#${number}` })).sources : []);
        return { diff, before: await sourcesOf(diff.from?.number), after: await sourcesOf(diff.to.number) };
      });
      const meaning = semantic ? semanticDiff(analysedSet(before), analysedSet(after)) : undefined;
      print(json, { ...diff, ...(text && { text: textLines(before, after) }), ...(meaning && { semantic: semanticJson(meaning) }) }, () => [
        `from ${diff.from ? headOf(diff.from) : 'nothing'}`, `to   ${headOf(diff.to)}`,
        ...(text ? textLines(before, after) : meaning ? semanticLines(meaning) : changeLines(diff.changes)),
      ]);
    });
}

function count(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1 on.');
  return Number(text);
}
