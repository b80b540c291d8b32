// The names that governance files declare and use: agents, fleets, tools, policies, models. Read part by part and remembered by syntax tree, so that an edit costs one part.

import { isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair } from 'yaml';
import { ACTION_KINDS } from '../protocol/action.ts';
import { fieldAt } from '../runtime/policy/describe.ts';
import type { GovernanceDocument, Parsed, Part, Path, Span } from '../runtime/policy/document.ts';

export const SECTIONS = { agents: 'agent', fleets: 'fleet', tools: 'tool', domains: 'domain', signals: 'signal' } as const;
export type NameKind = (typeof SECTIONS)[keyof typeof SECTIONS] | 'policy' | 'model';

/** Spans count from the start of the file. */
export interface Declaration {
  readonly kind: Exclude<NameKind, 'model'>;
  readonly name: string;
  readonly at: Span;
  /** All of its text. */
  readonly span: Span;
  /** What stands under the name. */
  readonly value: unknown;
}

/** A place where a name, or a glob over names, is written. */
export interface Use {
  readonly kind: NameKind;
  readonly name: string;
  readonly at: Span;
}

export interface FileNames {
  readonly declarations: readonly Declaration[];
  readonly uses: readonly Use[];
}

/** Remembers what each part declares and uses, for as long as its syntax tree lives. */
export class NameReader {
  readonly #known = new WeakMap<Parsed, FileNames>();
  readonly #kinds = new Map<string, NameKind | undefined>();

  read(document: GovernanceDocument): FileNames {
    const parts = document.parts.map((part) => ({ start: part.start, names: this.#part(part) }));
    return {
      declarations: parts.flatMap(({ start, names }) => names.declarations.map((each) => ({ ...each, at: moved(each.at, start), span: moved(each.span, start) }))),
      uses: parts.flatMap(({ start, names }) => names.uses.map((each) => ({ ...each, at: moved(each.at, start) }))),
    };
  }

  #part(part: Part): FileNames {
    const known = this.#known.get(part.parsed);
    if (known) return known;
    const names = namesOf(part, (path, category) => this.#kind('value', path, category), (path, category) => this.#kind('key', path, category));
    this.#known.set(part.parsed, names);
    return names;
  }

  /** The schema is asked once for all paths that differ only in a position or in a name of the author's choice. */
  #kind(of: 'key' | 'value', path: Path, category: string | undefined): NameKind | undefined {
    const key = JSON.stringify([of, category, ...path.map((step, at) => (typeof step === 'number' || (at === 1 && path[0] !== 'policies') ? 0 : step))]);
    if (!this.#kinds.has(key)) {
      if (this.#kinds.size >= MANY_PATHS) this.#kinds.clear();
      this.#kinds.set(key, of === 'key' ? keyKindAt(path, category) : kindAt(path, category));
    }
    return this.#kinds.get(key);
  }
}

/** What kind of name stands at a path, if any, as the schema says. `category` is that of the policy the path leads into. */
export function kindAt(path: Path, category: string | undefined): NameKind | undefined {
  const field = fieldAt(path, category);
  // Of a mapping it is the keys that are names.
  return field?.reference === 'category' || field?.shape.kind === 'map' ? undefined : field?.reference;
}

/** What kind of names the keys of the mapping at a path are. */
export function keyKindAt(path: Path, category: string | undefined): NameKind | undefined {
  const field = fieldAt(path, category);
  return field?.shape.kind === 'map' && field.name === path.at(-1) && field.reference !== 'category' ? field.reference : undefined;
}

/** False for what stands where a name could, and is something else: a kind of action, a path of a file or into a table, an expression. */
export function isName(kind: NameKind, text: string): boolean {
  if (kind === 'tool') return !NOT_TOOLS.has(text);
  return kind !== 'domain' || !/[./\\]/.test(text);
}

/** Words that such a list may hold and that are no names of tools. */
const NOT_TOOLS: ReadonlySet<string> = new Set(ACTION_KINDS);

function namesOf(part: Part, kindOf: typeof kindAt, keyKindOf: typeof keyKindAt): FileNames {
  const declarations: Declaration[] = [];
  const uses: Use[] = [];
  const root = part.kind === 'policy' ? ['policies'] : [];
  let category: string | undefined;
  walk(part.parsed.node, root, part.parsed.value, (path, node, value, pair) => {
    if (path.length === 2) category = text(value, 'category');
    const declared = declarationAt(path, node, value, pair);
    if (declared) declarations.push(declared);
    const kind = isScalar(node) && typeof node.value === 'string' && path.length > 2 ? kindOf(path, category) : undefined;
    if (kind && isScalar(node) && isName(kind, String(node.value))) uses.push({ kind, name: String(node.value), at: spanOf(node) });
    const keyKind = pair && path.length > 2 ? keyKindOf(path.slice(0, -1), category) : undefined;
    if (keyKind && isScalar(pair?.key)) uses.push({ kind: keyKind, name: String(pair.key.value), at: spanOf(pair.key) });
  });
  return { declarations, uses };
}

function declarationAt(path: Path, node: Node | null, value: unknown, pair: Pair | undefined): Declaration | undefined {
  const [top, second] = path;
  if (path.length !== 2) return undefined;
  if (top === 'policies' && typeof second === 'number') return policyAt(node, value);
  const kind = typeof top === 'string' && Object.hasOwn(SECTIONS, top) ? SECTIONS[top as keyof typeof SECTIONS] : undefined;
  if (!kind || !pair || !isScalar(pair.key)) return undefined;
  const at = spanOf(pair.key);
  return { kind, name: String(second), at, span: { start: at.start, end: Math.max(at.end, node ? spanOf(node).end : 0) }, value };
}

function policyAt(node: Node | null, value: unknown): Declaration | undefined {
  if (!isMap(node)) return undefined;
  const name = node.get('name', true);
  if (!isScalar(name) || name.value === null || name.value === undefined) return undefined;
  return { kind: 'policy', name: String(name.value), at: spanOf(name), span: spanOf(node), value };
}

type Visit = (path: Path, node: Node | null, value: unknown, pair?: Pair) => void;

/** Visits every node with its path. Bounded: the parser refuses text nested deeper than it reads. */
function walk(node: Node | null, path: Path, value: unknown, visit: Visit, pair?: Pair): void {
  visit(path, node, value, pair);
  if (isMap(node)) {
    for (const each of node.items) {
      if (!isScalar(each.key)) continue;
      const key = String(each.key.value ?? '');
      walk(each.value as Node | null, [...path, key], member(value, key), visit, each);
    }
  } else if (isSeq(node)) {
    node.items.forEach((item, index) => walk(item as Node | null, [...path, index], Array.isArray(value) ? value[index] : undefined, visit));
  }
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}

function text(value: unknown, key: string): string | undefined {
  const found = member(value, key);
  return typeof found === 'string' ? found : undefined;
}

/** More distinct paths than the language has; a file full of unknown keys must not fill the memory. */
const MANY_PATHS = 5000;

const moved = (span: Span, by: number): Span => ({ start: span.start + by, end: span.end + by });
