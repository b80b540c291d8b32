// The sections beside `policies:`: agents, fleets and tools, declared once over all files.

import type { z } from 'zod';
import type { Finding } from '../../protocol/finding.ts';
import type { Section } from './document.ts';
import { topLevelFields } from './describe.ts';
import { issueFinding, type PolicyFile } from './findings.ts';
import { type Issue, schemaIssues } from './issues.ts';
import type { Path } from './parse.ts';
import { domainSchema, signalSchema } from './domain-schema.ts';
import { agentSchema, fleetSchema } from './schema.ts';
import { closest } from './suggest.ts';
import { declareTests } from './tests/declare.ts';
import type { PlacedTest } from './tests/run.ts';
import { toolSchema } from './tool-schema.ts';

/** A name that a file declares. */
export interface Declared<T> {
  readonly file: PolicyFile;
  readonly path: Path;
  readonly value: T;
}

export interface Declarations {
  readonly agents: ReadonlyMap<string, Declared<z.output<typeof agentSchema>>>;
  readonly fleets: ReadonlyMap<string, Declared<z.output<typeof fleetSchema>>>;
  readonly tools: ReadonlyMap<string, Declared<z.output<typeof toolSchema>>>;
  readonly domains: ReadonlyMap<string, Declared<z.output<typeof domainSchema>>>;
  readonly signals: ReadonlyMap<string, Declared<z.output<typeof signalSchema>>>;
  /** Tests that are whole, in order of file and place. */
  readonly tests: readonly PlacedTest[];
  /** Every agent and fleet whose name is written, also when its entry is broken. */
  readonly names: { readonly agents: ReadonlySet<string>; readonly fleets: ReadonlySet<string> };
}

const ENTRIES = { agents: agentSchema, fleets: fleetSchema, tools: toolSchema, domains: domainSchema, signals: signalSchema } as const;
type EntryKey = keyof typeof ENTRIES;
const LISTS: ReadonlySet<string> = new Set(['policies', 'tests']);

/** Reads all sections; what is wrong is added to `findings`. Entries that are not whole are left out. */
export function declare(files: readonly PolicyFile[], findings: Finding[]): Declarations {
  const found = { agents: new Map(), fleets: new Map(), tools: new Map(), domains: new Map(), signals: new Map() } as { [K in EntryKey]: Map<string, Declared<never>> };
  const names: Record<EntryKey, Set<string>> = { agents: new Set(), fleets: new Set(), tools: new Set(), domains: new Set(), signals: new Set() };
  const tests: PlacedTest[] = [];
  for (const file of files) {
    const seen = new Set<string>();
    for (const section of file.document.sections) {
      const issues = sectionIssues(file, section, seen, found, names, tests);
      findings.push(...issues.map((issue) => ('finding' in issue ? issue.finding : issueFinding(file, [], issue))));
    }
  }
  return { ...(found as unknown as Omit<Declarations, 'names' | 'tests'>), tests, names };
}

function sectionIssues(file: PolicyFile, section: Section, seen: Set<string>, found: { [K in EntryKey]: Map<string, Declared<never>> }, names: Record<EntryKey, Set<string>>, tests: PlacedTest[]): (Issue | { readonly finding: Finding })[] {
  const { key, value } = section;
  if (Object.hasOwn(ENTRIES, key) || LISTS.has(key)) {
    if (seen.has(key) && section.part.kind === 'section') return [{ finding: repeated(file, section) }];
    seen.add(key);
  } else return [unknownSection(key)];
  if (key === 'policies') return value === null || value === undefined || Array.isArray(value) ? [] : [wrongForm(key, 'a list: one item per policy, each beginning with `- name:`')];
  if (value === null || value === undefined) return [];
  if (key === 'tests') return Array.isArray(value) ? declareTests(file, value, tests) : [wrongForm(key, 'a list: one item per test, each beginning with `- name:`')];
  if (typeof value !== 'object' || Array.isArray(value)) return [wrongForm(key, 'a mapping of names')];
  return Object.entries(value).flatMap(([name, entry]) => declareEntry(file, key as EntryKey, name, entry, found, names));
}

function declareEntry(file: PolicyFile, key: EntryKey, name: string, entry: unknown, found: { [K in EntryKey]: Map<string, Declared<never>> }, names: Record<EntryKey, Set<string>>): (Issue | { readonly finding: Finding })[] {
  names[key].add(name);
  const path: Path = [key, name];
  const value = entry ?? {};
  const result = ENTRIES[key].safeParse(value);
  if (!result.success) return schemaIssues(result.error.issues, value, { path }, path);
  const first = found[key].get(name);
  if (first) return [{ finding: declaredTwice(file, path, name, first) }];
  found[key].set(name, { file, path, value: result.data as never });
  return [];
}

function unknownSection(key: string): Issue {
  const known = topLevelFields().map(({ name }) => name);
  const near = closest(key, known);
  return {
    path: [key], on: 'key', code: 'fullarc/structure/unknown-key', severity: 'error',
    message: `\`${key.slice(0, 60)}\` is not a key of a governance file. ${near ? `Did you mean \`${near}\`?` : `Known keys: ${known.join(', ')}.`}`,
    ...(near && { mend: { title: `Change to \`${near}\``, replace: near } }),
  };
}

function wrongForm(key: string, form: string): Issue {
  return { path: [key], on: 'key', code: 'fullarc/structure/wrong-type', severity: 'error', message: `\`${key}\` must be ${form}.` };
}

function repeated({ path, document }: PolicyFile, { key, keySpan }: Section): Finding {
  return { file: path, ...document.range(keySpan), severity: 'error', code: 'fullarc/structure/duplicate-key', message: `\`${key}:\` is written twice in this file. Put everything under one of them.` };
}

function declaredTwice(file: PolicyFile, path: Path, name: string, first: Declared<unknown>): Finding {
  const finding = issueFinding(file, [], { path, on: 'key', code: 'fullarc/structure/duplicate-name', severity: 'error', message: `\`${name}\` is declared twice under \`${path[0]}\`. Keep one declaration.` });
  const span = first.file.document.locate(first.path)?.key;
  return span ? { ...finding, related: [{ file: first.file.path, ...first.file.document.range(span), message: 'first declared here' }] } : finding;
}
