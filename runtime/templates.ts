// The policies to start from that ship with this installation: read, put in groups, found by name.

import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { FullarcError } from '../protocol/control.ts';
import { isForFailure, readTemplate, TEMPLATE_FILE, type Template } from '../protocol/template.ts';
import { GROUPS, type Group } from './policy/category.ts';
import { CATEGORIES, categoryNamed } from './policy/registry.ts';
import { closest } from './policy/suggest.ts';

export const FAILURES = 'Failures in production';
export type TemplateGroup = typeof FAILURES | Group;
export const TEMPLATE_GROUPS: readonly TemplateGroup[] = [FAILURES, ...GROUPS];

export interface GroupedTemplate extends Template {
  readonly group: TemplateGroup;
}

/** All of them: first those against failures, then one per category, in the order of documentation. Throws `internal` when the installation is not whole. */
export function templates(folder = templatesFolder()): readonly GroupedTemplate[] {
  const order = CATEGORIES.map(({ id }) => id);
  const rank = ({ name, group }: GroupedTemplate): number => TEMPLATE_GROUPS.indexOf(group) * 1000 + order.indexOf(name);
  return namesIn(folder).map((name) => read(folder, name)).sort((a, b) => rank(a) - rank(b));
}

/** One by its name; a category's alias (`budget`), and a failure's name without `failure-`, will do. Throws `no-such-policy`. */
export function templateNamed(name: string, folder = templatesFolder()): GroupedTemplate {
  const known = namesIn(folder);
  const found = [name, `failure-${name}`, categoryNamed(name)?.id].find((each) => each !== undefined && known.includes(each));
  if (found !== undefined) return read(folder, found);
  const near = closest(name, known);
  throw new FullarcError('no-such-policy', `there is no template ${name}`, `${near ? `Did you mean ${near}? ` : ''}\`fullarc policies new --list\` prints them all.`);
}

/** Beside `dist/` in a package, beside `runtime/` in a checkout. */
function templatesFolder(): string {
  const here = import.meta.dirname;
  const dist = here.lastIndexOf(`${sep}dist`);
  return join(dist < 0 ? join(here, '..') : here.slice(0, dist), 'templates');
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).flatMap((file) => TEMPLATE_FILE.exec(file)?.[1] ?? []).sort();
  } catch (error) {
    throw new FullarcError('internal', `the templates cannot be read: ${(error as Error).message}`, 'This installation is not complete: install it again.');
  }
}

function read(folder: string, name: string): GroupedTemplate {
  const path = join(folder, `${name}.fullarc.yaml`);
  const template = readTemplate(name, readFileSync(path, 'utf8'));
  const group = isForFailure({ name }) ? FAILURES : CATEGORIES.find(({ id }) => id === name)?.group;
  if (!template || !group) throw new FullarcError('internal', `${path} is no template: ${template ? 'no category has its name' : 'it does not begin with what it is, for whom, and what to change first'}`, 'Remove the file, or install Fullarc again.');
  return { ...template, group };
}
