// The decision: every policy in scope is asked, the strongest disposition wins, and a check that fails refuses. Pure.

import type { z } from 'zod';
import type { ActionEvent, ActionKind, Risk, ToolClass } from '../../protocol/action.ts';
import { arrangeReasons, mergeRedactions, type Place, type Reason, type Verdict } from '../../protocol/verdict.ts';
import type { ActionLimit, AlertRules, AuditRules, BreakerRules, BudgetLimit, Considered, Engine, MemoryRules, PolicyInForce, PolicySet, PolicySummary, StreamRedactor } from './api.ts';
import { DEFAULT_AUDIT, mergeAudit } from './categories/audit.ts';
import { content, streamFor } from './categories/content.ts';
import type { JudgeQuestion } from './category.ts';
import type { Facts } from './facts.ts';
import { compileGlob, isGlob, nameMatcher } from './globs.ts';
import { ask, hear, type Heard, type Listener, type PlacedPolicy } from './hearing.ts';
import { cutValues } from './json-cuts.ts';
import type { Seen, ToolView } from './meaning.ts';
import { entriesFor, indexPolicies, namesOf, type PolicyIndex } from './policy-index.ts';

export type { PlacedPolicy } from './hearing.ts';

export interface ToolMeaning {
  readonly class: ToolClass;
  readonly risk?: Risk;
}

export interface EngineParts {
  readonly policies: readonly PlacedPolicy[];
  readonly tools: ReadonlyMap<string, ToolMeaning>;
  /** How calls of tools are seen as another kind of action. */
  readonly views?: ReadonlyMap<string, PlacedView>;
  readonly agents: Engine['agents'];
  /** Asked for once, when first needed. */
  readonly version: () => string;
}

/** A tool's view, with the place of its declaration. */
export interface PlacedView {
  readonly view: ToolView;
  readonly place: Place;
}

/** `index`, where it is given, is one of these policies, of which none overrides another. */
export function createEngine(parts: EngineParts, index?: () => PolicyIndex<PlacedPolicy>): Engine {
  return new PolicyEngine(parts, index);
}

class PolicyEngine implements Engine {
  readonly agents: Engine['agents'];
  readonly #policies: readonly PlacedPolicy[];
  readonly #tools: EngineParts['tools'];
  readonly #toolGlobs: readonly { readonly match: (name: string) => boolean; readonly meaning: ToolMeaning }[];
  readonly #views: ReadonlyMap<string, PlacedView>;
  readonly #viewGlobs: readonly { readonly match: (name: string) => boolean; readonly view: PlacedView }[];
  readonly #versionOf: () => string;
  readonly #set: PolicySet;
  readonly #listener: Listener;
  readonly #indexOf: () => PolicyIndex<PlacedPolicy>;
  #index: PolicyIndex<PlacedPolicy> | undefined;
  #allow: Verdict | undefined;
  #summaries: readonly PolicySummary[] | undefined;

  constructor(parts: EngineParts, index: (() => PolicyIndex<PlacedPolicy>) | undefined) {
    this.agents = parts.agents;
    this.#policies = index ? parts.policies : withOverrides(parts.policies);
    this.#indexOf = index ?? (() => indexPolicies(this.#policies));
    this.#tools = parts.tools;
    this.#toolGlobs = [...parts.tools].filter(([name]) => isGlob(name)).map(([name, meaning]) => ({ match: compileGlob(name), meaning }));
    this.#versionOf = parts.version;
    this.#set = policySet(this.#policies, parts.agents);
    this.#listener = { set: this.#set, heard: undefined, cuts: undefined };
    this.#views = parts.views ?? NO_VIEWS;
    this.#viewGlobs = [...this.#views].filter(([name]) => isGlob(name)).map(([name, view]) => ({ match: compileGlob(name), view }));
  }

  get version(): string {
    return this.#plainAllow().policyVersion;
  }

