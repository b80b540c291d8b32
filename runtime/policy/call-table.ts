// Recorded calls in columns, in memory: those that look alike to a check which reads little stand in one bucket, so that it is asked once for all of them.

import type { ActionEvent, ActionKind } from '../../protocol/action.ts';
import type { RecordedCall } from '../../protocol/recorded-call.ts';
import { HISTORY_LIMIT, type CallMark, type Facts } from './facts.ts';
import { Gap, openRecorded, type OpenedCall } from './recorded.ts';

/** What the records of one bucket have in common. */
export interface Bucket {
  /** Any of them. */
  readonly sample: RecordedCall;
  readonly rows: number;
}

export class CallTable {
  readonly buckets: Bucket[] = [];
  /** Ids of runs and of calls, in the order in which they came. */
  readonly runs: string[] = [];
  calls = 0;
  readonly #records: (row: number) => RecordedCall;
  readonly #keys = new Map<string, number>();
  readonly #runIds = new Map<string, number>();
  readonly #callIds = new Map<string, number>();
  readonly #marks: { readonly rows: number[]; readonly marks: CallMark[] }[] = [];
  #size = 0;
  #columns = columnsOf(1024);
  #order: Order | undefined;

  /** `record` gives a row that was added, when a check has to see all of it. */
  constructor(record: (row: number) => RecordedCall) {
    this.#records = record;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a record, which must come after those of its run that were added before. */
  add(record: RecordedCall): void {
    const row = this.#size++;
    if (row >= this.#columns.bucket.length) this.#columns = grown(this.#columns);
    const { bucket, run, call } = this.#columns;
    bucket[row] = this.#bucketOf(record);
    run[row] = numbered(this.#runIds, record.run, () => this.runs.push(record.run) && this.#marks.push({ rows: [], marks: [] }));
    call[row] = numbered(this.#callIds, record.node, () => this.calls++);
    const { mark } = record.body;
    if (mark) {
      const own = this.#marks[run[row]!]!;
      own.rows.push(row);
      own.marks.push({ kind: mark[0] as CallMark['kind'], name: mark[1], hash: mark[2], ...(mark[3] !== undefined && { shape: mark[3] }), at: record.body.facts.now });
    }
    this.#order = undefined;
  }

  runOf(row: number): number {
    return this.#columns.run[row]!;
  }

  callOf(row: number): number {
    return this.#columns.call[row]!;
  }

  record(row: number): RecordedCall {
    return this.#records(row);
  }

  /** The call with everything that is on record of it. */
  open(row: number): OpenedCall {
    const { rows, marks } = this.#marks[this.runOf(row)]!;
    let before = rows.length;
    while (before > 0 && rows[before - 1]! >= row) before--;
    return openRecorded(this.#records(row), marks.slice(Math.max(0, before - HISTORY_LIMIT), before));
  }

  /** The rows of a bucket, ascending. */
  rowsOf(bucket: number): Uint32Array {
    const { starts, rows } = (this.#order ??= orderOf(this.#columns.bucket.subarray(0, this.#size), this.buckets.length));
    return rows.subarray(starts[bucket]!, starts[bucket + 1]!);
  }

  #bucketOf(record: RecordedCall): number {
    const key = keyOf(record);
    const at = numbered(this.#keys, key, () => this.buckets.push({ sample: record, rows: 0 }));
    (this.buckets[at] as { rows: number }).rows++;
    return at;
  }
}

/** The calls of a bucket as a check may see them that is asked for all of them at once: whatever differs between them counts as missing. */
export function openBucket({ sample: { event: name, body, identity } }: Bucket): OpenedCall {
  const gap = new Gap();
  const shared = sharedOf(name);
  const values = body.event as Readonly<Record<string, unknown>>;
  const event = new Proxy({}, {
    get: (_, key) => (key === 'event' ? name : typeof key === 'string' && shared.has(key) && !body.withheld?.includes(`/${key}`) ? values[key] : gap.miss(String(key))),
    has: (_, key) => gap.miss(String(key)),
    ownKeys: () => gap.miss('its keys'),
  }) as ActionEvent;
  const granted = new Set(body.facts.granted);
  const known: Partial<Facts> = { agent: identity.agent, fleet: identity.fleet, workflow: identity.workflow, user: identity.user, plane: body.facts.plane, granted };
  const facts = new Proxy({}, {
    get: (_, key) => (Object.hasOwn(known, key) || (key === 'killed' && !body.facts.killed) ? known[key as keyof Facts] : gap.miss(String(key))),
    has: (_, key) => gap.miss(String(key)),
    ownKeys: () => gap.miss('its keys'),
  }) as Facts;
  return { event, facts, missed: () => gap.what };
}

/** What of each kind of event has few values. */
const SHARED: Partial<Record<ActionKind, readonly string[]>> = {
  llm: ['model', 'provider', 'stream', 'hasSystemPrompt', 'status'], tool: ['name', 'server', 'risk', 'class', 'isError'], http: ['method', 'protocol', 'host', 'port', 'status'],
  spawn: ['agent', 'depth'], signal: ['name', 'source'], retrieval: ['store', 'collection'], data: ['source', 'operation'], message: ['channel'], memory: ['operation', 'kind'],
  file: ['operation'], run: ['outcome'], output: ['final'],
};
const SHARED_SETS = new Map(Object.entries(SHARED).map(([kind, keys]) => [kind, new Set(keys)]));
const NOTHING: ReadonlySet<string> = new Set();

const sharedOf = (event: string): ReadonlySet<string> => SHARED_SETS.get(event.slice(0, event.indexOf('.'))) ?? NOTHING;

function keyOf({ event, identity, policyVersion, disposition, body }: RecordedCall): string {
  const values = body.event as Readonly<Record<string, unknown>>;
  const parts: unknown[] = [event, identity.agent, identity.fleet, identity.workflow, identity.user, body.facts.plane, policyVersion, disposition, body.by, body.facts.killed !== undefined, body.facts.granted];
  for (const name of sharedOf(event)) parts.push(values[name]);
  if (body.withheld) parts.push(body.withheld.filter((pointer) => sharedOf(event).has(pointer.slice(1))));
  for (const { policy, disposition: asked, shadow } of body.reasons ?? []) parts.push(policy, asked, shadow);
  return JSON.stringify(parts);
}

interface Columns {
  readonly bucket: Uint32Array;
  readonly run: Uint32Array;
  readonly call: Uint32Array;
}
interface Order {
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;
}

const columnsOf = (size: number): Columns => ({ bucket: new Uint32Array(size), run: new Uint32Array(size), call: new Uint32Array(size) });

function grown(columns: Columns): Columns {
  const larger = columnsOf(columns.bucket.length * 2);
  for (const name of ['bucket', 'run', 'call'] as const) larger[name].set(columns[name]);
  return larger;
}

function numbered(ids: Map<string, number>, key: string, added: () => void): number {
  const known = ids.get(key);
  if (known !== undefined) return known;
  const id = ids.size;
  ids.set(key, id);
  added();
  return id;
}

/** A counting sort of the rows by bucket. */
function orderOf(bucket: Uint32Array, buckets: number): Order {
  const starts = new Uint32Array(buckets + 1);
  for (const each of bucket) starts[each + 1]!++;
  for (let at = 0; at < buckets; at++) starts[at + 1]! += starts[at]!;
  const next = starts.slice();
  const rows = new Uint32Array(bucket.length);
  for (let row = 0; row < bucket.length; row++) rows[next[bucket[row]!]!++] = row;
  return { starts, rows };
}
