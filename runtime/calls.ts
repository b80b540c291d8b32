// The journal of governed calls: what was answered stays answered, so that a repeat after a lost connection or a restart meets the same verdict or the same gate.

import type { ActionKind, EventName } from '../protocol/action.ts';
import { FullarcError } from '../protocol/control.ts';
import type { ActionOutcome } from '../protocol/run-graph.ts';
import { HISTORY_LIMIT } from './policy/facts.ts';
import { placeholders, type Tx, type Value } from './store/store.ts';

/**
 * `held`: waits for a person. `running`: was let go and has not reported. `done`, `refused`: over.
 * `in-doubt`: was cut off half-way, and nobody knows whether it took effect.
 */
export type CallState = 'held' | 'running' | 'done' | 'refused' | 'in-doubt';

export interface CallRow {
  readonly run: string;
  readonly key: string;
  readonly node: string;
  readonly event: EventName;
  readonly kind: ActionKind;
  readonly name: string;
  /** SHA-256 of the canonical call, in hex. */
  readonly contentHash: string;
  readonly state: CallState;
  readonly policyVersion: string;
  /** `BeforeAnswer` as JSON. */
  readonly answer?: string;
  /** `AfterAnswer` as JSON. */
  readonly afterAnswer?: string;
  /** The reservation in the ledger. */
  readonly hold?: string;
  readonly outcome?: ActionOutcome;
  /** Host of the provider, for a call of a model: its price depends on it. */
  readonly provider?: string;
  /** `CallMark` as JSON, for a call whose repetition counts. */
  readonly mark?: string;
  /** When the call was judged, in milliseconds since the epoch. */
  readonly at: number;
}

export class Calls {
  async find(tx: Tx, run: string, key: string): Promise<CallRow | undefined> {
    return (await select(tx, 'WHERE run = $1 AND key = $2', run, key))[0];
  }

  /** Enters a call, or what it came to now that it was judged again: the whole row is replaced. */
  async put(tx: Tx, call: CallRow): Promise<void> {
    const replaced = FIELDS.filter((field) => field !== 'run' && field !== 'key').map((field) => `${COLUMNS[field]} = excluded.${COLUMNS[field]}`);
    await tx.run(
      `INSERT INTO calls (${FIELDS.map((field) => COLUMNS[field]).join(', ')}) VALUES (${placeholders(FIELDS.length)}) ON CONFLICT (run, key) DO UPDATE SET ${replaced.join(', ')}`,
      ...FIELDS.map((field) => call[field] ?? null));
  }

  /** Changes the fields that `patch` names; undefined empties one. Throws `no-such-call`. */
  async update(tx: Tx, run: string, key: string, patch: Partial<Omit<CallRow, 'run' | 'key'>>): Promise<void> {
    const fields = FIELDS.filter((field) => field in patch && field !== 'run' && field !== 'key');
    if (fields.length === 0) return;
    const changes = fields.map((field, index) => `${COLUMNS[field]} = $${index + 3}`).join(', ');
    const changed = await tx.run(`UPDATE calls SET ${changes} WHERE run = $1 AND key = $2`, run, key, ...fields.map((field) => patch[field as keyof typeof patch] ?? null));
    if (changed === 0) throw new FullarcError('no-such-call', `The run ${run} has no call ${key}.`, 'Ask before acting: a call is known once its `before` was answered.');
  }

  /** The tool call of the run that was let go and has not reported; undefined when there is none, or more than one. */
  async onlyRunningTool(tx: Tx, run: string): Promise<CallRow | undefined> {
    const [only, another] = await select(tx, `WHERE run = $1 AND state = 'running' AND kind = 'tool' LIMIT 2`, run);
    return another ? undefined : only;
  }

  /** Calls of the run that are not over: those that were let go and those that wait for a person, oldest first. */
  open(tx: Tx, run: string): Promise<CallRow[]> {
    return select(tx, `WHERE run = $1 AND state IN ('held', 'running') ORDER BY at, key`, run);
  }

  /** How many calls of the run wait for a person. */
  async held(tx: Tx, run: string): Promise<number> {
    return (await tx.get<{ held: number }>(`SELECT count(*) AS held FROM calls WHERE run = $1 AND state = 'held'`, run))?.held ?? 0;
  }

  /** Marks of the newest calls of the run, as many as a decision looks back at, oldest first. */
  async marks(tx: Tx, run: string): Promise<string[]> {
    const rows = await tx.all<{ mark: string }>('SELECT mark FROM calls WHERE run = $1 AND mark IS NOT NULL ORDER BY at DESC, key DESC LIMIT $2', run, HISTORY_LIMIT);
    return rows.map((row) => row.mark).reverse();
  }

  /** The newest call that this node of the graph stands for. */
  async byNode(tx: Tx, node: string): Promise<CallRow | undefined> {
    return (await select(tx, 'WHERE node = $1 ORDER BY at DESC, key DESC LIMIT 1', node))[0];
  }
}

const COLUMNS = {
  run: 'run', key: 'key', node: 'node', event: 'event', kind: 'kind', name: 'name', contentHash: 'content_hash', state: 'state', policyVersion: 'policy_version',
  answer: 'answer', afterAnswer: 'after_answer', hold: 'hold', outcome: 'outcome', provider: 'provider', mark: 'mark', at: 'at',
} as const satisfies Record<keyof CallRow, string>;
const FIELDS = Object.keys(COLUMNS) as (keyof CallRow)[];
const SELECT = `SELECT ${FIELDS.map((field) => `${COLUMNS[field]} AS "${field}"`).join(', ')} FROM calls`;

async function select(tx: Tx, where: string, ...params: Value[]): Promise<CallRow[]> {
  const rows = await tx.all<Record<keyof CallRow, Value>>(`${SELECT} ${where}`, ...params);
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as CallRow);
}
