// What could be written at the cursor: keys, values, names, whole policies. Works while the text around is broken.

import type { TextRange } from '../../protocol/finding.ts';
import { stronger } from '../../protocol/verdict.ts';
import type { Disposition } from '../../protocol/verdict.ts';
import { describeCategories, describeCategory, fieldAt, flowText } from '../../runtime/policy/describe.ts';
import type { Field, Shape } from '../../runtime/policy/describe.ts';
import type { GovernanceDocument, Path } from '../../runtime/policy/document.ts';
import { categoryNamed } from '../../runtime/policy/registry.ts';
import { isGlob } from '../../runtime/policy/globs.ts';
import { keyKindAt, kindAt, SECTIONS } from '../names.ts';
import type { NameKind } from '../names.ts';
import type { Scope } from '../scope.ts';
import { completeExpression } from './expressions.ts';
import type { ExpressionName } from './expressions.ts';
import { categoryMarkdown, declarationMarkdown, dispositionMarkdown, fieldMarkdown, isDisposition, isRecord } from './markdown.ts';
import { placeAt } from './place.ts';
import type { Place } from './place.ts';

export interface Proposal {
  readonly label: string;
  readonly sort: 'key' | 'value' | 'category' | 'name' | 'snippet' | 'fact' | 'function';
  /** What it replaces: on one line, around the cursor. */
  readonly range: TextRange;
  readonly text: string;
  /** True when `text` holds tab stops in the syntax of the Language Server Protocol. */
  readonly snippet: boolean;
  readonly detail?: string;
  /** Text order among proposals. */
  readonly rank: string;
  readonly topic?: Topic;
}

/** From what the documentation of a proposal is made, once it is asked for. Plain data: it travels to the editor and back. */
export type Topic =
  | { readonly of: 'category'; readonly id: string }
  | { readonly of: 'field'; readonly path: Path; readonly category?: string }
  | { readonly of: 'disposition'; readonly name: Disposition; readonly category?: string }
  | { readonly of: 'text'; readonly markdown: string };

export function complete(document: GovernanceDocument, offset: number, scope: Scope): readonly Proposal[] {
  const place = placeAt(document, offset);
  if (place.cursor.where === 'comment') return [];
  const inside = completeExpression(document, offset, place);
  const range = document.range(inside?.word ?? place.cursor.word);
  const drafts = inside ? inside.names.map(expressionDraft) : place.cursor.where === 'key' ? keyDrafts(place, document, scope) : valueDrafts(place, document, scope);
  return drafts.map((draft, index) => ({ range, rank: `${draft.first ? 0 : 1}${String(index).padStart(4, '0')}`, snippet: false, ...draft, text: gap(place) + draft.text }));
}

/** Documentation of a proposal's topic, in Markdown. Undefined for anything that is not a topic. */
export function explainTopic(topic: unknown): string | undefined {
  const known = topic as Topic | undefined;
  switch (known?.of) {
    case 'category': {
      const category = describeCategory(known.id);
      return category && categoryMarkdown(category);
    }
    case 'field': {
      const field = fieldAt(known.path, known.category);
      return field && fieldMarkdown(field);
    }
    case 'disposition': return dispositionMarkdown(known.name, known.category === undefined ? undefined : describeCategory(known.category)?.dispositions);
    case 'text': return known.markdown;
    default: return undefined;
  }
}

interface Draft extends Pick<Proposal, 'label' | 'sort' | 'text'> {
  readonly snippet?: boolean;
  readonly detail?: string;
  readonly first?: boolean;
  readonly topic?: Topic;
}

const expressionDraft = ({ markdown, ...name }: ExpressionName): Draft => ({ ...name, snippet: name.sort === 'function', first: name.sort === 'fact', topic: { of: 'text', markdown } });

/** A colon needs a space before its value. */
const gap = ({ before, cursor }: Place): string => (cursor.where === 'value' && !cursor.quoted && before.endsWith(':') ? ' ' : '');

function keyDrafts(place: Place, document: GovernanceDocument, scope: Scope): readonly Draft[] {
  const { shape, cursor } = place;
  if (shape?.kind === 'list') return newItems(place, shape.item, document, scope);
  if (shape?.kind === 'map') return mapKeys(place, scope);
  const whole = cursor.path.length === 2 && cursor.path[0] === 'policies' && cursor.siblings.length === 0 ? policySnippets(place, cursor.column, '') : [];
  return [...whole, ...fieldDrafts(place, fieldsOf(shape), cursor.path)];
}

