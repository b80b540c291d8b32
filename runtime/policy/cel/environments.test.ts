// Holds the environments: every event has its facts, a fact of another event is named with its place, and conditions read the real event.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EVENT_NAMES } from '../../../protocol/action.ts';
import { freshFacts } from '../facts.ts';
import { checkExpression } from './check.ts';
import { bindCondition, environmentOf } from './environments.ts';
import { EvaluationError } from './expression.ts';

const facts = freshFacts();
const tool = { event: 'tool.before', name: 'db_read', args: { to: 'a@b.c', n: 5 } } as const;

describe('environments', () => {
  it('compile a condition on the run in every event', () => {
    for (const event of EVENT_NAMES) assert.deepEqual(checkExpression('run.depth >= 0 && run.age < duration("1h") && agent != "" && action.kind != ""', environmentOf(event), 'bool').issues, [], event);
  });

  it('say in which events a fact exists that this one lacks', () => {
    const [issue] = checkExpression('tool.is_error', environmentOf('tool.before'), 'bool').issues;
    assert.equal(issue?.code, 'fullarc/expression/unknown-name');
    assert.match(issue?.message ?? '', /It exists in tool\.after\./);
    assert.match(checkExpression('llm.model == "x"', environmentOf('tool.before')).issues[0]?.message ?? '', /llm\.before, llm\.after/);
  });

  it('read the event and the facts', () => {
    const holds = (source: string) => bindCondition(source, 'tool.before')(tool, facts);
    assert.equal(holds('run.depth == 0 && tool.name.startsWith("db_")'), true);
    assert.equal(holds('has(tool.args.to) && !has(tool.server) && !has(tool.args.cc)'), true);
    assert.equal(holds('tool.args.n > 4 && fleet == "" && action.name == "db_read"'), true);
    assert.equal(holds('now == timestamp("2026-01-05T12:00:00Z")'), true);
    assert.throws(() => holds('tool.server == "x"'), EvaluationError);
  });

  it('give money in dollars and documents by their declared fields', () => {
    const cost = bindCondition('llm.estimated_cost > 2.0 && llm.max_output_tokens == 9', 'llm.before');
    assert.equal(cost({ event: 'llm.before', wire: 'openai-chat', provider: 'p', model: 'm', stream: false, hasSystemPrompt: false, inputTokens: 1, maxOutputTokens: 9, tools: [], texts: [], estimatedCost: 2_500_000 }, facts), true);
    const documents = bindCondition('retrieval.documents.exists(d, d.score < 0.5 && d.updated_at < now)', 'retrieval.after');
    assert.equal(documents({ event: 'retrieval.after', store: 's', documents: [{ score: 0.9 }, { score: 0.2, updatedAt: 0 }] }, facts), true);
    const used = bindCondition('has(llm.usage.input) && llm.usage.input > 3', 'llm.after');
    assert.equal(used({ event: 'llm.after', model: 'm', status: 'ok', texts: [], toolRequests: [], usage: { input: 4, output: 1 } }, facts), true);
  });
});
