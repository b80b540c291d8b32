// How a run graph grows without being copied: the newest graph of a line owns the tables, an older one remembers how to get back.
// After Baker, "Shallow binding makes functional arrays fast" (1991), with one difference: reading an old graph copies instead of
// re-rooting, so that what is newest stays fast and an iterator over any graph stays true while others grow.

import type { Balance, GateView, RunEdge, RunGraph, RunNode, RunSummary } from './run-graph.ts';

/** A list that shares its tail. */
export interface Link<T> { readonly item: T; readonly rest?: Link<T> }

/** How far a run's events have been taken in: its last `seq`, the latest time seen, its last node. */
export interface Cursor { readonly seq: number; readonly at: number; readonly tail: string }

/** Everything a graph knows. Keys are only ever added, values replaced. */
export interface Tables {
  runs: RunSummary;
  nodes: RunNode;
  gates: GateView;
  balances: Balance;
  /** By run. */
  cursors: Cursor;
  /** Nodes that come after a node, directly: what moves when it moves. */
  followers: Link<string> | null;
  /** Nodes whose cause has not been proposed yet, by the cause's id. */
  awaiting: Link<{ readonly node: string; readonly at: number }>;
  /** The last action of a run with a kind and a name. */
  attempts: string;
  /** What the newest event said that decided a value, where several runs may speak: `[at, spent, run, seq]`. */
  stamps: readonly [number, number, string, number];
  policyVersion: string;
  /** Events that were never seen, by run. */
  missing: number;
}
type Table = keyof Tables;
type State = { readonly [K in Table]: Map<string, Tables[K]> } & { readonly edges: RunEdge[] };
type Undo = { readonly table: Table; readonly key: string; readonly before: Tables[Table] | undefined };

/** One version of a growing graph. Reads like any `RunGraph`; `grow` gives the next version at a cost that does not depend on its size. */
export class GraphVersion implements RunGraph {
  #state: State | undefined;
  #next: GraphVersion | undefined;
  #undo: readonly Undo[] = [];
  #edges: readonly RunEdge[] | undefined;
  readonly #edgeCount: number;
  readonly runs: ReadonlyMap<string, RunSummary>;
  readonly nodes: ReadonlyMap<string, RunNode>;
  readonly gates: ReadonlyMap<string, GateView>;
  readonly balances: ReadonlyMap<string, Balance>;
  readonly missing: ReadonlyMap<string, number>;

  private constructor(state: State) {
    this.#state = state;
    this.#edgeCount = state.edges.length;
    const read = (): State => this.#own();
    this.runs = new TableView(read, 'runs');
    this.nodes = new TableView(read, 'nodes');
    this.gates = new TableView(read, 'gates');
    this.balances = new TableView(read, 'balances');
    this.missing = new TableView(read, 'missing');
  }

  get edges(): readonly RunEdge[] {
    return (this.#edges ??= this.#own().edges.slice(0, this.#edgeCount));
  }

  get policyVersion(): string | undefined {
    return this.#own().policyVersion.get('');
  }

  /** The first version of a line: there is nothing before it to remember. */
  static first(change: (draft: Draft) => void): GraphVersion {
    const state = emptyState();
    change(new Draft(state));
    return new GraphVersion(state);
  }

  /** The next version: `change` writes through the draft it is given. This version keeps what it had, and is returned when nothing was written. */
  grow(change: (draft: Draft) => void): GraphVersion {
    const state = this.#own();
    const undo: Undo[] = [];
    change(new Draft(state, undo));
    if (undo.length === 0) return this;
    const next = new GraphVersion(state);
    this.#state = undefined;
    this.#next = next;
    this.#undo = undo;
    return next;
  }

  read<K extends Table>(table: K, key: string): Tables[K] | undefined {
    return this.#own()[table].get(key) as Tables[K] | undefined;
  }

  /** The tables as of this version: the shared ones while it is the newest, a copy taken back in time once it is not. */
  #own(): State {
    if (this.#state) return this.#state;
    const steps: (readonly Undo[])[] = [];
    let version: GraphVersion = this;
    while (!version.#state) {
      steps.push(version.#undo);
      version = version.#next!;
    }
    const state = copyState(version.#state, this.#edgeCount);
    for (const step of steps.reverse()) for (const undo of step.toReversed()) takeBack(state, undo);
    this.#state = state;
    this.#next = undefined;
    this.#undo = [];
    return state;
  }
}

/** Write access to the tables for one change. Every write is remembered so that the version before can be read again. */
export class Draft {
  readonly #state: State;
  readonly #undo: Undo[] | undefined;

  constructor(state: State, undo?: Undo[]) {
    this.#state = state;
    this.#undo = undo;
  }

  get<K extends Table>(table: K, key: string): Tables[K] | undefined {
    return this.#state[table].get(key) as Tables[K] | undefined;
  }

  put<K extends Table>(table: K, key: string, value: Tables[K]): void {
    const map = this.#state[table] as Map<string, Tables[K]>;
    this.#undo?.push({ table, key, before: map.get(key) });
    map.set(key, value);
  }

  link(edge: RunEdge): void {
    this.#state.edges.push(edge);
  }
}

/** A table as a read-only map. Keys are only appended, so an iterator that was started stays right when the line grows under it. */
class TableView<K extends Table> implements ReadonlyMap<string, Tables[K]> {
  readonly #read: () => State;
  readonly #table: K;
  readonly size: number;

  constructor(read: () => State, table: K) {
    this.#read = read;
    this.#table = table;
    this.size = this.#map().size;
  }

  #map(): Map<string, Tables[K]> {
    return this.#read()[this.#table] as unknown as Map<string, Tables[K]>;
  }

  get(key: string): Tables[K] | undefined {
    return this.#map().get(key);
  }

  has(key: string): boolean {
    return this.#map().has(key);
  }

  forEach(visit: (value: Tables[K], key: string, map: ReadonlyMap<string, Tables[K]>) => void): void {
    for (const [key, value] of this) visit(value, key, this);
  }

  *keys(): MapIterator<string> {
    let left = this.size;
    for (const key of this.#map().keys()) {
      if (left-- === 0) return;
      yield key;
    }
  }

  *values(): MapIterator<Tables[K]> {
    for (const key of this.keys()) yield this.get(key)!;
  }

  *entries(): MapIterator<[string, Tables[K]]> {
    for (const key of this.keys()) yield [key, this.get(key)!];
  }

  [Symbol.iterator](): MapIterator<[string, Tables[K]]> {
    return this.entries();
  }
}

function emptyState(): State {
  return {
    runs: new Map(), nodes: new Map(), gates: new Map(), balances: new Map(), cursors: new Map(), followers: new Map(),
    awaiting: new Map(), attempts: new Map(), stamps: new Map(), policyVersion: new Map(), missing: new Map(), edges: [],
  };
}

function copyState(state: State, edges: number): State {
  const tables = Object.entries(state).map(([name, table]) => [name, table instanceof Map ? new Map<string, unknown>(table) : table.slice(0, edges)]);
  return Object.fromEntries(tables) as State;
}

function takeBack(state: State, { table, key, before }: Undo): void {
  const map = state[table] as Map<string, Tables[Table]>;
  if (before === undefined) map.delete(key);
  else map.set(key, before);
}
