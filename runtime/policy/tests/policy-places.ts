// Where each policy is written, and its value as it stands there: for what tests find out about policies.

import type { PolicyItem } from '../document.ts';
import type { PlacedPolicy } from '../engine.ts';
import type { PolicyFile } from '../findings.ts';
import type { Path } from '../parse.ts';

/** A compiled policy and its text. */
export interface WrittenPolicy {
  readonly policy: PlacedPolicy;
  readonly file: PolicyFile;
  readonly path: Path;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Policies that are in force or on trial and can act at all, in the order in which they stand. */
export function actingPolicies(files: readonly PolicyFile[], policies: readonly PlacedPolicy[]): readonly WrittenPolicy[] {
  const compiled = new Map(policies.map((policy) => [policy.name, policy]));
  return files.flatMap((file) => file.document.policies.flatMap((item): WrittenPolicy[] => {
    const policy = compiled.get(nameOf(item));
    const acts = policy && policy.mode !== 'off' && policy.place.file === file.path && Object.keys(policy.checks).length > 0;
    return acts ? [{ policy, file, path: ['policies', item.index], value: item.value as Record<string, unknown> }] : [];
  }));
}

const nameOf = ({ value }: PolicyItem): string => (typeof value === 'object' && value !== null && 'name' in value ? String(value.name) : '');
