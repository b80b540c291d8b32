// Every example of every category, written as a test, passes: the language of tests can say what the categories look at.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import type { ActionEvent } from '../../../protocol/action.ts';
import { kindOf } from '../../../protocol/action.ts';
import { actionName } from '../action-name.ts';
import type { Category, Example } from '../category.ts';
import { COUNTED, COUNTED_BY, freshFacts, type Facts, type Spend } from '../facts.ts';
import { createEngine } from '../engine.ts';
import { compileSet, openDocument } from '../index.ts';
import { CATEGORIES } from '../registry.ts';
import { EFFECT_KEYS } from './given-schema.ts';
import { markOf } from './marks.ts';
import { runTest } from './run.ts';

/** Examples that no test can say, and why. */
const UNSAID: Readonly<Record<string, string>> = {
  'Without a session, it is the tree of runs': 'a test does not say the ids of runs',
  'A search that only counts up': 'the shape of the calls of the example is a hash, which cannot be turned back into arguments',
  'A deployment that was rehearsed': 'the rehearsal of the example is a hash as well',
  'A run that has ended is not asked': 'the run of the example may not even start, and then cannot end',
};

for (const category of CATEGORIES) {
  test(`${category.id}: each example is a test that passes`, () => {
    const wrong = category.examples.filter(({ title }) => !Object.hasOwn(UNSAID, title)).flatMap((example) => failuresOf(category, example));
    assert.deepEqual(wrong, []);
  });
}

function failuresOf(category: Category, example: Example): string[] {
  const text = stringify(written(category, example));
  const set = compileSet([{ path: 'example.fullarc.yaml', document: openDocument(text) }]);
  const errors = set.findings.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  if (errors.length > 0) return [`${example.title}: ${errors.join(' ')}\n${text}`];
  const result = runTest(set.tests[0]!, createEngine(set.parts));
  return result.passed ? [] : [`${example.title}: ${result.steps.flatMap(({ problems }) => problems).join(' ')}\n${text}`];
}

function written(category: Category, { title, rules, event, facts: given, expect, field }: Example): object {
  const facts = freshFacts(given);
  const expectation = { action: expect, ...(expect !== 'allow' && { policy: 'example', ...(field !== undefined && { field }) }) };
  const others = new Set(facts.host.incidents('run').concat(COUNTED_BY.flatMap((by) => facts.host.incidents(by))).map(({ policy }) => policy));
  others.delete('example');
  return {
    policies: [{ name: 'example', category: category.id, rules: parse(rules) as unknown }, ...[...others].map((name) => ({ name, category: 'cost', rules: { per_run_cost_limit: 1e6 } }))],
    ...('class' in event || 'risk' in event ? { tools: { [actionName(event)]: some({ class: event.class, risk: event.risk }) } } : {}),
    tests: [{
      name: title, now: new Date(facts.now).toISOString(), agent: facts.agent, user: facts.user, ...some({ fleet: facts.fleet, workflow: facts.workflow, plane: facts.plane }),
      ...(Object.keys(facts.context).length > 0 && { context: facts.context }),
      given: some(givenOf(facts, event)),
      steps: [stepOf(event, expectation)],
    }],
  };
}

function givenOf({ run, spend, now, history, breakers, host, granted, killed }: Facts, event: ActionEvent): Record<string, unknown> {
  const money = ({ cost, tokens }: Spend) => some({ cost: cost.spent / 1e6 || undefined, reserved_cost: cost.reserved / 1e6 || undefined, tokens: tokens.spent || undefined, reserved_tokens: tokens.reserved || undefined });
  const window = ({ agent, fleet, user, all }: Facts['spend']['day']) => some({ agent: money(agent), fleet: fleet && money(fleet), user: money(user), all: money(all) });
  const effects = (of: Facts['run']['effects']) => some(Object.fromEntries(Object.entries(EFFECT_KEYS).map(([key, name]) => [key, (name === 'amount' ? of[name] / 1e6 : of[name]) || undefined])));
  const ago = (at: number) => `${Math.max(0, now - at)}ms`;
  const own = markOf(event, now);
  return {
    run: some({
      depth: run.depth, steps: run.steps, tool_calls: run.toolCalls, llm_calls: run.llmCalls, retries: run.retries, cost: (spend.run.cost.spent || run.cost) / 1e6, tokens: spend.run.tokens.spent || run.tokens,
      reserved_cost: spend.run.cost.reserved / 1e6 || undefined, age: ago(run.startedAt), ancestors: run.ancestors, children: run.children, effects: effects(run.effects),
    }),
    tree: some({ ...money(spend.tree), cost: Math.max(spend.tree.cost.spent, run.treeCost) / 1e6 || undefined, effects: effects(run.treeEffects) }),
    day: window(spend.day), month: window(spend.month),
    models: Object.fromEntries(Object.entries(spend.models).map(([model, each]) => [model, money(each)])),
    // A mark holds no arguments, only their hash: those of the judged call are known, others only differ.
    history: history.map((mark) => ({ tool: mark.name, ago: ago(mark.at), args: mark.hash === own?.hash && event.event === 'tool.before' ? event.args : { call: mark.hash } })),
    taint: run.taint, told: host.told(),
    retrieved: host.retrieved().map(({ at, ...each }) => ({ ...each, ago: ago(at) })),
    decisions: host.decisions().map(({ at, ...each }) => ({ ...each, ago: ago(at) })),
    remembered: host.remembered(),
    started: COUNTED_BY.flatMap((by) => COUNTED.flatMap((what) => {
      const name = actionName(event) || undefined;
      return host.starts(by, what, name).map((at) => some({ what, name, by: [by], ago: ago(at) }));
    })),
    running: COUNTED_BY.flatMap((by) => COUNTED.flatMap((what) => (host.running(by, what) > 0 ? [{ what, by: [by], times: host.running(by, what) }] : []))),
    violations: host.violations('example').length > 0 ? { example: host.violations('example').length } : undefined,
    incidents: COUNTED_BY.flatMap((by) => host.incidents(by).map(({ at, policy, disposition }) => ({ policy, action: disposition, by: [by], ago: ago(at) }))),
    breakers: Object.fromEntries(Object.entries(breakers).map(([policy, { state, openedAt }]) => [policy, some({ state, ago: openedAt === undefined ? undefined : ago(openedAt) })])),
    granted: [...granted], killed: killed?.reason, judge: host.judgement(''),
  };
}

