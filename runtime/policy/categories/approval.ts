// The `approval` category: actions that wait for a person.

import { z } from 'zod';
import type { ActionEvent, ActionKind, EventName, Risk } from '../../../protocol/action.ts';
import { RISKS } from '../../../protocol/action.ts';
import { formatUsd, microUsd } from '../../../protocol/money.ts';
import type { GateTerms } from '../../../protocol/verdict.ts';
import { defineCategory, type Checks, type Violation } from '../category.ts';
import type { Facts } from '../facts.ts';
import { firstMatch } from '../globs.ts';

const KINDS = ['run', 'exec', 'http', 'spawn'] as const;

const rules = z.strictObject({
  require_approval_for: z.array(z.string().min(1)).default([]).describe('Tools, by exact name or glob (`server/tool` for one MCP server\'s), and kinds of action: `run` (a run starts), `spawn` (it starts another agent), `exec` (a program), `http` (a request). `tool:run` is a tool that has such a name.').meta({ reference: 'tool', examples: [['send_email', 'delete_*', 'spawn']] }),
  min_risk: z.enum(RISKS).optional().describe('Tool calls of this risk or a higher one wait, whatever their name. The risk of a tool is written under `tools:`.').meta({ examples: ['high'] }),
  auto_approve_below_risk: z.enum(RISKS).optional().describe('Tool calls of a lower risk than this go on although `require_approval_for` names them. A tool of unknown risk waits.').meta({ examples: ['medium'] }),
  cost_threshold: z.number().positive().max(1e9).optional().describe('A model call waits when it may cost more than this, or when it would take the spending of the whole spawn tree over it. Each further call over it asks again. A call of unknown price counts as nothing here: `unknown_price` of the `cost` category decides about it.').meta({ unit: 'USD', examples: [5] }),
  approvers: z.array(z.string().min(1)).default([]).describe('Who may decide. Empty means anyone who controls this governor.').meta({ examples: [['ann@example.com']] }),
  quorum: z.int().min(1).max(20).default(1).describe('How many different people must approve.').meta({ unit: 'count', examples: [2] }),
  timeout_minutes: z.number().positive().max(43_200).default(30).describe('How long the action waits for an answer.').meta({ unit: 'minutes', examples: [30] }),
  action_on_timeout: z.enum(['block', 'allow']).default('block').describe('What happens to an action that nobody decided in time.').meta({ examples: ['block'] }),
  review: z.enum(['quick', 'full']).default('full').describe('`quick` offers to approve in the notification; `full` only after the action was looked at.').meta({ examples: ['quick'] }),
}).refine((value) => value.approvers.length === 0 || value.quorum <= new Set(value.approvers).size, { error: 'is more than there are approvers, so nobody could ever approve', path: ['quorum'] });
type Rules = z.output<typeof rules>;

/** What the rules say to one kind of event, in order: the first that asks for a person decides. */
type Part<E extends EventName> = (event: ActionEvent<E>, facts: Facts) => Omit<Violation, 'gate'> | undefined;

export const approval = defineCategory({
  id: 'approval',
  title: 'Approval',
  group: 'Agent action control',
  why: 'Some actions cannot be taken back: mail that was sent, a row that was deleted, money that was spent. Such an action is held exactly as it would happen, shown to the people named here, and goes on only when enough of them agree. The agent waits, also over a restart, and is told when the answer is no.',
  rules,
  dispositions: ['warn', 'gate', 'block'],
  onViolation: 'gate',
  checks(rules, policy): Checks {
    const terms = policy.onViolation === 'gate' ? gateTerms(rules) : undefined;
    const tool = toolPart(rules);
    const model = rules.cost_threshold === undefined ? undefined : costPart(rules.cost_threshold);
    const kind = (name: ActionKind): Part<EventName> | undefined => (rules.require_approval_for.includes(name) ? () => asked('require_approval_for', `Starting this ${WHAT[name]} needs approval.`, name, 'kind', name) : undefined);
    return {
      ...held('tool.before', tool, terms), ...held('llm.before', model, terms),
      ...held('run.before', kind('run'), terms), ...held('exec.before', kind('exec'), terms), ...held('http.before', kind('http'), terms), ...held('spawn.before', kind('spawn'), terms),
    };
  },
  examples: [
    { title: 'Mail waits for a person', rules: 'require_approval_for: [send_email]', event: call('send_email'), expect: 'gate', field: 'require_approval_for' },
    { title: 'Reading does not', rules: 'require_approval_for: [send_email]', event: call('search_docs'), expect: 'allow' },
    { title: 'A family of tools', rules: 'require_approval_for: ["delete_*"]', event: call('delete_lead'), expect: 'gate', field: 'require_approval_for' },
    { title: 'Every child that is spawned', rules: 'require_approval_for: [spawn]', event: { event: 'spawn.before', agent: 'writer', command: ['node', 'writer.js'], depth: 1 }, expect: 'gate', field: 'require_approval_for' },
    { title: 'Whatever is risky', rules: 'min_risk: high', event: call('wire_money', 'critical'), expect: 'gate', field: 'min_risk' },
    { title: 'What is less risky', rules: 'min_risk: high', event: call('draft', 'medium'), expect: 'allow' },
    { title: 'Little risk needs nobody', rules: '{ require_approval_for: ["*"], auto_approve_below_risk: medium }', event: call('search', 'low'), expect: 'allow' },
    { title: 'An unknown risk does', rules: '{ require_approval_for: ["*"], auto_approve_below_risk: medium }', event: call('search'), expect: 'gate', field: 'require_approval_for' },
    { title: 'An expensive call', rules: 'cost_threshold: 5', event: llm(6_000_000), expect: 'gate', field: 'cost_threshold' },
    { title: 'The call that takes the tree over it', rules: 'cost_threshold: 5', event: llm(1_000_000), facts: tree(4_500_000), expect: 'gate', field: 'cost_threshold' },
    { title: 'A cheap call', rules: 'cost_threshold: 5', event: llm(1_000_000), facts: tree(3_000_000), expect: 'allow' },
    { title: 'Two of three must agree', rules: '{ require_approval_for: [deploy], approvers: [ann, bob, cy], quorum: 2 }', event: call('deploy'), expect: 'gate', field: 'require_approval_for' },
    { title: 'Two of three, for other tools', rules: '{ require_approval_for: [deploy], approvers: [ann, bob, cy], quorum: 2 }', event: call('build'), expect: 'allow' },
    { title: 'An hour to answer, then it goes on', rules: '{ require_approval_for: [post], timeout_minutes: 60, action_on_timeout: allow, review: quick }', event: call('post'), expect: 'gate', field: 'require_approval_for' },
    { title: 'Time-outs only concern what waits', rules: '{ require_approval_for: [post], timeout_minutes: 60, action_on_timeout: allow, review: quick }', event: call('read'), expect: 'allow' },
  ],
});