  get policies(): readonly PolicySummary[] {
    return (this.#summaries ??= this.#policies.map(summaryOf));
  }

  decide(event: ActionEvent, facts: Facts): Verdict {
    if (facts.killed && event.event.endsWith('.before')) return this.#verdict(killedBy(facts.killed));
    const listener = this.#listener;
    listener.heard = undefined;
    const index = (this.#index ??= this.#indexOf());
    if (event.event === 'data.after' || event.event === 'retrieval.after') this.#judgeList(index, event, (cuts) => cutValues(event.event, cuts), facts, listener);
    else askAll(index, event, facts, listener);
    if (event.event === 'llm.after') {
      if (isOutput(event) && index.watches('output.after')) askAll(index, outputOf(event), facts, listener);
    } else if ((event.event === 'tool.before' || event.event === 'tool.after') && this.#views.size > 0) this.#judgeView(index, event, facts, listener);
    const { heard } = listener;
    if (!heard) return this.#plainAllow();
    listener.heard = undefined;
    return this.#verdict(heard);
  }

  explain(event: ActionEvent, facts: Facts): { readonly verdict: Verdict; readonly considered: readonly Considered[] } {
    const events = [event, ...this.seenAs(event)];
    return { verdict: this.decide(event, facts), considered: this.#policies.map((policy, at) => consider(policy, this.policies[at]!, events, facts, this.#set)) };
  }

  seenAs(event: ActionEvent): readonly ActionEvent[] {
    if (event.event === 'llm.after') return isOutput(event) ? [outputOf(event)] : [];
    if (event.event !== 'tool.before' && event.event !== 'tool.after') return [];
    try {
      const seen = this.#see(event);
      return seen ? [seen.event] : [];
    } catch {
      return []; // `decide` refuses such a call and says why
    }
  }

  meaning(tool: string): ActionKind | undefined {
    return this.#viewOf(tool)?.view.kind;
  }

  #viewOf(name: string): PlacedView | undefined {
    return this.#views.get(name) ?? this.#viewGlobs.find(({ match }) => match(name))?.view;
  }

  #see(event: ActionEvent<'tool.before'> | ActionEvent<'tool.after'>): Seen | undefined {
    const view = this.#viewOf(event.name)?.view;
    return event.event === 'tool.before' ? view?.before(event) : view?.after(event);
  }

  /** Judges a tool call as what `tools:` says it is. One that cannot be read as that is refused: nobody could say what it does. */
  #judgeView(index: PolicyIndex<PlacedPolicy>, event: ActionEvent<'tool.before'> | ActionEvent<'tool.after'>, facts: Facts, listener: Listener): void {
    let seen: Seen | undefined;
    try {
      seen = this.#see(event);
    } catch (error) {
      return hear(listener, unreadable(event.name, this.#viewOf(event.name)!, error));
    }
    if (!seen) return;
    this.#judgeList(index, seen.event, seen.cut, facts, listener);
  }

  /** Judges an event whose rows or documents may have to be cut. All cuts are made at once, of all policies together. */
  #judgeList(index: PolicyIndex<PlacedPolicy>, event: ActionEvent, cut: Seen['cut'], facts: Facts, listener: Listener): void {
    listener.cuts = cut && { drop: new Set(), blank: [] };
    askAll(index, event, facts, listener);
    const { cuts } = listener;
    listener.cuts = undefined;
    if (cut && cuts && (cuts.drop.size > 0 || cuts.blank.length > 0)) listener.heard?.redactions.push(...cut(cuts));
  }

  budgets(facts: Facts, event?: ActionEvent): readonly BudgetLimit[] {
    return this.#inForce(facts, event).flatMap((policy) => {
      const found = policy.category.budgets?.(policy.rules, policy, facts) ?? [];
      return policy.holds && !event ? found.map((budget) => ({ ...budget, conditional: true })) : found;
    });
  }

  audit(facts: Facts): AuditRules {
    const stated = this.#inForce(facts).flatMap((policy) => (policy.category.audit ? [policy.category.audit(policy.rules)] : []));
    return stated.length === 0 ? DEFAULT_AUDIT : stated.reduce(mergeAudit);
  }

  /** Those in shadow mode are counted as well: their verdicts are recorded. */
  breakers(facts: Facts): readonly BreakerRules[] {
    return this.#policies.filter((policy) => policy.mode !== 'off' && (policy.inScope?.(facts) ?? true)).flatMap((policy) => policy.category.breaker?.(policy.rules, policy) ?? []);
  }

  limits(facts: Facts, event?: ActionEvent): readonly ActionLimit[] {
    return this.#inForce(facts, event).flatMap((policy) => policy.category.limits?.(policy.rules, policy, facts) ?? []);
  }

