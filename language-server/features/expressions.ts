// Inside an expression: which facts, functions and macros could be written at the cursor, and what the one under it means.

import type { FactField, FactFields, FactType } from '../../runtime/policy/cel/expression.ts';
import { FUNCTIONS, METHODS } from '../../runtime/policy/cel/functions.ts';
import { MACROS } from '../../runtime/policy/cel/macros.ts';
import { plainType } from '../../runtime/policy/cel/types.ts';
import type { GovernanceDocument, Span } from '../../runtime/policy/document.ts';
import { eventsWith } from '../../runtime/policy/fact-catalogue.ts';
import { reachOf } from './expression-chain.ts';
import type { Reach } from './expression-chain.ts';
import { expressionSite } from './expression-site.ts';
import type { ExpressionSite } from './expression-site.ts';
import { paragraphs } from './markdown.ts';
import type { Place } from './place.ts';

/** Something that could be written, with what is to be known about it. */
export interface ExpressionName {
  readonly label: string;
  readonly sort: 'fact' | 'function';
  /** With tab stops in the syntax of the Language Server Protocol when it is a function. */
  readonly text: string;
  readonly detail: string;
  readonly markdown: string;
}

export interface ExpressionCompletion {
  /** The half-written word. */
  readonly word: Span;
  readonly names: readonly ExpressionName[];
}

/** What may follow in the expression around the offset; undefined when there is none there. */
export function completeExpression(document: GovernanceDocument, offset: number, place: Place): ExpressionCompletion | undefined {
  const site = expressionSite(document, offset, place);
  if (!site) return undefined;
  const reach = reachOf(site.before, site.variables);
  const start = offset - (reach?.word.length ?? 0);
  return { word: { start, end: offset + followingName(document.text, offset).length }, names: reach ? namesFor(reach, site) : [] };
}

/** The fact, function or macro whose name holds the offset. */
export function explainExpression(document: GovernanceDocument, offset: number, place: Place): { readonly at: Span; readonly markdown: string } | undefined {
  const end = offset + followingName(document.text, offset).length;
  const site = expressionSite(document, end, place);
  const reach = site && reachOf(site.before, site.variables);
  if (!reach || reach.word === '') return undefined;
  const found = namesFor(reach, site).find(({ label }) => label === reach.word);
  return found && { at: { start: end - reach.word.length, end }, markdown: found.markdown };
}

const followingName = (text: string, offset: number): string => /^\w*/.exec(text.slice(offset, offset + 80))![0];

function namesFor({ receiver, bound }: Reach, site: ExpressionSite): readonly ExpressionName[] {
  if (!receiver) return [...factNames({ ...site.variables, ...bound }, '', site), ...(site.calls ? FUNCTION_NAMES : [])];
  const { type, path } = receiver;
  if (typeof type === 'object' && 'fields' in type) return factNames(type.fields, path === undefined ? undefined : `${path}.`, site);
  return site.calls ? methodNames(type) : [];
}

/** `prefix` is absent for the fields of something that has no name of its own, as a document in a list. */
function factNames(fields: FactFields, prefix: string | undefined, { events }: ExpressionSite): readonly ExpressionName[] {
  return Object.entries(fields).map(([name, field]) => {
    const path = prefix === undefined ? name : `${prefix}${name}`;
    return { label: name, sort: 'fact', text: name, detail: typeText(field.type), markdown: factMarkdown(path, field, prefix === undefined || events.length === 0 ? '' : existence(path, events)) };
  });
}

function factMarkdown(path: string, field: FactField, where: string): string {
  const absent = field.optional ? `May be absent: ask \`has(${path})\` first, or the policy cannot be judged.` : '';
  return paragraphs(`**${path}** — *${typeText(field.type)}*`, field.description, absent, where);
}

/** Only worth saying where the fact is missing in some of the events. */
function existence(path: string, events: ExpressionSite['events']): string {
  const having = eventsWith(path, events);
  if (having.length === 0) return '';
  return having.length === events.length ? 'In every event that this policy looks at.' : `Only in ${having.map((event) => `\`${event}\``).join(', ')}: a condition that reads it leaves the other events out.`;
}

export function typeText(type: FactType): string {
  if (typeof type === 'string') return type === 'dyn' ? 'any value' : plainType(type);
  if ('list' in type) return `list of ${typeText(type.list)}`;
  return 'map' in type ? `map of ${typeText(type.map)}` : 'group of facts';
}

const call = (name: string, takesMore: boolean, description: string, shown: string): ExpressionName => ({ label: name, sort: 'function', text: takesMore ? `${name}($1)$0` : `${name}()$0`, detail: shown, markdown: paragraphs(`**${shown}**`, description) });

/** What each macro says of a list. */
const MACRO_MEANING: Readonly<Record<string, string>> = {
  all: 'Whether the condition holds for every item.',
  exists: 'Whether the condition holds for some item.',
  exists_one: 'Whether the condition holds for exactly one item.',
  filter: 'The items for which the condition holds.',
  map: 'What is made of each item; with three arguments, of those for which the first condition holds.',
};

const FUNCTION_NAMES: readonly ExpressionName[] = [
  call('has', true, 'Whether a fact that may be absent is there.', 'has(path)'),
  ...Object.entries(FUNCTIONS).map(([name, { description, overloads }]) => call(name, true, description, `${name}(${[...new Set(overloads.map(({ takes }) => takes[0] ?? 'any'))].join(' | ')})`)),
];

const MACRO_NAMES: readonly ExpressionName[] = Object.keys(MACROS).map((name) => ({
  label: name, sort: 'function', text: `${name}(\${1:item}, $2)$0`, detail: `${name}(item, ${name === 'map' ? 'value' : 'condition'})`,
  markdown: paragraphs(`**${name}(item, ${name === 'map' ? 'value' : 'condition'})**`, MACRO_MEANING[name] ?? ''),
}));

/** Methods of what is known of the receiver; all of them when nothing is. */
function methodNames(type: FactType): readonly ExpressionName[] {
  const kind = typeof type === 'string' ? type : 'list' in type ? 'list' : 'map';
  const fits = (takes: string | undefined): boolean => kind === 'dyn' || takes === kind || takes === 'any';
  const methods = Object.entries(METHODS).flatMap(([name, { description, overloads }]) => {
    const fitting = overloads.filter(({ takes }) => fits(takes[0]));
    if (fitting.length === 0) return [];
    const more = fitting.reduce((most, { takes }) => (takes.length > most.length ? takes : most), fitting[0]!.takes).slice(1);
    return [call(name, fitting.every(({ takes }) => takes.length > 1), description, `${name}(${more.join(', ')})`)];
  });
  return kind === 'dyn' || kind === 'list' || kind === 'map' ? [...methods, ...MACRO_NAMES] : methods;
}
