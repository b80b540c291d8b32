// One run that is going on: its counters and history, which every decision of the run looks at. Rebuilt from the journal when the governor starts again.

import { createHash } from 'node:crypto';
import type { ActionEvent, ActionKind } from '../protocol/action.ts';
import type { Balance, RunEvent, RunInfo } from '../protocol/run-graph.ts';
import { accountFor, type Accounts } from './accounts.ts';
import type { BudgetScope } from './policy/api.ts';
import { canonicalArgs, shapeOf } from './policy/detect/loops.ts';
import { HISTORY_LIMIT, type BreakerState, type CallMark, type Facts, type Spend } from './policy/facts.ts';
import { nameOf } from './shown.ts';

export class LiveRun {
  readonly info: RunInfo;
  /** Ids from the parent up to the root. */
  readonly ancestors: readonly string[];
  readonly startedAt: number;
  killed?: Facts['killed'];
  /** Why the newest call was refused; undefined once a later one went well. */
  refusal?: string;
  #steps = 0;
  #toolCalls = 0;
  #llmCalls = 0;
  #tokens = 0;
  #cost = 0;
  #retries = 0;
  #nodes = 0;
  readonly #history: CallMark[] = [];

  constructor(info: RunInfo, ancestors: readonly string[], startedAt: number) {
    this.info = info;
    this.ancestors = ancestors;
    this.startedAt = startedAt;
  }

  /** Counts an action that was judged for the first time. */
  proposed(event: ActionEvent, at: number): void {
    this.#count(event.event.slice(0, event.event.indexOf('.')) as ActionKind);
    const mark = markOf(event, at);
    if (!mark) return;
    this.#history.push(mark);
    if (this.#history.length > HISTORY_LIMIT) this.#history.shift();
  }

  /** A new node of this run. */
  nextNode(): string {
    return `${this.info.id}/${++this.#nodes}`;
  }

  /** Counts what an action came to; `failed` is undefined for kinds that are not retried. */
  ended(failed: boolean | undefined, cost = 0, tokens = 0): void {
    if (failed !== undefined) this.#retries = failed ? this.#retries + 1 : 0;
    if (failed === false) this.refusal = undefined;
    this.#cost += cost;
    this.#tokens += tokens;
  }

  /** Brings the counters back from the journal of this run; `marks` are its newest calls. */
  restore(events: readonly RunEvent[], marks: readonly CallMark[]): void {
    for (const event of events) {
      if (event.type === 'action.proposed' && event.kind !== 'run') {
        this.#count(event.kind);
        this.#nodes = Math.max(this.#nodes, Number(event.node.slice(event.node.lastIndexOf('/') + 1)));
      }
      if (event.type === 'action.ended') this.ended(event.outcome === 'failed', event.cost, (event.usage?.input ?? 0) + (event.usage?.output ?? 0));
    }
    this.#history.push(...marks.slice(-HISTORY_LIMIT));
  }

  facts(now: number, accounts: Accounts, balances: readonly Balance[], breakers: Readonly<Record<string, BreakerState>>, granted: ReadonlySet<string>): Facts {
    const spendOf = (account: string | undefined): Spend => spendIn(balances, account);
    const window = (name: 'day' | 'month') => {
      const of = (who: 'agent' | 'fleet' | 'user' | 'all') => spendOf(accountFor(`${name}.${who}`, accounts));
      return { agent: of('agent'), ...(this.info.fleet && { fleet: of('fleet') }), user: of('user'), all: of('all') };
    };
    const models = Object.entries(accounts.windows).filter(([scope]) => scope.startsWith('day.model:'))
      .map(([scope, account]) => [(scope as BudgetScope).slice('day.model:'.length), spendOf(account)]);
    const tree = spendOf(accountFor('tree', accounts));
    return {
      now,
      agent: this.info.agent,
      fleet: this.info.fleet,
      workflow: this.info.workflow,
      user: this.info.user,
      run: {
        id: this.info.id, root: this.info.root, depth: this.info.depth, startedAt: this.startedAt,
        steps: this.#steps, toolCalls: this.#toolCalls, llmCalls: this.#llmCalls, tokens: this.#tokens, cost: this.#cost,
        treeCost: tree.cost.spent, retries: this.#retries, taint: [],
      },
      spend: { run: spendOf(accountFor('run', accounts)), tree, day: window('day'), month: window('month'), models: Object.fromEntries(models) },
      history: this.#history,
      breakers,
      killed: this.killed,
      granted,
    };
  }

  #count(kind: ActionKind): void {
    if (kind === 'run') return;
    this.#steps++;
    if (kind === 'tool') this.#toolCalls++;
    if (kind === 'llm') this.#llmCalls++;
  }
}

/** How a call is remembered for seeing that it repeats; undefined for kinds that do not count. */
export function markOf(event: ActionEvent, at: number): CallMark | undefined {
  const args = repeatable(event);
  return args && { kind: args.kind, name: nameOf(event), hash: sha256(canonicalArgs(args.value)), shape: sha256(shapeOf(args.value)), at };
}

function repeatable(event: ActionEvent): { kind: CallMark['kind']; value: unknown } | undefined {
  switch (event.event) {
    case 'tool.before': return { kind: 'tool', value: event.args };
    case 'http.before': return { kind: 'http', value: { method: event.method, url: event.url } };
    case 'exec.before': return { kind: 'exec', value: { argv: event.argv, cwd: event.cwd } };
    case 'spawn.before': return { kind: 'spawn', value: event.command };
    default: return undefined;
  }
}

function spendIn(balances: readonly Balance[], account: string | undefined): Spend {
  const tally = (unit: string) => {
    const balance = balances.find((each) => each.account === account && each.unit === unit);
    return { spent: balance?.spent ?? 0, reserved: balance?.reserved ?? 0 };
  };
  return { cost: tally('usd_micro'), tokens: tally('tokens') };
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
