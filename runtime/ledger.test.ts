// The ledger: single cases by hand, then its invariants as properties against a plain model.
// I1 reserved = sum of open holds · I2 spent = sum of actuals · I3 no reserve passes a limit · I4 a hold resolves once · I5 a lowered limit only blocks · I6 the transitions give the balances again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Balance } from '../protocol/run-graph.ts';
import { durably, inMemory } from '../test/store/fixtures.ts';
import { replayTransitions, transitions } from './ledger-replay.ts';
import { type Amounts, Ledger, MOST_AMOUNT, type Reservation, type Reserved, type Settled, UNITS, type Unit } from './ledger.ts';
import type { Store, Tx } from './store/store.ts';

const ledger = new Ledger();
const usd = (amount: number): Amounts => ({ usd_micro: amount });
const reservation = (hold: string, amounts: Amounts = usd(10), overrides: Partial<Reservation> = {}): Reservation => ({ hold, accounts: ['tree', 'run'], amounts, expiresAt: 100, ...overrides });
const inTransaction = (work: (tx: Tx) => Promise<void>): Promise<void> => inMemory((store) => durably(store, work));
const balance = async (tx: Tx, account = 'run', unit: Unit = 'usd_micro'): Promise<Balance | undefined> => (await ledger.balances(tx, [account])).find((each) => each.unit === unit);

test('a hold lies on every account, and settling turns it into what was spent', () => inTransaction(async (tx) => {
  assert.deepEqual(await ledger.reserve(tx, reservation('h', { usd_micro: 10, tokens: 50 })), { ok: true, repeated: false });
  assert.deepEqual(await balance(tx, 'tree'), { account: 'tree', unit: 'usd_micro', reserved: 10, spent: 0, overrun: 0 });
  assert.equal(await ledger.settle(tx, 'h', { usd_micro: 7, tokens: 30 }), 'settled');
  assert.deepEqual(await ledger.balances(tx, ['run', 'nowhere', 'run']), [
    { account: 'run', unit: 'usd_micro', reserved: 0, spent: 7, overrun: 0 },
    { account: 'run', unit: 'tokens', reserved: 0, spent: 30, overrun: 0 },
  ]);
}));

test('one account that refuses keeps all of them clean, and is named with its numbers', () => inTransaction(async (tx) => {
  await ledger.setLimit(tx, 'tree', 'usd_micro', 25);
  await ledger.reserve(tx, reservation('first', usd(10)));
  await ledger.settle(tx, 'first', usd(9));
  await ledger.reserve(tx, reservation('second', usd(10)));
  assert.deepEqual(await ledger.reserve(tx, reservation('third', usd(7), { accounts: ['run', 'tree'] })), { ok: false, code: 'exceeds', account: 'tree', unit: 'usd_micro', limit: 25, spent: 9, reserved: 10 });
  assert.equal((await balance(tx))?.reserved, 10);
  assert.equal((await ledger.reserve(tx, reservation('third', usd(6)))).ok, true, 'exactly up to the limit');
}));

test('a person may let one hold go over the limit of one account, not of another', () => inTransaction(async (tx) => {
  await ledger.setLimit(tx, 'tree', 'usd_micro', 5);
  await ledger.setLimit(tx, 'run', 'usd_micro', 5);
  const refused = await ledger.reserve(tx, reservation('h', usd(10), { waive: ['tree'] }));
  assert.deepEqual([refused.ok, !refused.ok && refused.account], [false, 'run']);
  assert.equal((await ledger.reserve(tx, reservation('h', usd(10), { waive: ['tree', 'run'] }))).ok, true);
  assert.equal((await ledger.reserve(tx, reservation('next', usd(1)))).ok, false, 'the waiver was for that hold alone');
}));

