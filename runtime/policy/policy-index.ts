// Which checks can matter for an event: found by event, then by who acts, then by the name of the action. What was found once is remembered.

import type { ActionEvent, EventName } from '../../protocol/action.ts';
import { strength } from '../../protocol/verdict.ts';
import { actionName } from './action-name.ts';
import type { PolicySet } from './api.ts';
import type { Check, NarrowCheck, Violation } from './category.ts';
import type { CompiledPolicy } from './compile.ts';
import type { Facts } from './facts.ts';
import { isGlob, PatternIndex } from './globs.ts';

/** A check of any event: the index only ever gives it with its own. */
export type AnyCheck = (event: ActionEvent, facts: Facts, set: PolicySet) => Violation | readonly Violation[] | undefined;

/** A check of a policy for one event, with what is known of when it matters. */
export interface Entry extends Pick<NarrowCheck<EventName>, 'names' | 'given'> {
  readonly check: AnyCheck;
}

/** A check in the index. Everything about scope and name is already decided when the index gives it. */
export interface Watch<P extends CompiledPolicy = CompiledPolicy> {
  readonly policy: P;
  readonly check: AnyCheck;
  readonly given: Entry['given'];
}

/** The checks in scope that are meant for an event, those of the strongest policies first. */
export interface Found<P extends CompiledPolicy = CompiledPolicy> {
  readonly always: readonly Watch<P>[];
  /** Those that only matter where something holds, by what that is. */
  readonly sometimes: readonly { readonly given: (facts: Facts) => boolean; readonly watches: readonly Watch<P>[] }[];
}

export interface PolicyIndex<P extends CompiledPolicy> {
  /** False when no policy looks at such events. */
  watches(event: EventName): boolean;
  /** Allocates nothing the second time. */
  find(event: ActionEvent, facts: Facts): Found<P>;
}

/** The checks of a policy for an event. */
export function entriesFor(policy: Pick<CompiledPolicy, 'checks'>, event: EventName): readonly Entry[] {
  const written = policy.checks[event] as Check<EventName> | NarrowCheck<EventName> | readonly (Check<EventName> | NarrowCheck<EventName>)[] | undefined;
  if (written === undefined) return NO_ENTRIES;
  return (Array.isArray(written) ? written : [written]).map((each) => (typeof each === 'function' ? { check: each as AnyCheck } : each as Entry));
}

/** The names under which an event can be meant: its own, and `server/tool` for a tool of an MCP server. */
export function namesOf(event: ActionEvent): readonly string[] {
  const name = actionName(event);
  const server = serverOf(event);
  return server === undefined ? [name] : [name, `${server}/${name}`];
}

export function indexPolicies<P extends CompiledPolicy>(policies: readonly P[]): PolicyIndex<P> {
  const active = policies.filter(({ mode }) => mode !== 'off');
  const asked = dimensionsOf(active);
  const events = new Map<EventName, EventIndex<P>>();
  const of = (event: EventName): EventIndex<P> => {
    const known = events.get(event);
    if (known) return known;
    const made = new EventIndex<P>(active, event, asked);
    events.set(event, made);
    return made;
  };
  return {
    watches: (event) => !of(event).empty,
    find: (event, facts) => of(event.event).find(event, facts),
  };
}

/** An index without some of its policies and with those of another: as one of what then remains. What was put together once is remembered. */
export function layered<P extends CompiledPolicy>(base: PolicyIndex<P>, gone: ReadonlySet<P>, come: PolicyIndex<P>): PolicyIndex<P> {
  const known = new WeakMap<Found<P>, WeakMap<Found<P>, Found<P>>>();
  /** Where nothing of the other index matters, which is nearly everywhere. */
  const bare = new WeakMap<Found<P>, Found<P>>();
  const together = (below: Found<P>, above: Found<P>): Found<P> => {
    const of = known.get(below) ?? new WeakMap<Found<P>, Found<P>>();
    const kept = flat(below).filter(({ policy }) => !gone.has(policy));
    const found = kept.length === sizeOf(below) && sizeOf(above) === 0 ? below : arrange([...kept, ...flat(above)]);
    if (above === NOTHING) bare.set(below, found);
    else known.set(below, of.set(above, found));
    return found;
  };
  return {
    watches: (event) => come.watches(event) || base.watches(event),
    find(event, facts) {
      const [below, above] = [base.find(event, facts), come.find(event, facts)];
      return (above === NOTHING ? bare.get(below) : known.get(below)?.get(above)) ?? together(below, above);
    },
  };
}

