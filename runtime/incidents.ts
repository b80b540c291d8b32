// Incidents on record: verdicts that were not plainly an allow, for policies that act on how many there were.

import type { EventName } from '../protocol/action.ts';
import type { Verdict } from '../protocol/verdict.ts';
import type { Tx } from './store/store.ts';
import { KEPT_MS } from './windows.ts';

const HOUR_MS = 60 * 60_000;

export class Incidents {
  #lastPass = 0;

  /** Enters what policies objected to. A call that is judged again, as when it waited, is entered once for each objection at a time. */
  async add(tx: Tx, run: string, node: string, event: EventName, { reasons }: Verdict, at: number): Promise<void> {
    for (const { policy, disposition, shadow } of reasons) {
      if (shadow) continue;
      await tx.run('INSERT INTO incidents (at, node, event, policy, disposition, run) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (at, node, event, policy) DO NOTHING', at, node, event, policy, disposition, run);
    }
    if (reasons.length > 0 && at - this.#lastPass >= HOUR_MS) {
      this.#lastPass = at;
      await tx.run('DELETE FROM incidents WHERE at <= $1', at - KEPT_MS);
    }
  }
}