const WHAT: Partial<Record<ActionKind, string>> = { run: 'run', exec: 'program', http: 'request', spawn: 'agent' };

/** One entry of the checks, with the terms of the gate on what the part asks for; none when there is no part. */
function held<E extends EventName>(event: E, part: Part<E> | undefined, gate: GateTerms | undefined): Checks {
  if (!part) return {};
  return { [event]: (each: ActionEvent<E>, facts: Facts) => {
    const violation = part(each, facts);
    return violation && { ...violation, gate };
  } };
}

function gateTerms(rules: Rules): GateTerms {
  return { approvers: rules.approvers, quorum: rules.quorum, timeoutMs: Math.round(rules.timeout_minutes * 60_000), onTimeout: rules.action_on_timeout, review: rules.review };
}

function toolPart(rules: Rules): Part<'tool.before'> | undefined {
  const { min_risk: least, auto_approve_below_risk: below } = rules;
  const patterns = rules.require_approval_for.filter((each) => !(KINDS as readonly string[]).includes(each));
  const names = patterns.map((each) => each.replace(/^tool:/, ''));
  if (names.length === 0 && least === undefined) return undefined;
  return (event) => {
    const qualified = event.server === undefined ? event.name : `${event.server}/${event.name}`;
    if (least !== undefined && event.risk !== undefined && !lower(event.risk, least)) return asked('min_risk', `The tool ${qualified} is of ${event.risk} risk and needs approval.`, least, 'risk', event.risk);
    if (below !== undefined && event.risk !== undefined && lower(event.risk, below)) return undefined;
    const pattern = firstMatch(names, event.name) ?? firstMatch(names, qualified);
    return pattern === undefined ? undefined : asked('require_approval_for', `The tool ${qualified} needs approval.`, pattern, 'tool', qualified);
  };
}

const lower = (a: Risk, b: Risk): boolean => RISKS.indexOf(a) < RISKS.indexOf(b);

function costPart(dollars: number): Part<'llm.before'> {
  const threshold = microUsd(dollars);
  return (event, facts) => {
    const cost = event.estimatedCost ?? 0;
    const spent = facts.spend.tree.cost.spent + facts.spend.tree.cost.reserved;
    if (spent + cost <= threshold) return undefined;
    const message = cost > threshold ? `This call may cost ${formatUsd(cost)}` : `This call may take the spending of the tree to ${formatUsd(spent + cost)}`;
    return { ...asked('cost_threshold', `${message}, over ${formatUsd(threshold)}, and needs approval.`, formatUsd(threshold), 'tree cost', formatUsd(spent + cost)), remedy: 'Send less context, ask for a shorter answer, or have it approved.' };
  };
}

function asked(field: string, message: string, limit: unknown, fact: string, value: unknown): Omit<Violation, 'gate'> {
  return { field, message, limit, fact, value, remedy: 'Have it approved.' };
}

function call(name: string, risk?: Risk): ActionEvent<'tool.before'> {
  return { event: 'tool.before', name, args: {}, ...(risk && { risk }) };
}

function llm(estimatedCost: number): ActionEvent<'llm.before'> {
  return { event: 'llm.before', wire: 'openai-chat', provider: 'api.openai.com', model: 'gpt-4o', stream: false, hasSystemPrompt: true, inputTokens: 10, tools: [], texts: [], estimatedCost };
}

function tree(spent: number): Partial<Facts> {
  const none = { cost: { spent: 0, reserved: 0 }, tokens: { spent: 0, reserved: 0 } };
  return { spend: { run: none, tree: { ...none, cost: { spent, reserved: 0 } }, day: { agent: none, user: none, all: none }, month: { agent: none, user: none, all: none }, models: {} } };
}
