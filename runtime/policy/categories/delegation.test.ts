// The `delegation` category: its examples, and that work cannot be handed to an agent that fewer policies bind.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../../protocol/action.ts';
import type { PolicySet } from '../api.ts';
import { freshFacts, freshRun, type Facts } from '../facts.ts';
import { compilePolicies } from '../index.ts';
import { ask, disagreements, withoutExample } from '../testing.ts';
import { delegation } from './delegation.ts';

const spawn = (agent: string, over: Partial<ActionEvent<'spawn.before'>> = {}): ActionEvent<'spawn.before'> => ({ event: 'spawn.before', agent, command: [], depth: 1, ...over });

test('examples', () => assert.deepEqual([disagreements(delegation), withoutExample(delegation)], [[], []]));

test('the depth on record counts, not the one that is claimed', () => {
  assert.equal(ask(delegation, 'max_delegation_depth: 2', spawn('a', { depth: 1 }), { run: freshRun({ depth: 2 }) }).disposition, 'block');
  assert.equal(ask(delegation, 'max_delegation_depth: 0', spawn('a', { depth: 0 })).disposition, 'block');
});

test('an agent that spawns itself goes round in a circle', () => {
  assert.equal(ask(delegation, 'forbid_cycles: true', spawn('planner'), { agent: 'planner' }).disposition, 'block');
});

/** Policies by the agents and fleets they bind. */
function setOf(scopes: Readonly<Record<string, (facts: Facts) => boolean>>, fleets: Readonly<Record<string, string>> = {}): PolicySet {
  const policy = (name: string) => ({ name, category: 'cost', mode: 'enforce', onViolation: 'block', rules: {} }) as const;
  return {
    all: Object.keys(scopes).map(policy),
    inForce: (facts) => Object.entries(scopes).filter(([, holds]) => holds(facts)).map(([name]) => policy(name)),
    fleetOf: (agent) => fleets[agent],
  };
}

test('a delegate must be bound by all that binds its parent', () => {
  const scopes = { everywhere: () => true, planners: (facts: Facts) => facts.agent === 'planner', fleet: (facts: Facts) => facts.fleet === 'outreach', policy: (facts: Facts) => facts.agent === 'planner', writers: (facts: Facts) => facts.agent === 'writer' };
  const lost = (agent: string, fleets: Record<string, string>) => ask(delegation, 'inherit_policies: true', spawn(agent), { agent: 'planner', fleet: 'outreach' }, 'block', setOf(scopes, fleets)).violations[0]?.value;
  assert.deepEqual(lost('writer', { writer: 'outreach' }), ['planners'], 'its own policy aside');
  assert.deepEqual(lost('writer', {}), ['planners', 'fleet']);
  assert.equal(lost('planner', { planner: 'outreach' }), undefined);
});

test('in a real set, shadow policies bind nobody and scopes are what is written', () => {
  const text = (mode: string) => `
agents: { planner: {}, writer: {} }
policies:
  - { name: tree, category: delegation, rules: { inherit_policies: true } }
  - { name: spend, category: cost, mode: ${mode}, scope: { agents: [planner] }, rules: { per_tree_cost_limit: 1 } }
`;
  const decide = (mode: string) => compilePolicies([{ path: 'a.fullarc.yaml', text: text(mode) }]).engine.decide(spawn('writer'), freshFacts({ agent: 'planner' }));
  assert.equal(decide('enforce').disposition, 'block');
  assert.match(decide('enforce').reasons[0]!.message, /not bound by spend/);
  assert.equal(decide('shadow').disposition, 'allow');
});

test('once a person agreed, the spawn goes on, but not over what is refused', () => {
  const engine = compilePolicies([{ path: 'a.fullarc.yaml', text: 'policies: [{ name: tree, category: delegation, rules: { require_approval: true, max_delegates: 3 } }]' }]).engine;
  const asked = (total: number) => engine.decide(spawn('writer'), freshFacts({ granted: new Set(['tree']), run: freshRun({ children: { live: 0, total } }) })).disposition;
  assert.deepEqual([asked(0), asked(3)], ['allow', 'block']);
});

test('nothing is watched that need not be', () => {
  assert.deepEqual(delegation.checks(delegation.rules.parse({}), { name: 'p', onViolation: 'block' }), {});
});
