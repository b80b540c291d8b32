// What the regions of a category say, and where they stop: the shapes that every description of a category fills in.

import type { EventName } from '../../../protocol/action.ts';
import type { Disposition } from '../../../protocol/verdict.ts';
import type { PolicyHeader } from '../category.ts';
import type { Box } from './regions.ts';

/** Where a policy objects: with its own disposition, unless another is given. */
export interface Region {
  readonly event: EventName;
  readonly box: Box;
  readonly disposition?: Disposition;
}

export interface Coverage {
  readonly regions: readonly Region[];
  /** Rules that are set and about which the boxes say nothing, or not everything. */
  readonly uncovered: readonly string[];
  /** Rules that decide what the facts will be rather than what is refused: they matter where their values differ. */
  readonly settings?: readonly string[];
  /** What the policy looks at besides, whatever its rules are. */
  readonly beside?: string;
}

export type Rules = Readonly<Record<string, unknown>>;
export type Cover = (rules: Rules, policy: PolicyHeader) => Coverage;

/** Those of the names that are set: present, and not switched off. */
export function setRules(rules: Rules, ...names: readonly string[]): readonly string[] {
  return names.filter((name) => rules[name] !== undefined && rules[name] !== false);
}

export const namesOf = (rules: Rules, name: string): readonly string[] | undefined => rules[name] as readonly string[] | undefined;
export const numberOf = (rules: Rules, name: string): number | undefined => rules[name] as number | undefined;
