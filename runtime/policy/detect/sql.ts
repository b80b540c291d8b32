// What an SQL statement does: which tables and columns it reads, what it writes, and how much. Read from its syntax tree; what cannot be read counts as a write on unknown tables.

import { parse } from 'pgsql-ast-parser';
import { isHarmlessFunction } from './sql-functions.ts';
import { plainSql } from './sql-text.ts';

export interface SqlStatement {
  /** Of the statement itself; a `select` over a part that writes is a `select` that `writes`. */
  readonly verb: 'select' | 'insert' | 'update' | 'delete' | 'ddl' | 'other';
  /** False only when it is certain that nothing changes. */
  readonly writes: boolean;
  /** Tables that are read, in lower case, with the schema where it is written. */
  readonly reads: readonly string[];
  /** Tables that are written. */
  readonly targets: readonly string[];
  /** Columns that are read or written: `table.column` where the table is written, else `column`; `*` for all. */
  readonly columns: readonly string[];
  /** Functions that may change something: all but those known not to. */
  readonly calls: readonly string[];
  /** Most rows of the answer, when the statement says so by a number. */
  readonly limit?: number;
  /** True when an UPDATE or DELETE in it has no WHERE. */
  readonly unfiltered?: boolean;
}

export type SqlReading = { readonly kind: 'parsed'; readonly statements: readonly SqlStatement[] } | { readonly kind: 'unparsed'; readonly reason: string };

/** Reads one or more statements of PostgreSQL, and what MySQL and SQLite have in common with it. Never throws. */
export function readStatement(sql: string): SqlReading {
  const plain = plainSql(sql);
  if ('reason' in plain) return { kind: 'unparsed', reason: plain.reason };
  try {
    const statements = parse(plain.text) as unknown as readonly Node[];
    return { kind: 'parsed', statements: statements.map(statementOf) };
  } catch {
    return { kind: 'unparsed', reason: `it is no ${/^\s*([a-z]+)/i.exec(plain.text)?.[1]?.toUpperCase() ?? 'statement'} that can be read` };
  }
}

/** A node of the syntax tree: its shape is not taken for granted, so that a form that is new to us is looked through like all others. */
interface Node {
  readonly type?: string;
  readonly [key: string]: unknown;
}

const VERBS: Readonly<Record<string, SqlStatement['verb']>> = { select: 'select', union: 'select', 'union all': 'select', values: 'select', insert: 'insert', update: 'update', delete: 'delete' };
/** Statements that change nothing but the transaction they are in. */
const IDLE = new Set(['begin', 'start transaction', 'commit', 'rollback', 'show', 'select', 'union', 'union all', 'values', 'with', 'with recursive']);
const DEFINES = /^(?:create|drop|alter|truncate|comment|refresh|reindex)/;

function statementOf(root: Node): SqlStatement {
  const found = new Found();
  found.parts(root);
  found.look(root);
  const main = mainOf(root);
  const verb = VERBS[main.type ?? ''] ?? (DEFINES.test(main.type ?? '') ? 'ddl' : 'other');
  const limit = verb === 'select' ? limitOf(main) : undefined;
  return { verb, ...found.result(), ...(limit !== undefined && { limit }) };
}

/** The statement after `WITH`. */
function mainOf(node: Node): Node {
  return (node.type === 'with' || node.type === 'with recursive') && isNode(node['in']) ? mainOf(node['in']) : node;
}

function limitOf(node: Node): number | undefined {
  const limit = isNode(node['limit']) ? node['limit']['limit'] : undefined;
  return isNode(limit) && limit.type === 'integer' && typeof limit['value'] === 'number' ? limit['value'] : undefined;
}

/** What is found in one statement. */
class Found {
  readonly #reads = new Set<string>();
  readonly #targets = new Set<string>();
  readonly #refs: { readonly table?: string; readonly column: string }[] = [];
  readonly #calls = new Set<string>();
  readonly #aliases = new Map<string, string>();
  /** Names that `WITH` gives to parts of the statement. */
  readonly #parts = new Set<string>();
  #writes = false;
  #unfiltered = false;

