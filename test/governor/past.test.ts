// What policies ask of the past has the same answers whether or not the governor was replaced in between: windows, effects, violations, documents, decisions, memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { governed, llmBefore, type Governed } from '../support/governed.ts';

const POLICIES = `
agents:
  writer: { entry: agent.ts }
tools:
  send_email: { is: message, channel: email, to: args.to, text: args.body }
  search_docs: { is: retrieval, store: handbook, documents: result.hits, content: item.text, id: item.id, class: read }
  decide: { is: decision, summary: args.what, about: args.about, explanation: args.why, class: idempotent }
  remember: { is: memory, operation: write, key: args.key, kind: args.kind, text: args.text }
  run_sql: { is: data, source: db, statement: args.sql, count: result.rowCount }
  noisy: { class: read }
policies:
  - name: few-messages
    category: communication
    rules: { max_messages_per_execution: 2 }
  - name: few-records
    category: scope
    rules: { max_records_modified: 3 }
  - name: few-calls
    category: rate-limit
    on_violation: block
    rules: { of: tool_calls, per: agent, tools: [noisy], max_per_minute: 2 }
  - name: warned
    category: safety
    on_violation: warn
    escalate: [{ after: 2, on_violation: block }]
    rules: { blocked_tools: [grep] }
  - name: thought-first
    category: reasoning
    on_violation: block
    rules: { decide_before: { tools: [deploy] } }
  - name: few-memories
    category: memory
    on_violation: block
    rules: { max_memory_items: 2 }
  - name: careful-after-reading
    category: safety
    when: run.taint.exists(t, t == "tool:search_docs")
    rules: { blocked_tools: [pay] }
  - name: paid-as-read
    category: grounding
    on_violation: block
    rules: { reject_unknown_citations: false, actions: [transfer] }
`;

/** A tool call, and what comes back when it may go on. */
type Step = readonly [name: string, args: Record<string, unknown>, result?: unknown];

const STEPS: readonly Step[] = [
  ['send_email', { to: 'a@example.com', body: 'one' }], ['send_email', { to: 'a@example.com', body: 'two' }], ['send_email', { to: 'a@example.com', body: 'three' }],
  ['run_sql', { sql: 'UPDATE t SET a = 1 WHERE b = 2' }, { rowCount: 4 }], ['run_sql', { sql: 'UPDATE t SET a = 1 WHERE b = 3' }, { rowCount: 1 }],
  ['noisy', { n: 1 }], ['noisy', { n: 'b' }], ['noisy', { n: 'c' }],
  ['grep', { q: 1 }], ['grep', { q: 'x' }], ['grep', { q: 'yy' }],
  ['deploy', { to: 'prod' }], ['decide', { what: 'deploy to production', about: 'deploy', why: 'all tests are green and the change is small' }], ['deploy', { to: 'prod', again: true }],
  ['remember', { key: 'k1', kind: 'note', text: 'x' }], ['remember', { key: 'k2', kind: 'note', text: 'x' }], ['remember', { key: 'k3', kind: 'note', text: 'x' }],
  ['pay', { amount: 1 }], ['transfer', { amount: 4711 }], ['search_docs', { q: 'terms' }, { hits: [{ id: 'd1', text: 'The invoice says 4711 dollars.' }] }], ['pay', { amount: 2 }], ['transfer', { amount: 4711, again: true }], ['transfer', { amount: 4712 }],
];

const EXPECTED = [
  'go', 'go', 'few-messages', 'go', 'few-records', 'go', 'go', 'few-calls', 'go', 'go', 'warned', 'thought-first', 'go', 'go', 'go', 'go', 'few-memories', 'go', 'paid-as-read', 'go', 'careful-after-reading', 'go', 'paid-as-read',
];

