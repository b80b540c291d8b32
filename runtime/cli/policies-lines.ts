// Policy versions and what changed between them, as lines for people.

import type { Finding } from '../../protocol/finding.ts';
import { printable } from '../../protocol/printable.ts';
import type { PolicyChange, PolicyText, PolicyVersion, PolicyVersionLine } from '../../protocol/policy-versions.ts';
import { createTwoFilesPatch } from 'diff';
import { filesBetween } from '../versions-diff.ts';
import { textAt } from '../versions-files.ts';

export function versionLine(line: PolicyVersionLine): string {
  const { added, removed, changed } = line.counts;
  return `${line.active ? '*' : ' '} #${line.number}  ${headOf(line)}  +${added} -${removed} ~${changed}${line.note ? `  ${printable(line.note)}` : ''}`;
}

export const headOf = ({ version, at, how, by }: PolicyVersion): string => `${version}  ${new Date(at).toISOString()}  ${how.padEnd(8)}  ${printable(by)}`;

/** One line per changed thing, and one per key of a thing that was there before and is there still. */
export function changeLines(changes: readonly PolicyChange[]): readonly string[] {
  return changes.length ? changes.flatMap(linesOf) : ['no policy, agent, fleet or tool differs'];
}

/** What differs line by line, as a unified diff. */
export function textLines(before: readonly PolicyText[], after: readonly PolicyText[]): readonly string[] {
  const files = filesBetween(before, after);
  if (!files.length) return ['the files are the same'];
  return files.flatMap(({ path }) => createTwoFilesPatch(path, path, textAt(before, path) ?? '', textAt(after, path) ?? '', '', '').trimEnd().split('\n').slice(2).map(printable));
}

export const findingLine = (each: Finding): string => `  ${each.severity}: ${each.file}:${each.line}:${each.column} ${each.message} [${each.code}]`;

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

function linesOf({ kind, name, change, category, keys }: PolicyChange): string[] {
  const head = `${SIGNS[change]} ${kind} ${printable(name)}${category ? `  ${category}` : ''}`;
  return change === 'changed' ? [head, ...keys.map(({ key, before, after }) => `    ${printable(key)}: ${shown(before)} → ${shown(after)}`)] : [head];
}

const shown = (value: unknown): string => (value === undefined ? 'not set' : printable(typeof value === 'string' ? value : JSON.stringify(value)));
