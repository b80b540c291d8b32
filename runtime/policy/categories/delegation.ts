// The `delegation` category: which agents may be spawned, how deep, how many, with how much of the budget, and bound by what.

import { z } from 'zod';
import type { ActionEvent } from '../../../protocol/action.ts';
import type { PolicyInForce, PolicySet } from '../api.ts';
import { defineCategory, type Checks, type PolicyHeader, type Violation } from '../category.ts';
import { freshRun, type Facts, type RunFacts } from '../facts.ts';
import { firstMatch } from '../globs.ts';

const count = (text: string, example: number) => z.int().min(0).optional().describe(text).meta({ unit: 'count', examples: [example] });
const agents = (text: string, example: readonly string[]) => z.array(z.string().min(1)).min(1).optional().describe(`${text} Exact names or globs.`).meta({ reference: 'agent', examples: [example] });

const rules = z.strictObject({
  max_delegation_depth: count('How deep runs may be nested: 1 lets a root run spawn others, but not those again; 0 lets nobody spawn.', 3),
  allowed_delegates: agents('Agents that may be spawned, and no others.', ['researcher', 'writer-*']),
  blocked_delegates: agents('Agents that are never spawned, also when they are allowed.', ['admin']),
  inherit_policies: z.boolean().default(false).describe('Whether an agent may only be spawned when every policy that binds the run that spawns it binds it as well, this one aside. Policies are inherited by their scope, so one that names an agent does not bind its delegates unless it names them too.').meta({ examples: [true] }),
  require_approval: z.boolean().default(false).describe('Whether a person has to agree to each spawn, when nothing else is against it.').meta({ examples: [true] }),
  max_concurrent_delegates: count('How many agents that a run spawned may be running at the same time.', 5),
  max_delegates: count('How many agents one run may spawn, those that have ended included.', 20),
  forbid_cycles: z.boolean().default(false).describe('Whether an agent may not be spawned below itself: neither by itself, nor by one that it spawned.').meta({ examples: [true] }),
  max_budget_share: z.number().min(0).max(1).optional().describe('Largest share of what is left of its budget that a run may hand on to one agent. An agent that is spawned without a share draws on all of it, so it counts as 1.').meta({ unit: 'share, 0 to 1', examples: [0.5] }),
});
type Rules = z.output<typeof rules>;
type Spawn = ActionEvent<'spawn.before'>;
type Judge = (event: Spawn, facts: Facts, set: PolicySet) => Violation | undefined;

