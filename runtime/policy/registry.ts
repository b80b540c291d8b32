// All categories, by id and alias. The one list from which schema, completion, documentation and evaluation are made.

import type { Category } from './category.ts';
import { approval } from './categories/approval.ts';
import { audit } from './categories/audit.ts';
import { communication } from './categories/communication.ts';
import { content } from './categories/content.ts';
import { cost } from './categories/cost.ts';
import { killSwitch } from './categories/kill-switch.ts';
import { llm } from './categories/llm.ts';
import { network } from './categories/network.ts';
import { safety } from './categories/safety.ts';

const LITERALS: readonly Category[] = [cost, safety, killSwitch, audit, llm, content, network, approval, communication];

/** In the order of documentation. Unknown keys are errors in all of them; made strict once, because zod prepares each schema when it is first used. */
export const CATEGORIES: readonly Category[] = LITERALS.map((category) => ({ ...category, rules: category.rules.strict() }));

const BY_NAME = new Map(CATEGORIES.flatMap((category) => [category.id, ...(category.aliases ?? [])].map((name) => [name, category] as const)));

/** A category by its id or an alias (`budget` for `cost`). */
export function categoryNamed(name: string): Category | undefined {
  return BY_NAME.get(name);
}
