// The facts of a run in the middle of its work: calls, windows, incidents, documents, decisions and effects that policies ask for.

import { type CallMark, type Facts, freshFacts, freshHost, freshRun, NO_EFFECTS, type RetrievedMark } from '../../../runtime/policy/facts.ts';
import { sha256 } from '../../../runtime/policy/sha256.ts';

const NOW = Date.UTC(2026, 0, 5, 12);
const TOOLS = ['search', 'read_file', 'list_tickets', 'fetch_page', 'summarise'];

export function busyRun(): Facts {
  const ago = (count: number, stepMs: number): number[] => Array.from({ length: count }, (_, index) => NOW - (count - index) * stepMs);
  const [calls, seldom] = [ago(40, 45_000), ago(3, 3_600_000)];
  const documents = Array.from({ length: 12 }, (_, index): RetrievedMark => ({ at: NOW - 60_000 + index, store: 'kb', id: `doc-${index}`, source: 'handbook', score: 0.9, text: `Section ${index} says that a refund is made within fourteen days of the purchase, to the same account.` }));
  const account = { cost: { spent: 1_000, reserved: 100 }, tokens: { spent: 2_000, reserved: 200 } };
  return freshFacts({
    now: NOW, agent: 'asker', fleet: 'front', workflow: 'nightly', user: 'ann', plane: 'node',
    run: freshRun({ steps: 12, toolCalls: 8, llmCalls: 4, tokens: 2_000, cost: 1_000, treeCost: 1_000, startedAt: NOW - 60_000, effects: { ...NO_EFFECTS, messages: 1, filesChanged: 2 }, treeEffects: { ...NO_EFFECTS, messages: 1, filesChanged: 2 } }),
    spend: { run: account, tree: account, day: { agent: account, fleet: account, user: account, all: account }, month: { agent: account, fleet: account, user: account, all: account }, models: { 'gpt-4o': account } },
    history: Array.from({ length: 64 }, (_, index): CallMark => ({ kind: index % 3 === 0 ? 'llm' : 'tool', name: index % 3 === 0 ? 'gpt-4o' : TOOLS[index % TOOLS.length]!, hash: sha256(`args ${index}`), shape: sha256(`shape ${index}`), at: NOW - (64 - index) * 1_000 })),
    context: { purpose: 'support', region: 'eu', session: 's-1', sandbox: 'container' },
    host: freshHost({
      starts: (by) => (by === 'run' || by === 'tree' ? calls : seldom), running: () => 1, violations: () => seldom, incidents: () => [{ at: NOW - 1_000_000, policy: 'all-safety', disposition: 'warn' }],
      retrieved: () => documents, told: () => TOLD, decisions: () => DECISIONS, remembered: () => REMEMBERED, judgement: () => GOOD,
    }),
  });
}

const TOLD: readonly string[] = ['Answer the open tickets about refunds.'];
const DECISIONS = [{ at: NOW - 2_000, summary: 'Search first, then answer.', about: 'search' }];
const REMEMBERED = { note: 3 };
const GOOD = { score: 0.9, reason: 'It holds.' };
