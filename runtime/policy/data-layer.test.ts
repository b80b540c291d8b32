// Tools seen as what they are, and the grants of domains on what comes back, over whole governance files.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEvent } from '../../protocol/action.ts';
import { redactText } from '../../protocol/verdict.ts';
import { freshFacts, type Facts } from './facts.ts';
import { compilePolicies } from './index.ts';

const TEXT = `
agents:
  writer: {}
  clerk: {}
tools:
  run_sql: { is: data, source: crm, statement: args.sql, rows: result.rows, class: read }
  search_docs: { is: retrieval, store: handbook, documents: result.hits, content: item.text, score: item.score, source: item.path }
  send_email: { is: message, channel: email, to: args.to, text: args.body }
domains:
  crm:
    kind: sql
    match: { tables: [leads, accounts] }
    fields:
      leads.email: { class: pii }
      leads.ssn: { class: restricted }
    grants:
      - agents: [writer]
        where: row.region == "EU"
        fields: [leads.id, leads.name, leads.email, leads.region]
        redact: [leads.email]
        max_records: 2
signals:
  lead.created: { sources: [webhook], schema: { lead_id: string, score: { type: number, optional: true } }, starts: { agent: writer } }
`;

function engineOf(text = TEXT) {
  const { engine, findings } = compilePolicies([{ path: 'a.fullarc.yaml', text }]);
  assert.deepEqual(findings.filter(({ severity }) => severity === 'error'), []);
  return engine;
}

const call = (name: string, args: Record<string, unknown>): ActionEvent<'tool.before'> => ({ event: 'tool.before', name, args });
const result = (name: string, args: Record<string, unknown>, value: unknown): ActionEvent<'tool.after'> => ({ event: 'tool.after', name, args, texts: [{ at: '/content', role: 'tool', text: JSON.stringify(value) }] });
const writer = (more: Partial<Facts> = {}): Facts => freshFacts({ agent: 'writer', ...more });

const ROWS = [
  { id: 1, name: 'Ann', email: 'ann@example.com', ssn: '123-45-6789', region: 'EU' },
  { id: 2, name: 'Bob', email: 'bob@example.com', ssn: '123-45-6789', region: 'US' },
  { id: 3, name: 'Cy', email: 'cy@example.com', ssn: '123-45-6789', region: 'EU' },
  { id: 4, name: 'Di', email: 'di@example.com', region: 'EU' },
  { id: 5, name: 'Ed', email: 'ed@example.com' },
];

test('rows and fields that no grant shows do not reach the agent', () => {
  const event = result('run_sql', { sql: 'SELECT * FROM leads' }, { rows: ROWS });
  const verdict = engineOf().decide(event, writer());
  assert.equal(verdict.disposition, 'redact');
  const left = JSON.parse(redactText(event.texts[0]!.text, verdict.redactions)) as unknown;
  assert.deepEqual(left, { rows: [{ id: 1, name: 'Ann', email: '##PII##', region: 'EU' }, { id: 3, name: 'Cy', email: '##PII##', region: 'EU' }] });
});

test('a domain is closed to agents that no grant is for, and to what no grant allows', () => {
  const engine = engineOf();
  const read = call('run_sql', { sql: 'SELECT id FROM leads' });
  assert.equal(engine.decide(read, writer()).disposition, 'allow');
  assert.equal(engine.decide(read, freshFacts({ agent: 'clerk' })).disposition, 'block');
  assert.equal(engine.decide(call('run_sql', { sql: 'DELETE FROM leads' }), writer()).disposition, 'block');
  assert.equal(engine.decide(call('run_sql', { sql: 'SELECT id FROM leads; DROP TABLE leads' }), writer()).disposition, 'block');
  assert.equal(engine.decide(call('run_sql', { sql: 'nonsense' }), writer()).disposition, 'block');
});

test('a hidden column may not even be asked about', () => {
  const verdict = engineOf().decide(call('run_sql', { sql: "SELECT id FROM leads WHERE ssn LIKE '123%'" }), writer());
  assert.deepEqual([verdict.disposition, verdict.reasons[0]?.value], ['block', 'ssn']);
});

test('a result that is not what `tools:` says is refused, and says so', () => {
  const verdict = engineOf().decide(result('run_sql', { sql: 'SELECT id FROM leads' }, 'three rows'), writer());
  assert.equal(verdict.disposition, 'block');
  assert.match(verdict.reasons[0]!.message, /no list at result\.rows/);
});

test('a category that watches a kind of action bites on the tool that is one', () => {
  const engine = engineOf(`${TEXT}policies:\n  - name: nothing-private\n    category: content\n    rules: { pii_detection: { action: redact, types: [email] } }\n`);
  assert.deepEqual(engine.seenAs(call('send_email', { to: ['a@b.example', 'c@d.example'], body: 'Hi' })), [
    { event: 'message.before', channel: 'email', to: ['a@b.example', 'c@d.example'], texts: [{ at: '/args/body', role: 'assistant', text: 'Hi' }] },
  ]);
});

test('a call that lacks what its kind needs is refused', () => {
  assert.equal(engineOf().decide(call('send_email', { body: 'Hi' }), writer()).disposition, 'block');
});

test('signals come as declared or not at all', () => {
  const engine = engineOf();
  const signal = (name: string, source: string, payload: Record<string, unknown>): ActionEvent => ({ event: 'signal.before', name, source, payload });
  assert.equal(engine.decide(signal('lead.created', 'webhook', { lead_id: 'x' }), writer()).disposition, 'allow');
  assert.equal(engine.decide(signal('lead.created', 'api', { lead_id: 'x' }), writer()).disposition, 'block');
  assert.equal(engine.decide(signal('lead.created', 'webhook', { lead_id: 7 }), writer()).disposition, 'block');
  assert.equal(engine.decide(signal('lead.created', 'webhook', { lead_id: 'x', other: 1 }), writer()).disposition, 'block');
  assert.equal(engine.decide(signal('lead.lost', 'webhook', {}), writer()).disposition, 'block');
});

for (const [tools, code] of [
  ['x: { is: data, source: crm, rows: "result.map(r, r)" }', 'fullarc/expression/unsupported'],
  ['x: { is: message, channel: email, to: "args.to +" }', 'fullarc/expression/syntax'],
  ['x: { is: message, channel: email }', 'fullarc/structure/bad-value'],
  ['x: { is: message, channel: email, to: args.to, rows: result.rows }', 'fullarc/structure/bad-value'],
  ['x: { to: args.to }', 'fullarc/structure/bad-value'],
] as const) {
  test(`\`${tools}\` is ${code}`, () => {
    const { findings } = compilePolicies([{ path: 'a.fullarc.yaml', text: `tools:\n  ${tools}\n` }]);
    assert.deepEqual(findings.map((each) => each.code), [code]);
  });
}