function valueDrafts(place: Place, document: GovernanceDocument, scope: Scope): readonly Draft[] {
  const { shape, cursor, before } = place;
  const isItem = typeof cursor.path.at(-1) === 'number';
  if (!shape) return [];
  if (isItem && !cursor.flow && before.trim() === '') return newItems(place, shape, document, scope);
  if (isItem && shape.kind === 'object') {
    const whole = cursor.path.length === 2 && cursor.path[0] === 'policies' ? policySnippets(place, before.length, '') : [];
    return [...whole, ...fieldDrafts(place, shape.fields, cursor.path, before.length)];
  }
  return scalarDrafts(place, shape, cursor.path, taken(document, cursor.path), scope);
}

/** Items of a list, each with the dash that it needs where there is none yet. */
function newItems(place: Place, item: Shape, document: GovernanceDocument, scope: Scope): readonly Draft[] {
  const list = typeof place.cursor.path.at(-1) === 'number' ? place.cursor.path.slice(0, -1) : place.cursor.path;
  if (list.length === 1 && list[0] === 'policies') return policySnippets(place, place.before.length + 2, '- ');
  return scalarDrafts(place, item, [...list, 0], taken(document, [...list, 0]), scope).map((draft) => ({ ...draft, text: `- ${draft.text}` }));
}

function policySnippets({ cursor }: Place, column: number, lead: string): readonly Draft[] {
  if (cursor.flow) return [];
  return describeCategories().map(({ id, title, snippet }) => ({ label: `${id} policy`, sort: 'snippet', text: lead + indented(snippet, column), snippet: true, detail: title, topic: { of: 'category', id } }));
}

function fieldDrafts({ cursor, category, word }: Place, fields: readonly Field[], path: Path, column = cursor.column): readonly Draft[] {
  const written = new Set(cursor.siblings);
  return fields.filter(({ name }) => !written.has(name)).map((field) => ({
    label: field.name,
    sort: 'key',
    ...keyText(cursor, field, column, word),
    detail: field.type,
    first: field.required,
    topic: { of: 'field', path: [...path, field.name], ...(category === undefined ? {} : { category }) },
  }));
}

