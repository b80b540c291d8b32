// The ledger accounts that one run's spending counts in, and their names.

import type { BudgetScope } from './policy/api.ts';
import type { RunInfo } from '../protocol/run-graph.ts';

export const UNITS = ['usd_micro', 'tokens'] as const;

/** Names by scope. `chain` are the ids from the run up to its root; `day` and `month` are of UTC. */
export interface Accounts {
  readonly chain: readonly string[];
  readonly windows: Readonly<Partial<Record<BudgetScope, string>>>;
}

export function accountsOf(info: RunInfo, ancestors: readonly string[], now: number, model?: string): Accounts {
  const date = new Date(now).toISOString();
  const windows: Record<string, string> = {};
  for (const [window, stamp] of [['day', date.slice(0, 10)], ['month', date.slice(0, 7)]] as const) {
    const name = (who: string) => `${window}:${stamp}:${info.workspace}:${who}`;
    windows[`${window}.agent`] = name(`agent:${info.agent}`);
    if (info.fleet) windows[`${window}.fleet`] = name(`fleet:${info.fleet}`);
    windows[`${window}.user`] = name(`user:${info.user}`);
    windows[`${window}.all`] = name('all');
    if (model && window === 'day') windows[`day.model:${model}`] = name(`agent:${info.agent}:model:${model}`);
  }
  return { chain: [info.id, ...ancestors].map(runAccount), windows };
}

/** The account of a run and of everything it spawned. */
export const runAccount = (run: string): string => `run:${run}`;

/** The account that a limit of this scope is about; undefined when the run has none (no fleet). */
export function accountFor(scope: BudgetScope, accounts: Accounts): string | undefined {
  if (scope === 'run') return accounts.chain[0];
  if (scope === 'tree') return accounts.chain.at(-1);
  return accounts.windows[scope];
}

export function allAccounts(accounts: Accounts): string[] {
  return [...accounts.chain, ...Object.values(accounts.windows).filter((name) => name !== undefined)];
}