  result(): Omit<SqlStatement, 'verb'> {
    const columns = new Set(this.#refs.map(({ table, column }) => (column === '*' || table === undefined ? column : `${this.#aliases.get(table) ?? table}.${column}`)));
    return {
      writes: this.#writes || this.#calls.size > 0,
      reads: [...this.#reads], targets: [...this.#targets], columns: [...columns], calls: [...this.#calls],
      ...(this.#unfiltered && { unfiltered: true }),
    };
  }

  /** Names that the outermost `WITH` gives, unless a part reads a table of that name. Names given further inside hide nothing, which is the more cautious reading. */
  parts(root: Node): void {
    if (root.type !== 'with' && root.type !== 'with recursive') return;
    const names = root.type === 'with' ? ((root['bind'] as Node[] | undefined) ?? []).map(({ alias }) => alias) : [root['alias']];
    for (const name of names) if (isNode(name) && (root.type !== 'with' || !reads(root['bind'], nameOf(name)))) this.#parts.add(nameOf(name));
  }

  look(node: unknown, inCount = false): void {
    if (Array.isArray(node)) return node.forEach((each) => this.look(each, inCount));
    if (!isNode(node)) return;
    this.#note(node, inCount);
    const counts = node.type === 'call' && isNode(node['function']) && node['function']['name'] === 'count';
    for (const [key, value] of Object.entries(node)) {
      if (typeof value === 'object' && value !== null && !(key === 'function' && node.type === 'call')) this.look(value, counts && key === 'args');
    }
  }

  #note(node: Node, inCount: boolean): void {
    const { type } = node;
    if (type === undefined) return this.#assigned(node);
    if (type === 'ref') {
      if (!inCount || node['name'] !== '*') this.#refs.push({ column: String(node['name']).toLowerCase(), ...(isNode(node['table']) && { table: nameOf(node['table']) }) });
    } else if (type === 'table') this.#read(node['name']);
    else if (type === 'call') this.#call(node['function']);
    else if (type === 'insert') this.#written(node['into']);
    else if (type === 'update' || type === 'delete') {
      this.#written(node['table'] ?? node['from']);
      if (!node['where']) this.#unfiltered = true;
    } else if (DEFINES.test(type)) {
      this.#writes = true;
      for (const key of ['name', 'table', 'names', 'tables']) [node[key]].flat().forEach((each) => this.#written(each));
    } else if (STATEMENTS.has(type) && !IDLE.has(type)) this.#writes = true;
    if (type === 'insert' && Array.isArray(node['columns'])) for (const each of node['columns'] as Node[]) this.#refs.push({ column: String(each['name']).toLowerCase() });
  }

  /** `SET column = …` of an UPDATE, the only node without a type whose column is no `ref`. */
  #assigned(node: Node): void {
    if (isNode(node['column']) && 'value' in node) this.#refs.push({ column: String(node['column']['name']).toLowerCase() });
  }

  #read(name: unknown): void {
    if (!isNode(name)) return;
    const table = nameOf(name);
    if (typeof name['alias'] === 'string') this.#aliases.set(name['alias'].toLowerCase(), table);
    if (!this.#parts.has(table)) this.#reads.add(table);
  }

  #written(name: unknown): void {
    this.#writes = true;
    if (!isNode(name) || typeof name['name'] !== 'string') return;
    if (typeof name['alias'] === 'string') this.#aliases.set(name['alias'].toLowerCase(), nameOf(name));
    this.#targets.add(nameOf(name));
  }

  #call(called: unknown): void {
    if (isNode(called) && !isHarmlessFunction(nameOf(called))) this.#calls.add(nameOf(called));
  }
}

/** Types of statements that are looked at when they stand inside another, besides those above: all that are not known to be idle write. */
const STATEMENTS = new Set(['do', 'set', 'set timezone', 'set names', 'deallocate', 'prepare', 'raise', 'tablespace', 'unspecified', 'grant', 'revoke']);

function reads(node: unknown, table: string): boolean {
  if (Array.isArray(node)) return node.some((each) => reads(each, table));
  if (!isNode(node)) return false;
  if (node.type === 'table' && isNode(node['name']) && nameOf(node['name']) === table) return true;
  return Object.values(node).some((each) => typeof each === 'object' && reads(each, table));
}

function nameOf(node: Node): string {
  const name = String(node['name']).toLowerCase();
  return typeof node['schema'] === 'string' ? `${node['schema'].toLowerCase()}.${name}` : name;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
