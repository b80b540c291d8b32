// Replay of one edited policy over a million recorded calls in memory, beside asking about every call one by one; and what recording one call costs.

import type { RecordedCall } from '../../protocol/recorded-call.ts';
import { analysedSet } from '../../runtime/policy/analyse/policy-set.ts';
import { DEFAULT_AUDIT } from '../../runtime/policy/categories/audit.ts';
import { CallTable } from '../../runtime/policy/call-table.ts';
import { freshFacts } from '../../runtime/policy/facts.ts';
import { packFacts } from '../../runtime/policy/recorded-facts.ts';
import { replay } from '../../runtime/policy/replay.ts';
import { storableEvent } from '../../runtime/recorded-event.ts';
import { credentialScrub } from '../../runtime/scrub.ts';
import type { BenchResult } from './bench.ts';

export const ABOUT = 'CPU milliseconds to replay one edited policy over 1,000,000 recorded calls held in memory: 200 tools, 20 agents, 10,000 runs. A policy that looks at names alone is asked once for all calls that look alike to it; one that looks at counts is asked about every call. The last row is the microseconds that recording adds to a decision, without the statement that stores it.';

const CALLS = 1_000_000;
const ROUNDS = 5;

export async function run(): Promise<BenchResult[]> {
  const rules = (text: string) => analysedSet([{ path: 'p.yaml', text: `policies:\n  - { name: tools, category: safety, rules: { ${text}, loops: { detect_cycles: false } } }\n  - { name: models, category: llm, rules: { blocked_models: [gpt-5] } }\n` }]);
  const approval = (tool: string) => analysedSet([{ path: 'p.yaml', text: `policies:\n  - { name: ask, category: approval, rules: { require_approval_for: [${tool}] } }\n` }]);
  const before = approval('tool-7');
  const table = tableOf(before.engine.version);
  const quick = Math.min(...Array.from({ length: ROUNDS }, () => cpu(() => replay(table, approval('tool-9'), () => before))));
  const counts = rules('max_steps: 50');
  const counted = tableOf(counts.engine.version);
  const slow = cpu(() => replay(counted, rules('max_steps: 40'), () => counts));
  const facts = freshFacts();
  const event = { event: 'tool.before', name: 'search', args: { query: 'leads of last week', limit: 20 } } as const;
  const start = performance.now();
  for (let at = 0; at < 20_000; at++) JSON.stringify([storableEvent(event, { redactions: [], audit: DEFAULT_AUDIT, scrub: credentialScrub }), packFacts(facts, () => false)]);
  return [
    { name: 'one edited policy, by names', unit: 'ms CPU', value: quick, ratio: slow / quick, note: `${table.buckets.length} buckets; the bar is 5 ms` },
    { name: 'one edited policy, call by call', unit: 'ms CPU', value: slow },
    { name: 'recording one tool call', unit: 'µs', value: ((performance.now() - start) * 1000) / 20_000, note: 'the bar is 30 µs' },
  ];
}

function tableOf(policyVersion: string): CallTable {
  const record = (row: number): RecordedCall => ({
    number: row + 1, run: `run-${row % 10_000}`, node: `n${row}`, event: 'tool.before', at: row, policyVersion, disposition: 'allow',
    identity: { root: '', depth: 0, agent: `agent-${row % 20}`, user: 'ana', startedAt: 0 },
    body: { event: { event: 'tool.before', name: `tool-${row % 200}`, args: {} }, facts: { now: row, run: [Math.floor(row / 10_000) % 60] } },
  });
  const table = new CallTable(record);
  for (let row = 0; row < CALLS; row++) table.add(record(row));
  table.rowsOf(0); // sorts, as whoever keeps the table does once
  return table;
}

function cpu(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
