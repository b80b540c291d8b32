// One run that is going on: its counters and history, which every decision of the run looks at. Rebuilt from the journal when the governor starts again.

import { createHash, randomBytes } from 'node:crypto';
import type { ActionEvent, ActionKind, RunOutcome } from '../protocol/action.ts';
import type { Balance, RunEvent, RunInfo } from '../protocol/run-graph.ts';
import { accountFor, type Accounts } from './accounts.ts';
import type { BudgetScope } from './policy/api.ts';
import { canonicalArgs, shapeOf } from './policy/detect/loops.ts';
import { freshFacts, HISTORY_LIMIT, type BreakerState, type CallMark, type Effects, type Facts, type Host, type Spend } from './policy/facts.ts';
import { EffectTotals } from './effects.ts';
import { RunPast } from './run-past.ts';
import { nameOf } from './shown.ts';

const NO_CONTEXT: Readonly<Record<string, string>> = Object.freeze({});

/** What a run cannot know of itself: the runs around it, and the past of all. */
export interface Surroundings {
  readonly ancestors: readonly string[];
  readonly liveChildren: number;
  readonly treeEffects: () => Effects;
  readonly taint: () => readonly string[];
  readonly host: Host;
  /** Where the action was intercepted. */
  readonly plane?: string;
}

export class LiveRun {
  readonly info: RunInfo;
  /** Ids from the parent up to the root. */
  readonly ancestors: readonly string[];
  readonly startedAt: number;
  killed?: Facts['killed'];
  /** Why the newest call was refused; undefined once a later one went well. */
  refusal?: string;
  /** True when a transaction that counted here failed: the counters are then read from the journal again before anything is judged. */
  stale = false;
  #steps = 0;
  #toolCalls = 0;
  #llmCalls = 0;
  #tokens = 0;
  #cost = 0;
  #retries = 0;
  #nodes = 0;
  #history: CallMark[] = [];
  #past = new RunPast();
  /** What runs of this tree that have ended did to the world. Kept at the root. */
  readonly endedEffects = new EffectTotals();
  /** Kinds of the actions that have not ended, by node. */
  readonly #open = new Map<string, ActionKind>();

  constructor(info: RunInfo, ancestors: readonly string[], startedAt: number) {
    this.info = info;
    this.ancestors = ancestors;
    this.startedAt = startedAt;
  }

  get steps(): number {
    return this.#steps;
  }

  get past(): RunPast {
    return this.#past;
  }

  /** Remembers a call, for seeing that it repeats. */
  remember(mark: CallMark | undefined): void {
    if (!mark) return;
    this.#history.push(mark);
    if (this.#history.length > HISTORY_LIMIT) this.#history.shift();
  }

  /** A new node of this run. */
  nextNode(): string {
    return `${this.info.id}/${++this.#nodes}`;
  }

  /** Counts what the journal says happened. Whatever is counted is counted here alone, so that a restart comes to the same numbers. */
  apply(event: RunEvent): void {
    if (event.type === 'action.proposed') this.#proposed(event.node, event.kind);
    if (event.type === 'action.ended') this.#ended(event);
    this.#past.apply(event);
  }

  /** Counts everything anew from the whole journal of this run; `marks` are its newest calls. */
  recount(events: readonly RunEvent[], marks: readonly CallMark[]): void {
    this.#steps = this.#toolCalls = this.#llmCalls = this.#tokens = this.#cost = this.#retries = 0;
    this.refusal = undefined;
    this.#open.clear();
    this.#past = new RunPast();
    for (const event of events) this.apply(event);
    this.#history = marks.slice(-HISTORY_LIMIT);
    this.stale = false;
  }

  facts(now: number, accounts: Accounts, balances: readonly Balance[], breakers: Readonly<Record<string, BreakerState>>, granted: ReadonlySet<string>, around: Surroundings): Facts {
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
        treeCost: tree.cost.spent, retries: this.#retries, 
        taint: around.taint(), ancestors: around.ancestors, children: { live: around.liveChildren, total: this.#past.spawned },
        effects: this.#past.effects, get treeEffects() { return around.treeEffects(); },
      },
      spend: { run: spendOf(accountFor('run', accounts)), tree, day: window('day'), month: window('month'), models: Object.fromEntries(models) },
      history: this.#history,
      breakers,
      killed: this.killed,
      context: this.info.context ?? NO_CONTEXT,
      host: around.host,
      ...(around.plane !== undefined && { plane: around.plane }),
      granted,
    };
  }

  #proposed(node: string, kind: ActionKind): void {
    if (kind === 'run') return;
    this.#open.set(node, kind);
    this.#nodes = Math.max(this.#nodes, Number(node.slice(node.lastIndexOf('/') + 1)));
    this.#steps++;
    if (kind === 'tool') this.#toolCalls++;
    if (kind === 'llm') this.#llmCalls++;
  }

  #ended({ node, outcome, cost = 0, usage, error }: RunEvent & { type: 'action.ended' }): void {
    const kind = this.#open.get(node);
    this.#open.delete(node);
    this.#cost += cost;
    this.#tokens += (usage?.input ?? 0) + (usage?.output ?? 0);
    if (outcome === 'refused') this.refusal = error;
    if (kind !== 'llm' && kind !== 'tool') return;
    if (outcome === 'failed') this.#retries++;
    if (outcome === 'done') {
      this.#retries = 0;
      this.refusal = undefined;
    }
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

/** An id that sorts by time: 48 bits of milliseconds and 40 random bits, in base 32. */
export function newId(now: number): string {
  const bits = (BigInt(now) << 40n) | BigInt(`0x${randomBytes(5).toString('hex')}`);
  return bits.toString(32).padStart(18, '0');
}

/** Enough to know which policies are in scope for a run, whatever it has done. */
export const identityFacts = ({ agent, fleet, workflow, user, context }: RunInfo, now: number): Facts => freshFacts({ now, agent, fleet, workflow, user, ...(context && { context }) });

/** How a run really ended: one that failed on a refusal was blocked, one that was stopped was killed, whatever its process says. */
export function endOf(live: LiveRun, outcome: RunOutcome, error: string | undefined): { readonly outcome: RunOutcome; readonly reason?: string } {
  if (live.killed) return { outcome: 'killed', reason: stopReason(live.killed) };
  if (outcome === 'failed' && live.refusal) return { outcome: 'blocked', reason: live.refusal };
  return { outcome, reason: error };
}

export const stopReason = ({ by, reason }: NonNullable<LiveRun['killed']>): string => `stopped by ${by}: ${reason}`;
