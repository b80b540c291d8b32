// The budget ledger: what may be spent is held first and settled after, over a set of accounts at once, so that no number of concurrent calls can pass a limit together.
// The model is that of two-phase transfers (https://docs.tigerbeetle.com/coding/two-phase-transfers/), with one difference: an actual above its hold is recorded, because the money is gone.

import type { Balance } from '../protocol/run-graph.ts';
import { placeholders, type Tx, type Value } from './store/store.ts';

export const UNITS = ['usd_micro', 'tokens', 'calls'] as const;
export type Unit = (typeof UNITS)[number];
/** Whole, not negative, at most `MOST_AMOUNT` each. */
export type Amounts = Partial<Record<Unit, number>>;

/** The most that one hold or one settlement may carry: a million dollars, a trillion tokens. It keeps sums of nine thousand of them exact. */
export const MOST_AMOUNT = 1e12;

export interface Reservation {
  /** Made by the client; a repeat with the same accounts and amounts is answered like the first. */
  readonly hold: string;
  readonly accounts: readonly string[];
  readonly amounts: Amounts;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Accounts whose limit a person has approved going over for this hold. */
  readonly waive?: readonly string[];
}

export type Reserved =
  | { readonly ok: true; readonly repeated: boolean }
  | { readonly ok: false; readonly code: 'exceeds' | 'frozen' | 'conflict'; readonly account?: string; readonly unit?: Unit; readonly limit?: number; readonly spent?: number; readonly reserved?: number };

/** `already`: the hold was resolved before, and nothing changed. `unknown`: there is no such hold. */
export type Settled = 'settled' | 'overrun' | 'already' | 'unknown';

/**
 * All of its state is in the store: balances, holds, and one row per transition that is never changed or removed, from which `replayTransitions` gives the balances again.
 * Accounts need no opening. An account without a limit only counts.
 */
export class Ledger {
  /** From now on a reserve that would bring spent + reserved above `limit` is refused; undefined takes the limit away. What is spent or held already stays. */
  async setLimit(tx: Tx, account: string, unit: Unit, limit: number | undefined): Promise<void> {
    if (limit !== undefined) assertWhole(limit, Number.MAX_SAFE_INTEGER, 'limit');
    const [before] = await balancesOf(tx, [account], [unit]);
    if ((before?.cap ?? undefined) === limit) return;
    await change(tx, 'INSERT INTO balances (account, unit, cap) VALUES ($1, $2, $3) ON CONFLICT (account, unit) DO UPDATE SET cap = excluded.cap', account, unit, limit ?? null);
    await record(tx, { kind: 'limit', accounts: [account], amounts: { [unit]: limit ?? null } });
  }

  /**
   * Holds the amounts on every account, or on none. The first account and unit that refuse, in the order given, are named.
   * A repeat is `ok` as long as the money is held or was spent; a hold that was released, or one of other accounts or amounts, is a `conflict`.
   */
  async reserve(tx: Tx, reservation: Reservation): Promise<Reserved> {
    const accounts = [...new Set(reservation.accounts)];
    const amounts = checked(reservation.amounts);
    const earlier = await findHold(tx, reservation.hold);
    if (earlier) return repeats(earlier, accounts, amounts) ? { ok: true, repeated: true } : { ok: false, code: 'conflict' };
    const waived = accounts.filter((account) => reservation.waive?.includes(account));
    const refusal = await this.#refusal(tx, accounts, amounts, waived);
    if (refusal) return refusal;
    await tx.run(`INSERT INTO holds (hold, accounts, amounts, expires_at, state) VALUES ($1, $2, $3, $4, 'pending')`, reservation.hold, JSON.stringify(accounts), JSON.stringify(amounts), reservation.expiresAt);
    await addReserved(tx, accounts, amounts);
    await record(tx, { kind: 'reserve', hold: reservation.hold, accounts, amounts, waived });
    return { ok: true, repeated: false };
  }

  /** Says that the request may have reached the provider: from now on expiry counts the hold as spent instead of giving it back. */
  async markSent(tx: Tx, hold: string): Promise<void> {
    const changed = await tx.run(`UPDATE holds SET sent = 1 WHERE hold = $1 AND state = 'pending' AND sent = 0`, hold);
    if (changed > 0) await record(tx, { kind: 'sent', hold, accounts: [], amounts: {} });
  }