test('a repeat is answered like the first while the money is held or spent; anything else under the same id is a conflict', () => inTransaction(async (tx) => {
  const conflict: Reserved = { ok: false, code: 'conflict' };
  const again: Reserved = { ok: true, repeated: true };
  await ledger.reserve(tx, reservation('h'));
  assert.deepEqual(await ledger.reserve(tx, reservation('h', usd(10), { accounts: ['run', 'tree', 'run'], expiresAt: 999 })), again);
  assert.deepEqual(await ledger.reserve(tx, reservation('h', usd(11))), conflict);
  assert.deepEqual(await ledger.reserve(tx, reservation('h', { usd_micro: 10, tokens: 0 })), conflict);
  assert.deepEqual(await ledger.reserve(tx, reservation('h', usd(10), { accounts: ['run'] })), conflict);
  await ledger.settle(tx, 'h', usd(3));
  assert.deepEqual(await ledger.reserve(tx, reservation('h')), again);
  await ledger.reserve(tx, reservation('given back'));
  await ledger.release(tx, 'given back');
  assert.deepEqual(await ledger.reserve(tx, reservation('given back')), conflict, 'nothing is held any more');
}));

test('money that is gone is counted even above the hold, and the next reserve fails', () => inTransaction(async (tx) => {
  await ledger.setLimit(tx, 'run', 'usd_micro', 12);
  await ledger.reserve(tx, reservation('h'));
  assert.equal(await ledger.settle(tx, 'h', usd(15)), 'overrun');
  assert.deepEqual(await balance(tx), { account: 'run', unit: 'usd_micro', limit: 12, reserved: 0, spent: 15, overrun: 5 });
  assert.equal((await ledger.reserve(tx, reservation('next', usd(0)))).ok, false);
}));

test('a unit that was not measured counts as held; one that was not held counts as overrun', () => inTransaction(async (tx) => {
  await ledger.reserve(tx, reservation('h', { usd_micro: 10, calls: 1 }));
  assert.equal(await ledger.settle(tx, 'h', { usd_micro: 0, tokens: 20 }), 'overrun');
  assert.deepEqual(await ledger.balances(tx, ['run']), [
    { account: 'run', unit: 'usd_micro', reserved: 0, spent: 0, overrun: 0 },
    { account: 'run', unit: 'tokens', reserved: 0, spent: 20, overrun: 20 },
    { account: 'run', unit: 'calls', reserved: 0, spent: 1, overrun: 0 },
  ]);
}));

test('a hold resolves once', () => inTransaction(async (tx) => {
  await ledger.reserve(tx, reservation('h'));
  assert.equal(await ledger.release(tx, 'h'), 'settled');
  assert.equal(await ledger.settle(tx, 'h', usd(5)), 'already');
  assert.equal(await ledger.release(tx, 'h'), 'already');
  assert.equal(await ledger.expire(tx, 1e6), 0);
  assert.equal(await ledger.settle(tx, 'nowhere', usd(5)), 'unknown');
  assert.equal(await ledger.release(tx, 'nowhere'), 'unknown');
  assert.deepEqual(await balance(tx), { account: 'run', unit: 'usd_micro', reserved: 0, spent: 0, overrun: 0 });
}));

test('expiry gives back what was never sent and counts as spent what may have been', () => inTransaction(async (tx) => {
  await ledger.reserve(tx, reservation('kept', usd(1), { expiresAt: 101 }));
  await ledger.reserve(tx, reservation('unsent', usd(2)));
  await ledger.reserve(tx, reservation('sent', usd(4)));
  await ledger.markSent(tx, 'sent');
  await ledger.markSent(tx, 'sent');
  await ledger.markSent(tx, 'nowhere');
  assert.equal(await ledger.expire(tx, 100), 2);
  assert.deepEqual(await balance(tx), { account: 'run', unit: 'usd_micro', reserved: 1, spent: 4, overrun: 0 });
  assert.deepEqual((await transitions(tx)).map((each) => each.kind), ['reserve', 'reserve', 'reserve', 'sent', 'expire', 'expire']);
}));

test('a frozen account refuses every reserve, waived or not, and still settles', () => inTransaction(async (tx) => {
  await ledger.reserve(tx, reservation('h'));
  await ledger.freeze(tx, 'tree', true);
  await ledger.freeze(tx, 'tree', true);
  assert.deepEqual(await ledger.reserve(tx, reservation('next', usd(1), { waive: ['tree'] })), { ok: false, code: 'frozen', account: 'tree' });
  assert.equal(await ledger.settle(tx, 'h', usd(4)), 'settled');
  await ledger.freeze(tx, 'tree', false);
  assert.equal((await ledger.reserve(tx, reservation('next', usd(1)))).ok, true);
}));

