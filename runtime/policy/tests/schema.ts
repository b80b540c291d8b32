// The `tests:` section: what a test of policies may say, and how its short forms are written out before the schema reads them.

import { z } from 'zod';
import { DISPOSITIONS } from '../../../protocol/verdict.ts';
import { PLANES } from '../planes.ts';
import { givenSchema } from './given-schema.ts';
import { shortKey, STEP_KINDS, stepSchema, writtenStep } from './step-schema.ts';

const testKeys = {
  name: z.string().min(1).max(200).describe('What holds, in a sentence. Unique over all files.').meta({ examples: ['the call that would tip the tree over is held'] }),
  description: z.string().optional().describe('Why it has to hold.').meta({ examples: ['Finance asked for it.'] }),
  agent: z.string().min(1).optional().describe('Agent that acts; `agent` when absent.').meta({ reference: 'agent', examples: ['writer'] }),
  fleet: z.string().min(1).optional().describe('Its fleet; the one that its declaration names when absent.').meta({ reference: 'fleet', examples: ['outreach'] }),
  user: z.string().min(1).optional().describe('User it acts for; `user` when absent.').meta({ examples: ['ana'] }),
  workflow: z.string().min(1).optional().describe('Workflow that it is part of.').meta({ examples: ['nightly'] }),
  plane: z.enum(PLANES).optional().describe('Where its actions are intercepted.').meta({ examples: ['gateway'] }),
  context: z.record(z.string(), z.string()).optional().describe('What the launch says of the run.').meta({ examples: [{ purpose: 'outreach' }] }),
  now: z.iso.datetime({ offset: true, error: 'is a moment such as `2026-01-05T12:00:00Z`' }).optional().describe('When it begins; Monday, 5 January 2026, noon UTC when absent.').meta({ examples: ['2026-01-05T12:00:00Z'] }),
  given: givenSchema.optional().describe('What happened before.').meta({ examples: [{ tree: { cost: 8 } }] }),
};

const steps = <S extends z.ZodType>(step: S) => z.array(step).min(1).describe('What happens, in this order.').meta({ examples: [[{ tool: 'send_email', expect: 'block' }]] });

/** A test as people write it: what completion, hover and the JSON Schema know. */
export const writtenTest = z.strictObject({ ...testKeys, steps: steps(writtenStep) });
/** A test with its short forms written out. */
export const testSchema = z.strictObject({ ...testKeys, steps: steps(stepSchema) });
export type PolicyTest = z.output<typeof testSchema>;

/** Writes out the short forms, `tool: send_email` and `expect: block`. What is no short form stays as it is. */
export function writtenOut(test: unknown): unknown {
  if (!isMapping(test) || !Array.isArray(test['steps'])) return test;
  return { ...test, steps: test['steps'].map(stepOut) };
}

function stepOut(step: unknown): unknown {
  if (!isMapping(step)) return step;
  const out: Record<string, unknown> = { ...step };
  for (const kind of STEP_KINDS) if (typeof out[kind] === 'string') out[kind] = { [shortKey(kind)]: out[kind] };
  if (isMapping(out['after'])) out['after'] = expectOut(out['after']);
  return expectOut(out);
}

function expectOut(of: Record<string, unknown>): Record<string, unknown> {
  const { expect } = of;
  return typeof expect === 'string' && (DISPOSITIONS as readonly string[]).includes(expect) ? { ...of, expect: { action: expect } } : of;
}

const isMapping = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
