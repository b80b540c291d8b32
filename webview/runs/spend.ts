// The money of a run: which account its header shows, in figures and in words, and how it came to this over time.

import { amountText, isMoney } from '../../protocol/describe-graph.ts';
import { formatUsd } from '../../protocol/money.ts';
import { rollUp } from '../../protocol/roll-up.ts';
import type { Balance, RunEvent, RunGraph } from '../../protocol/run-graph.ts';

export interface Spend {
  readonly account?: string;
  readonly spent: number;
  readonly reserved: number;
  readonly limit?: number;
  readonly overrun: number;
  /** The figures as a sentence. */
  readonly text: string;
  /** What the limit is about, for example `whole tree`. */
  readonly scope: string;
  /** True when some call's price is not known: the truth is at least what is shown. */
  readonly atLeast: boolean;
}

/** A point of the burn-down. Times in milliseconds since the epoch, money in micro-dollars. */
export interface Sample {
  readonly at: number;
  readonly spent: number;
  readonly reserved: number;
  readonly limit?: number;
}

/** The account nearest to its limit among those that count money; without one, what was settled. `atLeast`: some price is not known. */
export function spendOf(graph: RunGraph, root: string, atLeast = false): Spend {
  const balance = tightest(graph, root);
  if (!balance) {
    const spent = rollUp(graph).get(root)?.cost ?? 0;
    return { spent, reserved: 0, overrun: 0, scope: 'whole tree', atLeast, text: `${atLeast ? 'at least ' : ''}${formatUsd(spent)} spent, no limit` };
  }
  const { account, unit, spent, reserved, limit, overrun } = balance;
  const text = [
    `${atLeast ? 'at least ' : ''}${amountText(spent, unit)} spent`, reserved ? `${amountText(reserved, unit)} reserved` : '',
    limit === undefined ? 'no limit' : `limit ${amountText(limit, unit)}`, overrun ? `${amountText(overrun, unit)} over` : '',
  ].filter(Boolean).join(', ');
  return { account, spent, reserved, limit, overrun, scope: scopeText(account, root), atLeast, text };
}

function tightest(graph: RunGraph, root: string): Balance | undefined {
  const money = [...graph.balances.values()].filter((each) => isMoney(each.unit));
  const fullness = (each: Balance): number => (each.limit ? (each.spent + each.reserved) / each.limit : -1);
  return money.reduce<Balance | undefined>((best, each) => {
    if (!best || fullness(each) > fullness(best)) return each;
    return fullness(each) === fullness(best) && each.account === `run:${root}` ? each : best;
  }, undefined);
}

/** `run:<id>` is a run with its tree; `day:2026-11-23:<workspace>:agent:<name>` a calendar window. */
function scopeText(account: string, root: string): string {
  if (account === `run:${root}`) return 'whole tree';
  if (account.startsWith('run:')) return 'one agent and its children';
  const window = /^(day|month):[^:]*:/.exec(account);
  if (!window) return account;
  const who = /:(agent|fleet|user):([^:]+)(?::model:(.+))?$/.exec(account);
  const when = window[1] === 'day' ? 'today' : 'this month';
  return who ? `${when}, ${who[1]} ${who[2]}${who[3] ? `, ${who[3]}` : ''}` : `${when}, all`;
}

/** The burn-down of a run, grown event by event. */
export class BurnDown {
  readonly #byAccount = new Map<string, Sample[]>();
  readonly #settled: Sample[] = [];
  #unknownPrice = false;

  /** True once a call was settled whose price is not known. */
  get unknownPrice(): boolean {
    return this.#unknownPrice;
  }

  add(events: readonly RunEvent[]): void {
    for (const event of events) {
      if (event.type === 'budget' && isMoney(event.unit)) this.#push(event.account, { at: event.at, spent: event.spent, reserved: event.reserved, limit: event.limit });
      if (event.type !== 'action.ended') continue;
      if (event.costKnown === false) this.#unknownPrice = true;
      if (event.cost) this.#settled.push({ at: event.at, spent: (this.#settled.at(-1)?.spent ?? 0) + event.cost, reserved: 0 });
    }
  }

  /** Samples of an account; without one, the settled costs added up. */
  samples(account: string | undefined): readonly Sample[] {
    return (account === undefined ? undefined : this.#byAccount.get(account)) ?? this.#settled;
  }

  #push(account: string, sample: Sample): void {
    const samples = this.#byAccount.get(account);
    if (samples) samples.push(sample);
    else this.#byAccount.set(account, [sample]);
  }
}
