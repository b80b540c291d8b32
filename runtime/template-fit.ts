// Makes a template fit beside what a workspace has already: names that are taken become others, what is declared already is not declared again, and its tests start agents that exist.

import type { PolicySource } from './policy/api.ts';
import { openDocument } from './policy/document.ts';

export interface Fitted {
  readonly text: string;
  /** Policies that got another name. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** Entries that stand in the workspace already, and are left out here. */
  readonly left: readonly { readonly section: string; readonly name: string; readonly file: string }[];
  /** Agents that its tests start in place of its own, because a workspace that declares agents knows no others. */
  readonly agents: readonly { readonly from: string; readonly to: string }[];
}

const DECLARING = ['agents', 'fleets', 'tools', 'domains', 'signals'] as const;

/**
 * Names of the template's policies are words joined by hyphens that occur in it for nothing else, so a name is replaced wherever it stands: in tests, messages and comments too.
 * What is left out is turned into comments, so that it can be read and taken back.
 */
export function fitTemplate(template: string, workspace: readonly PolicySource[]): Fitted {
  const taken = namesOf(workspace);
  const renamed = [...namesOf([{ path: '', text: template }]).policies.keys()].flatMap((from) => (taken.policies.has(from) ? [{ from, to: free(from, taken.policies) }] : []));
  const text = renamed.reduce((before, { from, to }) => before.replaceAll(word(from), to), template);
  const left = leftOut(text, taken);
  const agents = otherAgents(text, taken.agents);
  return { text: withAgents(withTestNames(commentedOut(text, left), taken.tests), agents), renamed, left: left.map(({ section, name, file }) => ({ section, name, file })), agents };
}

const word = (name: string): RegExp => new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'g');

interface Names {
  /** Name to the file that has it. */
  readonly policies: ReadonlyMap<string, string>;
  readonly tests: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, string>;
  readonly agents: readonly string[];
}

function namesOf(sources: readonly PolicySource[]): Names {
  const policies = new Map<string, string>();
  const tests = new Map<string, string>();
  const entries = new Map<string, string>();
  for (const { path, text } of sources) {
    const document = openDocument(text);
    for (const { value } of document.policies) note(policies, nameIn(value), path);
    for (const { key, value } of document.sections) {
      if (key === 'tests' && Array.isArray(value)) for (const each of value) note(tests, nameIn(each), path);
      if ((DECLARING as readonly string[]).includes(key) && typeof value === 'object' && value !== null) for (const name of Object.keys(value)) note(entries, `${key} ${name}`, path);
    }
  }
  return { policies, tests, entries, agents: [...entries.keys()].filter((each) => each.startsWith('agents ')).map((each) => each.slice('agents '.length)) };
}

function note(names: Map<string, string>, name: string | undefined, path: string): void {
  if (name !== undefined && !names.has(name)) names.set(name, path);
}

function nameIn(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' ? value.name : undefined;
}

function free(name: string, taken: ReadonlyMap<string, string>): string {
  for (let number = 2; ; number++) if (!taken.has(`${name}-${number}`)) return `${name}-${number}`;
}

interface Left {
  readonly section: string;
  readonly name: string;
  readonly file: string;
  /** Offsets of the entry, from its key to the end of its value. */
  readonly start: number;
  readonly end: number;
}

function leftOut(text: string, taken: Names): readonly Left[] {
  const document = openDocument(text);
  return document.sections.flatMap(({ key: section, value }) => {
    if (!(DECLARING as readonly string[]).includes(section) || typeof value !== 'object' || value === null) return [];
    return Object.keys(value).flatMap((name): Left[] => {
      const file = taken.entries.get(`${section} ${name}`);
      const place = document.locate([section, name]);
      return file !== undefined && place?.key ? [{ section, name, file, start: place.key.start, end: place.value.end }] : [];
    });
  });
}

function commentedOut(text: string, left: readonly Left[]): string {
  return [...left].sort((a, b) => b.start - a.start).reduce((before, { start, end, file }) => {
    const from = before.lastIndexOf('\n', start) + 1;
    const last = from + before.slice(from, end).trimEnd().length;
    const to = before.indexOf('\n', last) < 0 ? before.length : before.indexOf('\n', last);
    const indent = before.slice(from, start);
    const lines = before.slice(from, to).split('\n').map((line) => (line.trim() === '' ? line : `${indent}# ${line.slice(indent.length)}`));
    return `${before.slice(0, from)}${indent}# ${file} says already what this is:\n${lines.join('\n')}${before.slice(to)}`;
  }, text);
}

/** Tests have names of their own too. A number behind one that is taken makes it another. */
function withTestNames(text: string, taken: ReadonlyMap<string, string>): string {
  const document = openDocument(text);
  const places = testsIn(text).flatMap((each, index) => {
    const name = nameIn(each);
    const place = document.locate(['tests', index, 'name']);
    return name !== undefined && taken.has(name) && place ? [{ name, ...place.value }] : [];
  });
  return places.reverse().reduce((before, { name, start, end }) => {
    let number = 2;
    while (taken.has(`${name} (${number})`)) number++;
    return `${before.slice(0, start)}${JSON.stringify(`${name} (${number})`)}${before.slice(end)}`;
  }, text);
}

/** One declared agent for each that the tests start and nobody declares, as different ones as there are. */
function otherAgents(text: string, declared: readonly string[]): Fitted['agents'] {
  if (declared.length === 0) return [];
  const started = [...new Set(testsIn(text).flatMap(startedBy))].filter((name) => !declared.includes(name));
  return started.map((from, index) => ({ from, to: declared[index % declared.length]! }));
}

function startedBy(test: unknown): readonly string[] {
  const steps = typeof test === 'object' && test !== null && 'steps' in test && Array.isArray(test.steps) ? (test.steps as readonly unknown[]) : [];
  return steps.flatMap((step) => {
    const spawn = typeof step === 'object' && step !== null && 'spawn' in step ? step.spawn : undefined;
    if (typeof spawn === 'string') return [spawn];
    return typeof spawn === 'object' && spawn !== null && 'agent' in spawn && typeof spawn.agent === 'string' ? [spawn.agent] : [];
  });
}

/** Tests stand last in a template, and the names of its agents stand there for nothing else. */
function withAgents(text: string, agents: Fitted['agents']): string {
  const start = text.indexOf('\ntests:');
  if (start < 0 || agents.length === 0) return text;
  const to = new Map(agents.map((each) => [each.from, each.to]));
  return text.slice(0, start) + text.slice(start).replace(new RegExp(agents.map(({ from }) => word(from).source).join('|'), 'g'), (from) => to.get(from)!);
}

function testsIn(text: string): readonly unknown[] {
  const tests = openDocument(text).sections.find(({ key }) => key === 'tests')?.value;
  return Array.isArray(tests) ? tests : [];
}
