// What runs remember, as far as it crossed the boundary: which session holds which item of which kind, since when, and what was purged.

import type { ActionEvent } from '../protocol/action.ts';
import type { RunInfo } from '../protocol/run-graph.ts';
import type { Memories } from './host.ts';
import type { MemoryRules } from './policy/api.ts';
import type { Tx } from './store/store.ts';

export class MemoryItems implements Memories {
  /** How many items of each kind the run's session holds. */
  async remembered(tx: Tx, info: RunInfo): Promise<Readonly<Record<string, number>>> {
    const rows = await tx.all<{ kind: string; items: number }>('SELECT kind, COUNT(*) AS items FROM memory_items WHERE workspace = $1 AND session = $2 AND purged_at IS NULL GROUP BY kind', info.workspace, sessionOf(info));
    return Object.fromEntries(rows.map(({ kind, items }) => [kind, items]));
  }

  /** Notes a write or a deletion that may go on. A write brings a purged item back. */
  async note(tx: Tx, info: RunInfo, event: ActionEvent<'memory.before'>, at: number): Promise<void> {
    const session = event.session ?? sessionOf(info);
    const item = event.key ?? '';
    if (event.operation === 'write') {
      await tx.run(`INSERT INTO memory_items (workspace, session, item, kind, run, written_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (workspace, session, item) DO UPDATE SET kind = excluded.kind, run = excluded.run, written_at = excluded.written_at, purged_at = NULL`, info.workspace, session, item, event.kind ?? 'item', info.id, at);
    } else if (event.operation === 'delete') await tx.run('DELETE FROM memory_items WHERE workspace = $1 AND session = $2 AND item = $3', info.workspace, session, item);
  }

  /** True for an item that was purged, or whose time is over: it must not be read any more. */
  async gone(tx: Tx, info: RunInfo, event: ActionEvent<'memory.before'>, rules: readonly MemoryRules[], now: number): Promise<boolean> {
    const row = await tx.get<{ written_at: number; purged_at: number | null }>('SELECT written_at, purged_at FROM memory_items WHERE workspace = $1 AND session = $2 AND item = $3', info.workspace, event.session ?? sessionOf(info), event.key ?? '');
    return row !== undefined && (row.purged_at !== null || rules.some(({ retentionMs }) => retentionMs !== undefined && row.written_at <= now - retentionMs));
  }

  /** A run is over: what it wrote is purged when some policy says so. */
  async ended(tx: Tx, info: RunInfo, rules: readonly MemoryRules[], now: number): Promise<void> {
    if (rules.some(({ purgeOnCompletion }) => purgeOnCompletion)) await tx.run('UPDATE memory_items SET purged_at = $2 WHERE run = $1 AND purged_at IS NULL', info.id, now);
  }
}

/** Items belong to the session that the launch names, or to the tree of runs. */
export const sessionOf = (info: RunInfo): string => info.context?.['session'] ?? info.root;
