// The policy core's entry: governance files in, an engine and findings out.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
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
  readonly findings: readonly Finding[];
}

export function compileSet(files: readonly PolicyFile[], cache: CompileCache = new WeakMap()): CompiledSet {
  const findings: Finding[] = [];
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
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
  const parts: EngineParts = { policies, tools: toolsOf(declarations), views: viewsOf(declarations, findings), agents: agentsOf(declarations), version: () => versionOf(sorted) };
  return { parts, tests: declarations.tests, findings: sortFindings(findings) };
}

function compileItem(item: PolicyItem, cache: CompileCache): Compilation {
  if (item.part.kind !== 'policy') return compilePolicy(item.value);
  const known = cache.get(item.part.parsed);
  if (known) return known;
  const compilation = compilePolicy(item.value);
  cache.set(item.part.parsed, compilation);
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

/** SHA-256 over path, length and text of every file in order of path: first 16 hex digits. */
function versionOf(files: readonly PolicyFile[]): string {
  const hash = sha256.create();
  const encoder = new TextEncoder();
  for (const { path, document } of files) hash.update(encoder.encode(`${path}\0${document.text.length}\0`)).update(encoder.encode(document.text));
  return bytesToHex(hash.digest()).slice(0, 16);
}
