// All categories, by id and alias. The one list from which schema, completion, documentation and evaluation are made.

import type { Category } from './category.ts';
import { approval } from './categories/approval.ts';
import { audit } from './categories/audit.ts';
import { codeExecution } from './categories/code-execution.ts';
import { communication } from './categories/communication.ts';
import { compliance } from './categories/compliance.ts';
import { content } from './categories/content.ts';
import { control } from './categories/control.ts';
import { cost } from './categories/cost.ts';
import { dataAccess } from './categories/data-access.ts';
import { delegation } from './categories/delegation.ts';
import { grounding } from './categories/grounding.ts';
import { identity } from './categories/identity.ts';
import { inputValidation } from './categories/input-validation.ts';
import { killSwitch } from './categories/kill-switch.ts';
import { llm } from './categories/llm.ts';
import { memory } from './categories/memory.ts';
import { network } from './categories/network.ts';
import { operations } from './categories/operations.ts';
import { privacy } from './categories/privacy.ts';
import { quality } from './categories/quality.ts';
import { rateLimit } from './categories/rate-limit.ts';
import { reasoning } from './categories/reasoning.ts';
import { retrieval } from './categories/retrieval.ts';
import { safety } from './categories/safety.ts';
import { scheduling } from './categories/scheduling.ts';
import { scope } from './categories/scope.ts';

const LITERALS: readonly Category[] = [
  rateLimit, cost, scheduling, safety, killSwitch, audit, operations, control, llm, quality, content, dataAccess, network, scope,
  codeExecution, inputValidation, grounding, retrieval, reasoning, approval, delegation, communication, privacy, identity, memory,
  compliance,
];

/** In the order of documentation. Unknown keys are errors in all of them; made strict once, because zod prepares each schema when it is first used. */
export const CATEGORIES: readonly Category[] = LITERALS.map((category) => ({ ...category, rules: category.rules.strict() }));

const BY_NAME = new Map(CATEGORIES.flatMap((category) => [category.id, ...(category.aliases ?? [])].map((name) => [name, category] as const)));

/** A category by its id or an alias (`budget` for `cost`). */
export function categoryNamed(name: string): Category | undefined {
  return BY_NAME.get(name);
}
