// From declarations to what judges: domains and signals become policies of their own, tools become views.

import type { Finding } from '../../protocol/finding.ts';
import type { Checks } from './category.ts';
import { DATA_LAYER, guardDomain } from './domains.ts';
import type { PlacedPolicy, PlacedView } from './engine.ts';
import { issueFinding } from './findings.ts';
import type { Issue } from './issues.ts';
import { viewTool } from './meaning.ts';
import type { Declarations, Declared } from './sections.ts';
import { guardSignals } from './signals.ts';

/** What `domains:` and `signals:` ask for, as policies that stand where they are declared. */
export function dataLayer({ domains, signals }: Declarations, findings: Finding[]): PlacedPolicy[] {
  const policies = [...domains].map(([name, declared]) => {
    const { checks, issues } = guardDomain(name, declared.value);
    report(declared, issues, findings);
    return policyAt(`domains.${name}`, declared, checks);
  });
  const first = [...signals.values()][0];
  if (first) policies.push(policyAt('signals', first, guardSignals(new Map([...signals].map(([name, { value }]) => [name, value])))));
  return policies;
}

/** Tools that are something more than a tool, by name or glob. */
export function viewsOf({ tools }: Declarations, findings: Finding[]): ReadonlyMap<string, PlacedView> {
  const views = new Map<string, PlacedView>();
  for (const [name, declared] of tools) {
    const { view, issues } = viewTool(declared.value);
    report(declared, issues, findings);
    if (view) views.set(name, { view, place: placeOf(declared) });
  }
  return views;
}

function report({ file, path }: Declared<unknown>, issues: readonly Issue[], findings: Finding[]): void {
  findings.push(...issues.map((issue) => issueFinding(file, path, issue)));
}

function policyAt(name: string, declared: Declared<unknown>, checks: Checks): PlacedPolicy {
  return {
    name, category: DATA_LAYER, mode: 'enforce', onViolation: DATA_LAYER.onViolation, rules: {}, scope: undefined, inScope: undefined, checks, escalate: [], overridable: false, onError: 'block',
    place: placeOf(declared),
  };
}

function placeOf({ file, path }: Declared<unknown>): PlacedPolicy['place'] {
  return { file: file.path, ...file.document.position(file.document.locate(path)?.key?.start ?? 0) };
}
