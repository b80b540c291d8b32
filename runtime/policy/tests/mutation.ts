// The mutation score: of the small mistakes that somebody could make in the policies, how many would some test notice?

import type { TextRange } from '../../../protocol/finding.ts';
import { compilePolicy } from '../compile.ts';
import { createEngine, type EngineParts, type PlacedPolicy } from '../engine.ts';
import { mutantsOf, type Mutant } from './mutants.ts';
import type { WrittenPolicy } from './policy-places.ts';
import { rangeOf, runTest, type PlacedTest } from './run.ts';

/** A mutant that no test noticed. */
export interface Survivor {
  readonly policy: string;
  readonly change: string;
  readonly file: string;
  readonly place: TextRange;
}

export interface MutationScore {
  /** Mutants that are policies at all and were tried. */
  readonly tried: number;
  readonly noticed: number;
  readonly survivors: readonly Survivor[];
  /** Mutants that were not tried, because there were more than `most`. */
  readonly left: number;
  /** Share that was noticed, 0 to 100; 100 when there are none. */
  readonly percent: number;
}

export interface MutationOptions {
  /** Most mutants that are tried, spread evenly over all. */
  readonly most?: number;
  /** Called before each; false ends it. */
  readonly goOn?: (done: number, all: number) => boolean | Promise<boolean>;
}

/** Most mutants that are tried when nothing else is said. */
export const MOST_MUTANTS = 2_000;

/** Tries the mutants of all policies. Only the policy that is changed is compiled anew. `tests` have to pass as things stand. */
export async function mutationScore(parts: EngineParts, policies: readonly WrittenPolicy[], tests: readonly PlacedTest[], { most = MOST_MUTANTS, goOn = () => true }: MutationOptions = {}): Promise<MutationScore> {
  const all = policies.filter(({ policy }) => policy.mode === 'enforce').flatMap((written) => mutantsOf(written.value).map((mutant) => ({ written, mutant })));
  const chosen = spread(all, most);
  const reaching = testsReaching(parts, tests);
  const survivors: Survivor[] = [];
  let tried = 0;
  for (const [index, { written, mutant }] of chosen.entries()) {
    if (!await goOn(index, chosen.length)) break;
    const { policy: { name }, file, path } = written;
    const changed = changedParts(parts, name, mutant);
    if (!changed) continue;
    tried++;
    const asked = mutant.widens ? tests : reaching.get(name) ?? [];
    if (!noticed(changed, asked)) survivors.push({ policy: name, change: mutant.change, file: file.path, place: rangeOf({ file }, [...path, ...mutant.path], [...path, 'name'], path) });
  }
  return { tried, noticed: tried - survivors.length, survivors, left: all.length - chosen.length, percent: tried === 0 ? 100 : ((tried - survivors.length) / tried) * 100 };
}

/** Undefined when the mutant is no policy: a limit below its least, a list without items. */
function changedParts(parts: EngineParts, name: string, { value }: Mutant): EngineParts | undefined {
  if (value === undefined) return { ...parts, policies: parts.policies.filter((policy) => policy.name !== name) };
  const { policy } = compilePolicy(value);
  return policy && { ...parts, policies: parts.policies.map((each): PlacedPolicy => (each.name === name ? { ...policy, place: each.place } : each)) };
}

function noticed(parts: EngineParts, tests: readonly PlacedTest[]): boolean {
  const engine = createEngine(parts);
  return tests.some((test) => !runTest(test, engine, { stopEarly: true }).passed);
}

/** For each policy, the tests in which it was in scope, those in which it acted first: the others cannot notice a change of what it says. */
function testsReaching(parts: EngineParts, tests: readonly PlacedTest[]): ReadonlyMap<string, readonly PlacedTest[]> {
  const engine = createEngine(parts);
  const found = new Map<string, { readonly acted: Set<PlacedTest>; readonly asked: Set<PlacedTest> }>();
  for (const test of tests) {
    runTest(test, engine, { watch: (event, facts) => {
      for (const { policy, outcome } of engine.explain(event, facts).considered) {
        if (outcome === 'out-of-scope' || outcome === 'off') continue;
        const own = found.get(policy.name) ?? { acted: new Set(), asked: new Set() };
        found.set(policy.name, own);
        own[outcome === 'acted' ? 'acted' : 'asked'].add(test);
      }
    } });
  }
  return new Map([...found].map(([name, { acted, asked }]) => [name, [...new Set([...acted, ...asked])]]));
}

/** Evenly over the whole list, so that a bound leaves no policy out. */
function spread<T>(items: readonly T[], most: number): readonly T[] {
  return items.length <= most ? items : Array.from({ length: most }, (_, index) => items[Math.floor((index * items.length) / most)]!);
}
