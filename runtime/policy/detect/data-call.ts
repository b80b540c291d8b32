// What a call of a data source may do, table by table. A statement speaks for itself; what nobody can read may do everything.

import { DATA_OPERATIONS, type DataCall, type DataOperation } from '../../../protocol/action.ts';
import { readStatement, type SqlStatement } from './sql.ts';

export interface DataReach {
  /** All that it may do. Empty for what only opens or closes a transaction. */
  readonly operations: readonly DataOperation[];
  /** Tables it reads or writes, in lower case; undefined when it may be any. */
  readonly tables: readonly string[] | undefined;
  /** Tables it writes; undefined when it may be any. */
  readonly writes: readonly string[] | undefined;
  /** Columns it names, `*` for all; undefined when it may be any. */
  readonly columns: readonly string[] | undefined;
  /** True when an UPDATE or DELETE has no WHERE, or may have none. */
  readonly unfiltered: boolean;
  /** Why the statement could not be read. */
  readonly unread?: string;
}

const WRITES: readonly DataOperation[] = DATA_OPERATIONS.filter((each) => each !== 'read');

/** The event's own `operation` and `tables` count where there is no statement; where there is one they can only add tables. */
export function reachOf(event: DataCall): DataReach {
  const known = REACHES.get(event);
  if (known) return known;
  const reach = read(event);
  REACHES.set(event, reach);
  return reach;
}

/** A statement is read once for an event, however many policies ask. */
const REACHES = new WeakMap<DataCall, DataReach>();

function read(event: DataCall): DataReach {
  const { operation, statement, tables: named, columns } = event;
  const tables = named?.map((each) => each.toLowerCase());
  if (statement === undefined) return { operations: [operation], tables, writes: operation === 'read' ? [] : tables, columns, unfiltered: false };
  const reading = readStatement(statement);
  if (reading.kind === 'unparsed') return { operations: DATA_OPERATIONS, tables: undefined, writes: undefined, columns: undefined, unfiltered: true, unread: reading.reason };
  const { statements } = reading;
  const unbounded = statements.some(({ writes, targets, calls }) => calls.length > 0 || (writes && targets.length === 0));
  const touched = [...(tables ?? []), ...statements.flatMap(({ reads, targets }) => [...reads, ...targets])];
  return {
    operations: [...new Set(statements.flatMap(operationsOf))],
    tables: unbounded ? undefined : [...new Set(touched)],
    writes: unbounded ? undefined : [...new Set(statements.flatMap(({ targets }) => targets))],
    columns: [...new Set(statements.flatMap((each) => each.columns))],
    unfiltered: statements.some((each) => each.unfiltered),
  };
}

export function isWrite(reach: DataReach): boolean {
  return reach.operations.some((each) => each !== 'read');
}

/** A `select` that writes does so in a part of it, which may be any kind of write. */
function operationsOf({ verb, writes, targets, calls }: SqlStatement): readonly DataOperation[] {
  const called: readonly DataOperation[] = calls.length > 0 ? ['call'] : [];
  if (verb === 'ddl') return ['define', ...called];
  if (verb === 'other') return writes ? WRITES : called;
  if (verb === 'select') return ['read', ...(targets.length > 0 ? WRITES : called)];
  return [verb, ...called];
}
