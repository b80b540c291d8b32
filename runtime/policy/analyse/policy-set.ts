// A policy set taken apart for analysis: its policies as compiled, what each says, and an engine for any part of it.

import { compilePolicy } from '../compile.ts';
import { dataLayer, viewsOf } from '../data-layer.ts';
import type { Engine, PolicySource } from '../api.ts';
import { createEngine, type EngineParts, type PlacedPolicy } from '../engine.ts';
import { compilePolicies, openDocument } from '../index.ts';
import { declare } from '../sections.ts';

export interface AnalysedSet {
  readonly engine: Engine;
  readonly policies: ReadonlyMap<string, PlacedPolicy>;
  /** What each policy says; equal texts mean equal policies. */
  readonly said: ReadonlyMap<string, string>;
  /** `when:` of the policies that have one. */
  readonly conditions: ReadonlyMap<string, string>;
  /** What `tools:` and `agents:` say: every policy may depend on it. */
  readonly surroundings: string;
  readonly hasViews: boolean;
  /** An engine that knows these policies and no others. */
  only(names: ReadonlySet<string>): Engine;
  /** Some of the policies replaced or added by those of another set, by name. */
  with(other: AnalysedSet): AnalysedSet;
}

/** Policies that are not whole are left out; whoever needs to know compiles the sources. */
export function analysedSet(sources: readonly PolicySource[]): AnalysedSet {
  const files = sources.map(({ path, text }) => ({ path, document: openDocument(text) })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const declarations = declare(files, []);
  const said = new Map<string, string>();
  const policies = files.flatMap((file) => file.document.policies.flatMap((item): PlacedPolicy[] => {
    const { policy } = compilePolicy(item.value);
    if (!policy || item.problems.length > 0) return [];
    said.set(policy.name, JSON.stringify(item.value));
    return [{ ...policy, place: { file: file.path, ...file.document.position(file.document.locate(['policies', item.index])?.value?.start ?? 0) } }];
  }));
  const guards = dataLayer(declarations, []);
  const signals = JSON.stringify([...declarations.signals].map(([name, { value }]) => [name, value]));
  for (const { name } of guards) said.set(name, name === 'signals' ? signals : JSON.stringify(declarations.domains.get(name.slice('domains.'.length))?.value));
  const whole = compilePolicies(sources).engine;
  const tools = new Map([...declarations.tools].map(([name, { value }]) => [name, { class: value.class, ...(value.risk && { risk: value.risk }) }]));
  const surroundings = JSON.stringify([[...declarations.tools].map(([name, { value }]) => [name, value]), [...whole.agents]]);
  return setOf({ policies: [...policies, ...guards], tools, views: viewsOf(declarations, []), agents: whole.agents, version: () => whole.version }, said, surroundings);
}

function setOf(parts: EngineParts, said: ReadonlyMap<string, string>, surroundings: string): AnalysedSet {
  const policies = new Map(parts.policies.map((policy) => [policy.name, policy]));
  const conditions = new Map([...said].flatMap(([name, text]): [string, string][] => {
    const when = (JSON.parse(text) as { readonly when?: unknown } | null)?.when;
    return typeof when === 'string' ? [[name, when]] : [];
  }));
  const set: AnalysedSet & { readonly parts: EngineParts } = {
    parts, engine: createEngine(parts), policies, said, conditions, surroundings, hasViews: (parts.views?.size ?? 0) > 0,
    only: (names) => createEngine({ ...parts, policies: parts.policies.filter(({ name }) => names.has(name)) }),
    with(other) {
      const added = (other as typeof set).parts;
      const kept = parts.policies.filter(({ name }) => !other.policies.has(name));
      const agents = new Map([...parts.agents, ...added.agents]);
      return setOf({
        policies: [...kept, ...added.policies], agents, tools: new Map([...parts.tools, ...added.tools]),
        views: new Map([...parts.views ?? [], ...added.views ?? []]), version: () => `${parts.version()} with ${added.version()}`,
      }, new Map([...said, ...other.said]), added.tools.size === 0 && added.agents.size === 0 ? surroundings : surroundings + other.surroundings);
    },
  };
  return set;
}

/** Categories whose policies look at the other policies of the set. */
const SET_READERS: ReadonlySet<string> = new Set(['compliance', 'delegation']);

/** The policies that have to be asked again; undefined when all of them have to. */
export function changedBetween(before: AnalysedSet, after: AnalysedSet): ReadonlySet<string> | undefined {
  if (before.surroundings !== after.surroundings) return undefined;
  const changed = new Set([...before.said.keys(), ...after.said.keys()].filter((name) => before.said.get(name) !== after.said.get(name)));
  if (changed.size === 0) return changed;
  for (const { policies } of [before, after]) {
    for (const policy of policies.values()) {
      if (SET_READERS.has(policy.category.id)) return undefined;
      // What replaces another one decides where that one applies.
      if (policy.overrides !== undefined && changed.has(policy.name)) changed.add(policy.overrides);
    }
  }
  // And what is replaced stands apart from those that replace it: they are asked together.
  for (const { policies } of [before, after]) for (const policy of policies.values()) if (policy.overrides !== undefined && changed.has(policy.overrides)) changed.add(policy.name);
  return changed;
}
