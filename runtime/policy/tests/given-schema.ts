// What a test may say of the moment it begins at: what the run and its tree did and spent so far, and what is on record.

import { z } from 'zod';
import { DISPOSITIONS } from '../../../protocol/verdict.ts';
import { COUNTED, COUNTED_BY, type Effects } from '../facts.ts';
import { count, dollars, duration, name } from './words.ts';

const spend = (says: string) => z.strictObject({
  cost: dollars().optional().describe('Spent.').meta({ examples: [8] }),
  tokens: count().optional().describe('Tokens used.').meta({ unit: 'tokens', examples: [5000] }),
  reserved_cost: dollars().optional().describe('Reserved by calls that go on.').meta({ examples: [1] }),
  reserved_tokens: count().optional().describe('Tokens that are reserved.').meta({ unit: 'tokens', examples: [1000] }),
}).optional().describe(says).meta({ examples: [{ cost: 8 }] });

const window = (says: string) => z.strictObject({
  agent: spend('Of the agent.'), fleet: spend('Of its fleet.'), user: spend('Of the user.'), all: spend('Of everybody.'),
}).optional().describe(says).meta({ examples: [{ agent: { cost: 4 } }] });

const some = (says: string, example: number) => count().optional().describe(says).meta({ unit: 'count', examples: [example] });
const effects = (says: string) => z.strictObject({
  records_modified: some('Records that were changed.', 10), records_deleted: some('Records that were deleted.', 2), files_changed: some('Files that were changed.', 3),
  api_writes: some('Requests that write.', 5), messages: some('Messages that were sent.', 4), memory_writes: some('Writes to memory.', 1),
  amount: dollars().optional().describe('Money that was moved.').meta({ examples: [250] }),
} satisfies Record<'records_modified' | 'records_deleted' | 'files_changed' | 'api_writes' | 'messages' | 'memory_writes' | 'amount', z.ZodType>).optional().describe(says).meta({ examples: [{ messages: 4 }] });
/** The names of `Effects` as tests write them. */
export const EFFECT_KEYS = {
  records_modified: 'recordsModified', records_deleted: 'recordsDeleted', files_changed: 'filesChanged', api_writes: 'apiWrites', messages: 'messages', memory_writes: 'memoryWrites', amount: 'amount',
} as const satisfies Record<string, keyof Effects>;

const ago = () => duration().optional().describe('How long ago; just now when absent.').meta({ examples: ['5m'] });
const byWhom = () => z.array(z.enum(COUNTED_BY)).min(1).optional().describe('For whom it counts; for everybody when absent.').meta({ examples: [['agent']] });

