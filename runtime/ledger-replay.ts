// The balances once more, from the transition rows alone: what proves that the ledger's running sums are true.

import type { Balance } from '../protocol/run-graph.ts';
import { type Amounts, type Transition, UNITS, type Unit } from './ledger.ts';
import type { Tx } from './store/store.ts';

/** All transitions, in the order in which they happened. */
export async function transitions(tx: Tx): Promise<Transition[]> {
  const rows = await tx.all<{ kind: Transition['kind']; hold: string | null; accounts: string; amounts: string; waived: string | null }>('SELECT kind, hold, accounts, amounts, waived FROM transitions ORDER BY seq');
  return rows.map((row) => ({
    kind: row.kind, hold: row.hold, accounts: JSON.parse(row.accounts) as string[], amounts: JSON.parse(row.amounts) as Transition['amounts'],
    ...(row.waived === null ? {} : { waived: JSON.parse(row.waived) as string[] }),
  }));
}

/** Every balance that the transitions lead to, by account and then in the order of `UNITS`. Throws on a history that the ledger cannot have written. */
export function replayTransitions(history: readonly Transition[]): Balance[] {
  const balances = new Map<string, Sums>();
  const holds = new Map<string, { readonly accounts: readonly string[]; readonly amounts: Amounts }>();
  const sums = (account: string, unit: Unit): Sums => {
    const key = JSON.stringify([account, unit]);
    const found = balances.get(key) ?? { reserved: 0, spent: 0, overrun: 0 };
    balances.set(key, found);
    return found;
  };
  for (const { kind, hold, accounts, amounts } of history) {
    if (kind === 'limit') for (const unit of UNITS) for (const account of amounts[unit] === undefined ? [] : accounts) sums(account, unit).limit = amounts[unit] ?? undefined;
    if (kind === 'reserve') {
      holds.set(hold ?? '', { accounts, amounts: amounts as Amounts });
      for (const unit of UNITS) for (const account of amounts[unit] === undefined ? [] : accounts) sums(account, unit).reserved += amounts[unit] ?? 0;
    }
    if (kind === 'settle' || kind === 'release' || kind === 'expire') {
      const held = holds.get(hold ?? '');
      if (!held) throw new Error(`The ledger resolves the hold ${hold} (${kind}) without having it open.`);
      holds.delete(hold ?? '');
      for (const account of held.accounts) for (const unit of UNITS) apply(held.amounts[unit], amounts[unit] ?? 0, () => sums(account, unit));
    }
  }
  return [...balances].map(([key, { limit, ...rest }]) => {
    const [account, unit] = JSON.parse(key) as [string, Unit];
    return { account, unit, ...(limit === undefined ? {} : { limit }), ...rest };
  }).sort((a, b) => (a.account < b.account ? -1 : a.account > b.account ? 1 : UNITS.indexOf(a.unit) - UNITS.indexOf(b.unit)));
}

interface Sums {
  limit?: number | undefined;
  reserved: number;
  spent: number;
  overrun: number;
}

function apply(held: number | undefined, spent: number, sums: () => Sums): void {
  if (held === undefined && spent === 0) return;
  const account = sums();
  account.reserved -= held ?? 0;
  account.spent += spent;
  account.overrun += Math.max(0, spent - (held ?? 0));
}
