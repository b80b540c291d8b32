// The names that governance files declare and use: agents, fleets, tools, domains, signals, policies. Read part by part and remembered by syntax tree, so that an edit costs one part.

import { isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair } from 'yaml';
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
    const names = namesOf(part);
    this.#known.set(part.parsed, names);
    return names;
  }
}

/** What kind of name stands at a path, if any: the one table of where names are used. */
export function kindAt(path: Path): NameKind | undefined {
  const [top, second, ...rest] = path;
  const last = rest.findLast((step) => typeof step === 'string');
  if (top === 'agents' && rest[0] === 'fleet') return 'fleet';
  if (top === 'tests' && rest.length === 1 && last === 'agent') return 'agent';
  if (top === 'tests' && last === 'policy') return 'policy';
  if (top === 'signals' && rest.join('.') === 'starts.agent') return 'agent';
  if (top === 'domains' && rest[0] === 'grants') return rest[2] === 'agents' ? 'agent' : undefined;
  if (top !== 'policies' || typeof second !== 'number') return undefined;
  if (rest[0] === 'overrides') return 'policy';
  if (rest[0] === 'scope') return SCOPE_KINDS.get(String(last));
  return rest[0] === 'rules' && typeof rest[1] === 'string' ? RULE_KINDS.get(String(last)) : undefined;
}

const SCOPE_KINDS: ReadonlyMap<string, NameKind> = new Map([['agents', 'agent'], ['fleets', 'fleet']]);

/** Fields of rules that hold names, by the name of the field: the same word means the same thing in every category. */
const RULE_KINDS: ReadonlyMap<string, NameKind> = new Map<string, NameKind>([
  ...['require_approval_for', 'blocked_tools', 'allowed_tools', 'tools', 'exempt_tools', 'risky_tools', 'required_tools'].map((field) => [field, 'tool'] as const),
  ...['allowed_agents', 'blocked_agents', 'denied_agents', 'agents', 'allowed_children', 'blocked_children'].map((field) => [field, 'agent'] as const),
  ...['allowed_models', 'blocked_models', 'models', 'model', 'fallback_model'].map((field) => [field, 'model'] as const),
]);

function namesOf(part: Part): FileNames {
  const declarations: Declaration[] = [];
  const uses: Use[] = [];
  const root = part.kind === 'policy' ? ['policies'] : [];
  walk(part.parsed.node, root, part.parsed.value, (path, node, value, pair) => {
    const declared = declarationAt(path, node, value, pair);
    if (declared) declarations.push(declared);
    const kind = isScalar(node) && typeof node.value === 'string' ? kindAt(path) : undefined;
    if (kind && isScalar(node)) uses.push({ kind, name: String(node.value), at: spanOf(node) });
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

const moved = (span: Span, by: number): Span => ({ start: span.start + by, end: span.end + by });