async function answers(first: Governed, restarting: boolean): Promise<string[]> {
  let g = first;
  const { run } = await g.run();
  const said: string[] = [];
  for (const [index, [name, args, result]] of STEPS.entries()) {
    const key = `tool:${index}`;
    const answer = await g.governor.before(run, { key, event: { event: 'tool.before', name, args } });
    said.push(answer.go ? 'go' : /\(policy ([\w-]+)\)$/.exec(answer.message)?.[1] ?? answer.message);
    if (restarting) g = await g.restart();
    if (answer.go) await g.governor.after(run, { key, event: { event: 'tool.after', name, args, texts: [{ at: '/content', role: 'tool', text: JSON.stringify(result ?? 'ok') }] } });
    if (restarting) g = await g.restart();
    g.now += 100;
  }
  return said;
}

test('policies see the past as it was', async (t) => {
  assert.deepEqual(await answers(await governed(t, POLICIES), false), EXPECTED);
});

test('and as it was before the governor was replaced, after every single call', async (t) => {
  assert.deepEqual(await answers(await governed(t, POLICIES), true), EXPECTED);
});

test('rows and fields that no grant shows are taken out of the result that goes on', async (t) => {
  const g = await governed(t, `
agents: { writer: { entry: agent.ts } }
tools: { run_sql: { is: data, source: crm, statement: args.sql, rows: result.rows, class: read } }
domains: { crm: { kind: sql, match: { tables: [leads] }, grants: [{ agents: [writer], where: 'row.region == "EU"', fields: [id, region] }] } }
`);
  const { run } = await g.run();
  const args = { sql: 'SELECT * FROM leads' };
  assert.ok((await g.governor.before(run, { key: 'tool:1', event: { event: 'tool.before', name: 'run_sql', args } })).go);
  const text = JSON.stringify({ rows: [{ id: 1, region: 'EU', ssn: '1' }, { id: 2, region: 'US', ssn: '2' }] });
  const answer = await g.governor.after(run, { key: 'tool:1', event: { event: 'tool.after', name: 'run_sql', args, texts: [{ at: '/content', role: 'tool', text }] } });
  assert.ok(answer.go);
  assert.deepEqual(answer.redactions.map(({ label, text: put }) => [label, put]), [['FIELD', ''], ['ROW', '']]);
  assert.ok(!JSON.stringify(g.events).includes('"ssn\\":\\"2') && !JSON.stringify(g.events).includes('US'), 'what was taken out is not stored either');
});

test('one action that is seen as a tool and as the request it sends counts once', async (t) => {
  const g = await governed(t, `
agents: { writer: { entry: agent.ts } }
tools: { post: { is: http, method: POST, url: args.url } }
policies: [{ name: few-writes, category: scope, rules: { max_api_writes: 2 } }]
`);
  const { run } = await g.run();
  const url = 'https://api.example.com/x';
  const once = async (n: number): Promise<boolean> => {
    const tool = { name: 'post', args: { url, n } };
    const answer = await g.governor.before(run, { key: `tool:${n}`, event: { event: 'tool.before', ...tool } });
    if (!answer.go) return false;
    assert.ok((await g.governor.before(run, { key: `http:${n}`, event: { event: 'http.before', method: 'POST', url, protocol: 'https', host: 'api.example.com', port: 443 } })).go);
    await g.governor.after(run, { key: `http:${n}`, event: { event: 'http.after', method: 'POST', url, protocol: 'https', host: 'api.example.com', port: 443, status: 200 } });
    await g.governor.after(run, { key: `tool:${n}`, event: { event: 'tool.after', ...tool, texts: [] } });
    return true;
  };
  assert.deepEqual([await once(1), await once(2), await once(3)], [true, true, false]);
});

test('a run that has had its time is stopped', async (t) => {
  const g = await governed(t, 'agents: { writer: { entry: agent.ts } }\npolicies: [{ name: short, category: operations, rules: { timeout_seconds: 60 } }]\n');
  const { run } = await g.run();
  g.now += 59_000;
  await g.governor.tick();
  assert.equal(g.governor.stopOf(run), undefined);
  g.now += 1_000;
  await g.governor.tick();
  assert.match(g.governor.stopOf(run) ?? '', /short/);
  const answer = await g.governor.before(run, { key: 'llm:1', event: llmBefore() });
  assert.equal(answer.go, false);
});