  alerts(facts: Facts): readonly AlertRules[] {
    return this.#inForce(facts).flatMap((policy) => policy.category.alerts?.(policy.rules, policy) ?? []);
  }

  memory(facts: Facts): readonly MemoryRules[] {
    return this.#inForce(facts).flatMap((policy) => policy.category.memory?.(policy.rules, policy) ?? []);
  }

  questions(event: ActionEvent, facts: Facts): readonly JudgeQuestion[] {
    const events = [event, ...this.seenAs(event)];
    return this.#inForce(facts).flatMap((policy) => (policy.category.questions ? events.flatMap((each) => policy.category.questions!(policy.rules, policy, each)) : []));
  }

  wholeOutput(facts: Facts): boolean {
    return this.#inForce(facts).some((policy) => policy.category.wholeOutput?.(policy.rules) ?? false);
  }

  streamRedactor(facts: Facts): StreamRedactor | undefined {
    const policies = this.#inForce(facts).filter((policy) => policy.category.id === content.id);
    return policies.length === 0 ? undefined : streamFor(policies.map((policy) => ({ rules: policy.rules as z.output<typeof content.rules>, header: policy, place: policy.place })));
  }

  /** An exact name stands; of several globs the most cautious class and the highest risk count. */
  tool(name: string): ToolMeaning {
    const exact = this.#tools.get(name);
    if (exact) return exact;
    const found = this.#toolGlobs.filter(({ match }) => match(name)).map(({ meaning }) => meaning);
    return found.length === 0 ? UNKNOWN_TOOL : found.reduce(moreCautious);
  }

  #inForce(facts: Facts, event?: ActionEvent): readonly PlacedPolicy[] {
    return this.#policies.filter((policy) => policy.mode === 'enforce' && (policy.inScope?.(facts) ?? true) && (event === undefined || mayHold(policy, event, facts)));
  }

  #plainAllow(): Verdict {
    return (this.#allow ??= Object.freeze({ disposition: 'allow', reasons: Object.freeze([]), redactions: Object.freeze([]), policyVersion: this.#versionOf() } as const));
  }

  #verdict({ disposition, reasons, redactions }: Heard): Verdict {
    return { disposition, reasons: arrangeReasons(reasons), redactions: redactions.length > 0 ? mergeRedactions(redactions) : redactions, policyVersion: this.#plainAllow().policyVersion };
  }
}

function askAll(index: PolicyIndex<PlacedPolicy>, event: ActionEvent, facts: Facts, listener: Listener): void {
  const { always, sometimes } = index.find(event, facts);
  for (let at = 0; at < always.length; at++) ask(always[at]!, event, facts, listener);
  for (let group = 0; group < sometimes.length; group++) {
    const { given, watches } = sometimes[group]!;
    if (given(facts)) for (let at = 0; at < watches.length; at++) ask(watches[at]!, event, facts, listener);
  }
}

/** The policies as checks may see one another: rules and standing, nothing that could be called. */
export function policySet(policies: readonly PlacedPolicy[], agents: Engine['agents']): PolicySet {
  const view = ({ name, category, mode, onViolation, rules }: PlacedPolicy): PolicyInForce => ({ name, category: category.id, mode, onViolation, rules });
  return {
    get all() { return policies.map(view); },
    fleetOf: (agent) => agents.get(agent)?.fleet,
    inForce: (facts) => policies.filter((policy) => policy.mode === 'enforce' && (policy.inScope?.(facts) ?? true)).map(view),
  };
}

/** A condition that cannot be said is taken to hold: what it guards stays in force. */
function mayHold({ holds }: PlacedPolicy, event: ActionEvent, facts: Facts): boolean {
  if (!holds) return true;
  try {
    return holds(event, facts);
  } catch {
    return true;
  }
}

const NO_VIEWS: ReadonlyMap<string, PlacedView> = new Map();
const UNKNOWN_TOOL: ToolMeaning = Object.freeze({ class: 'once' });
const CLASS_CAUTION: readonly ToolClass[] = ['read', 'idempotent', 'once'];
const RISK_ORDER: readonly (Risk | undefined)[] = [undefined, 'low', 'medium', 'high', 'critical'];

