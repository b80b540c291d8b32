// Cedar, as WebAssembly from its own authors, in the decision benchmark: one `forbid` for each rule, the policy set parsed once and kept inside the module. It has no regular expressions; `like` says the same of these paths.

import { preparsePolicySet, type StatefulAuthorizationCall, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { Build, Rule } from './rule-set.ts';

export const cedar: Build = (rules, questions) => {
  const preparsedPolicySetId = `rules-${rules.length}`;
  const parsed = preparsePolicySet(preparsedPolicySetId, { staticPolicies: ['permit(principal, action, resource);', ...rules.map(policyOf)].join('\n') });
  if (parsed.type === 'failure') throw new Error(`Cedar cannot read the rules: ${parsed.errors[0]?.message}`);
  const calls = questions.map(({ agent, fleet, tool, amount, path }): StatefulAuthorizationCall => ({
    preparsedPolicySetId,
    principal: { type: 'Agent', id: agent },
    action: { type: 'Action', id: 'call' },
    resource: { type: 'Tool', id: tool },
    context: { tool, amount, path },
    entities: [{ uid: { type: 'Agent', id: agent }, attrs: {}, parents: [{ type: 'Fleet', id: fleet }] }],
  }));
  return (index) => {
    const answer = statefulIsAuthorized(calls[index]!);
    if (answer.type === 'failure') throw new Error(`Cedar cannot answer: ${answer.errors[0]?.message}`);
    return answer.response.decision === 'allow';
  };
};

function policyOf({ who, tool, over, files }: Rule): string {
  const principal = 'agent' in who ? `principal == Agent::"${who.agent}"` : `principal in Fleet::"${who.fleet}"`;
  const isGlob = tool.endsWith('*');
  const conditions = [
    ...(isGlob ? [`context.tool like "${tool}"`] : []),
    ...(over === undefined ? [] : [`context.amount > ${over}`]),
    ...(files === undefined ? [] : [`context.path like "/${files.folder}/*.${files.ending}"`]),
  ];
  const when = conditions.length > 0 ? ` when { ${conditions.join(' && ')} }` : '';
  return `forbid(${principal}, action == Action::"call", ${isGlob ? 'resource' : `resource == Tool::"${tool}"`})${when};`;
}
