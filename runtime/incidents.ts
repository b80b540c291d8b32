// Incidents on record: verdicts that were not plainly an allow, for policies that act on how many there were.

import type { ActionEvent } from '../protocol/action.ts';
import type { Verdict } from '../protocol/verdict.ts';
import type { Alerts } from './alerts.ts';
import type { Facts } from './policy/facts.ts';
import { nameOf } from './shown.ts';
import type { Situation } from './spending.ts';
import type { Tx } from './store/store.ts';
import { KEPT_MS } from './windows.ts';

const HOUR_MS = 60 * 60_000;

export class Incidents {
  readonly #alerts: Alerts;
  #lastPass = 0;

  constructor(alerts: Alerts) {
    this.#alerts = alerts;
  }

  /** Enters what policies objected to, and notes who is to be told of it. A call that is judged again, as when it waited, is entered once for each objection at a time. */
  async add(tx: Tx, { live: { info }, engine, now: at }: Situation, facts: Facts, node: string, event: ActionEvent, verdict: Verdict): Promise<void> {
    const { reasons } = verdict;
    if (reasons.length > 0) await this.#alerts.incident(tx, engine.alerts(facts), { info, node, event: event.event, action: nameOf(event), verdict, at });
    for (const { policy, disposition, shadow } of reasons) {
      if (shadow) continue;
      await tx.run('INSERT INTO incidents (at, node, event, policy, disposition, run) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (at, node, event, policy) DO NOTHING', at, node, event.event, policy, disposition, info.id);
    }
    if (reasons.length > 0 && at - this.#lastPass >= HOUR_MS) {
      this.#lastPass = at;
      await tx.run('DELETE FROM incidents WHERE at <= $1', at - KEPT_MS);
    }
  }
}
