// Which checks can matter for an event: found by event, then by the most selective exact name of the scope, then by the name of the action.

import { EVENT_NAMES, type ActionEvent, type EventName } from '../../protocol/action.ts';
import { actionName } from './action-name.ts';
import type { PolicySet } from './api.ts';
import type { Check, NamedCheck, Violation } from './category.ts';
import type { CompiledPolicy } from './compile.ts';
import type { Facts } from './facts.ts';
import { compileGlob, isGlob } from './globs.ts';

/** A check of any event: the index only ever calls it with its own. */
export type AnyCheck = (event: ActionEvent, facts: Facts, set: PolicySet) => Violation | readonly Violation[] | undefined;

/** A check in the index. `inScope` is absent when the bucket already says so. */
export interface Watch<P extends CompiledPolicy = CompiledPolicy> {
  readonly policy: P;
  readonly check: AnyCheck;
  readonly inScope: ((facts: Facts) => boolean) | undefined;
  /** Set for a check that is meant for action names given as a glob. */
  readonly matches: ((name: string) => boolean) | undefined;
}

interface Names<P extends CompiledPolicy> {
  readonly named: Map<string, Watch<P>[]>;
  readonly rest: Watch<P>[];
}

const DIMENSIONS = ['agents', 'fleets', 'users', 'workflows'] as const;
type Dimension = (typeof DIMENSIONS)[number];

interface EventIndex<P extends CompiledPolicy> extends Readonly<Record<Dimension, Map<string, Names<P>>>> {
  readonly all: Names<P>;
  /** True when some bucket asks for the action's name. */
  usesNames: boolean;
}

export interface PolicyIndex<P extends CompiledPolicy> {
  /** True when some policy looks at such events. */
  watches(event: EventName): boolean;
  /** Calls `visit` for every check in scope. `visit` must not keep the watch. Allocates nothing itself. */
  each(event: ActionEvent, facts: Facts, visit: (watch: Watch<P>, event: ActionEvent, facts: Facts, into: unknown) => void, into: unknown): void;
}

export function indexPolicies<P extends CompiledPolicy>(policies: readonly P[]): PolicyIndex<P> {
  const events = new Map<EventName, EventIndex<P>>();
  for (const policy of policies) if (policy.mode !== 'off') addPolicy(events, policy);
  return {
    watches: (event) => events.has(event),
    each(event, facts, visit, into) {
      const index = events.get(event.event);
      if (!index) return;
      const name = index.usesNames ? actionName(event) : '';
      visitNames(index.all, name, event, facts, visit, into);
      if (index.agents.size > 0) visitNames(index.agents.get(facts.agent), name, event, facts, visit, into);
      if (index.fleets.size > 0 && facts.fleet !== undefined) visitNames(index.fleets.get(facts.fleet), name, event, facts, visit, into);
      if (index.users.size > 0) visitNames(index.users.get(facts.user), name, event, facts, visit, into);
      if (index.workflows.size > 0 && facts.workflow !== undefined) visitNames(index.workflows.get(facts.workflow), name, event, facts, visit, into);
    },
  };
}

/** The check of a policy for an event, with the names it is meant for (exact or globs; absent means all). */
export function checkFor(policy: CompiledPolicy, event: EventName): { readonly check: AnyCheck; readonly names?: readonly string[] } | undefined {
  const entry = policy.checks[event] as Check<EventName> | NamedCheck<EventName> | undefined;
  if (!entry) return undefined;
  return typeof entry === 'function' ? { check: entry as AnyCheck } : { check: entry.check as AnyCheck, names: entry.names };
}

function visitNames<P extends CompiledPolicy>(names: Names<P> | undefined, name: string, event: ActionEvent, facts: Facts, visit: (watch: Watch<P>, event: ActionEvent, facts: Facts, into: unknown) => void, into: unknown): void {
  if (!names) return;
  const { rest, named } = names;
  for (let index = 0; index < rest.length; index++) {
    const watch = rest[index]!;
    if (watch.matches !== undefined && !watch.matches(name)) continue;
    if (watch.inScope === undefined || watch.inScope(facts)) visit(watch, event, facts, into);
  }
  const list = named.size > 0 ? named.get(name) : undefined;
  if (!list) return;
  for (let index = 0; index < list.length; index++) {
    const watch = list[index]!;
    if (watch.inScope === undefined || watch.inScope(facts)) visit(watch, event, facts, into);
  }
}

function addPolicy<P extends CompiledPolicy>(events: Map<EventName, EventIndex<P>>, policy: P): void {
  const dimension = exactDimension(policy);
  const decided = dimension !== undefined && policy.exactScope !== false && Object.keys(policy.scope!).length === 1;
  for (const event of EVENT_NAMES) {
    const entry = checkFor(policy, event);
    if (!entry) continue;
    const index = events.get(event) ?? emptyIndex<P>();
    events.set(event, index);
    index.usesNames ||= entry.names !== undefined;
    const watch = { policy, check: entry.check, inScope: decided ? undefined : policy.inScope, matches: undefined };
    for (const names of bucketsOf(index, policy, dimension)) addWatch(names, watch, entry.names);
  }
}

function addWatch<P extends CompiledPolicy>(bucket: Names<P>, watch: Watch<P>, names: readonly string[] | undefined): void {
  if (!names) return void bucket.rest.push(watch);
  const globs = names.filter(isGlob);
  if (globs.length > 0) {
    // One entry for all names, so that a name that several of them match is judged once.
    const tests = names.map(compileGlob);
    bucket.rest.push({ ...watch, matches: (name) => tests.some((test) => test(name)) });
    return;
  }
  for (const name of new Set(names)) {
    const list = bucket.named.get(name);
    if (list) list.push(watch);
    else bucket.named.set(name, [watch]);
  }
}

/** The first dimension whose names are all exact: the policy then only needs to be in their buckets. */
function exactDimension({ scope }: CompiledPolicy): Dimension | undefined {
  return scope && DIMENSIONS.find((dimension) => scope[dimension] && !scope[dimension].some(isGlob));
}

function bucketsOf<P extends CompiledPolicy>(index: EventIndex<P>, { scope }: P, dimension: Dimension | undefined): Names<P>[] {
  if (!dimension) return [index.all];
  return [...new Set(scope![dimension]!)].map((name) => {
    const names = index[dimension].get(name) ?? emptyNames<P>();
    index[dimension].set(name, names);
    return names;
  });
}

function emptyIndex<P extends CompiledPolicy>(): EventIndex<P> {
  return { agents: new Map(), fleets: new Map(), users: new Map(), workflows: new Map(), all: emptyNames(), usesNames: false };
}

function emptyNames<P extends CompiledPolicy>(): Names<P> {
  return { named: new Map(), rest: [] };
}
