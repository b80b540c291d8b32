// The world of one test: a clock and what is on record at each moment. Counts as the governor counts, from what the steps did and what the test says was given.

import type { ActionEvent, RunOutcome } from '../../../protocol/action.ts';
import { kindOf } from '../../../protocol/action.ts';
import type { Redaction, Verdict } from '../../../protocol/verdict.ts';
import { actionName } from '../action-name.ts';
import type { Engine } from '../api.ts';
import { nextBreaker } from '../categories/kill-switch.ts';
import { freshHost, freshRun, HISTORY_LIMIT, type BreakerState, type CallMark, type DecisionMark, type Effects, type Facts, type Host, type Incident, type RetrievedMark, type RunFacts } from '../facts.ts';
import { Counts } from './counts.ts';
import { EFFECT_KEYS, type Given } from './given-schema.ts';
import { broughtBy, EffectTotals, markOf } from './marks.ts';
import { Money, type Amounts } from './money.ts';
import type { PolicyTest } from './schema.ts';
import { micros, milliseconds } from './words.ts';

/** When a test begins that does not say: a Monday, noon UTC. */
export const NOON = Date.UTC(2026, 0, 5, 12);

/** A call that was let go. */
export interface Going {
  readonly event: ActionEvent;
  readonly entry: ReturnType<Counts['began']> | undefined;
  readonly reserved: Amounts | undefined;
}

interface Remembered {
  readonly kind: string;
  readonly at: number;
}

export class World {
  now: number;
  readonly money: Money;
  readonly #test: PolicyTest;
  readonly #engine: Engine;
  readonly #fleet: string | undefined;
  readonly #counts: Counts;
  readonly #effects: { readonly run: EffectTotals; readonly tree: EffectTotals };
  readonly #run: { steps: number; toolCalls: number; llmCalls: number; tokens: number; cost: number; retries: number; spawned: number };
  readonly #startedAt: number;
  readonly #history: CallMark[];
  readonly #taint: string[];
  readonly #retrieved: RetrievedMark[];
  readonly #told: string[];
  readonly #decisions: DecisionMark[];
  readonly #violations: Map<string, number[]>;
  readonly #incidents: Incident[] = [];
  readonly #memory = new Map<string, Remembered>();
  readonly #outcomes: { readonly at: number; readonly ok: boolean }[];
  readonly #breakers: Map<string, BreakerState>;
  readonly #counted = new Set<string>();
  readonly #host: Host;

