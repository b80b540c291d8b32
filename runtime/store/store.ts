// What the governor asks of a database: serialised transactions that are grouped into durable commits. Engines stand behind it; nothing above it knows which.

/** What can be bound to a parameter. A number must be finite, and a safe integer where it is whole; booleans are stored as 0 and 1. */
export type Value = string | number | bigint | null;

/**
 * The inside of one transaction. SQL is written with `$1`-style parameters in the dialect that SQLite and PostgreSQL share.
 * Whole numbers come back as numbers; one beyond the safe integers is an error, never a rounded value.
 */
export interface Tx {
  all<T>(sql: string, ...params: Value[]): Promise<T[]>;
  get<T>(sql: string, ...params: Value[]): Promise<T | undefined>;
  /** Returns how many rows changed. */
  run(sql: string, ...params: Value[]): Promise<number>;
}

/**
 * The two moments of a transaction. Either may be awaited alone: a rejection that nobody looks at harms nobody.
 * If `work` threw, only its own changes are undone and both reject with its error. If the commit fails, every transaction of its group
 * rejects with `store-failed`, also those whose `done` had resolved: so nothing may leave the process before `durable`.
 */
export interface Commit<T> {
  /** Executed, visible to the transactions that follow, not yet on disk. */
  readonly done: Promise<T>;
  /** On disk: survives the death of the process and of the machine. */
  readonly durable: Promise<T>;
}

export interface Store {
  /**
   * Runs `work` alone: transactions are executed strictly one after another, so reading, deciding and writing inside one is atomic.
   * `work` must await nothing but its `tx`: whatever else it waits for, every other transaction waits for too.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Commit<T>;
  readonly path: string;
  /** Finishes what was submitted, then closes. Later transactions reject with `shutting-down`. */
  close(): Promise<void>;
}

/** Something that a person should be told about the store: it goes on, but not as if nothing had happened. */
export interface StoreNotice {
  readonly kind: 'quarantined';
  readonly message: string;
  readonly remedy: string;
  /** Where the damaged file is now. */
  readonly movedTo: string;
}

/** `$3, $4, $5` for `placeholders(3, 3)`. */
export function placeholders(count: number, first = 1): string {
  return Array.from({ length: count }, (_, index) => `$${first + index}`).join(', ');
}
