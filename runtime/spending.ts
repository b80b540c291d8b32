// What a call may cost: the upper bound before, the reservation on every account at once, the settlement after, and the balances that people see.

import type { ActionEvent, MicroUsd } from '../protocol/action.ts';
import type { Balance, RunFact } from '../protocol/run-graph.ts';
import type { Verdict } from '../protocol/verdict.ts';
import { accountFor, accountsOf, allAccounts, UNITS, type Accounts } from './accounts.ts';
import type { Ledger } from './ledger.ts';
import type { LiveRun, Surroundings } from './live-run.ts';
import type { Asking } from './host.ts';
import type { BudgetLimit, BudgetScope, Engine } from './policy/api.ts';
import type { BreakerState, Facts, Spend } from './policy/facts.ts';
import { affordableOutput, costOf, estimateCost, maxOutputOf } from './prices.ts';
import type { Tx } from './store/store.ts';

/** How long a reservation is kept when nobody settles it. It then counts as spent if its request may have been sent. */
export const HOLD_MS = 15 * 60_000;
/** Output bound for a call that sets none and whose model's own limit is not known. */
const DEFAULT_OUTPUT_TOKENS = 8_192;
/** A shorter answer is of no use: a call that can afford less is judged as if it asked for this much, and refused. */
const LEAST_OUTPUT_TOKENS = 256;

/** Everything a decision about one run at one moment looks at. */
export interface Situation {
  readonly live: LiveRun;
  readonly engine: Engine;
  readonly breakers: Readonly<Record<string, BreakerState>>;
  readonly now: number;
  readonly around: Surroundings;
  /** Decides with what the store has to say. */
  readonly asking: Asking;
}

export class Spending {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  accounts(at: Situation, model?: string): Accounts {
    return accountsOf(at.live.info, at.live.ancestors, at.now, model);
  }

  async facts(tx: Tx, at: Situation, accounts: Accounts, granted: ReadonlySet<string> = new Set()): Promise<Facts> {
    return at.live.facts(at.now, accounts, await this.#ledger.balances(tx, allAccounts(accounts)), at.breakers, granted, at.around);
  }

  /** Reserves the bound of the call. A verdict comes back only when the ledger refuses what the engine allowed, as when another host was faster. */
  async reserve(tx: Tx, at: Situation, accounts: Accounts, facts: Facts, event: ActionEvent & { event: 'llm.before' }, hold: string): Promise<Verdict | undefined> {
    const budgets = at.engine.budgets(facts, event);
    const hard = budgets.filter((budget) => budget.hard && !facts.granted.has(budget.policy));
    await this.#setLimits(tx, accounts, hard);
    const waive = budgets.filter((budget) => facts.granted.has(budget.policy)).flatMap((budget) => accountFor(budget.scope, accounts) ?? []);
    const amounts = { usd_micro: event.estimatedCost ?? 0, tokens: event.inputTokens + (event.maxOutputTokens ?? 0) };
    const result = await this.#ledger.reserve(tx, { hold, accounts: allAccounts(accounts), amounts, expiresAt: at.now + HOLD_MS, waive });
    if (result.ok) {
      await this.#ledger.markSent(tx, hold);
      return undefined;
    }
    const budget = hard.find((each) => accountFor(each.scope, accounts) === result.account && each.unit === result.unit);
    return {
      disposition: 'block', redactions: [], policyVersion: at.engine.version,
      reasons: [{
        policy: budget?.policy ?? 'ledger', category: 'cost', disposition: 'block', field: budget ? `${budget.scope} limit` : 'reserve',
        message: result.code === 'exceeds' ? `the call would take ${result.account} over its limit` : `the account ${result.account ?? ''} is closed (${result.code})`,
        limit: result.limit, fact: 'spent and reserved', value: (result.spent ?? 0) + (result.reserved ?? 0),
        place: at.engine.policies.find((policy) => policy.name === budget?.policy)?.place,
      }],
    };
  }

  /** Posts what the call really used. Without a known cost the whole reservation is posted: the request may have been answered. */
  async settle(tx: Tx, hold: string, cost: MicroUsd | undefined, tokens: number | undefined): Promise<void> {
    if (cost === undefined || tokens === undefined) await this.#ledger.settleAtReserved(tx, hold);
    else await this.#ledger.settle(tx, hold, { usd_micro: cost, tokens });
  }

  /** Posts what a call used whose reservation was given back because it was said not to happen. */
  async settleReturned(tx: Tx, at: Situation, accounts: Accounts, hold: string, cost: MicroUsd, tokens: number): Promise<void> {
    const late = `${hold}/late`;
    const names = allAccounts(accounts);
    await this.#ledger.reserve(tx, { hold: late, accounts: names, amounts: { usd_micro: 0, tokens: 0 }, expiresAt: at.now + HOLD_MS, waive: names });
    await this.#ledger.settle(tx, late, { usd_micro: cost, tokens });
  }

  release(tx: Tx, hold: string): Promise<unknown> {
    return this.#ledger.release(tx, hold);
  }

  /** The balances that changed and that somebody watches: the tree's, and every account with a limit. */
  async balanceFacts(tx: Tx, at: Situation, accounts: Accounts, facts: Facts): Promise<RunFact[]> {
    const limits = at.engine.budgets(facts);
    const tree = accounts.chain.at(-1);
    const balances = await this.#ledger.balances(tx, allAccounts(accounts));
    return balances.flatMap((balance): RunFact[] => {
      const limit = lowest(limits, accounts, balance);
      const shown = limit !== undefined || (balance.account === tree && balance.unit === 'usd_micro');
      return shown ? [{ type: 'budget', ...balance, limit }] : [];
    });
  }

  /** A hard limit that what is spent and reserved already passes, as when it was lowered meanwhile. */
  exceeded(engine: Engine, facts: Facts): BudgetLimit | undefined {
    return engine.budgets(facts).find((budget) => budget.hard && !budget.conditional && usedOf(budget, facts) > budget.limit);
  }

  /** Limits seldom change, so they are compared with those in force before anything is written. */
  async #setLimits(tx: Tx, accounts: Accounts, hard: readonly BudgetLimit[]): Promise<void> {
    const names = allAccounts(accounts);
    const balances = await this.#ledger.balances(tx, names);
    for (const account of names) {
      const own = balances.filter((balance) => balance.account === account);
      for (const unit of UNITS) {
        const limit = lowest(hard, accounts, { account, unit });
        if (limit !== own.find((balance) => balance.unit === unit)?.limit) await this.#ledger.setLimit(tx, account, unit, limit);
      }
    }
  }
}