/** The event as a step; for one that ends something, what came before is let go without being asked about. */
function stepOf(event: ActionEvent, expect: object): object {
  const kind = kindOf(event.event);
  const { before, after } = keysOf(event);
  const single = kind === 'output' || kind === 'decision';
  return event.event.endsWith('.before') || single ? { [kind]: before, expect } : { [kind]: before, after: { ...after, expect } };
}

function keysOf(event: ActionEvent): { readonly before: object; readonly after: object } {
  const texts = (list: readonly { readonly text: string }[] | undefined) => (list && list.length > 0 ? list : undefined);
  const split = (before: object, after: object = {}) => ({ before: some(before, true), after: some(after, true) });
  const joined = (list: readonly { readonly text: string }[] | undefined) => list?.map(({ text }) => text).join('\n') || undefined;
  switch (event.event) {
    case 'llm.before': return split({ model: event.model, cost: event.estimatedCost === undefined ? 'unknown' : event.estimatedCost / 1e6, provider: event.provider, wire: event.wire, texts: texts(event.texts), system_prompt: event.hasSystemPrompt, temperature: event.temperature, input_tokens: event.inputTokens, max_output_tokens: event.maxOutputTokens, tools: event.tools, stream: event.stream });
    case 'llm.after': return split({ model: event.model }, { status: event.status, texts: texts(event.texts), tool_requests: event.toolRequests, input_tokens: event.usage?.input, output_tokens: event.usage?.output, cost: event.cost === undefined ? undefined : event.cost / 1e6, error: event.error });
    case 'tool.before': return split({ name: event.name, server: event.server, args: event.args, schema: event.schema });
    case 'tool.after': return split({ name: event.name, server: event.server, args: event.args, schema: event.schema }, { texts: texts(event.texts), is_error: event.isError });
    case 'http.before': case 'http.after': return split({ url: event.url, method: event.method, addresses: event.addresses, redirected_from: event.redirectedFrom }, 'status' in event ? { status: event.status, error: event.error } : {});
    case 'exec.before': case 'exec.after': return split({ command: event.command, argv: event.argv, shell: event.shell, cwd: event.cwd }, 'exitCode' in event ? { exit_code: event.exitCode } : {});
    case 'spawn.before': case 'spawn.after': return split({ agent: event.agent, command: event.command, depth: event.depth, budget_share: event.budgetShare });
    case 'file.before': case 'file.after': return split({ path: event.path, operation: event.operation, bytes: event.bytes, text: event.event === 'file.before' ? joined(event.texts) : undefined }, { texts: texts(event.texts) });
    case 'data.before': return split({ source: event.source, operation: event.operation, statement: event.statement, tables: event.tables, columns: event.columns });
    case 'data.after': return split({ source: event.source, operation: event.operation, statement: event.statement, tables: event.tables, columns: event.columns }, { rows: event.rows, count: event.count, error: event.error });
    case 'retrieval.before': return split({ store: event.store, collection: event.collection, query: event.query });
    case 'retrieval.after': return split({ store: event.store, collection: event.collection, query: event.query }, { documents: event.documents.map(({ updatedAt, ...each }) => some({ ...each, age: updatedAt === undefined ? undefined : `${freshFacts().now - updatedAt}ms` }, true)), error: event.error });
    case 'message.before': case 'message.after': return split({ channel: event.channel, to: event.to, subject: event.subject, text: joined(event.texts), amount: event.amount === undefined ? undefined : event.amount / 1e6 });
    case 'memory.before': case 'memory.after': return split({ key: event.key ?? 'item', operation: event.operation, kind: event.kind, session: event.session, text: joined(event.texts) });
    case 'decision.after': { const { event: _, ...record } = event; return split(record); }
    case 'output.after': return split({ texts: texts(event.texts), final: event.final });
    case 'run.before': return split({ command: event.command, input: joined(event.input) });
    case 'run.after': return split({ command: ['agent'] }, { outcome: event.outcome, exit_code: event.exitCode, error: event.error });
    case 'signal.before': case 'signal.after': return split({ name: event.name, source: event.source, payload: event.payload, agent: event.agent });
  }
}

/** Without keys that say nothing; empty lists and mappings stay when they are facts of an action. */
function some(value: object, whole = false): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined && (whole || typeof each !== 'object' || each === null || Object.keys(each as object).length > 0)));
}
