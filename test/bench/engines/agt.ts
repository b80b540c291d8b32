// The TypeScript SDK of Microsoft's agent governance toolkit in the decision benchmark: one policy for each rule. It knows neither fleets, globs nor patterns, so it is given the agents of a fleet, the tools that a glob matches, and folder and ending already cut from the path: it does less than the others.

import { ConflictResolutionStrategy, PolicyEngine } from '@microsoft/agent-governance-sdk';
import { type Build, CATALOGUE, membersOf, type Rule } from './rule-set.ts';

export const agt: Build = (rules, questions) => {
  const engine = new PolicyEngine([], ConflictResolutionStrategy.DenyOverrides);
  for (const rule of rules) {
    const agents = 'agent' in rule.who ? [rule.who.agent] : [...membersOf(rule.who.fleet)];
    engine.loadPolicy({ name: rule.name, agents, scope: 'agent', default_action: 'allow', rules: [{ name: rule.name, condition: conditionOf(rule), ruleAction: 'deny' }] });
  }
  const asked = questions.map(({ agent, tool, amount, path }) => ({ agent, context: { tool, amount, folder: path.split('/')[1], ending: path.split('.').at(-1) } }));
  return (index) => {
    const { agent, context } = asked[index]!;
    return engine.evaluatePolicy(agent, context).allowed;
  };
};

function conditionOf({ tool, over, files }: Rule): string {
  const named = tool.endsWith('*') ? CATALOGUE.filter((name) => name.startsWith(tool.slice(0, -1))) : [tool];
  const tools = named.length === 1 ? `tool == '${named[0]}'` : `tool in [${named.map((name) => `'${name}'`).join(', ')}]`;
  const amount = over === undefined ? [] : [`amount > ${over}`];
  const path = files === undefined ? [] : [`folder == '${files.folder}'`, `ending == '${files.ending}'`];
  return [tools, ...amount, ...path].join(' and ');
}
