// Policies that change nothing: those that say what another one says already, and those that no declared agent is in scope of.

import type { Finding } from '../../protocol/finding.ts';
import { stronger, type Disposition } from '../../protocol/verdict.ts';
import type { CompiledPolicy } from './compile.ts';
import { issueFinding } from './findings.ts';
import { nameMatcher } from './globs.ts';
import type { DeclaredPolicy } from './references.ts';
import type { Scope } from './schema.ts';
import type { Declarations } from './sections.ts';

/** What is remembered of a policy for as long as its parsed value lives: all that it says, its name and its words for people aside. */
const FINGERPRINTS = new WeakMap<CompiledPolicy, string>();
const FOR_PEOPLE: ReadonlySet<string> = new Set(['name', 'category', 'description', 'owner', 'references', 'message', 'on_violation', 'rules']);

/** The weaker of two policies that ask the same of the same runs, or the later of two that are alike in everything. */
export function redundant(policies: readonly DeclaredPolicy[]): Finding[] {
  const first = new Map<string, DeclaredPolicy>();
  return policies.flatMap((policy): Finding[] => {
    if (!policy.whole || policy.whole.mode === 'off') return [];
    const key = fingerprint(policy.whole, policy.value);
    const other = first.get(key);
    if (!other) return first.set(key, policy) && [];
    if (other.name === policy.name) return [];
    const [stays, goes] = stronger(dispositionOf(policy), dispositionOf(other)) ? [policy, other] : [other, policy];
    first.set(key, stays);
    return [redundancy(goes, stays)];
  });
}

function redundancy(goes: DeclaredPolicy, stays: DeclaredPolicy): Finding {
  const alike = dispositionOf(goes) === dispositionOf(stays);
  const finding = issueFinding(goes.file, goes.base, {
    path: ['name'], on: 'value', code: 'fullarc/meaning/redundant', severity: 'warning',
    message: `\`${stays.name}\` asks the same of the same runs${alike ? '' : `, and would ${dispositionOf(stays)}, which is stronger than ${dispositionOf(goes)}`}: this policy never decides anything. Remove it, or narrow one of the two.`,
  });
  const span = stays.file.document.locate([...stays.base, 'name'])?.value;
  return span ? { ...finding, related: [{ file: stays.file.path, ...stays.file.document.range(span), message: 'the other one' }] } : finding;
}

const dispositionOf = ({ whole }: DeclaredPolicy): Disposition => whole?.onViolation ?? 'allow';

/** All that a policy says, its name and its words for people aside. */
export function fingerprint(policy: CompiledPolicy, value: unknown): string {
  let known = FINGERPRINTS.get(policy);
  if (known === undefined) {
    const said = Object.entries((value ?? {}) as Readonly<Record<string, unknown>>).filter(([key]) => !FOR_PEOPLE.has(key));
    FINGERPRINTS.set(policy, (known = JSON.stringify([policy.category.id, policy.rules, Object.fromEntries(said)], sorted)));
  }
  return known;
}

/** Keys in the order of the alphabet: mappings that differ in nothing else are alike. */
function sorted(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) : value;
}

/** A policy of whose scope no declared agent is part. An agent without a fleet may be launched in any, and counts as reached. */
export function unreachable(policy: DeclaredPolicy, { agents, names }: Declarations): Finding[] {
  const { scope } = policy;
  if (!scope || agents.size === 0 || agents.size < names.agents.size || (scope.agents && !scope.fleets && !scope.except)) return [];
  for (const [name, { value }] of agents) if (admits(scope, name, value.fleet) && !(scope.except && excludes(scope.except, name, value.fleet))) return [];
  return [issueFinding(policy.file, policy.base, {
    path: ['scope'], on: 'key', code: 'fullarc/meaning/unreachable', severity: 'warning',
    message: 'None of the declared agents is in this scope, so the policy never applies. Its keys must all match one agent, and `except` must not.',
  })];
}

function admits({ agents, fleets }: Omit<Scope, 'except'>, name: string, fleet: string | undefined): boolean {
  return (!agents || nameMatcher(agents)(name)) && (!fleets || fleet === undefined || nameMatcher(fleets)(fleet));
}

/** Only an exception that depends on nothing but the agent and its declared fleet certainly leaves it out. */
function excludes(except: Omit<Scope, 'except'>, name: string, fleet: string | undefined): boolean {
  const certain = Object.keys(except).every((key) => key === 'agents' || key === 'fleets') && (fleet !== undefined || !except.fleets);
  return certain && Object.keys(except).length > 0 && admits(except, name, fleet);
}
