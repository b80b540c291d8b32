// All categories, by id and alias. The one list from which schema, completion, documentation and evaluation are made.

import type { Category } from './category.ts';
import { audit } from './categories/audit.ts';
import { cost } from './categories/cost.ts';
import { killSwitch } from './categories/kill-switch.ts';
import { llm } from './categories/llm.ts';

export const CATEGORIES = [cost, llm, audit, killSwitch] as readonly unknown[] as readonly Category[];

const BY_NAME = new Map(CATEGORIES.flatMap((category) => [category.id, ...(category.aliases ?? [])].map((name) => [name, category] as const)));

/** A category by its id or an alias (`budget` for `cost`). */
export function categoryNamed(name: string): Category | undefined {
  return BY_NAME.get(name);
}
