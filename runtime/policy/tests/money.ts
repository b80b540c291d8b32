// What is spent and reserved in the world of a test, on the accounts that the governor's ledger has: run, tree, day, month, model.

import type { MicroUsd } from '../../../protocol/action.ts';
import type { BudgetLimit, BudgetScope } from '../api.ts';
import type { Facts, Spend } from '../facts.ts';
import type { Given } from './given-schema.ts';
import { micros } from './words.ts';

/** What a call takes, in micro-dollars and tokens. */
export interface Amounts {
  readonly cost: MicroUsd;
  readonly tokens: number;
}

const WHO = ['agent', 'fleet', 'user', 'all'] as const;
type Written = NonNullable<Given['tree']> | undefined;

export class Money {
  readonly #accounts = new Map<BudgetScope, Spend>();
  readonly #withFleet: boolean;

  constructor(given: Given | undefined, withFleet: boolean) {
    this.#withFleet = withFleet;
    const run = spendOf(given?.run);
    this.#accounts.set('run', run);
    this.#accounts.set('tree', atLeast(spendOf(given?.tree), run));
    for (const window of ['day', 'month'] as const) for (const who of WHO) this.#accounts.set(`${window}.${who}`, atLeast(spendOf(given?.[window]?.[who]), run));
    for (const [model, spend] of Object.entries(given?.models ?? {})) this.#accounts.set(`day.model:${model}`, spendOf(spend));
  }

  /** As the facts of a decision have it. */
  get facts(): Facts['spend'] {
    const of = (scope: BudgetScope) => this.#accounts.get(scope) ?? NOTHING;
    const window = (name: 'day' | 'month') => ({ agent: of(`${name}.agent`), ...(this.#withFleet && { fleet: of(`${name}.fleet`) }), user: of(`${name}.user`), all: of(`${name}.all`) });
    const models = [...this.#accounts].filter(([scope]) => scope.startsWith(MODEL)).map(([scope, spend]) => [scope.slice(MODEL.length), spend]);
    return { run: of('run'), tree: of('tree'), day: window('day'), month: window('month'), models: Object.fromEntries(models) };
  }

  reserve(amounts: Amounts, model: string): void {
    this.#move(model, ({ cost, tokens }) => ({ cost: { ...cost, reserved: cost.reserved + amounts.cost }, tokens: { ...tokens, reserved: tokens.reserved + amounts.tokens } }));
  }

  /** What was reserved is given back, and what it really was is spent. */
  settle(reserved: Amounts, spent: Amounts, model: string): void {
    this.#move(model, ({ cost, tokens }) => ({
      cost: { spent: cost.spent + spent.cost, reserved: cost.reserved - reserved.cost },
      tokens: { spent: tokens.spent + spent.tokens, reserved: tokens.reserved - reserved.tokens },
    }));
  }

  /** The limit that a call would pass; the ledger refuses it even where no policy was asked. */
  passed(limits: readonly BudgetLimit[], amounts: Amounts, model: string): (BudgetLimit & { readonly used: number }) | undefined {
    for (const limit of limits) {
      if (limit.scope.startsWith(MODEL) && limit.scope !== `${MODEL}${model}`) continue;
      const tally = this.#accounts.get(limit.scope)?.[limit.unit === 'tokens' ? 'tokens' : 'cost'] ?? { spent: 0, reserved: 0 };
      const used = tally.spent + tally.reserved;
      if (used + amounts[limit.unit === 'tokens' ? 'tokens' : 'cost'] > limit.limit) return { ...limit, used };
    }
    return undefined;
  }

  #move(model: string, change: (spend: Spend) => Spend): void {
    const own = `${MODEL}${model}` as BudgetScope;
    if (!this.#accounts.has(own)) this.#accounts.set(own, NOTHING);
    for (const [scope, spend] of this.#accounts) if (!scope.startsWith(MODEL) || scope === own) this.#accounts.set(scope, change(spend));
  }
}

const MODEL = 'day.model:';
const NOTHING: Spend = Object.freeze({ cost: { spent: 0, reserved: 0 }, tokens: { spent: 0, reserved: 0 } });

function spendOf(written: Written | Given['run']): Spend {
  const { cost = 0, reserved_cost: reserved = 0, tokens = 0, reserved_tokens: reservedTokens = 0 } = (written ?? {}) as { readonly [K in 'cost' | 'reserved_cost' | 'tokens' | 'reserved_tokens']?: number };
  return { cost: { spent: micros(cost), reserved: micros(reserved) }, tokens: { spent: tokens, reserved: reservedTokens } };
}

/** What the run spent is spent on every account that it counts in. */
function atLeast(spend: Spend, run: Spend): Spend {
  const larger = (unit: 'cost' | 'tokens') => ({ spent: Math.max(spend[unit].spent, run[unit].spent), reserved: Math.max(spend[unit].reserved, run[unit].reserved) });
  return { cost: larger('cost'), tokens: larger('tokens') };
}