  /**
   * Turns the hold into what was really spent. A unit that was held and is not in `actual` was not measured and counts as spent in full: say 0 for nothing.
   * More than was held is counted too, and noted as overrun. Works on frozen accounts.
   */
  async settle(tx: Tx, hold: string, actual: Amounts): Promise<Settled> {
    const found = await findHold(tx, hold);
    if (found?.state !== 'pending') return found ? 'already' : 'unknown';
    const spent = { ...found.amounts, ...checked(actual) };
    await resolve(tx, found, 'settle', spent);
    return UNITS.some((unit) => (spent[unit] ?? 0) > (found.amounts[unit] ?? 0)) ? 'overrun' : 'settled';
  }

  /** Counts the hold as spent in full: nobody knows what the call really took. */
  settleAtReserved(tx: Tx, hold: string): Promise<Settled> {
    return this.settle(tx, hold, {});
  }

  /** Gives the whole hold back: the call was not made, or cost nothing. Works on frozen accounts. */
  async release(tx: Tx, hold: string): Promise<Exclude<Settled, 'overrun'>> {
    const found = await findHold(tx, hold);
    if (found?.state !== 'pending') return found ? 'already' : 'unknown';
    await resolve(tx, found, 'release', {});
    return 'settled';
  }

  /** Resolves every hold whose time is over at `now`: one that may have reached the provider as spent in full, any other as given back. Returns how many. */
  async expire(tx: Tx, now: number): Promise<number> {
    const due = await tx.all<HoldRow>(`SELECT hold, accounts, amounts, sent, state FROM holds WHERE state = 'pending' AND expires_at <= $1 ORDER BY expires_at, hold`, now);
    for (const hold of due.map(toHold)) await resolve(tx, hold, 'expire', hold.sent ? hold.amounts : {});
    return due.length;
  }

  /** A frozen account refuses every reserve and still settles what is held. */
  async freeze(tx: Tx, account: string, frozen: boolean): Promise<void> {
    const changed = await tx.run(frozen ? 'INSERT INTO frozen_accounts (account) VALUES ($1) ON CONFLICT (account) DO NOTHING' : 'DELETE FROM frozen_accounts WHERE account = $1', account);
    if (changed > 0) await record(tx, { kind: frozen ? 'freeze' : 'thaw', accounts: [account], amounts: {} });
  }

  /** In the order of `accounts`, then of `UNITS`. An account and unit that nothing was ever held, spent or limited on has no balance. */
  async balances(tx: Tx, accounts: readonly string[]): Promise<Balance[]> {
    const rows = await balancesOf(tx, [...new Set(accounts)], UNITS);
    return rows.map(({ account, unit, cap, reserved, spent, overrun }) => ({ account, unit, ...(cap === null ? {} : { limit: cap }), reserved, spent, overrun }));
  }

  async #refusal(tx: Tx, accounts: readonly string[], amounts: Amounts, waived: readonly string[]): Promise<Reserved | undefined> {
    if (accounts.length === 0) throw new RangeError('A reservation names at least one account.');
    const frozen = await tx.all<{ account: string }>(`SELECT account FROM frozen_accounts WHERE account IN (${placeholders(accounts.length)})`, ...accounts);
    const closed = accounts.find((account) => frozen.some((row) => row.account === account));
    if (closed !== undefined) return { ok: false, code: 'frozen', account: closed };
    for (const { account, unit, cap, spent, reserved } of await balancesOf(tx, accounts, UNITS.filter((each) => amounts[each] !== undefined))) {
      if (cap === null || waived.includes(account) || spent + reserved + (amounts[unit] ?? 0) <= cap) continue;
      return { ok: false, code: 'exceeds', account, unit, limit: cap, spent, reserved };
    }
    return undefined;
  }
}

interface Hold {
  readonly hold: string;
  readonly accounts: readonly string[];
  readonly amounts: Amounts;
  readonly sent: boolean;
  readonly state: 'pending' | 'spent' | 'void';
}
interface HoldRow {
  readonly hold: string;
  readonly accounts: string;
  readonly amounts: string;
  readonly sent: number;
  readonly state: Hold['state'];
}
interface BalanceRow {
  readonly account: string;
  readonly unit: Unit;
  readonly cap: number | null;
  readonly reserved: number;
  readonly spent: number;
  readonly overrun: number;
}

async function findHold(tx: Tx, hold: string): Promise<Hold | undefined> {
  const row = await tx.get<HoldRow>('SELECT hold, accounts, amounts, sent, state FROM holds WHERE hold = $1', hold);
  return row && toHold(row);
}

function toHold(row: HoldRow): Hold {
  return { hold: row.hold, accounts: JSON.parse(row.accounts) as string[], amounts: JSON.parse(row.amounts) as Amounts, sent: row.sent === 1, state: row.state };
}