/** The call with its price at the upper bound. A call without an output limit gets the one that the tightest hard budget can still pay for. */
export function priced(event: ActionEvent, engine: Engine, facts: Facts): ActionEvent {
  if (event.event !== 'llm.before') return event;
  const call = { provider: event.provider, model: event.model, inputTokens: event.inputTokens };
  const maxOutputTokens = event.maxOutputTokens ?? Math.max(LEAST_OUTPUT_TOKENS, Math.min(
    maxOutputOf(event.model) ?? DEFAULT_OUTPUT_TOKENS, DEFAULT_OUTPUT_TOKENS,
    affordableOutput({ ...call, budget: leftOf(engine, facts, event) }) ?? DEFAULT_OUTPUT_TOKENS));
  return { ...event, maxOutputTokens, estimatedCost: estimateCost({ ...call, maxOutputTokens }) };
}

/** The call's result with its real price, when the model has one. */
export function settledEvent(event: ActionEvent, provider: string): ActionEvent {
  if (event.event !== 'llm.after' || !event.usage) return event;
  return { ...event, cost: costOf({ provider, model: event.model, usage: event.usage }) };
}

/** Micro-dollars left under the tightest hard limit; Infinity without one. */
function leftOf(engine: Engine, facts: Facts, event: ActionEvent): number {
  const left = engine.budgets(facts, event).filter((budget) => budget.hard && budget.unit === 'usd_micro').map((budget) => budget.limit - usedOf(budget, facts));
  return Math.max(0, Math.min(Infinity, ...left));
}

function usedOf(budget: BudgetLimit, facts: Facts): number {
  const tally = spendOf(budget.scope, facts)?.[budget.unit === 'tokens' ? 'tokens' : 'cost'];
  return (tally?.spent ?? 0) + (tally?.reserved ?? 0);
}

function spendOf(scope: BudgetScope, facts: Facts): Spend | undefined {
  if (scope === 'run' || scope === 'tree') return facts.spend[scope];
  if (scope.startsWith('day.model:')) return facts.spend.models[scope.slice('day.model:'.length)];
  const [window, who] = scope.split('.') as ['day' | 'month', 'agent' | 'fleet' | 'user' | 'all'];
  return facts.spend[window][who];
}

function lowest(limits: readonly BudgetLimit[], accounts: Accounts, of: Pick<Balance, 'account' | 'unit'>): number | undefined {
  const found = limits.filter((limit) => limit.unit === of.unit && accountFor(limit.scope, accounts) === of.account).map((limit) => limit.limit);
  return found.length ? Math.min(...found) : undefined;
}
