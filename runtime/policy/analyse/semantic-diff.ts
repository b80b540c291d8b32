// What a change of the policies newly allows and newly refuses: exact differences of regions, each shown by an action that both engines were asked about. What is not covered is said and never guessed.

import { kindOf } from '../../../protocol/action.ts';
import { proceeds, stronger, type Disposition, type Verdict } from '../../../protocol/verdict.ts';
import type { PlacedPolicy } from '../engine.ts';
import type { Scope } from '../schema.ts';
import { coverageOf } from './category-regions.ts';
import type { Coverage, Region } from './coverage.ts';
import { changedBetween, type AnalysedSet } from './policy-set.ts';
import { holds, meetBoxes, named, notNamed, subtractAll, type Box } from './regions.ts';
import { witnessIn, type Witness } from './witness.ts';

export interface SemanticDiff {
  readonly newlyAllowed: readonly Shown[];
  readonly newlyRefused: readonly Shown[];
  /** Neither newly allowed nor newly refused, but with another disposition. */
  readonly otherwise: readonly Shown[];
  /** Where the two sets differ: each was shown by an example, one for several that look alike. */
  readonly regions: readonly Region[];
  /** Changes of which the regions say nothing, or not everything. */
  readonly undecided: readonly { readonly policy: string; readonly why: string }[];
}

/** An action that the two sets judge differently. */
export interface Shown extends Witness {
  /** Policy whose change makes the difference. */
  readonly policy: string;
  readonly before: Verdict;
  readonly after: Verdict;
}

export function semanticDiff(before: AnalysedSet, after: AnalysedSet): SemanticDiff {
  const [old, now] = [regionsOf(before), regionsOf(after)];
  const changed = changedBetween(before, after) ?? new Set([...before.policies.keys(), ...after.policies.keys()]);
  const found = new Findings(before, after);
  if (before.surroundings !== after.surroundings) found.leave('tools and agents', 'what `tools:` and `agents:` say changed, and every policy may depend on it');
  for (const name of [...changed].sort()) {
    compare(name, now, old, found);
    compare(name, old, now, found);
    for (const why of uncovered(name, before, after)) found.leave(name, why);
  }
  return found;
}

/** A region with what becomes of an action in it. */
interface Placed extends Region {
  readonly policy: string;
  readonly disposition: Disposition;
}

/** Everything in `mine` of this policy that no equally strong region of `theirs` covers. */
function compare(name: string, mine: readonly Placed[], theirs: readonly Placed[], found: Findings): void {
  for (const region of mine) {
    if (region.policy !== name) continue;
    const others = theirs.filter(({ event, disposition }) => event === region.event && !stronger(region.disposition, disposition)).map(({ box }) => box);
    const left = subtractAll(region.box, others);
    if (!left) found.leave(name, 'its difference falls into too many pieces to be looked through');
    else for (const box of left) found.look(name, region, box);
  }
}

class Findings implements SemanticDiff {
  readonly newlyAllowed: Shown[] = [];
  readonly newlyRefused: Shown[] = [];
  readonly otherwise: Shown[] = [];
  readonly regions: Region[] = [];
  readonly undecided: { readonly policy: string; readonly why: string }[] = [];
  readonly #before: AnalysedSet;
  readonly #after: AnalysedSet;
  readonly #shown = new Set<string>();

  constructor(before: AnalysedSet, after: AnalysedSet) {
    this.#before = before;
    this.#after = after;
  }