test('a limit can be lowered below what is spent, and taken away', () => inTransaction(async (tx) => {
  await ledger.reserve(tx, reservation('h'));
  await ledger.settle(tx, 'h', usd(10));
  await ledger.setLimit(tx, 'run', 'usd_micro', 3);
  assert.deepEqual(await balance(tx), { account: 'run', unit: 'usd_micro', limit: 3, reserved: 0, spent: 10, overrun: 0 });
  assert.equal((await ledger.reserve(tx, reservation('next', usd(1)))).ok, false);
  await ledger.setLimit(tx, 'run', 'usd_micro', undefined);
  await ledger.setLimit(tx, 'run', 'usd_micro', undefined);
  assert.equal((await ledger.reserve(tx, reservation('next', usd(1)))).ok, true);
  assert.equal((await transitions(tx)).filter((each) => each.kind === 'limit').length, 2, 'a limit that does not change is no transition');
}));

test('amounts that cannot be money are refused before anything is written', () => inTransaction(async (tx) => {
  for (const wrong of [-1, 0.5, NaN, Infinity, MOST_AMOUNT + 1]) await assert.rejects(ledger.reserve(tx, reservation('h', usd(wrong))), RangeError);
  await assert.rejects(ledger.reserve(tx, reservation('h', usd(1), { accounts: [] })), /at least one account/);
  await assert.rejects(ledger.setLimit(tx, 'run', 'usd_micro', -1), RangeError);
  await ledger.reserve(tx, reservation('h'));
  await assert.rejects(ledger.settle(tx, 'h', usd(-5)), RangeError);
  assert.equal((await balance(tx))?.reserved, 10);
}));

test('a transition is never changed or removed', () => inMemory(async (store) => {
  await durably(store, (tx) => ledger.reserve(tx, reservation('h')));
  await assert.rejects(durably(store, (tx) => tx.run(`UPDATE transitions SET amounts = '{}'`)), /never changed/);
  await assert.rejects(durably(store, (tx) => tx.run('DELETE FROM transitions')), /never removed/);
}));

// The model: what the ledger should do, in the plainest words, over maps in memory.

interface ModelHold {
  readonly accounts: readonly string[];
  readonly amounts: Amounts;
  readonly expiresAt: number;
  sent: boolean;
  state: 'pending' | 'spent' | 'void';
  actual: Amounts;
}

class Model {
  readonly holds = new Map<string, ModelHold>();
  readonly limits = new Map<string, number>();
  readonly frozen = new Set<string>();

  /** Recomputed from the holds each time (I1, I2): the model keeps no sums that could drift. */
  sum(account: string, unit: Unit): { reserved: number; spent: number; overrun: number } {
    const total = { reserved: 0, spent: 0, overrun: 0 };
    for (const hold of this.holds.values()) {
      if (!hold.accounts.includes(account)) continue;
      const held = hold.amounts[unit] ?? 0;
      if (hold.state === 'pending') total.reserved += held;
      if (hold.state === 'spent') {
        total.spent += hold.actual[unit] ?? 0;
        total.overrun += Math.max(0, (hold.actual[unit] ?? 0) - held);
      }
    }
    return total;
  }

  reserve({ hold, accounts, amounts, expiresAt, waive }: Reservation): string {
    const earlier = this.holds.get(hold);
    if (earlier) {
      const same = earlier.state !== 'void' && [...earlier.accounts].sort().join() === [...accounts].sort().join() && UNITS.every((unit) => earlier.amounts[unit] === amounts[unit]);
      return same ? 'repeated' : 'conflict';
    }
    const closed = accounts.find((account) => this.frozen.has(account));
    if (closed !== undefined) return `frozen ${closed}`;
    for (const account of accounts) for (const unit of UNITS) {
      const limit = this.limits.get(`${account} ${unit}`);
      const { reserved, spent } = this.sum(account, unit);
      if (limit !== undefined && amounts[unit] !== undefined && !waive?.includes(account) && spent + reserved + amounts[unit] > limit) return `exceeds ${account} ${unit} ${limit} ${spent} ${reserved}`;
    }
    this.holds.set(hold, { accounts, amounts, expiresAt, sent: false, state: 'pending', actual: {} });
    return 'held';
  }