/** What a scope can ask of the facts. Nothing else decides whether a policy is in scope. */
const DIMENSIONS = { agents: 'agent', fleets: 'fleet', users: 'user', workflows: 'workflow', planes: 'plane' } as const satisfies Record<string, keyof Facts>;
type Dimension = keyof typeof DIMENSIONS;
const EXACT = ['agents', 'fleets', 'users', 'workflows'] as const satisfies readonly Dimension[];

/** Policies of the same exact scope, for one event. */
interface Bucket<P extends CompiledPolicy> {
  readonly named: PatternIndex<Watch<P>>;
  readonly rest: Watch<P>[];
}

/** Those who act alike: a step for each dimension that some scope asks for, then the checks for each name. */
interface Lane<P extends CompiledPolicy> {
  /** The fleet of the first who came here, null before anyone did: an agent is hardly ever in another. */
  readonly fleet: string | undefined | null;
  readonly fleets: Map<string | undefined, Lane<P>>;
  readonly next: Map<string | undefined, Lane<P>>;
  /** For names that no check is meant for. */
  rest: Found<P> | undefined;
  byName: Map<string, Found<P>> | undefined;
  byServer: Map<string, Map<string, Found<P>>> | undefined;
}

/** So many lists are remembered for one event, and none for a longer name: names come from agents. Then all are forgotten. */
const REMEMBERED = 4_096;
const LONGEST_NAME = 200;

class EventIndex<P extends CompiledPolicy> {
  readonly empty: boolean;
  readonly #all: Bucket<P> = emptyBucket();
  readonly #exact: Readonly<Record<(typeof EXACT)[number], Map<string, Bucket<P>>>> = { agents: new Map(), fleets: new Map(), users: new Map(), workflows: new Map() };
  readonly #asked: ReadonlySet<Dimension>;
  readonly #byAgent: boolean;
  readonly #byFleet: boolean;
  readonly #byOthers: boolean;
  #usesNames = false;
  #lanes: Lane<P> = emptyLane(null);
  #remembered = 0;