/** A key with its colon and a place for its value; only the name where the colon stands already. */
function keyText(cursor: Place['cursor'], field: Field, column: number, word: string): { readonly text: string; readonly snippet: boolean } {
  const { parsed, start } = cursor.part;
  const hasColon = /^["']?[ \t]*:/.test(parsed.text.slice(cursor.word.end - start, cursor.word.end - start + 80)) && word !== '';
  if (hasColon || cursor.quoted) return { text: field.name, snippet: false };
  return { text: cursor.flow ? flowSnippet(field) : indented(field.snippet, column), snippet: true };
}

function flowSnippet({ name, shape, snippet }: Field): string {
  if (!snippet.includes('\n')) return snippet;
  return shape.kind === 'list' ? `${name}: [{ $0 }]` : `${name}: { $0 }`;
}

/** Names that other places use but nothing declares yet, and models for a mapping by model. */
function mapKeys({ cursor, category }: Place, scope: Scope): readonly Draft[] {
  const [top] = cursor.path;
  const kind = cursor.path.length === 1 && typeof top === 'string' && Object.hasOwn(SECTIONS, top) ? SECTIONS[top as keyof typeof SECTIONS] : keyKindAt(cursor.path, category);
  if (!kind) return [];
  const declared = new Set([...cursor.siblings, ...scope.declared(kind).map(({ name }) => name)]);
  const used = [...new Set(scope.uses(kind).map(({ name }) => name))].filter((name) => !declared.has(name) && !isGlob(name));
  return used.map((name) => ({ label: name, sort: 'name', text: cursor.flow ? `${flowText(name)}: { $0 }` : `${flowText(name)}:\n${' '.repeat(cursor.column + 2)}$0`, snippet: true, detail: kind === 'model' ? 'named in a policy' : 'used, not declared' }));
}

function scalarDrafts(place: Place, shape: Shape, path: Path, written: ReadonlySet<string>, scope: Scope): readonly Draft[] {
  const names = nameDrafts(place, path, written, scope);
  if (names.length > 0 && shape.kind !== 'list') return names;
  switch (shape.kind) {
    case 'enum': return shape.values.filter((value) => !written.has(value) && isStep(place, path, value)).map((value) => enumDraft(place, path, value));
    case 'boolean': return ['true', 'false'].map((value) => ({ label: value, sort: 'value', text: value, ...(String(place.field?.default) === value ? { detail: 'default' } : {}) }));
    case 'number': case 'integer': return numberDrafts(place);
    case 'list': return place.cursor.quoted ? [] : scalarDrafts(place, shape.item, [...path, 0], written, scope).map(inBrackets);
    case 'either': return shape.options.flatMap((option) => scalarDrafts(place, option, path, written, scope));
    default: return [];
  }
}

/** A step of `escalate:` is stronger than what the policy begins with. */
function isStep({ category, begins }: Place, path: Path, value: string): boolean {
  if (path.at(-1) !== 'on_violation' || path[2] !== 'escalate') return true;
  const base = begins ?? (category === undefined ? undefined : describeCategory(category)?.onViolation);
  return !isDisposition(value) || !base || !isDisposition(base) || stronger(value, base);
}

const inBrackets = (draft: Draft): Draft => ({ ...draft, text: draft.snippet ? `[${draft.text}]` : `[${draft.text.replace(/[\\$}]/g, '\\$&')}$0]`, snippet: true });

function enumDraft({ category, field, cursor }: Place, path: Path, value: string): Draft {
  const text = cursor.quoted ? value : flowText(value);
  const last = path.at(-1);
  if (last === 'category') return { label: value, sort: 'category', text, detail: describeCategory(value)?.title ?? '', topic: { of: 'category', id: value } };
  const isDefault = field?.default === value ? { detail: 'default', first: true } : {};
  if (last === 'on_violation' && isDisposition(value)) return { label: value, sort: 'value', text, ...isDefault, topic: { of: 'disposition', name: value, ...(category === undefined ? {} : { category }) } };
  return { label: value, sort: 'value', text, ...isDefault, topic: { of: 'field', path, ...(category === undefined ? {} : { category }) } };
}

function numberDrafts({ field }: Place): readonly Draft[] {
  const values = new Map<unknown, string>([...(field?.default === undefined ? [] : [[field.default, 'default'] as const]), ...(field?.examples ?? []).filter((each) => each !== field?.default).map((each) => [each, 'example'] as const)]);
  return [...values].filter(([value]) => typeof value === 'number').map(([value, detail]) => ({ label: String(value), sort: 'value', text: String(value), detail: field?.unit ? `${detail}, ${field.unit}` : detail }));
}

function nameDrafts({ category, cursor, word, name: own }: Place, path: Path, written: ReadonlySet<string>, scope: Scope): readonly Draft[] {
  const kind = kindAt(path, category);
  if (!kind) return [];
  const draft = (name: string): Draft => ({ label: name, sort: 'name', text: cursor.quoted ? name : flowText(name) });
  if (kind === 'model') return unwritten(usedNames(kind, scope), new Set([...written, word])).map((name) => ({ ...draft(name), detail: 'named in a policy' }));
  if (path.at(-1) === 'overrides') return overridable(scope, category, own).map((each) => ({ ...draft(each.name), detail: each.replaceable ? 'overridable' : 'does not say `overridable: true`', first: each.replaceable, ...topicOf(each) }));
  const declared = new Map(scope.declared(kind).map((each) => [each.name, each]));
  const others = unwritten(usedNames(kind, scope), new Set([...written, ...declared.keys(), word])).map((name) => ({ ...draft(name), detail: 'used, not declared' }));
  return [...unwritten(declared.keys(), written).map((name) => ({ ...draft(name), detail: kind, first: true, ...topicOf(declared.get(name)) })), ...others];
}

/** Policies of the same category that are not this one. */
function overridable(scope: Scope, category: string | undefined, own: string | undefined) {
  const id = category === undefined ? undefined : categoryNamed(category)?.id;
  return scope.declared('policy').flatMap((each) => {
    const keys = isRecord(each.value) ? each.value : {};
    const same = typeof keys['category'] === 'string' && categoryNamed(keys['category'])?.id === id;
    return same && each.name !== own ? [{ ...each, replaceable: keys['overridable'] === true }] : [];
  });
}

function topicOf(declaration: ReturnType<Scope['declared']>[number] | undefined): { readonly topic?: Topic } {
  return declaration ? { topic: { of: 'text', markdown: declarationMarkdown(declaration, declaration.file) } } : {};
}

const usedNames = (kind: NameKind, scope: Scope): readonly string[] => scope.uses(kind).map(({ name }) => name);
const unwritten = (names: Iterable<string>, written: ReadonlySet<string>): readonly string[] => [...new Set(names)].filter((name) => !written.has(name));

/** Items that the list around a path holds already, when it parses; the one under the cursor counts as not written. */
function taken(document: GovernanceDocument, path: Path): ReadonlySet<string> {
  const own = path.at(-1);
  if (typeof own !== 'number') return new Set();
  const item = (index: number): string | undefined => {
    const found = document.locate([...path.slice(0, -1), index]);
    return found && document.text.slice(found.value.start, found.value.end).replace(/^(["'])(.*)\1$/, '$2');
  };
  const items: string[] = [];
  for (let index = 0, text = item(0); text !== undefined; text = item(++index)) if (index !== own) items.push(text);
  return new Set(items);
}

function fieldsOf(shape: Shape | undefined): readonly Field[] {
  if (shape?.kind === 'object') return shape.fields;
  return shape?.kind === 'either' ? shape.options.flatMap(fieldsOf) : [];
}

/** Lines after the first stand `column` further right. */
const indented = (snippet: string, column: number): string => snippet.replaceAll('\n', `\n${' '.repeat(column)}`);