export const delegation = defineCategory({
  id: 'delegation',
  title: 'Delegation',
  group: 'Agent action control',
  why: 'An agent that starts others multiplies what it does, what it spends and what can go wrong, and a delegate may be allowed what its parent is not. These rules bound how deep and how wide a tree of agents may grow, say who may be in it, and keep work from being handed to an agent that fewer policies bind.',
  rules,
  dispositions: ['warn', 'throttle', 'skip', 'gate', 'block'],
  onViolation: 'block',
  checks(rules, policy): Checks {
    const judges = judgesOf(rules, policy);
    if (judges.length === 0 && !rules.require_approval) return {};
    return { 'spawn.before': (event, facts, set) => {
      for (const judge of judges) {
        const found = judge(event, facts, set);
        if (found) return found;
      }
      return rules.require_approval ? needsApproval(event) : undefined;
    } };
  },
  examples: [
    { title: 'A child of a grandchild', rules: 'max_delegation_depth: 2', event: spawn('writer', { depth: 3 }), facts: run({ depth: 2 }), expect: 'block', field: 'max_delegation_depth' },
    { title: 'A grandchild', rules: 'max_delegation_depth: 2', event: spawn('writer', { depth: 2 }), facts: run({ depth: 1 }), expect: 'allow' },
    { title: 'A stranger', rules: 'allowed_delegates: [researcher, "writer-*"]', event: spawn('admin'), expect: 'block', field: 'allowed_delegates' },
    { title: 'One of the family', rules: 'allowed_delegates: [researcher, "writer-*"]', event: spawn('writer-en'), expect: 'allow' },
    { title: 'An agent that is never spawned', rules: '{ allowed_delegates: ["*"], blocked_delegates: [admin] }', event: spawn('admin'), expect: 'block', field: 'blocked_delegates' },
    { title: 'Any other', rules: '{ allowed_delegates: ["*"], blocked_delegates: [admin] }', event: spawn('writer'), expect: 'allow' },
    { title: 'A delegate that is bound by the same policies', rules: 'inherit_policies: true', event: spawn('writer'), expect: 'allow' },
    { title: 'A person has to agree', rules: 'require_approval: true', event: spawn('writer'), expect: 'gate', field: 'require_approval' },
    { title: 'What is refused anyway asks nobody', rules: '{ require_approval: true, blocked_delegates: [admin] }', event: spawn('admin'), expect: 'block', field: 'blocked_delegates' },
    { title: 'Nobody has to agree', rules: 'require_approval: false', event: spawn('writer'), expect: 'allow' },
    { title: 'A sixth at once', rules: 'max_concurrent_delegates: 5', event: spawn('writer'), facts: run({ children: { live: 5, total: 9 } }), expect: 'block', field: 'max_concurrent_delegates' },
    { title: 'A fifth, after others ended', rules: 'max_concurrent_delegates: 5', event: spawn('writer'), facts: run({ children: { live: 4, total: 9 } }), expect: 'allow' },
    { title: 'One more than all', rules: 'max_delegates: 20', event: spawn('writer'), facts: run({ children: { live: 0, total: 20 } }), expect: 'block', field: 'max_delegates' },
    { title: 'The last of all', rules: 'max_delegates: 20', event: spawn('writer'), facts: run({ children: { live: 0, total: 19 } }), expect: 'allow' },
    { title: 'An agent that its own delegate wants back', rules: 'forbid_cycles: true', event: spawn('planner'), facts: { agent: 'writer', run: freshRun({ depth: 2, ancestors: ['editor', 'planner'] }) }, expect: 'block', field: 'forbid_cycles' },
    { title: 'An agent that is not yet in the line', rules: 'forbid_cycles: true', event: spawn('researcher'), facts: { agent: 'writer', run: freshRun({ depth: 2, ancestors: ['editor', 'planner'] }) }, expect: 'allow' },
    { title: 'Most of the budget', rules: 'max_budget_share: 0.5', event: spawn('writer', { budgetShare: 0.8 }), expect: 'block', field: 'max_budget_share' },
    { title: 'Without a share, it is all of it', rules: 'max_budget_share: 0.5', event: spawn('writer'), expect: 'block', field: 'max_budget_share' },
    { title: 'A part of the budget', rules: 'max_budget_share: 0.5', event: spawn('writer', { budgetShare: 0.25 }), expect: 'allow' },
  ],
});

/** What is asked, in the order in which it is told. */
function judgesOf(rules: Rules, policy: PolicyHeader): readonly Judge[] {
  const { max_delegation_depth: depth, max_concurrent_delegates: live, max_delegates: total, max_budget_share: share } = rules;
  const judges: (Judge | undefined)[] = [
    whoJudge(rules),
    depth === undefined ? undefined : (event, { run }) => tooDeep(depth, depthOf(event, run)),
    rules.forbid_cycles ? circular : undefined,
    rules.inherit_policies ? (event, facts, set) => lessBound(policy.name, event, facts, set) : undefined,
    live === undefined ? undefined : (_, { run }) => tooMany('max_concurrent_delegates', live, run.children.live, 'are running', 'Wait until one of them has ended.'),
    total === undefined ? undefined : (_, { run }) => tooMany('max_delegates', total, run.children.total, 'were spawned by this run', 'Do the rest without help, or say what is left to be done.'),
    share === undefined ? undefined : (event) => tooMuch(share, event),
  ];
  return judges.filter((each) => each !== undefined);
}

function whoJudge({ allowed_delegates: allowed, blocked_delegates: blocked = [] }: Rules): Judge | undefined {
  if (allowed === undefined && blocked.length === 0) return undefined;
  return ({ agent }) => {
    const pattern = firstMatch(blocked, agent);
    if (pattern !== undefined) return { field: 'blocked_delegates', limit: pattern, fact: 'agent', value: agent, message: `The agent ${agent} may not be spawned. Do its part yourself, or hand it to another agent.`, remedy: 'Spawn another agent.' };
    if (allowed === undefined || firstMatch(allowed, agent) !== undefined) return undefined;
    return { field: 'allowed_delegates', limit: allowed, fact: 'agent', value: agent, message: `The agent ${agent} may not be spawned. These may: ${allowed.join(', ')}.`, remedy: 'Spawn one that is allowed.' };
  };
}

