// Our engine in the decision benchmark: one policy for each rule, compiled from the YAML that a person would write.

import { stringify } from 'yaml';
import { freshFacts } from '../../../runtime/policy/facts.ts';
import { compilePolicies } from '../../../runtime/policy/index.ts';
import { type Build, filesPattern, type Rule } from './rule-set.ts';

export const fullarc: Build = (rules, questions) => {
  const { engine, findings } = compilePolicies([{ path: 'bench.fullarc.yaml', text: policyText(rules) }]);
  const wrong = findings.find(({ severity }) => severity === 'error');
  if (wrong) throw new Error(wrong.message);
  const asked = questions.map(({ agent, fleet, tool, amount, path }) => ({
    event: { event: 'tool.before', name: tool, args: { amount, path } } as const,
    facts: freshFacts({ agent, fleet }),
  }));
  return (index) => {
    const { event, facts } = asked[index]!;
    return engine.decide(event, facts).disposition === 'allow';
  };
};

function policyText(rules: readonly Rule[]): string {
  return stringify({
    policies: rules.map((rule) => ({
      name: rule.name,
      category: 'safety',
      scope: 'agent' in rule.who ? { agents: [rule.who.agent] } : { fleets: [rule.who.fleet] },
      ...(conditionOf(rule) !== '' && { when: conditionOf(rule) }),
      rules: { blocked_tools: [rule.tool] },
    })),
  });
}

function conditionOf({ over, files }: Rule): string {
  const amount = over === undefined ? [] : [`tool.args.amount > ${over}`];
  const path = files === undefined ? [] : [`tool.args.path.matches(${JSON.stringify(filesPattern(files))})`];
  return [...amount, ...path].join(' && ');
}