function repeats(earlier: Hold, accounts: readonly string[], amounts: Amounts): boolean {
  return earlier.state !== 'void'
    && earlier.accounts.length === accounts.length && earlier.accounts.every((account) => accounts.includes(account))
    && UNITS.every((unit) => earlier.amounts[unit] === amounts[unit]);
}

async function resolve(tx: Tx, hold: Hold, kind: 'settle' | 'release' | 'expire', spent: Amounts): Promise<void> {
  await tx.run('UPDATE holds SET state = $2 WHERE hold = $1', hold.hold, kind === 'settle' || (kind === 'expire' && hold.sent) ? 'spent' : 'void');
  for (const unit of UNITS) {
    const held = hold.amounts[unit];
    const actual = spent[unit] ?? 0;
    if (held === undefined && actual === 0) continue;
    if (held === undefined) await addReserved(tx, hold.accounts, { [unit]: 0 });
    await change(tx, `UPDATE balances SET reserved = reserved - $1, spent = spent + $2, overrun = overrun + $3 WHERE unit = $4 AND account IN (${placeholders(hold.accounts.length, 5)})`,
      held ?? 0, actual, Math.max(0, actual - (held ?? 0)), unit, ...hold.accounts);
  }
  await record(tx, { kind, hold: hold.hold, accounts: [], amounts: spent });
}

async function addReserved(tx: Tx, accounts: readonly string[], amounts: Amounts): Promise<void> {
  const rows = accounts.flatMap((account) => UNITS.flatMap((unit) => (amounts[unit] === undefined ? [] : [[account, unit, amounts[unit]] as const])));
  if (rows.length === 0) return;
  const values = rows.map((_, index) => `(${placeholders(3, index * 3 + 1)})`).join(', ');
  await change(tx, `INSERT INTO balances (account, unit, reserved) VALUES ${values} ON CONFLICT (account, unit) DO UPDATE SET reserved = balances.reserved + excluded.reserved`, ...rows.flat());
}

/** What a transaction has read of the balances since it last changed one: a call looks at the same ones several times. By account, complete for each. */
const seen = new WeakMap<Tx, Map<string, readonly BalanceRow[]>>();

async function balancesOf(tx: Tx, accounts: readonly string[], units: readonly Unit[]): Promise<BalanceRow[]> {
  const known = seen.get(tx) ?? new Map<string, BalanceRow[]>();
  seen.set(tx, known);
  const unread = accounts.filter((account) => !known.has(account));
  if (unread.length > 0) {
    const rows = await tx.all<BalanceRow>(`SELECT account, unit, cap, reserved, spent, overrun FROM balances WHERE account IN (${placeholders(unread.length)})`, ...unread);
    const found = Map.groupBy(rows, (row) => row.account);
    for (const account of unread) known.set(account, found.get(account) ?? []);
  }
  return accounts.flatMap((account) => units.flatMap((unit) => known.get(account)?.find((row) => row.unit === unit) ?? []));
}

async function change(tx: Tx, sql: string, ...params: Value[]): Promise<void> {
  seen.delete(tx);
  await tx.run(sql, ...params);
}

/** What one transition row says. Settlements, releases and expiries name their hold; its accounts and amounts are in the row of the reserve. */
export interface Transition {
  readonly kind: 'limit' | 'freeze' | 'thaw' | 'reserve' | 'sent' | 'settle' | 'release' | 'expire';
  readonly hold?: string | null;
  readonly accounts: readonly string[];
  /** Held by a reserve, spent by what resolves it, the new limit (null for none) of a limit. */
  readonly amounts: Partial<Record<Unit, number | null>>;
  readonly waived?: readonly string[];
}

async function record(tx: Tx, transition: Transition): Promise<void> {
  await tx.run('INSERT INTO transitions (kind, hold, accounts, amounts, waived) VALUES ($1, $2, $3, $4, $5)', transition.kind, transition.hold ?? null,
    JSON.stringify(transition.accounts), JSON.stringify(transition.amounts), transition.waived?.length ? JSON.stringify(transition.waived) : null);
}

/** Only known units, each within bounds, in the order of `UNITS`. */
function checked(amounts: Amounts): Amounts {
  const entries = UNITS.filter((unit) => amounts[unit] !== undefined).map((unit) => [unit, amounts[unit] as number] as const);
  for (const [unit, amount] of entries) assertWhole(amount, MOST_AMOUNT, unit);
  return Object.fromEntries(entries);
}

function assertWhole(amount: number, most: number, what: string): void {
  if (!Number.isSafeInteger(amount) || amount < 0 || amount > most) throw new RangeError(`${what} must be a whole number from 0 to ${most}, not ${amount}.`);
}
