// The limit in the decision benchmark: what a programmer would write by hand for exactly these rules, closures found by agent and tool. No reasons, no files, no changes while running.

import { type Build, filesPattern, membersOf, type Question, type Rule } from './rule-set.ts';

type Forbids = (question: Question) => boolean;

interface OfAgent {
  readonly byTool: Map<string, Forbids[]>;
  readonly byPrefix: { readonly prefix: string; readonly forbids: Forbids }[];
}

export const handWritten: Build = (rules, questions) => {
  const agents = new Map<string, OfAgent>();
  for (const rule of rules) for (const agent of 'agent' in rule.who ? [rule.who.agent] : membersOf(rule.who.fleet)) add(ofAgent(agents, agent), rule);
  return (index) => {
    const question = questions[index]!;
    const mine = agents.get(question.agent);
    return mine === undefined || !refuses(mine, question);
  };
};

function refuses({ byTool, byPrefix }: OfAgent, question: Question): boolean {
  const exact = byTool.get(question.tool);
  if (exact) for (let index = 0; index < exact.length; index++) if (exact[index]!(question)) return true;
  for (let index = 0; index < byPrefix.length; index++) {
    const { prefix, forbids } = byPrefix[index]!;
    if (question.tool.startsWith(prefix) && forbids(question)) return true;
  }
  return false;
}

function ofAgent(agents: Map<string, OfAgent>, agent: string): OfAgent {
  const known = agents.get(agent) ?? { byTool: new Map<string, Forbids[]>(), byPrefix: [] };
  agents.set(agent, known);
  return known;
}

function add({ byTool, byPrefix }: OfAgent, rule: Rule): void {
  const forbids = closure(rule);
  if (rule.tool.endsWith('*')) return void byPrefix.push({ prefix: rule.tool.slice(0, -1), forbids });
  const list = byTool.get(rule.tool);
  if (list) list.push(forbids);
  else byTool.set(rule.tool, [forbids]);
}

function closure({ over, files }: Rule): Forbids {
  const pattern = files && new RegExp(filesPattern(files));
  if (over !== undefined && pattern) return ({ amount, path }) => amount > over && pattern.test(path);
  if (over !== undefined) return ({ amount }) => amount > over;
  if (pattern) return ({ path }) => pattern.test(path);
  return () => true;
}
