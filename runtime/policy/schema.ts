// The shape of a governance file: what may stand under each top-level key. A policy's `rules` are the category's own, see registry.ts.

import { z } from 'zod';
import { DISPOSITIONS } from '../../protocol/verdict.ts';
import { domainSchema, signalSchema } from './domain-schema.ts';
import { PLANES } from './planes.ts';
import { writtenTest } from './tests/schema.ts';
import { toolSchema } from './tool-schema.ts';

const names = (text: string, reference: Reference, examples: readonly string[]) => z.array(z.string().min(1)).min(1).optional().describe(`${text} Exact names or globs.`).meta({ reference, examples: [examples] });

/** What a name in a policy file refers to; under a mapping, what its keys do. Models are never declared, tools may be. */
export type Reference = 'agent' | 'fleet' | 'tool' | 'category' | 'policy' | 'domain' | 'model';

const scopeKeys = {
  planes: z.array(z.enum(PLANES)).min(1).optional().describe('Where the action was intercepted: `gateway` is the wire to the model, `node` the process itself, `sdk` what it reports.').meta({ examples: [['gateway']] }),
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

/** Keys of a policy, `rules` aside. */
export const policySchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/).describe('Unique name in kebab-case. Verdicts, records and other policies refer to it.').meta({ examples: ['outreach-spend'] }),
  category: z.string().describe('What kind of rule this is. It decides which fields `rules` has.').meta({ reference: 'category', examples: ['cost'] }),
  description: z.string().optional().describe('What the policy is for, in a sentence for people.').meta({ examples: ['One campaign may spend ten dollars, its children included.'] }),
  owner: z.string().min(1).optional().describe('Person or team that answers for the policy.').meta({ examples: ['finance'] }),
  references: z.array(z.string().min(1)).optional().describe('Where the rule comes from: addresses, or ids of controls.').meta({ examples: [['OWASP ASI02']] }),
  scope: scopeSchema.optional().describe('Which runs the policy applies to. All keys that are given must match; without a scope it applies to everything.').meta({ examples: [{ fleets: ['outreach'] }] }),
  rules: z.record(z.string(), z.unknown()).optional().describe('The fields of the category.'),
  when: z.string().min(1).max(4000).optional().describe('Condition in CEL: the policy is asked only where it holds. Facts are `agent`, `fleet`, `run`, `action`, `now` and, by kind of action, `tool`, `llm`, `http` and so on.').meta({ examples: ['run.depth > 0'] }),
  on_violation: z.enum(DISPOSITIONS).optional().describe('What happens to an action that breaks the rules. Each category has its own default and says which it allows. The strongest of all policies wins.').meta({ examples: ['block'] }),
  escalate: z.array(z.strictObject({
    after: z.int().min(1).max(10_000).describe('From how many earlier violations of this policy in the run on.').meta({ unit: 'count', examples: [3] }),
    within: z.string().regex(/^[1-9]\d{0,5}(s|m|h)$/, { error: 'is a number of seconds, minutes or hours such as `30s`, `10m` or `1h`' }).optional().describe('Only those of this time count.').meta({ examples: ['10m'] }),
    on_violation: z.enum(DISPOSITIONS).describe('What happens then.').meta({ examples: ['block'] }),
  })).min(1).optional().describe('Stronger dispositions for those who do not listen: first warn, then block.').meta({ examples: [[{ after: 3, on_violation: 'block' }]] }),
  overridable: z.boolean().default(false).describe('Whether a narrower policy of the same category may replace this one in its scope.').meta({ examples: [true] }),
  overrides: z.string().min(1).optional().describe('Broader policy of the same category that this one replaces within its scope. That one must say `overridable: true`.').meta({ reference: 'policy', examples: ['company-spend'] }),
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
  domains: z.record(z.string(), domainSchema).optional().describe('Sources of data, by name: which rows and fields each agent gets to see. What no grant is for stays closed.'),
  signals: z.record(z.string(), signalSchema).optional().describe('Facts that come in from outside and may start an agent, by name.'),
  policies: z.array(policySchema).optional().describe('The rules. Every policy in scope is judged, and the strongest disposition wins; their order does not matter.'),
  tests: z.array(writtenTest).optional().describe('What the policies have to do, as sequences of actions with the state they begin in. `fullarc test` runs them.'),
});
