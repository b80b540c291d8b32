// How long records are kept: each run until the day that the audit policies in force at its end say; then its tree is removed whole, and only its row in the list of runs stays.

import type { RunInfo } from '../protocol/run-graph.ts';
import { identityFacts } from './live-run.ts';
import type { Engine } from './policy/api.ts';
import type { Tx } from './store/store.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
/** Trees that one pass removes, so that nothing waits long for it. */
const MOST_TREES = 20;

export class Retention {
  #lastPass = 0;

  /** The run ends at `now` (milliseconds since the epoch): its time starts. */
  async keep(tx: Tx, engine: Engine, info: RunInfo, now: number): Promise<void> {
    const { retentionDays } = engine.audit(identityFacts(info, now));
    await tx.run('UPDATE runs SET keep_until = $2 WHERE id = $1', info.id, now + retentionDays * DAY_MS);
  }

  /** Removes what is due, about once an hour. The ledger keeps its transitions: they hold amounts, no content. */
  async pass(tx: Tx, now: number): Promise<void> {
    if (now - this.#lastPass < HOUR_MS) return;
    this.#lastPass = now;
    for (const root of await treesDue(tx, now)) await remove(tx, root, now);
  }
}

/** Roots of trees whose every run has ended and is due. */
async function treesDue(tx: Tx, now: number): Promise<string[]> {
  const rows = await tx.all<{ root: string }>(
    `SELECT DISTINCT root FROM runs AS due WHERE keep_until <= $1 AND purged_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM runs AS other WHERE other.root = due.root AND (other.keep_until IS NULL OR other.keep_until > $1))
     LIMIT $2`, now, MOST_TREES);
  return rows.map(({ root }) => root);
}

async function remove(tx: Tx, root: string, now: number): Promise<void> {
  const runs = 'SELECT id FROM runs WHERE root = $1';
  await tx.run(`DELETE FROM votes WHERE gate IN (SELECT id FROM gates WHERE run IN (${runs}))`, root);
  for (const table of ['gates', 'calls', 'events', 'recorded_calls']) await tx.run(`DELETE FROM ${table} WHERE run IN (${runs})`, root);
  await tx.run('UPDATE runs SET purged_at = $2 WHERE root = $1', root, now);
}