export const givenSchema = z.strictObject({
  run: z.strictObject({
    depth: some('How many runs are above it.', 1), steps: some('Actions so far.', 12), tool_calls: some('Tool calls so far.', 5), llm_calls: some('Model calls so far.', 6), retries: some('Failed calls in a row.', 3),
    cost: dollars().optional().describe('Spent by it.').meta({ examples: [1.5] }),
    tokens: count().optional().describe('Tokens of its model calls.').meta({ unit: 'tokens', examples: [5000] }),
    reserved_cost: dollars().optional().describe('Reserved by calls of it and its children that go on.').meta({ examples: [1] }),
    age: duration().optional().describe('How long it has been going on.').meta({ examples: ['20m'] }),
    ancestors: z.array(name()).optional().describe('Agents above it, nearest first.').meta({ examples: [['coordinator']] }),
    children: z.strictObject({ live: some('That go on.', 1), total: some('In all.', 2) }).optional().describe('Runs that it started.').meta({ examples: [{ total: 2 }] }),
    effects: effects('What it did to the world.'),
  }).optional().describe('The run so far.').meta({ examples: [{ steps: 12 }] }),
  tree: z.strictObject({ ...spend('').unwrap().shape, effects: effects('What the tree did to the world; at least what the run did.') }).optional().describe('The whole tree of runs, this one included.').meta({ examples: [{ cost: 8 }] }),
  day: window('Spent today, in UTC; at least what the run spent.'),
  month: window('Spent this month, in UTC; at least what the run spent.'),
  models: z.record(z.string(), spend('').unwrap()).optional().describe('Spent today on each model.').meta({ examples: [{ 'gpt-4o': { cost: 4 } }] }),
  history: z.array(z.strictObject({
    tool: name().optional().describe('Tool that was called.').meta({ reference: 'tool', examples: ['search'] }),
    args: z.record(z.string(), z.unknown()).optional().describe('With which arguments.').meta({ examples: [{ q: 'leads' }] }),
    http: name().optional().describe('Address that was asked.').meta({ examples: ['https://contoso.com'] }),
    method: name().optional().describe('How it was asked; GET when absent.').meta({ examples: ['POST'] }),
    times: z.int().min(1).max(64).optional().describe('How often, one after another.').meta({ examples: [3] }),
    ago: ago(),
  })).optional().describe('Its newest calls, oldest first.').meta({ examples: [[{ tool: 'search', times: 2 }]] }),
  taint: z.array(name()).optional().describe('Where text in its context came from that nobody vouches for.').meta({ examples: [['tool:fetch_page']] }),
  told: z.array(z.string()).optional().describe('What users said to it.').meta({ examples: [['Write to Ana.']] }),
  retrieved: z.array(z.strictObject({
    text: z.string().describe('Its text.').meta({ examples: ['Discounts end in May.'] }),
    store: name().optional().describe('Where it was found.').meta({ examples: ['handbook'] }),
    id: name().optional().describe('Its id.').meta({ examples: ['d-1'] }),
    source: name().optional().describe('Where it comes from.').meta({ examples: ['handbook/pricing.md'] }),
    score: z.number().optional().describe('Its relevance.').meta({ examples: [0.9] }),
    ago: ago(),
  })).optional().describe('Documents that reached it.').meta({ examples: [[{ text: 'Discounts end in May.' }]] }),
  decisions: z.array(z.strictObject({
    summary: name().describe('What was decided.').meta({ examples: ['Write to Ana first'] }),
    about: name().optional().describe('What it is about.').meta({ examples: ['send_email'] }),
    ago: ago(),
  })).optional().describe('Decisions that it recorded.').meta({ examples: [[{ summary: 'Write to Ana first', about: 'send_email' }]] }),
  remembered: z.record(z.string(), count()).optional().describe('Items that its session holds in memory, by kind.').meta({ examples: [{ note: 3 }] }),
  started: z.array(z.strictObject({
    what: z.enum(COUNTED).describe('What began.').meta({ examples: ['llm_calls'] }),
    name: name().optional().describe('Tool, model, host, program or agent.').meta({ examples: ['gpt-4o'] }),
    times: z.int().min(1).max(10_000).optional().describe('How often.').meta({ examples: [60] }),
    by: byWhom(), ago: ago(),
  })).optional().describe('What began in the last 25 hours, beside the steps of the test.').meta({ examples: [[{ what: 'llm_calls', times: 60, ago: '30s' }]] }),
  running: z.array(z.strictObject({
    what: z.enum(COUNTED).describe('What goes on.').meta({ examples: ['runs'] }),
    times: z.int().min(1).max(10_000).optional().describe('How many of them.').meta({ examples: [5] }),
    by: byWhom(),
  })).optional().describe('What goes on, beside the steps of the test.').meta({ examples: [[{ what: 'runs', times: 5, by: ['agent'] }]] }),
  violations: z.record(z.string(), count()).optional().describe('How often each policy objected in this run.').meta({ examples: [{ 'outreach-spend': 3 }] }),
  incidents: z.array(z.strictObject({
    policy: name().describe('Policy that objected.').meta({ reference: 'policy', examples: ['outreach-spend'] }),
    action: z.enum(DISPOSITIONS).describe('What it did.').meta({ examples: ['block'] }),
    times: z.int().min(1).max(10_000).optional().describe('How often.').meta({ examples: [3] }),
    by: byWhom(), ago: ago(),
  })).optional().describe('Incidents of the last 25 hours.').meta({ examples: [[{ policy: 'outreach-spend', action: 'block' }]] }),
  ended_runs: z.array(z.strictObject({
    outcome: z.enum(['completed', 'failed']).describe('How they ended.').meta({ examples: ['failed'] }),
    times: z.int().min(1).max(10_000).optional().describe('How many of them.').meta({ examples: [6] }),
    ago: ago(),
  })).optional().describe('Runs of this agent that ended, for circuit breakers.').meta({ examples: [[{ outcome: 'failed', times: 6 }]] }),
  breakers: z.record(z.string(), z.strictObject({
    state: z.enum(['closed', 'open', 'half-open']).describe('How it stands.').meta({ examples: ['open'] }), ago: ago(),
  })).optional().describe('Circuit breakers, by policy.').meta({ examples: [{ 'stop-a-failing-agent': { state: 'open' } }] }),
  granted: z.array(name()).optional().describe('Policies whose gate a person already let through.').meta({ reference: 'policy', examples: [['a-person-reads-mail']] }),
  killed: name().optional().describe('A person pulled the switch, for this reason.').meta({ examples: ['wrong list'] }),
  judge: z.strictObject({
    score: z.number().min(0).max(1).describe('From 0 (fails) to 1 (holds).').meta({ examples: [0.2] }),
    reason: z.string().optional().describe('Why.').meta({ examples: ['No greeting.'] }),
  }).optional().describe('What a judge answers to every question.').meta({ examples: [{ score: 0.2 }] }),
});
export type Given = z.output<typeof givenSchema>;