  settle(hold: string, actual: Amounts): Settled {
    const found = this.holds.get(hold);
    if (!found) return 'unknown';
    if (found.state !== 'pending') return 'already';
    found.actual = { ...found.amounts, ...actual };
    found.state = 'spent';
    return UNITS.some((unit) => (found.actual[unit] ?? 0) > (found.amounts[unit] ?? 0)) ? 'overrun' : 'settled';
  }

  release(hold: string): Settled {
    const found = this.holds.get(hold);
    if (!found) return 'unknown';
    if (found.state !== 'pending') return 'already';
    found.state = 'void';
    return 'settled';
  }

  expire(now: number): number {
    const due = [...this.holds.values()].filter((hold) => hold.state === 'pending' && hold.expiresAt <= now);
    for (const hold of due) Object.assign(hold, hold.sent ? { state: 'spent', actual: hold.amounts } : { state: 'void' });
    return due.length;
  }
}

const ACCOUNTS = ['all', 'fleet', 'tree', 'run'];
const account = fc.constantFrom(...ACCOUNTS);
const accounts = fc.uniqueArray(account, { minLength: 1 });
const unit = fc.constantFrom(...UNITS);
const holdId = fc.integer({ min: 0, max: 12 }).map((n) => `h${n}`);
const amounts: fc.Arbitrary<Amounts> = fc.dictionary(unit, fc.integer({ min: 0, max: 400 })) as fc.Arbitrary<Amounts>;

type Step =
  | { readonly kind: 'reserve'; readonly with: Reservation }
  | { readonly kind: 'settle'; readonly hold: string; readonly actual: Amounts }
  | { readonly kind: 'release' | 'sent'; readonly hold: string }
  | { readonly kind: 'expire'; readonly now: number }
  | { readonly kind: 'limit'; readonly account: string; readonly unit: Unit; readonly limit: number | undefined }
  | { readonly kind: 'freeze'; readonly account: string; readonly frozen: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('reserve' as const), with: fc.record({ hold: holdId, accounts, amounts, expiresAt: fc.integer({ min: 1, max: 20 }), waive: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, accounts) }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const), hold: holdId, actual: fc.dictionary(unit, fc.integer({ min: 0, max: 600 })) as fc.Arbitrary<Amounts> }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('release' as const, 'sent' as const), hold: holdId }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), now: fc.integer({ min: 0, max: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('limit' as const), account, unit, limit: fc.option(fc.integer({ min: 0, max: 1500 }), { nil: undefined }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('freeze' as const), account, frozen: fc.boolean() }) },
);

const plain = (answer: Reserved): string => {
  if (answer.ok) return answer.repeated ? 'repeated' : 'held';
  return [answer.code, answer.account, answer.unit, answer.limit, answer.spent, answer.reserved].filter((each) => each !== undefined).join(' ');
};

/** The same step on both; each pair must be equal. */
async function both(tx: Tx, model: Model, todo: Step): Promise<readonly [unknown, unknown]> {
  switch (todo.kind) {
    case 'reserve': return [plain(await ledger.reserve(tx, todo.with)), model.reserve(todo.with)];
    case 'settle': return [await ledger.settle(tx, todo.hold, todo.actual), model.settle(todo.hold, todo.actual)];
    case 'release': return [await ledger.release(tx, todo.hold), model.release(todo.hold)];
    case 'expire': return [await ledger.expire(tx, todo.now), model.expire(todo.now)];
    case 'sent': {
      const hold = model.holds.get(todo.hold);
      if (hold) hold.sent = true;
      return [await ledger.markSent(tx, todo.hold), undefined];
    }
    case 'limit': {
      if (todo.limit === undefined) model.limits.delete(`${todo.account} ${todo.unit}`);
      else model.limits.set(`${todo.account} ${todo.unit}`, todo.limit);
      return [await ledger.setLimit(tx, todo.account, todo.unit, todo.limit), undefined];
    }
    case 'freeze': {
      model.frozen[todo.frozen ? 'add' : 'delete'](todo.account);
      return [await ledger.freeze(tx, todo.account, todo.frozen), undefined];
    }
  }
}