/** As the record has it; what the request says can only add to it. */
const depthOf = (event: Spawn, run: RunFacts): number => Math.max(event.depth, run.depth + 1);

function tooDeep(limit: number, value: number): Violation | undefined {
  if (value <= limit) return undefined;
  return { field: 'max_delegation_depth', limit, fact: 'depth', value, message: `This would be an agent at depth ${value}, and ${limit} is as deep as it goes. Do the work in this run, or give the result back to the run that asked for it.`, remedy: 'Spawn it from a run further up.' };
}

const circular: Judge = ({ agent }, facts) => {
  const line = [facts.agent, ...facts.run.ancestors];
  if (!line.includes(agent)) return undefined;
  return {
    field: 'forbid_cycles', limit: true, fact: 'agents above it', value: line,
    message: `${agent} is already at work above this run (${[...line].reverse().join(' → ')}), and would go round in a circle. Finish your part and give it back to ${agent}.`,
    remedy: 'Return the result instead of delegating it back.',
  };
};

/** Every policy that binds the parent must bind the child, or handing work on would be a way around it. */
function lessBound(self: string, event: Spawn, facts: Facts, set: PolicySet): Violation | undefined {
  const held = new Set(set.inForce(childFacts(event, facts, set)).map(({ name }) => name));
  const lost = set.inForce(facts).filter(({ name }) => name !== self && !held.has(name)).map((policy: PolicyInForce) => policy.name);
  if (lost.length === 0) return undefined;
  return {
    field: 'inherit_policies', limit: true, fact: 'policies that would no longer bind', value: lost,
    message: `${event.agent} is not bound by ${lost.slice(0, 5).join(', ')}${lost.length > 5 ? ` and ${lost.length - 5} more` : ''}, which bind this run. Do the work in this run, or hand it to an agent that they bind.`,
    remedy: `Add ${event.agent} to the scope of ${lost.length === 1 ? 'that policy' : 'those policies'}.`,
  };
}

/** What will be known of the child when it starts. */
function childFacts(event: Spawn, facts: Facts, set: PolicySet): Facts {
  const { fleet, ...rest } = facts;
  const own = set.fleetOf ? set.fleetOf(event.agent) : fleet;
  return { ...rest, agent: event.agent, ...(own !== undefined && { fleet: own }), run: { ...facts.run, depth: depthOf(event, facts.run), ancestors: [facts.agent, ...facts.run.ancestors] } };
}

function tooMany(field: string, limit: number, value: number, what: string, instead: string): Violation | undefined {
  if (value < limit) return undefined;
  return { field, limit, fact: 'agents', value, message: `${value} agents ${what}, and ${limit} may. ${instead}`, remedy: instead };
}

function tooMuch(limit: number, { agent, budgetShare }: Spawn): Violation | undefined {
  const value = budgetShare ?? 1;
  if (value <= limit) return undefined;
  const given = budgetShare === undefined ? `${agent} would draw on all that is left of the budget` : `${agent} would get ${percent(value)} of what is left of the budget`;
  return { field: 'max_budget_share', limit, fact: 'share of the budget', value, message: `${given}, and ${percent(limit)} is the most that may be handed on. Spawn it with a smaller share.`, remedy: `Give it a share of at most ${limit}.` };
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))}%`;

function needsApproval({ agent }: Spawn): Violation {
  return { field: 'require_approval', disposition: 'gate', limit: true, fact: 'agent', value: agent, message: `Spawning ${agent} needs approval.`, remedy: 'Have it approved.' };
}

function spawn(agent: string, over: Partial<Spawn> = {}): Spawn {
  return { event: 'spawn.before', agent, command: ['node', `${agent}.js`], depth: 1, ...over };
}

function run(facts: Partial<RunFacts>): Partial<Facts> {
  return { run: freshRun(facts) };
}
