// What the word under the cursor means: a field, a category, a disposition, a declared name, the reach of a glob or of a scope.

import type { TextRange } from '../../protocol/finding.ts';
import { describeCategory } from '../../runtime/policy/describe.ts';
import type { GovernanceDocument } from '../../runtime/policy/document.ts';
import { isGlob, nameMatcher } from '../../runtime/policy/globs.ts';
import type { Declaration } from '../names.ts';
import type { Placed, Scope } from '../scope.ts';
import { explainExpression } from './expressions.ts';
import { categoryMarkdown, declarationMarkdown, dispositionMarkdown, fieldMarkdown, isDisposition, isRecord, paragraphs } from './markdown.ts';
import { nameAt } from './navigation.ts';
import { placeAt } from './place.ts';
import type { Place } from './place.ts';

export interface Info {
  readonly range: TextRange;
  readonly markdown: string;
}

export function hover(document: GovernanceDocument, offset: number, scope: Scope): Info | undefined {
  const place = placeAt(document, offset);
  if (place.word === '' || place.cursor.where === 'comment') return undefined;
  const fact = explainExpression(document, offset, place);
  if (fact) return { range: document.range(fact.at), markdown: fact.markdown };
  const named = nameInfo(document, offset, scope);
  if (named) return named;
  const markdown = place.onKey ? keyMarkdown(place, document, scope) : valueMarkdown(place);
  return markdown === undefined ? undefined : { range: document.range(place.cursor.word), markdown };
}

function keyMarkdown({ field, full, category }: Place, document: GovernanceDocument, scope: Scope): string | undefined {
  if (!field) return undefined;
  const extra = full.at(-1) === 'scope' && full[0] === 'policies' ? reach(document, full, scope)
    : full.at(-1) === 'rules' || full.at(-1) === 'category' ? categoryText(category) : '';
  return paragraphs(fieldMarkdown(field), extra);
}

function valueMarkdown({ field, full, word, category }: Place): string | undefined {
  if (!field) return undefined;
  if (full.at(-1) === 'category') return categoryText(word) || fieldMarkdown(field);
  if (full.at(-1) === 'on_violation' && isDisposition(word)) return dispositionMarkdown(word, category === undefined ? undefined : describeCategory(category)?.dispositions);
  return fieldMarkdown(field);
}

function categoryText(name: string | undefined): string {
  const category = name === undefined ? undefined : describeCategory(name);
  return category ? categoryMarkdown(category) : '';
}

/** A declared name, or the declared names that a glob matches. */
function nameInfo(document: GovernanceDocument, offset: number, scope: Scope): Info | undefined {
  const found = nameAt(document, offset, scope);
  if (!found || found.kind === 'model') return undefined;
  const range = document.range(found.at);
  const declared = scope.declared(found.kind);
  if (isGlob(found.name)) return { range, markdown: paragraphs(`**${found.name}** — matches ${count(declared.map(({ name }) => name).filter(nameMatcher([found.name])), declared.length, found.kind)}`) };
  const declaration = declared.find(({ name }) => name === found.name);
  if (!declaration) return { range, markdown: `**${found.name}** — ${found.kind} that no file declares` };
  const members = found.kind === 'fleet' ? `Agents: ${scope.declared('agent').filter(({ value }) => isRecord(value) && value['fleet'] === found.name).map(({ name }) => `\`${name}\``).join(', ') || 'none'}` : '';
  return { range, markdown: paragraphs(declarationMarkdown(declaration, declaration.file), members) };
}

/** Which declared agents a whole `scope:` lets in. */
function reach(document: GovernanceDocument, path: readonly (string | number)[], scope: Scope): string {
  const policy = document.policies[Number(path[1])]?.value;
  const written = isRecord(policy) ? policy['scope'] : undefined;
  if (!isRecord(written)) return '';
  const agents = scope.declared('agent');
  const names = agents.filter((agent) => admits(written, agent) && !excluded(written['except'], agent)).map(({ name }) => name);
  const rest = ['workflows', 'users'].filter((key) => written[key] !== undefined || (isRecord(written['except']) && written['except'][key] !== undefined));
  return `Applies to ${count(names, agents.length, 'agent')}${rest.length > 0 ? `, as far as ${rest.join(' and ')} match` : ''}`;
}

function admits(keys: Readonly<Record<string, unknown>>, { name, value }: Placed<Declaration>): boolean {
  const fleet = isRecord(value) && typeof value['fleet'] === 'string' ? value['fleet'] : undefined;
  return matches(keys['agents'], name) && matches(keys['fleets'], fleet);
}

/** Only an exception that depends on nothing but agent and fleet certainly leaves the agent out. */
function excluded(except: unknown, agent: Placed<Declaration>): boolean {
  return isRecord(except) && except['workflows'] === undefined && except['users'] === undefined && Object.keys(except).length > 0 && admits(except, agent);
}

function matches(patterns: unknown, name: string | undefined): boolean {
  if (patterns === undefined) return true;
  return name !== undefined && Array.isArray(patterns) && nameMatcher(patterns.map(String))(name);
}

function count(names: readonly string[], all: number, kind: string): string {
  const listed = names.slice(0, MANY).map((name) => `\`${name}\``).join(', ');
  const more = names.length > MANY ? ` and ${names.length - MANY} more` : '';
  return names.length === 0 ? `none of the ${all} declared ${kind}s` : `${names.length} of ${all} declared ${kind}s: ${listed}${more}`;
}

const MANY = 12;
