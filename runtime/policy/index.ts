// The policy core's entry: governance files in, an engine and findings out.

import type { Finding } from '../../protocol/finding.ts';
import type { Engine, PolicySource } from './api.ts';
import { compilePolicy, type Compilation } from './compile.ts';
import { openDocument, type Parsed, type PolicyItem } from './document.ts';
import { createEngine, type EngineParts, policySet, type PlacedPolicy, type ToolMeaning } from './engine.ts';
import { issueFinding, type PolicyFile, problemFinding, sortFindings } from './findings.ts';
import { crossFindings, type DeclaredPolicy } from './references.ts';
import { dataLayer, viewsOf } from './data-layer.ts';
import { type Reviewed, reviewPolicies } from './review.ts';
import { declare, type Declarations } from './sections.ts';
import type { PlacedTest } from './tests/run.ts';
import { type DigestCache, versionOf } from './version.ts';

export type { PolicyFile } from './findings.ts';
export { openDocument } from './document.ts';

/** Compilations that are still right because their text is: give the same cache again and only what changed is compiled. */
export type CompileCache = WeakMap<Parsed, Compilation>;

/** Compiles a set of files as one. Never throws for any text: what is wrong is in `findings`, which are sorted by file and place. */
export function compilePolicies(sources: readonly PolicySource[]): { readonly engine: Engine; readonly findings: readonly Finding[] } {
  return compileDocuments(sources.map(({ path, text }) => ({ path, document: openDocument(text) })));
}

/** The same over documents that are already open, for those who edit them. The engine holds the policies that are whole. */
export function compileDocuments(files: readonly PolicyFile[], cache: CompileCache = new WeakMap()): { readonly engine: Engine; readonly findings: readonly Finding[] } {
  const { parts, findings } = compileSet(files, cache);
  return { engine: createEngine(parts), findings };
}

/** What an engine is made of, and the tests: for those who ask what another engine, one policy changed, would do. */
export interface CompiledSet {
  readonly parts: EngineParts;
  readonly tests: readonly PlacedTest[];
  readonly declarations: Declarations;
  readonly findings: readonly Finding[];
}

export function compileSet(files: readonly PolicyFile[], cache: CompileCache = new WeakMap(), digests: DigestCache = new WeakMap()): CompiledSet {
  const findings: Finding[] = [];
  const sorted = inOrder(files);
  const policies: PlacedPolicy[] = [];
  const named: DeclaredPolicy[] = [];
  const reviewed: Reviewed[] = [];
  for (const file of sorted) {
    findings.push(...file.document.problems.map((problem) => problemFinding(file, problem)));
    for (const item of file.document.policies) {
      const compilation = compileItem(item, cache);
      const base = ['policies', item.index];
      if (!brokenSyntax(item)) findings.push(...compilation.issues.map((issue) => issueFinding(file, base, issue)));
      if (compilation.name !== undefined) named.push({ file, base, name: compilation.name, category: compilation.category, scope: compilation.scope, overrides: compilation.overrides, overridable: compilation.overridable, value: item.value, whole: compilation.policy });
      if (!compilation.policy || item.problems.length > 0) continue;
      const policy = { ...compilation.policy, place: { file: file.path, ...file.document.position(textStart(item)) } };
      policies.push(policy);
      if (policy.category.review) reviewed.push({ policy, file, base });
    }
  }
  const declarations = declare(sorted, findings);
  findings.push(...crossFindings(named, declarations));
  findings.push(...reviewPolicies(reviewed, () => policySet(policies, agentsOf(declarations))));
  policies.push(...dataLayer(declarations, findings));
  const parts: EngineParts = { policies, tools: toolsOf(declarations), views: viewsOf(declarations, findings), agents: agentsOf(declarations), version: () => versionOf(sorted, digests) };
  return { parts, tests: declarations.tests, declarations, findings: sortFindings(findings) };
}

/** Files are read in order of their paths, whatever order they are given in. */
export function inOrder(files: readonly PolicyFile[]): readonly PolicyFile[] {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function compileItem(item: PolicyItem, cache: CompileCache): Compilation {
  return item.part.kind === 'policy' ? compilationOf(item.part.parsed, item.value, cache) : compilePolicy(item.value);
}

/** The policy that a part of its own says, whose value this is. */
export function compilationOf(parsed: Parsed, value: unknown, cache: CompileCache): Compilation {
  const known = cache.get(parsed);
  if (known) return known;
  const compilation = compilePolicy(value);
  cache.set(parsed, compilation);
  return compilation;
}

/** What the schema says of a policy whose syntax is broken is mostly an echo of the syntax error. */
function brokenSyntax(item: PolicyItem): boolean {
  return item.problems.some(({ code }) => code !== 'duplicate-key');
}

function textStart(item: PolicyItem): number {
  return item.part.kind === 'policy' ? item.span.start + (/[^\s]/.exec(item.part.parsed.text)?.index ?? 0) : item.span.start;
}

function toolsOf({ tools }: Declarations): ReadonlyMap<string, ToolMeaning> {
  return new Map([...tools].map(([name, { value }]) => [name, { class: value.class, ...(value.risk && { risk: value.risk }) }]));
}

function agentsOf({ agents }: Declarations): Engine['agents'] {
  return new Map([...agents].map(([name, { value }]) => {
    const { fleet, owner, description, entry } = value;
    return [name, { fleet, owner, description, entry: entry === undefined ? [] : typeof entry === 'string' ? [entry] : entry }];
  }));
}