  /** Asks both engines about an action of the box. */
  look(policy: string, { event }: Region, box: Box): void {
    const witness = witnessIn(event, box);
    if (!witness) return this.leave(policy, `a difference for ${kindOf(event)} could not be shown by an example`);
    const before = this.#before.engine.decide(witness.event, witness.facts);
    const after = this.#after.engine.decide(witness.event, witness.facts);
    if (before.disposition === after.disposition) {
      const condition = Object.keys(box).find((dimension) => dimension.startsWith('when '));
      return this.leave(policy, condition ? `it depends on the condition \`${condition.slice('when '.length)}\`` : `a difference for ${kindOf(event)} is not what the engines make of it: another policy decides there, or it is not covered`);
    }
    this.regions.push({ event, box });
    const key = JSON.stringify([policy, witness.event, witness.facts.agent, witness.facts.fleet, before.disposition, after.disposition]);
    if (this.#shown.has(key)) return;
    this.#shown.add(key);
    const list = proceeds(before.disposition) === proceeds(after.disposition) ? this.otherwise : proceeds(after.disposition) ? this.newlyAllowed : this.newlyRefused;
    list.push({ policy, ...witness, before, after });
  }

  leave(policy: string, why: string): void {
    if (!this.undecided.some((each) => each.policy === policy && each.why === why)) this.undecided.push({ policy, why });
  }
}

/** What of a changed policy the regions do not speak of. */
function uncovered(name: string, before: AnalysedSet, after: AnalysedSet): readonly string[] {
  const sides = [before, after].flatMap((set) => set.policies.get(name) ?? []).filter(acts);
  if (sides.length === 0) return [];
  const coverages = sides.map((each) => coverageOf(each.category.id, each.rules, each));
  if (coverages.some((each) => each === undefined)) return [`policies of the category ${sides[0]!.category.id} are not covered`];
  const why: string[] = [];
  if (sides.some(({ escalate }) => escalate.length > 0)) why.push('its escalation depends on what happened before');
  const known = coverages as readonly Coverage[];
  const fields = [...new Set(known.flatMap((each) => each.uncovered))].filter((field) => sides.some(({ rules }) => rules[field] !== undefined));
  const standing = (policy: PlacedPolicy): string => JSON.stringify([policy.scope, policy.mode, policy.onViolation, policy.overrides, policy.overridable, policy.escalate]);
  const moved = sides.length === 1 || before.conditions.get(name) !== after.conditions.get(name) || standing(sides[0]!) !== standing(sides[1]!);
  const changed = (field: string): boolean => JSON.stringify(sides[0]!.rules[field]) !== JSON.stringify(sides[1]!.rules[field]);
  const settings = sides.length === 1 ? [] : [...new Set(known.flatMap((each) => each.settings ?? []))].filter(changed);
  const differ = [...fields.filter((field) => moved || changed(field)), ...settings];
  why.push(...new Set(known.flatMap((each) => each.beside ?? [])));
  if (differ.length > 0) why.push(`not covered: ${differ.join(', ')}`);
  return why;
}

const acts = ({ mode }: PlacedPolicy): boolean => mode === 'enforce';

function regionsOf(set: AnalysedSet): readonly Placed[] {
  const policies = [...set.policies.values()].filter(acts);
  return policies.flatMap((policy) => {
    const coverage = coverageOf(policy.category.id, policy.rules, policy);
    if (!coverage) return [];
    const narrower = policy.overridable ? policies.filter((other) => other.overrides === policy.name && other.category.id === policy.category.id) : [];
    const when = set.conditions.get(policy.name);
    let scopes = scopeBoxes(policy.scope);
    for (const other of narrower) scopes = scopes.flatMap((box) => subtractAll(box, scopeBoxes(other.scope)) ?? [box]);
    return coverage.regions.flatMap(({ event, box, disposition = policy.onViolation }) => scopes.flatMap((scope): Placed[] => {
      const both = meetBoxes(scope, when === undefined ? box : { ...box, [`when ${when}`]: holds(true) });
      return both ? [{ policy: policy.name, event, box: both, disposition }] : [];
    }));
  });
}

const DIMENSIONS = { agents: 'agent', fleets: 'fleet', users: 'user', workflows: 'workflow', planes: 'plane' } as const;

function scopeBoxes(scope: Scope | undefined): readonly Box[] {
  if (!scope) return [{}];
  const { except, ...keys } = scope;
  const inside = Object.fromEntries(Object.entries(keys).flatMap(([key, names]) => (names ? [[DIMENSIONS[key as keyof typeof DIMENSIONS], named(...(names as readonly string[]))] as const] : []))) as Box;
  if (!except) return [inside];
  // Outside means that one of the keys does not match.
  return Object.entries(except).flatMap(([key, names]): readonly Box[] => {
    const outside = meetBoxes(inside, { [DIMENSIONS[key as keyof typeof DIMENSIONS]]: notNamed(...(names as readonly string[])) });
    return outside ? [outside] : [];
  });
}