  constructor(test: PolicyTest, engine: Engine) {
    const { given = {} } = test;
    const { run = {} } = given;
    this.now = test.now === undefined ? NOON : Date.parse(test.now);
    this.#test = test;
    this.#engine = engine;
    this.#fleet = test.fleet ?? engine.agents.get(test.agent ?? '')?.fleet;
    this.money = new Money(given, this.#fleet !== undefined);
    this.#counts = new Counts({ fleet: this.#fleet, workflow: test.workflow });
    this.#startedAt = this.#before(run.age);
    this.#run = { steps: run.steps ?? 0, toolCalls: run.tool_calls ?? 0, llmCalls: run.llm_calls ?? 0, tokens: run.tokens ?? 0, cost: micros(run.cost ?? 0), retries: run.retries ?? 0, spawned: run.children?.total ?? run.children?.live ?? 0 };
    const own = effectsGiven(run.effects);
    this.#effects = { run: new EffectTotals(own), tree: new EffectTotals(larger(effectsGiven(given.tree?.effects), own)) };
    this.#history = (given.history ?? []).flatMap(({ times = 1, ago, ...call }) => this.#marks(call, this.#before(ago), times)).slice(-HISTORY_LIMIT);
    this.#taint = [...given.taint ?? []];
    this.#told = [...given.told ?? []];
    this.#retrieved = (given.retrieved ?? []).map(({ ago, store = 'store', ...document }) => ({ ...document, store, at: this.#before(ago) }));
    this.#decisions = (given.decisions ?? []).map(({ ago, ...decision }) => ({ ...decision, at: this.#before(ago) }));
    this.#violations = new Map(Object.entries(given.violations ?? {}).map(([policy, times]) => [policy, Array.from({ length: times }, () => this.now)]));
    this.#outcomes = (given.ended_runs ?? []).flatMap(({ outcome, times = 1, ago }) => Array.from({ length: times }, () => ({ at: this.#before(ago), ok: outcome === 'completed' })));
    this.#breakers = new Map(Object.entries(given.breakers ?? {}).map(([policy, { state, ago }]) => [policy, { state, errors: 0, samples: 0, ...(state !== 'closed' && { openedAt: this.#before(ago) }) }]));
    for (const { what, name = '', times = 1, by, ago } of given.started ?? []) for (let index = 0; index < times; index++) this.#counts.began({ what, name, at: this.#before(ago), ...(by && { by }) }, false);
    for (const { what, times = 1, by } of given.running ?? []) for (let index = 0; index < times; index++) this.#counts.goesOn({ what, name: '', at: this.now, ...(by && { by }) });
    this.#host = this.#answers(given);
  }

  get depth(): number {
    return this.#test.given?.run?.depth ?? 0;
  }

  /** What is known at this moment. */
  facts(granted: ReadonlySet<string> = new Set()): Facts {
    const { agent = 'agent', user = 'user', workflow, plane, context = {}, given = {} } = this.#test;
    const facts: Facts = {
      now: this.now, agent, user, run: this.#runFacts(), spend: this.money.facts, history: [...this.#history], breakers: {}, context, host: this.#host,
      granted: new Set([...given.granted ?? [], ...granted]),
      ...(this.#fleet !== undefined && { fleet: this.#fleet }), ...(workflow !== undefined && { workflow }), ...(plane !== undefined && { plane }),
      ...(given.killed !== undefined && { killed: { scope: `agent ${agent}`, by: 'a person', reason: given.killed } }),
    };
    return { ...facts, breakers: this.#advanceBreakers(facts) };
  }

  /** An action was proposed: it is a step, and is remembered for seeing that it repeats, whatever came of it. */
  proposed(event: ActionEvent): void {
    const kind = kindOf(event.event);
    if (kind === 'run') return;
    this.#run.steps++;
    if (kind === 'tool') this.#run.toolCalls++;
    if (kind === 'llm') this.#run.llmCalls++;
    const mark = markOf(event, this.now);
    if (mark) this.#history.push(mark);
    if (this.#history.length > HISTORY_LIMIT) this.#history.shift();
  }

  /** What policies objected to is on record: once for each event, however often it is judged. `node` tells events apart. */
  judged(node: string, event: ActionEvent, { disposition, reasons }: Verdict): void {
    if (event.event === 'spawn.before' && disposition !== 'block' && disposition !== 'gate') this.#run.spawned++;
    for (const { policy, disposition: done, shadow } of reasons) {
      const key = `${node}\n${event.event}\n${policy}`;
      if (this.#counted.has(key)) continue;
      this.#counted.add(key);
      this.#violations.set(policy, [...this.#violations.get(policy) ?? [], this.now]);
      if (!shadow) this.#incidents.push({ at: this.now, policy, disposition: done });
    }
  }

  /** An action is let go: it counts from now on. */
  begins(event: ActionEvent, seen: readonly ActionEvent[], redactions: readonly Redaction[]): Going {
    const entry = this.#counts.began({ what: kindOf(event.event), name: actionName(event) || kindOf(event.event), at: this.now }, true);
    this.#effect(seen);
    this.#told.push(...broughtBy([event], redactions, this.now).told);
    for (const each of seen) if (each.event === 'memory.before') this.#remember(each);
    if (event.event !== 'llm.before') return { event, entry, reserved: undefined };
    const reserved = amountsOf(event);
    this.money.reserve(reserved, event.model);
    return { event, entry, reserved };
  }

  /** An action is over. `event` says how, as far as the test does; `seen` is what it was judged as, and `kept` whether the agent got the result. */
  ends(going: Going, event: ActionEvent | undefined, seen: readonly ActionEvent[], redactions: readonly Redaction[], kept: boolean): void {
    this.#counts.ended(going.entry);
    this.#effect(seen);
    if (going.reserved && going.event.event === 'llm.before') this.#settle(going.reserved, going.event.model, event);
    if (kept) this.brings(seen, redactions);
    const kind = kindOf(going.event.event);
    if (kind === 'tool' || kind === 'llm') this.#run.retries = kept && failed(event) ? this.#run.retries + 1 : kept ? 0 : this.#run.retries;
    if (event?.event === 'run.after') this.#ran(event.outcome);
  }

  /** What reached the run's context. */
  brings(seen: readonly ActionEvent[], redactions: readonly Redaction[]): void {
    const brought = broughtBy(seen, redactions, this.now);
    for (const taint of brought.taint) if (!this.#taint.includes(taint)) this.#taint.push(taint);
    this.#decisions.push(...brought.decisions);
    this.#retrieved.push(...brought.documents);
  }

  /** True for an item whose time is over: it must not be read any more. */
  forgotten(seen: readonly ActionEvent[], facts: Facts): string | undefined {
    const read = seen.find((event) => event.event === 'memory.before' && event.operation === 'read');
    const item = read?.event === 'memory.before' ? this.#memory.get(itemKey(read)) : undefined;
    return item && this.#engine.memory(facts).find(({ retentionMs }) => retentionMs !== undefined && item.at <= this.now - retentionMs)?.policy;
  }

  #before(ago: string | undefined): number {
    return this.now - (ago === undefined ? 0 : milliseconds(ago));
  }

  #marks(call: { readonly tool?: string; readonly args?: object; readonly http?: string; readonly method?: string }, at: number, times: number): CallMark[] {
    const { tool, args = {}, http, method = 'GET' } = call;
    const event: ActionEvent | undefined = tool !== undefined ? { event: 'tool.before', name: tool, args: args as Record<string, unknown> }
      : http !== undefined ? { event: 'http.before', method, url: http, protocol: 'https', host: URL.canParse(http) ? new URL(http).hostname : '', port: 443 } : undefined;
    const mark = event && markOf(event, at);
    return mark ? Array.from({ length: times }, () => mark) : [];
  }

  #runFacts(): RunFacts {
    const { run = {} } = this.#test.given ?? {};
    const { spawned, ...counted } = this.#run;
    return freshRun({
      ...counted, depth: this.depth, startedAt: this.#startedAt, treeCost: this.money.facts.tree.cost.spent, taint: [...this.#taint], ancestors: run.ancestors ?? [],
      children: { live: (run.children?.live ?? 0) + this.#counts.going('spawn'), total: spawned }, effects: this.#effects.run.totals, treeEffects: this.#effects.tree.totals,
    });
  }

  #answers({ incidents = [], remembered = {}, judge }: Given): Host {
    const counts = this.#counts.host(() => this.now);
    const recorded = incidents.flatMap(({ times = 1, by, ago, policy, action }) => Array.from({ length: times }, () => ({ by, incident: { at: this.#before(ago), policy, disposition: action } })));
    return freshHost({
      ...counts,
      violations: (policy) => this.#violations.get(policy) ?? [],
      incidents: (by) => [...recorded.filter((each) => each.by === undefined || each.by.includes(by)).map(({ incident }) => incident), ...this.#incidents].sort((a, b) => a.at - b.at),
      retrieved: () => this.#retrieved,
      told: () => this.#told,
      decisions: () => this.#decisions,
      remembered: () => [...this.#memory.values()].reduce<Record<string, number>>((kinds, { kind }) => ({ ...kinds, [kind]: (kinds[kind] ?? 0) + 1 }), { ...remembered }),
      judgement: () => judge && { score: judge.score, reason: judge.reason ?? '' },
    });
  }

  #advanceBreakers(facts: Facts): Record<string, BreakerState> {
    for (const rules of this.#engine.breakers(facts)) this.#breakers.set(rules.policy, nextBreaker(this.#breakers.get(rules.policy) ?? CLOSED, rules, this.#outcomes, this.now));
    return Object.fromEntries(this.#breakers);
  }

  #effect(seen: readonly ActionEvent[]): void {
    this.#effects.run.add(seen);
    this.#effects.tree.add(seen);
  }

  #remember(event: ActionEvent<'memory.before'>): void {
    if (event.operation === 'write') this.#memory.set(itemKey(event), { kind: event.kind ?? 'item', at: this.now });
    if (event.operation === 'delete') this.#memory.delete(itemKey(event));
  }

  #settle(reserved: Amounts, model: string, event: ActionEvent | undefined): void {
    const usage = event?.event === 'llm.after' ? event.usage : undefined;
    const tokens = usage ? usage.input + usage.output : reserved.tokens;
    const cost = event?.event === 'llm.after' && event.cost !== undefined ? event.cost : reserved.cost;
    this.money.settle(reserved, { cost, tokens }, model);
    this.#run.cost += cost;
    this.#run.tokens += tokens;
  }

  #ran(outcome: RunOutcome): void {
    const before = this.facts();
    this.#outcomes.push({ at: this.now, ok: outcome === 'completed' });
    this.#advanceBreakers(before);
  }
}

const CLOSED: BreakerState = { state: 'closed', errors: 0, samples: 0 };
const itemKey = ({ session = '', key = '' }: { readonly session?: string; readonly key?: string }): string => `${session}\n${key}`;
const failed = (event: ActionEvent | undefined): boolean => (event?.event === 'tool.after' && event.isError === true) || (event?.event === 'llm.after' && event.status === 'error');

/** What a call reserves. */
export const amountsOf = (event: ActionEvent<'llm.before'>): Amounts => ({ cost: event.estimatedCost ?? 0, tokens: event.inputTokens + (event.maxOutputTokens ?? 0) });

type WrittenEffects = NonNullable<Given['run']>['effects'];
function effectsGiven(written: WrittenEffects): Partial<Effects> {
  return Object.fromEntries(Object.entries(written ?? {}).map(([key, value]) => [EFFECT_KEYS[key as keyof typeof EFFECT_KEYS], key === 'amount' ? micros(value!) : value]));
}
const larger = (a: Partial<Effects>, b: Partial<Effects>): Partial<Effects> => ({ ...a, ...Object.fromEntries(Object.entries(b).map(([key, value]) => [key, Math.max(value, a[key as keyof Effects] ?? 0)])) });