async function assertSums(tx: Tx, model: Model): Promise<void> {
  const balances = await ledger.balances(tx, ACCOUNTS);
  for (const name of ACCOUNTS) for (const each of UNITS) {
    const { reserved = 0, spent = 0, overrun = 0, limit } = balances.find((row) => row.account === name && row.unit === each) ?? {};
    assert.deepEqual({ name, each, reserved, spent, overrun, limit }, { name, each, ...model.sum(name, each), limit: model.limits.get(`${name} ${each}`) });
  }
}

const byAccount = (a: Balance, b: Balance): number => (a.account < b.account ? -1 : a.account > b.account ? 1 : 0);

test('I1 I2 I4 I5 I6: any sequence gives what the model gives, and the transitions give the balances again', () => fc.assert(fc.asyncProperty(
  fc.array(step, { minLength: 5, maxLength: 60 }),
  (steps) => inTransaction(async (tx) => {
    const model = new Model();
    for (const todo of steps) {
      const [real, expected] = await both(tx, model, todo);
      assert.deepEqual(real, expected, JSON.stringify(todo));
    }
    await assertSums(tx, model);
    assert.deepEqual(replayTransitions(await transitions(tx)), [...await ledger.balances(tx, ACCOUNTS)].sort(byAccount));
  }),
), { numRuns: 150 }));

test('I3 I4: many agents at once over one store never pass a limit at any commit, and each hold resolves once', () => fc.assert(fc.asyncProperty(
  fc.array(fc.array(fc.record({ accounts, amount: fc.integer({ min: 1, max: 300 }), share: fc.integer({ min: 0, max: 100 }), twice: fc.boolean() }), { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 8 }),
  fc.integer({ min: 0, max: 1500 }),
  (agents, limit) => inMemory(async (store) => {
    await durably(store, async (tx) => {
      for (const name of ACCOUNTS) await ledger.setLimit(tx, name, 'usd_micro', limit);
    });
    await Promise.all(agents.map(async (calls, agent) => {
      for (const [index, call] of calls.entries()) await carry(store, `${agent}/${index}`, call);
    }));
    await durably(store, async (tx) => {
      const history = await transitions(tx);
      for (let end = 1; end <= history.length; end++) {
        if (history[end - 1]?.kind !== 'reserve') continue;
        for (const each of replayTransitions(history.slice(0, end))) assert.ok(each.spent + each.reserved <= limit, `${each.account} holds ${each.spent} + ${each.reserved} of ${limit} after ${end} transitions`);
      }
      assert.deepEqual(replayTransitions(history), [...await ledger.balances(tx, ACCOUNTS)].sort(byAccount));
    });
  }),
), { numRuns: 30 }));

/** One call of an agent: reserves, settles a share of it, and sometimes sends both messages twice, as a client does that lost its connection. */
async function carry(store: Store, hold: string, call: { readonly accounts: readonly string[]; readonly amount: number; readonly share: number; readonly twice: boolean }): Promise<void> {
  const times = call.twice ? 2 : 1;
  const repeat = <T>(work: (tx: Tx) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: times }, () => durably(store, work)));
  const answers = await repeat((tx) => ledger.reserve(tx, { hold, accounts: call.accounts, amounts: usd(call.amount), expiresAt: 100 }));
  assert.equal(new Set(answers.map((answer) => answer.ok)).size, 1);
  if (!answers[0]?.ok) return;
  const settled = await repeat((tx) => ledger.settle(tx, hold, usd(Math.floor(call.amount * call.share / 100))));
  assert.equal(settled.filter((answer) => answer === 'settled').length, 1);
}