function moreCautious(a: ToolMeaning, b: ToolMeaning): ToolMeaning {
  return {
    class: CLASS_CAUTION.indexOf(a.class) >= CLASS_CAUTION.indexOf(b.class) ? a.class : b.class,
    risk: RISK_ORDER.indexOf(a.risk) >= RISK_ORDER.indexOf(b.risk) ? a.risk : b.risk,
  };
}

const isOutput = ({ toolRequests, judge }: ActionEvent<'llm.after'>): boolean => toolRequests.length === 0 && judge !== true;

/** What the model answers without asking for a tool is what leaves the run. */
function outputOf({ texts }: ActionEvent<'llm.after'>): ActionEvent<'output.after'> {
  return { event: 'output.after', texts, final: true };
}

/** A policy that others replace is out of scope where they are in it. Only those that are enforced replace. */
function withOverrides(policies: readonly PlacedPolicy[]): readonly PlacedPolicy[] {
  const replacing = Map.groupBy(policies.filter((policy) => policy.overrides !== undefined && policy.mode === 'enforce'), (policy) => `${policy.category.id}\n${policy.overrides}`);
  if (replacing.size === 0) return policies;
  return policies.map((policy) => {
    const narrower = policy.overridable ? replacing.get(`${policy.category.id}\n${policy.name}`) : undefined;
    if (!narrower) return policy;
    const own = policy.inScope;
    return { ...policy, exactScope: false, inScope: (facts) => (own?.(facts) ?? true) && !narrower.some((other) => other.inScope?.(facts) ?? true) };
  });
}

function unreadable(tool: string, { view, place }: PlacedView, failure: unknown): Reason {
  const error = failure instanceof Error ? failure.message : String(failure);
  return {
    policy: `tools.${tool}`, category: 'data-layer', disposition: 'block', field: 'is', limit: view.kind, place, error,
    message: `This call of ${tool} cannot be judged as ${view.kind}: ${error}.`, remedy: `Mend what \`tools.${tool}\` says of its arguments and its result.`,
  };
}

function killedBy({ scope, by, reason }: NonNullable<Facts['killed']>): Heard {
  return {
    disposition: 'block', redactions: [],
    reasons: [{
      policy: 'kill-switch', category: 'kill-switch', disposition: 'block', field: 'manual', fact: 'kill switch', value: scope,
      message: `${by} stopped ${scope}: ${reason}`, remedy: 'A person has to release the kill switch first.',
    }],
  };
}

function consider(policy: PlacedPolicy, summary: PolicySummary, events: readonly ActionEvent[], facts: Facts, set: PolicySet): Considered {
  const nothing = { policy: summary, reasons: [] };
  if (policy.mode === 'off') return { ...nothing, outcome: 'off', detail: 'mode is off' };
  if (policy.inScope && !policy.inScope(facts)) return { ...nothing, outcome: 'out-of-scope', detail: `the scope leaves out agent ${facts.agent}${facts.fleet ? ` of fleet ${facts.fleet}` : ''}, user ${facts.user}` };
  const parts = events.map((event) => ({ event, names: namesOf(event), entries: entriesFor(policy, event.event) }));
  const watched = parts.map(({ event, names, entries }) => ({ event, entries: entries.filter((entry) => !entry.names || names.some(nameMatcher(entry.names))) }));
  if (watched.every(({ entries }) => entries.length === 0)) {
    const what = parts.some(({ entries }) => entries.length > 0) ? parts.map(({ names }) => names.at(-1)).filter(Boolean) : events.map(({ event }) => event);
    return { ...nothing, outcome: 'not-watching', detail: `its rules do not look at ${what.join(' or ')}` };
  }
  const listener: Listener = { set, heard: undefined, cuts: { drop: new Set(), blank: [] } };
  for (const { event, entries } of watched) for (const { check, given } of entries) if (given?.(facts) ?? true) ask({ policy, check, given }, event, facts, listener);
  const reasons = listener.heard?.reasons ?? [];
  return { policy: summary, reasons, outcome: reasons.length > 0 ? 'acted' : 'allowed' };
}

function summaryOf({ name, category, mode, onViolation, description, place }: PlacedPolicy): PolicySummary {
  return { name, category: category.id, mode, onViolation, description, place };
}
