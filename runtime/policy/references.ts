// What only shows when all files are read together: names used twice, names that nothing declares, globs that match nothing.

import type { Finding, Fix } from '../../protocol/finding.ts';
import type { CompiledPolicy } from './compile.ts';
import { dataReferences } from './data-references.ts';
import { issueFinding, type PolicyFile } from './findings.ts';
import { redundant, unreachable } from './idle-policies.ts';
import type { Code } from './issues.ts';
import type { Path } from './parse.ts';
import type { Scope } from './schema.ts';
import type { Declarations } from './sections.ts';
import { closest } from './suggest.ts';
import { testReferences } from './tests/references.ts';
import { unknownName } from './unknown-name.ts';

/** A policy as far as other policies and sections can have something against it. */
export interface DeclaredPolicy {
  readonly file: PolicyFile;
  readonly base: Path;
  readonly name: string;
  readonly category: string | undefined;
  readonly scope: Scope | undefined;
  readonly overrides: string | undefined;
  readonly overridable: boolean | undefined;
  /** As written. */
  readonly value: unknown;
  /** The policy itself, when nothing is wrong with it alone. */
  readonly whole: CompiledPolicy | undefined;
}

export function crossFindings(policies: readonly DeclaredPolicy[], declarations: Declarations): Finding[] {
  const findings = [...duplicateNames(policies), ...overrideFindings(policies), ...redundant(policies)];
  const { agents, fleets } = declarations.names;
  const known = { agents, fleets: new Set([...fleets, ...(fleets.size > 0 ? [] : fleetsOfAgents(declarations))]) };
  for (const policy of policies) {
    if (!policy.scope) continue;
    const unknown = scopeFindings(policy, policy.scope, ['scope'], known, 'error');
    findings.push(...(unknown.length > 0 ? unknown : unreachable(policy, declarations)));
    if (policy.scope.except) findings.push(...scopeFindings(policy, policy.scope.except, ['scope', 'except'], known, 'warning'));
  }
  if (fleets.size > 0) findings.push(...agentFleets(declarations));
  findings.push(...dataReferences(declarations, known));
  findings.push(...testReferences(declarations.tests, policies.map(({ name }) => name), known));
  return findings;
}

function duplicateNames(policies: readonly DeclaredPolicy[]): Finding[] {
  const first = new Map<string, DeclaredPolicy>();
  const findings: Finding[] = [];
  for (const policy of policies) {
    const earlier = first.get(policy.name);
    if (!earlier) {
      first.set(policy.name, policy);
      continue;
    }
    const finding = issueFinding(policy.file, policy.base, { path: ['name'], on: 'value', code: 'fullarc/structure/duplicate-name', severity: 'error', message: `Another policy is already named \`${policy.name}\`. Names are unique over all files; rename one of them.` });
    const span = earlier.file.document.locate([...earlier.base, 'name'])?.value;
    findings.push(span ? { ...finding, related: [{ file: earlier.file.path, ...earlier.file.document.range(span), message: 'the other one' }] } : finding);
  }
  return findings;
}

/** What keeps a policy from replacing another: that one must exist, be of the same category, and say that it may be. */
function overrideFindings(policies: readonly DeclaredPolicy[]): Finding[] {
  const overriding = policies.filter((policy) => policy.overrides !== undefined);
  if (overriding.length === 0) return [];
  const byName = new Map(policies.map((policy) => [policy.name, policy]));
  return overriding.flatMap((policy): Finding[] => {
    const name = policy.overrides!;
    const target = byName.get(name);
    const finding = (code: Code, message: string, mend?: string): Finding => withFixes(issueFinding(policy.file, policy.base, { path: ['overrides'], on: 'value', code, severity: 'error', message, ...(mend && { mend: { title: `Change to \`${mend}\``, replace: mend } }) }), mend === undefined ? removal(policy) : []);
    if (!target) {
      const near = closest(name, byName.keys());
      return [finding('fullarc/reference/unknown-policy', `No policy is named \`${name}\`.${near ? ` Did you mean \`${near}\`?` : ''}`, near)];
    }
    if (circular(policy, byName)) return [finding('fullarc/reference/overrides-itself', `\`${policy.name}\` overrides itself, by way of \`${name}\`.`)];
    if (target.category !== policy.category) return [finding('fullarc/reference/other-category', `\`${name}\` is a ${target.category ?? 'broken'} policy, and this one is ${policy.category}. Only policies of the same category replace one another.`)];
    if (!target.overridable) {
      const span = target.file.document.locate([...target.base, 'name'])?.value;
      const found = finding('fullarc/reference/not-overridable', `\`${name}\` does not say \`overridable: true\`, so nothing may replace it.`);
      const mended = { ...found, fixes: [...allowance(target, policy.file), ...(found.fixes ?? [])] };
      return [span ? { ...mended, related: [{ file: target.file.path, ...target.file.document.range(span), message: 'it is written here' }] } : mended];
    }
    return [];
  });
}

