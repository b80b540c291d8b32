// A set of files without findings, and what an edit inside some policies makes of it: the other policies are not looked at again.

import type { CompiledPolicy } from './compile.ts';
import { compilationOf, type CompileCache, type CompiledSet } from './index.ts';
import { DATA_LAYER } from './domains.ts';
import type { Part } from './document.ts';
import type { EngineParts, PlacedPolicy } from './engine.ts';
import type { PolicyFile } from './findings.ts';
import { fingerprint } from './idle-policies.ts';
import { indexPolicies, layered, type PolicyIndex } from './policy-index.ts';
import { crossFindings, type DeclaredPolicy } from './references.ts';
import { type DigestCache, versionOf } from './version.ts';

/** A policy where another one stood. */
interface Rewritten {
  readonly at: number;
  readonly before: Part;
  readonly declared: DeclaredPolicy & { readonly whole: CompiledPolicy };
  readonly placed: PlacedPolicy;
}

/** So many policies may differ from those of the index before it is made anew. */
const MOST_LAYERED = 64;

/**
 * Answers only for edits after which nothing can be found: every line stays where it was, the policies that were rewritten are
 * whole, and they have nothing against the others. After any other edit the caller compiles everything, and asks this one no more.
 */
export class StandingSet {
  #files: readonly PolicyFile[];
  #parts: EngineParts;
  readonly #declarations: CompiledSet['declarations'];
  readonly #cache: CompileCache;
  readonly #digests: DigestCache;
  /** Names and sayings of all policies that are written; made when the first edit comes. */
  #others: { readonly names: Set<string>; readonly said: Set<string> } | undefined;
  #base: readonly PlacedPolicy[];
  #baseIndex: () => PolicyIndex<PlacedPolicy>;
  #index: () => PolicyIndex<PlacedPolicy>;
  readonly #touched = new Set<number>();

  /** `files` in order of path, of which `set` was compiled. */
  static of(files: readonly PolicyFile[], set: CompiledSet, cache: CompileCache, digests: DigestCache): StandingSet | undefined {
    if (set.findings.length > 0 || set.parts.policies.some(looksAtOthers)) return undefined;
    const written = files.reduce((sum, { document }) => sum + policiesBefore(document.parts, document.parts.length), 0);
    const data = set.parts.policies.reduce((sum, { category }) => sum + Number(category === DATA_LAYER), 0);
    return written + data === set.parts.policies.length ? new StandingSet(files, set, cache, digests) : undefined;
  }

  constructor(files: readonly PolicyFile[], set: CompiledSet, cache: CompileCache, digests: DigestCache) {
    this.#files = files;
    this.#parts = set.parts;
    this.#declarations = set.declarations;
    this.#cache = cache;
    this.#digests = digests;
    this.#base = set.parts.policies;
    this.#baseIndex = this.#index = once(() => indexPolicies(set.parts.policies));
  }

  get parts(): EngineParts {
    return this.#parts;
  }

  /** Of the policies as they are now. */
  get index(): () => PolicyIndex<PlacedPolicy> {
    return this.#index;
  }

