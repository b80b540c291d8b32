// The shape of a governance file: what may stand under each top-level key. A policy's `rules` are the category's own, see registry.ts.

import { z } from 'zod';
import { RISKS, TOOL_CLASSES } from '../../protocol/action.ts';
import { DISPOSITIONS } from '../../protocol/verdict.ts';

const names = (text: string, reference: Reference, examples: readonly string[]) => z.array(z.string().min(1)).min(1).optional().describe(`${text} Exact names or globs.`).meta({ reference, examples: [examples] });

/** What a name in a policy file refers to. */
export type Reference = 'agent' | 'fleet' | 'tool' | 'category';

const scopeKeys = {
  fleets: names('Fleets whose runs this applies to.', 'fleet', ['outreach']),
  agents: names('Agents this applies to.', 'agent', ['writer', 'research-*']),
  workflows: z.array(z.string().min(1)).min(1).optional().describe('Workflows this applies to, as the launch names them. Exact names or globs.').meta({ examples: [['nightly']] }),
  users: z.array(z.string().min(1)).min(1).optional().describe('Users whose runs this applies to. Exact names or globs.').meta({ examples: [['alice']] }),
};

export const scopeSchema = z.strictObject({
  ...scopeKeys,
  except: z.strictObject(scopeKeys).optional().describe('Leaves out what matches all of these keys.').meta({ examples: [{ users: ['alice'] }] }),
});
export type Scope = z.output<typeof scopeSchema>;

export const agentSchema = z.strictObject({
  description: z.string().optional().describe('What the agent is for.').meta({ examples: ['Drafts outreach mail'] }),
  fleet: z.string().min(1).optional().describe('The fleet it belongs to, for policies that are scoped to a fleet.').meta({ reference: 'fleet', examples: ['outreach'] }),
  owner: z.string().min(1).optional().describe('Person or team that answers for it.').meta({ examples: ['sales-eng'] }),
  entry: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional().describe('Scripts that start this agent, as globs over their paths, so that a spawned child is recognised.').meta({ examples: ['agents/writer.mjs'] }),
});

export const fleetSchema = z.strictObject({
  description: z.string().optional().describe('What the agents of this fleet have in common.').meta({ examples: ['Everything that talks to customers'] }),
});

export const toolSchema = z.strictObject({
  class: z.enum(TOOL_CLASSES).default('once').describe('Whether a call may be repeated after a crash: `read` changes nothing, `idempotent` may run twice, `once` must not.'),
  risk: z.enum(RISKS).optional().describe('How much harm a wrong call can do. Approval policies can ask for a person from a risk upwards.').meta({ examples: ['high'] }),
  description: z.string().optional().describe('What the tool does, for people who review its calls.').meta({ examples: ['Sends mail to a customer'] }),
});

/** Keys of a policy, `rules` aside. */
export const policySchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/).describe('Unique name in kebab-case. Verdicts, records and other policies refer to it.').meta({ examples: ['outreach-spend'] }),
  category: z.string().describe('What kind of rule this is. It decides which fields `rules` has.').meta({ reference: 'category', examples: ['cost'] }),
  description: z.string().optional().describe('What the policy is for, in a sentence for people.').meta({ examples: ['One campaign may spend ten dollars, its children included.'] }),
  owner: z.string().min(1).optional().describe('Person or team that answers for the policy.').meta({ examples: ['finance'] }),
  references: z.array(z.string().min(1)).optional().describe('Where the rule comes from: addresses, or ids of controls.').meta({ examples: [['OWASP ASI02']] }),
  scope: scopeSchema.optional().describe('Which runs the policy applies to. All keys that are given must match; without a scope it applies to everything.').meta({ examples: [{ fleets: ['outreach'] }] }),
  rules: z.record(z.string(), z.unknown()).optional().describe('The fields of the category.'),
  on_violation: z.enum(DISPOSITIONS).optional().describe('What happens to an action that breaks the rules. Each category has its own default and says which it allows. The strongest of all policies wins.').meta({ examples: ['block'] }),
  message: z.string().min(1).optional().describe('Added to what the person and the agent are told, so that the agent can do better.').meta({ examples: ['Ask finance for a larger budget.'] }),
  mode: z.enum(['enforce', 'shadow', 'off']).default('enforce').describe('`shadow` records what the policy would have done and does nothing; `off` does not even look.'),
  on_error: z.enum(['block', 'warn']).default('block').describe('What happens when the check itself cannot be made.'),
});
export type PolicyKeys = z.output<typeof policySchema>;

/** Top-level keys. Each is optional; all files of a workspace are read as one. */
export const fileSchema = z.strictObject({
  agents: z.record(z.string(), agentSchema).optional().describe('Agents that run here, by name. `fullarc run --agent NAME` or a launch configuration picks one.'),
  fleets: z.record(z.string(), fleetSchema).optional().describe('Groups of agents, by name.'),
  tools: z.record(z.string(), toolSchema).optional().describe('What tools mean, by name or glob, so that more than their names can be governed.'),
  policies: z.array(policySchema).optional().describe('The rules. Every policy in scope is judged, and the strongest disposition wins; their order does not matter.'),
});