const withFixes = (finding: Finding, fixes: readonly Fix[]): Finding => (fixes.length > 0 ? { ...finding, fixes: [...(finding.fixes ?? []), ...fixes] } : finding);

/** Takes the line of `overrides:` out, when nothing else stands on it. */
function removal({ file: { document }, base }: DeclaredPolicy): readonly Fix[] {
  const found = document.locate([...base, 'overrides']);
  if (!found?.key) return [];
  const { line } = document.position(found.key.start);
  const [start, end] = [document.offset(line, 1), document.offset(line + 1, 1)];
  const alone = end > start && document.text.slice(start, found.key.start).trim() === '' && document.position(found.value.end).line === line && /^[ \t]*(#.*)?\r?\n?$/.test(document.text.slice(found.value.end, end));
  return alone ? [{ title: 'Remove `overrides`', edits: [{ ...document.range({ start, end }), text: '' }] }] : [];
}

/** Lets the other policy be replaced, in the file in which it stands. */
function allowance({ name, file, base, overridable }: DeclaredPolicy, from: PolicyFile): readonly Fix[] {
  const { document } = file;
  const elsewhere = file.path === from.path ? {} : { file: file.path };
  const written = document.locate([...base, 'overridable'])?.value;
  const title = `Declare \`overridable: true\` in \`${name}\``;
  if (written && written.end > written.start) return overridable ? [] : [{ title, edits: [{ ...elsewhere, ...document.range(written), text: 'true' }] }];
  const category = document.locate([...base, 'category'])?.key;
  if (!category) return [];
  const { line, column } = document.position(category.start);
  const before = document.text.slice(document.offset(line, 1), category.start);
  const text = before.trim() === '' ? `overridable: true\n${before}` : before.trim() === '-' ? `overridable: true\n${' '.repeat(column - 1)}` : 'overridable: true, ';
  return [{ title, edits: [{ ...elsewhere, line, column, endLine: line, endColumn: column, text }] }];
}

function circular(policy: DeclaredPolicy, byName: ReadonlyMap<string, DeclaredPolicy>): boolean {
  const seen = new Set<string>();
  for (let at: DeclaredPolicy | undefined = policy; at; at = at.overrides === undefined ? undefined : byName.get(at.overrides)) {
    if (seen.has(at.name)) return at.name === policy.name;
    seen.add(at.name);
  }
  return false;
}

type Known = Readonly<Record<'agents' | 'fleets', ReadonlySet<string>>>;

/** A scope that names an agent nobody declares would silently leave the policy without effect. */
function scopeFindings(policy: DeclaredPolicy, keys: Omit<Scope, 'except'>, path: Path, known: Known, severity: 'error' | 'warning'): Finding[] {
  const findings: Finding[] = [];
  for (const key of ['agents', 'fleets'] as const) {
    if (known[key].size === 0) continue;
    keys[key]?.forEach((name, at) => {
      const finding = unknownName(policy, [...path, key, at], name, key, known[key], severity);
      if (finding) findings.push(finding);
    });
  }
  return findings;
}

function agentFleets(declarations: Declarations): Finding[] {
  return [...declarations.agents.values()].flatMap(({ file, path, value }) => {
    const finding = value.fleet === undefined ? undefined : unknownName({ file, base: [] }, [...path, 'fleet'], value.fleet, 'fleets', declarations.names.fleets, 'error');
    return finding ? [finding] : [];
  });
}

function fleetsOfAgents({ agents }: Declarations): string[] {
  return [...agents.values()].flatMap(({ value }) => value.fleet ?? []);
}