  /** Takes these files for its own, or answers false and is of no more use. */
  become(files: readonly PolicyFile[]): boolean {
    const rewritten = this.#rewritten(files);
    if (!rewritten || !this.#harmless(rewritten)) return false;
    this.#files = files;
    const policies = this.#parts.policies.slice();
    for (const { at, placed } of rewritten) {
      policies[at] = placed;
      this.#touched.add(at);
    }
    this.#parts = { ...this.#parts, policies, version: () => versionOf(files, this.#digests) };
    this.#layer(policies);
    return true;
  }

  #rewritten(files: readonly PolicyFile[]): readonly Rewritten[] | undefined {
    if (files.length !== this.#files.length) return undefined;
    const rewritten: Rewritten[] = [];
    let count = 0;
    for (const [index, file] of files.entries()) {
      const old = this.#files[index]!;
      if (old.path !== file.path) return undefined;
      const [{ parts: before }, { parts: after }] = [old.document, file.document];
      if (before !== after) {
        const stretch = changedStretch(before, after);
        if (!stretch) return undefined;
        const first = count + policiesBefore(after, stretch.from) - stretch.from;
        for (let at = stretch.from; at < stretch.to; at++) {
          const one = before[at]!.kind === 'policy' ? this.#compiled(file, after[at]!) : undefined;
          if (!one) return undefined;
          rewritten.push({ at: first + at, before: before[at]!, ...one });
        }
      }
      if (index < files.length - 1) count += policiesBefore(after, after.length);
    }
    return rewritten;
  }

  /** Undefined when anything is wrong with the policy alone. */
  #compiled(file: PolicyFile, part: Part): Pick<Rewritten, 'declared' | 'placed'> | undefined {
    const { problems, value, text } = part.parsed;
    if (part.kind !== 'policy' || problems.length > 0 || !Array.isArray(value) || value.length !== 1) return undefined;
    const { policy, issues, scope, overrides, overridable } = compilationOf(part.parsed, value[0], this.#cache);
    if (!policy || issues.length > 0 || looksAtOthers(policy)) return undefined;
    const place = { file: file.path, ...file.document.position(part.start + Math.max(0, text.search(/\S/))) };
    const declared = { file, base: ['policies', 0], name: policy.name, category: policy.category.id, scope, overrides, overridable, value: value[0] as unknown, whole: policy };
    return { declared, placed: { ...policy, place } };
  }

  /** True when there is nothing to find in the set with these policies in it. */
  #harmless(rewritten: readonly Rewritten[]): boolean {
    const { names, said } = (this.#others ??= this.#standing());
    const renamed = rewritten.some(({ at, declared }) => declared.name !== this.#parts.policies[at]!.name);
    if (renamed && this.#declarations.tests.length > 0) return false; // tests name policies
    for (const { at, before } of rewritten) {
      names.delete(this.#parts.policies[at]!.name);
      const saying = this.#saying(before);
      if (saying !== undefined) said.delete(saying);
    }
    for (const { declared } of rewritten) {
      const saying = sayingOf(declared.whole, declared.value);
      if (names.has(declared.name) || (saying !== undefined && said.has(saying))) return false;
      names.add(declared.name);
      if (saying !== undefined) said.add(saying);
    }
    return crossFindings(rewritten.map(({ declared }) => declared), { ...this.#declarations, tests: [] }).length === 0;
  }

  #standing(): { readonly names: Set<string>; readonly said: Set<string> } {
    const parts = this.#files.flatMap(({ document }) => document.parts.filter(({ kind }) => kind === 'policy'));
    const data = this.#parts.policies.length - parts.length;
    return { names: new Set(this.#parts.policies.slice(0, data === 0 ? undefined : -data).map(({ name }) => name)), said: new Set(parts.map((part) => this.#saying(part)).filter((saying) => saying !== undefined)) };
  }

  #saying({ parsed }: Part): string | undefined {
    const value = (parsed.value as readonly unknown[])[0];
    return sayingOf(compilationOf(parsed, value, this.#cache).policy!, value);
  }

  /** The index of the policies as they were, without those that were rewritten since, and a small one of these. */
  #layer(policies: readonly PlacedPolicy[]): void {
    if (this.#touched.size > MOST_LAYERED) {
      this.#touched.clear();
      this.#base = policies;
      this.#baseIndex = this.#index = once(() => indexPolicies(policies));
      return;
    }
    const touched = [...this.#touched];
    const [base, gone, come] = [this.#baseIndex, new Set(touched.map((at) => this.#base[at]!)), touched.map((at) => policies[at]!)];
    this.#index = once(() => layered(base(), gone, indexPolicies(come)));
  }
}

/** Where two rows of parts differ; undefined when the lines of what follows do. */
function changedStretch(before: readonly Part[], after: readonly Part[]): { readonly from: number; readonly to: number } | undefined {
  if (before.length !== after.length) return undefined;
  let from = 0;
  let to = after.length;
  while (from < to && before[from]!.parsed === after[from]!.parsed) from++;
  while (to > from && before[to - 1]!.parsed === after[to - 1]!.parsed) to--;
  return to < after.length && before[to]!.line !== after[to]!.line ? undefined : { from, to };
}

function policiesBefore(parts: readonly Part[], end: number): number {
  let count = 0;
  for (let at = 0; at < end; at++) if (parts[at]!.kind === 'policy') count++;
  return count;
}

/** A policy that replaces others, or reads what they say, matters for more than itself. */
function looksAtOthers({ overrides, category }: CompiledPolicy): boolean {
  return overrides !== undefined || category.review !== undefined;
}

/** What no other policy may say too; nothing for one that is switched off. */
function sayingOf(policy: CompiledPolicy, value: unknown): string | undefined {
  return policy.mode === 'off' ? undefined : fingerprint(policy, value);
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