  constructor(policies: readonly P[], event: EventName, asked: ReadonlySet<Dimension>) {
    this.#asked = asked;
    this.#byAgent = asked.has('agents');
    this.#byFleet = asked.has('fleets');
    this.#byOthers = asked.has('users') || asked.has('workflows') || asked.has('planes');
    let empty = true;
    for (const policy of policies) {
      const entries = entriesFor(policy, event);
      if (entries.length === 0) continue;
      empty = false;
      for (const bucket of this.#bucketsOf(policy)) for (const entry of entries) this.#add(bucket, policy, entry);
    }
    this.empty = empty;
  }

  find(event: ActionEvent, facts: Facts): Found<P> {
    if (this.empty) return NOTHING;
    const lane = this.#laneOf(facts);
    if (!this.#usesNames) return (lane.rest ??= this.#gather(facts, []));
    const name = actionName(event);
    const server = serverOf(event);
    const known = server === undefined ? lane.byName?.get(name) : lane.byServer?.get(server)?.get(name);
    return known ?? this.#remember(lane, name, server, event, facts);
  }

  #laneOf(facts: Facts): Lane<P> {
    let lane = this.#lanes;
    if (this.#byAgent) lane = lane.next.get(facts.agent) ?? this.#step(lane.next, facts.agent, facts.fleet);
    if (this.#byFleet && lane.fleet !== facts.fleet) lane = lane.fleets.get(facts.fleet) ?? this.#step(lane.fleets, facts.fleet, facts.fleet);
    if (!this.#byOthers) return lane;
    for (const dimension of ['users', 'workflows', 'planes'] as const) {
      if (this.#asked.has(dimension)) lane = lane.next.get(facts[DIMENSIONS[dimension]]) ?? this.#step(lane.next, facts[DIMENSIONS[dimension]], facts.fleet);
    }
    return lane;
  }

  #step(lanes: Map<string | undefined, Lane<P>>, value: string | undefined, fleet: string | undefined): Lane<P> {
    const lane = emptyLane<P>(fleet);
    if (this.#room()) lanes.set(value, lane);
    return lane;
  }

  #remember(lane: Lane<P>, name: string, server: string | undefined, event: ActionEvent, facts: Facts): Found<P> {
    const rest = (lane.rest ??= this.#gather(facts, []));
    const found = this.#gather(facts, namesOf(event));
    const list = sizeOf(found) === sizeOf(rest) ? rest : found;
    if (name.length + (server?.length ?? 0) > LONGEST_NAME || !this.#room()) return list;
    let names: Map<string, Found<P>>;
    if (server === undefined) names = lane.byName ??= new Map();
    else {
      const servers = (lane.byServer ??= new Map());
      names = servers.get(server) ?? new Map();
      servers.set(server, names);
    }
    names.set(name, list);
    return list;
  }

  /** Counts what is about to be remembered. When there is no room all is forgotten, and this one is not remembered. */
  #room(): boolean {
    if (++this.#remembered <= REMEMBERED) return true;
    this.#remembered = 0;
    this.#lanes = emptyLane(null);
    return false;
  }

  /** Each check once, although several names or buckets may lead to it. */
  #gather(facts: Facts, names: readonly string[]): Found<P> {
    const found = new Set<Watch<P>>();
    const buckets = [this.#all, ...EXACT.map((dimension) => this.#exact[dimension].get(facts[DIMENSIONS[dimension]] ?? ''))];
    for (const bucket of buckets) {
      if (!bucket) continue;
      for (const watch of bucket.rest) found.add(watch);
      for (const name of names) bucket.named.each(name, (watch) => found.add(watch));
    }
    const inScope = [...found].filter(({ policy }) => policy.inScope === undefined || policy.inScope(facts));
    return arrange(inScope);
  }

  #add(bucket: Bucket<P>, policy: P, { check, names, given }: Entry): void {
    const watch = { policy, check, given };
    if (!names) return void bucket.rest.push(watch);
    this.#usesNames = true;
    for (const name of new Set(names)) bucket.named.add(name, watch);
  }

  /** By the first dimension whose names are all exact: the policy then only needs to be in their buckets. */
  #bucketsOf({ scope }: P): readonly Bucket<P>[] {
    const dimension = scope && EXACT.find((each) => scope[each] && !scope[each].some(isGlob));
    if (!dimension) return [this.#all];
    const buckets = this.#exact[dimension];
    return [...new Set(scope[dimension])].map((name) => {
      const bucket = buckets.get(name) ?? emptyBucket<P>();
      buckets.set(name, bucket);
      return bucket;
    });
  }
}

function arrange<P extends CompiledPolicy>(watches: Watch<P>[]): Found<P> {
  if (watches.length === 0) return NOTHING;
  watches.sort((a, b) => inOrder(a.policy, b.policy));
  const sometimes = Map.groupBy(watches.filter(({ given }) => given), ({ given }) => given!);
  return { always: watches.filter(({ given }) => !given), sometimes: [...sometimes].map(([given, watches]) => ({ given, watches })) };
}

function flat<P extends CompiledPolicy>({ always, sometimes }: Found<P>): Watch<P>[] {
  return [...always, ...sometimes.flatMap(({ watches }) => watches)];
}

/** The order in which reasons are told, as far as it is known before a check is made. */
function inOrder(a: CompiledPolicy, b: CompiledPolicy): number {
  return Number(a.mode === 'shadow') - Number(b.mode === 'shadow') || strength(b.onViolation) - strength(a.onViolation) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function dimensionsOf(policies: readonly CompiledPolicy[]): ReadonlySet<Dimension> {
  const asked = new Set<Dimension>();
  for (const { scope } of policies) {
    if (scope) for (const dimension of Object.keys(DIMENSIONS) as Dimension[]) if (scope[dimension] ?? scope.except?.[dimension]) asked.add(dimension);
  }
  return asked;
}

function serverOf(event: ActionEvent): string | undefined {
  return event.event === 'tool.before' || event.event === 'tool.after' ? event.server : undefined;
}

function sizeOf({ always, sometimes }: Found): number {
  return sometimes.reduce((sum, { watches }) => sum + watches.length, always.length);
}

const NO_ENTRIES: readonly never[] = Object.freeze([]);
const NOTHING: Found<never> = Object.freeze({ always: NO_ENTRIES, sometimes: NO_ENTRIES });
const emptyBucket = <P extends CompiledPolicy>(): Bucket<P> => ({ named: new PatternIndex(), rest: [] });
const emptyLane = <P extends CompiledPolicy>(fleet: Lane<P>['fleet']): Lane<P> => ({ fleet, fleets: new Map(), next: new Map(), rest: undefined, byName: undefined, byServer: undefined });
