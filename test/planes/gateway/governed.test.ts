// The gateway before a real governor with real policies: answers are edited, sent back, blocked and put on record as the policies say.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { RunEvent } from '../../../protocol/run-graph.ts';
import { startModelServer, type ModelServer, type Script } from '../../../examples/model-server/server.ts';
import { createGateway } from '../../../runtime/planes/gateway/gateway.ts';
import type { AgentPort } from '../../../runtime/planes/port.ts';
import { createCompiler } from '../../../runtime/policy/compiler.ts';
import { freshFacts } from '../../../runtime/policy/facts.ts';
import { governed } from '../../support/governed.ts';
import { CLIENTS } from './clients.ts';

const policies = (category: string, rules: string): string => `agents:\n  writer: { entry: agent.ts }\npolicies:\n  - name: p\n    category: ${category}\n    rules: ${rules}\n`;
const POLITE = policies('quality', '{ template_checks: [{ type: contains, value: please }], retry_config: { max_retries: 2 } }');

/** A run of the agent under these policies; `base` is what its provider's SDK is given. */
async function launched(t: TestContext, text: string, script: Script): Promise<{ base: string; model: ModelServer; events: readonly RunEvent[] }> {
  const g = await governed(t, text);
  const { run } = await g.run();
  const { engine } = createCompiler()([{ path: 'p.yaml', text }]);
  const port: AgentPort = {
    policies: () => engine,
    facts: () => freshFacts({ agent: 'writer', user: 'ana' }),
    before: (call, signal) => g.governor.before(run, call, signal),
    progress: async ({ key, outputTokens }) => ({ stop: await g.governor.progress(run, key, outputTokens) }),
    after: (call) => ((g.now += 1_000), g.governor.after(run, call)),
    abandon: (key) => g.governor.abandon(run, key),
  };
  const model = await startModelServer({ script });
  const gateway = createGateway({ portFor: () => port });
  const { url } = await gateway.listen();
  t.after(async () => {
    await gateway.close();
    await model.close();
  });
  return { base: `${url}/r/token/u/${model.url.replace('://', '/')}`, model, events: g.events };
}

const outcomes = (events: readonly RunEvent[]): string[] => events.flatMap((event) => (event.type === 'action.ended' ? [event.outcome] : []));

for (const client of CLIENTS) for (const stream of [false, true]) describe(`${client.wire}${stream ? ', streamed' : ''}`, () => {
  const loop = { stream, user: 'go', tools: { look: () => 'a room' } };

  it('asks again for an answer that falls short, and delivers the one that does not', async (t) => {
    const { base, model, events } = await launched(t, POLITE, { turns: [{ when: { user: 'not delivered' }, text: 'Wait here, please.' }, { text: 'Wait here.' }] });
    const seen = await client.run(base, loop);
    assert.equal(seen.text, 'Wait here, please.');
    assert.match(JSON.stringify(model.requests[1]?.body), /does not say .{1,3}please.*attempt 1 of 2/);
    assert.deepEqual(outcomes(events), ['refused', 'done']);
  });

  it('blocks when the policy has had enough', async (t) => {
    const { base, model, events } = await launched(t, POLITE, { turns: [{ text: 'Wait here.' }] });
    await assert.rejects(client.run(base, loop), /It was tried again 2 times\. \(policy p\)/);
    assert.equal(model.requests.length, 3);
    assert.deepEqual(outcomes(events), ['refused', 'refused', 'refused']);
  });

  it('judges as the output what comes after tools, and not what asks for them', async (t) => {
    const { base } = await launched(t, POLITE, { turns: [{ when: { toolResults: 0 }, text: 'Looking.', toolCalls: [{ name: 'look', args: {} }] }, { when: { user: 'not delivered' }, text: 'A room, please.' }, { text: 'A room.' }] });
    const seen = await client.run(base, loop);
    assert.deepEqual([seen.executed.length, seen.text], [1, 'A room, please.']);
  });

  it('asks the judge, over the same provider and as a call on record, and delivers only what it lets pass', async (t) => {
    const { base, model, events } = await launched(t, policies('quality', '{ llm_checks: [{ criteria: Is polite., model: gpt-4.1, action: retry }] }'), { turns: [
      { when: { model: 'gpt-4.1', user: 'Dear' }, text: 'Here it is: {"score": 0.9, "reason": "polite"}' },
      { when: { model: 'gpt-4.1' }, text: '{"score": 0.1, "reason": "rude"}' },
      { when: { user: 'not delivered' }, text: 'Dear guest, wait.' }, { text: 'Wait.' },
    ] });
    assert.equal((await client.run(base, loop)).text, 'Dear guest, wait.');
    assert.equal(model.requests.length, 4, 'answer, judge, answer, judge');
    assert.deepEqual(outcomes(events).toSorted(), ['done', 'done', 'done', 'refused']);
  });

  it('refuses what no judge would say anything usable about', async (t) => {
    const { base } = await launched(t, policies('quality', '{ llm_checks: [{ criteria: Is polite., model: gpt-4.1 }] }'), { turns: [{ when: { model: 'gpt-4.1' }, text: 'Hm.' }, { text: 'Wait.' }] });
    await assert.rejects(client.run(base, loop), /policy p/);
  });

  it('puts the disclosure into the answer', async (t) => {
    const { base } = await launched(t, policies('identity', '{ require_ai_disclosure: true, disclosure_text: An AI wrote this. }'), { turns: [{ text: 'Good morning.' }] });
    assert.match((await client.run(base, loop)).text, /^(?:An AI wrote this\.\s+Good morning\.|Good morning\.\s+(?:-- \n)?An AI wrote this\.)$/);
  });
});
