// CASL in the decision benchmark, as its documentation has it: an ability for each agent, the tool as the subject, conditions in its MongoDB-like language. A glob is a condition on any subject.

import { createMongoAbility, type MongoAbility } from '@casl/ability';
import { type Build, filesPattern, membersOf, type Rule } from './rule-set.ts';

interface Call {
  readonly tool: string;
  readonly amount: number;
  readonly path: string;
}
type Ability = MongoAbility<[string, string | Call]>;

export const casl: Build = (rules, questions) => {
  const mine = new Map<string, Rule[]>();
  for (const rule of rules) {
    for (const agent of 'agent' in rule.who ? [rule.who.agent] : membersOf(rule.who.fleet)) {
      const list = mine.get(agent);
      if (list) list.push(rule);
      else mine.set(agent, [rule]);
    }
  }
  const abilities = new Map([...mine].map(([agent, list]) => [agent, abilityOf(list)]));
  const calls = questions.map(({ agent, tool, amount, path }) => ({ agent, call: { tool, amount, path } }));
  return (index) => {
    const { agent, call } = calls[index]!;
    return abilities.get(agent)?.can('call', call) ?? true;
  };
};

function abilityOf(rules: readonly Rule[]): Ability {
  const forbidden = rules.map(({ tool, over, files }) => {
    const conditions = {
      ...(tool.endsWith('*') && { tool: { $regex: `^${tool.slice(0, -1)}` } }),
      ...(over !== undefined && { amount: { $gt: over } }),
      ...(files && { path: { $regex: filesPattern(files) } }),
    };
    return { inverted: true, action: 'call', subject: tool.endsWith('*') ? 'all' : tool, ...(Object.keys(conditions).length > 0 && { conditions }) };
  });
  return createMongoAbility<Ability>([{ action: 'call', subject: 'all' }, ...forbidden], { detectSubjectType: (call) => (typeof call === 'string' ? call : call.tool) });
}
