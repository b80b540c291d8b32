// What an audit policy says is what the journal holds, and for how long.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { governed, llmAfter, llmBefore, toolAfter, toolBefore, type Governed } from '../support/governed.ts';

const DAY = 24 * 60 * 60_000;
const AUDIT = (rules: string) => `policies:\n  - name: records\n    category: audit\n    rules: ${rules}\n`;

/** One run with a question, a tool call and its result; and everything that was stored of it. */
async function recorded(t: TestContext, rules: string): Promise<{ g: Governed; run: string; stored: string }> {
  const g = await governed(t, AUDIT(rules));
  const { run } = await g.run();
  const text = (role: 'user' | 'tool', words: string) => ({ at: `/${role}`, role, text: words });
  await g.governor.before(run, { key: 'tool:1', event: toolBefore('search', { query: 'the-argument', phone_number: 'the-phone' }) });
  await g.governor.after(run, { key: 'tool:1', event: toolAfter('search', 'the-result') });
  await g.governor.before(run, { key: 'llm:1', event: llmBefore({ texts: [text('user', 'the-question'), text('tool', 'the-result')] }) });
  await g.governor.after(run, { key: 'llm:1', event: llmAfter(10, 10, { texts: [{ at: '/a', role: 'assistant', text: `the-answer ${'x'.repeat(100)}` }] }) });
  await g.governor.closeRun(run, 'completed', 0);
  return { g, run, stored: JSON.stringify(await g.governor.eventsOf(run)) };
}
const kept = (stored: string): string[] => ['the-argument', 'the-phone', 'the-result', 'the-question', 'the-answer'].filter((word) => stored.includes(word));

describe('the journal keeps', () => {
  it('everything, when nothing else is said', async (t) => {
    assert.deepEqual(kept((await recorded(t, '{}')).stored), ['the-argument', 'the-phone', 'the-result', 'the-question', 'the-answer']);
  });
  it('no inputs with log_inputs: false', async (t) => {
    assert.deepEqual(kept((await recorded(t, '{ log_inputs: false }')).stored), ['the-result', 'the-answer']);
  });
  it('no outputs with log_outputs: false', async (t) => {
    assert.doesNotMatch((await recorded(t, '{ log_outputs: false }')).stored, /the-answer/);
  });
  it('no arguments and results of tools with log_tool_calls: false, in prompts neither', async (t) => {
    assert.deepEqual(kept((await recorded(t, '{ log_tool_calls: false }')).stored), ['the-question', 'the-answer']);
  });
  it('kind, name, verdicts and cost alone with log_steps: false', async (t) => {
    const { stored } = await recorded(t, '{ log_steps: false }');
    assert.deepEqual(kept(stored), []);
    assert.match(stored, /"name":"search"/);
  });
  it('no value under a key of redact_fields', async (t) => {
    assert.doesNotMatch((await recorded(t, '{ redact_fields: [phone] }')).stored, /the-phone/);
  });
  it('no text longer than max_text_length, and says that it was cut', async (t) => {
    const { stored } = await recorded(t, '{ max_text_length: 30 }');
    assert.doesNotMatch(stored, /x{31}/);
    assert.match(stored, /"truncated":true/);
  });
});

describe('records', () => {
  it('are removed when their days are over, and what is left verifies', async (t) => {
    const { g, run } = await recorded(t, '{ retention_days: 30 }');
    g.now += 29 * DAY;
    await g.governor.tick();
    assert.ok((await g.governor.eventsOf(run)).length > 0);
    const young = await g.run();
    g.now += 2 * DAY;
    await g.governor.tick();
    await assert.rejects(g.governor.eventsOf(run), /no run/);
    assert.ok((await g.governor.eventsOf(young.run)).length > 0);
    assert.deepEqual((await g.governor.verify()).broken, []);
    assert.ok((await g.governor.listRuns({})).some((summary) => summary.id === run), 'that it ran stays known');
  });
});
