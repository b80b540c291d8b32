// What only shows when all files are read together: names used twice, names that nothing declares, globs that match nothing.

import type { Finding } from '../../protocol/finding.ts';
import { issueFinding, type PolicyFile } from './findings.ts';
import { compileGlob, isGlob } from './globs.ts';
import type { Code } from './issues.ts';
import type { Path } from './parse.ts';
import type { Scope } from './schema.ts';
import type { Declarations } from './sections.ts';
import { closest } from './suggest.ts';
import { testReferences } from './tests/references.ts';

/** A policy as far as other policies and sections can have something against it. */
export interface DeclaredPolicy {
  readonly file: PolicyFile;
  readonly base: Path;
  readonly name: string;
  readonly category: string | undefined;
  readonly scope: Scope | undefined;
  readonly overrides: string | undefined;
  readonly overridable: boolean | undefined;
}

export function crossFindings(policies: readonly DeclaredPolicy[], declarations: Declarations): Finding[] {
  const findings = [...duplicateNames(policies), ...overrideFindings(policies)];
  const { agents, fleets } = declarations.names;
  const known = { agents, fleets: new Set([...fleets, ...(fleets.size > 0 ? [] : fleetsOfAgents(declarations))]) };
  for (const policy of policies) {
    if (!policy.scope) continue;
    findings.push(...scopeFindings(policy, policy.scope, ['scope'], known, 'error'));
    if (policy.scope.except) findings.push(...scopeFindings(policy, policy.scope.except, ['scope', 'except'], known, 'warning'));
  }
  if (fleets.size > 0) findings.push(...agentFleets(declarations));
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
    const finding = (code: Code, message: string, mend?: string): Finding => issueFinding(policy.file, policy.base, { path: ['overrides'], on: 'value', code, severity: 'error', message, ...(mend && { mend: { title: `Change to \`${mend}\``, replace: mend } }) });
    if (!target) {
      const near = closest(name, byName.keys());
      return [finding('fullarc/reference/unknown-policy', `No policy is named \`${name}\`.${near ? ` Did you mean \`${near}\`?` : ''}`, near)];
    }
    if (circular(policy, byName)) return [finding('fullarc/reference/overrides-itself', `\`${policy.name}\` overrides itself, by way of \`${name}\`.`)];
    if (target.category !== policy.category) return [finding('fullarc/reference/other-category', `\`${name}\` is a ${target.category ?? 'broken'} policy, and this one is ${policy.category}. Only policies of the same category replace one another.`)];
    if (!target.overridable) {
      const span = target.file.document.locate([...target.base, 'name'])?.value;
      const found = finding('fullarc/reference/not-overridable', `\`${name}\` does not say \`overridable: true\`, so nothing may replace it.`);
      return [span ? { ...found, related: [{ file: target.file.path, ...target.file.document.range(span), message: 'it is written here' }] } : found];
    }
    return [];
  });
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

function unknownName({ file, base }: Pick<DeclaredPolicy, 'file' | 'base'>, path: Path, name: string, key: 'agents' | 'fleets', known: ReadonlySet<string>, severity: 'error' | 'warning'): Finding | undefined {
  if (isGlob(name)) {
    const match = compileGlob(name);
    if ([...known].some(match)) return undefined;
    return issueFinding(file, base, { path, on: 'value', code: 'fullarc/reference/glob-matches-nothing', severity: 'warning', message: `\`${name}\` matches none of the declared ${key}: ${list(known)}.` });
  }
  if (known.has(name)) return undefined;
  const near = closest(name, known);
  const code: Code = key === 'agents' ? 'fullarc/reference/unknown-agent' : 'fullarc/reference/unknown-fleet';
  return issueFinding(file, base, {
    path, on: 'value', code, severity,
    message: `No ${key === 'agents' ? 'agent' : 'fleet'} \`${name}\` is declared under \`${key}:\`. ${near ? `Did you mean \`${near}\`?` : `Declared: ${list(known)}.`}`,
    ...(near && { mend: { title: `Change to \`${near}\``, replace: near } }),
  });
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

function list(names: ReadonlySet<string>): string {
  const shown = [...names].sort().slice(0, 12);
  return shown.join(', ') + (names.size > shown.length ? ` and ${names.size - shown.length} more` : '');
}
