// What one step of a test may say: an action in its own words, how it ended, how long to wait, and what is expected.

import { z } from 'zod';
import { DATA_OPERATIONS, FILE_OPERATIONS, LLM_WIRES, MEMORY_OPERATIONS, RUN_OUTCOMES } from '../../../protocol/action.ts';
import { DISPOSITIONS } from '../../../protocol/verdict.ts';
import { SIGNAL_SOURCES } from '../domain-schema.ts';
import { count, dollars, duration, name, texts } from './words.ts';

const text = (says: string, example: string) => z.string().optional().describe(says).meta({ examples: [example] });
const anyMapping = (says: string, example: Record<string, unknown>) => z.record(z.string(), z.unknown()).optional().describe(says).meta({ examples: [example] });
const someTexts = (says: string) => texts().optional().describe(says).meta({ examples: [[{ role: 'user', text: 'Write to the new leads.' }]] });

/** What is known of an action before it happens, by kind. The first key is what the short form `kind: text` gives. */
export const KIND_SCHEMAS = {
  llm: z.strictObject({
    model: name().describe('Model that is called.').meta({ examples: ['gpt-4o'] }),
    cost: z.union([dollars(), z.literal('unknown')]).optional().describe('What the call is estimated to cost, and costs unless `after` says otherwise. `unknown` is a model without a known price; absent means nothing.').meta({ unit: 'USD', examples: [3] }),
    provider: text('Host of the provider.', 'api.openai.com'),
    wire: z.enum(LLM_WIRES).optional().describe('Form of the request.').meta({ examples: ['openai-chat'] }),
    text: text('What the user says.', 'Write to the new leads.'),
    texts: someTexts('All texts of the request that were not judged before.'),
    system_prompt: z.boolean().optional().describe('Whether the request has a system prompt.').meta({ examples: [true] }),
    temperature: z.number().optional().describe('Temperature of the request.').meta({ examples: [0.7] }),
    input_tokens: count().optional().describe('Upper bound of the input.').meta({ unit: 'tokens', examples: [1200] }),
    max_output_tokens: count().optional().describe('Longest answer that was asked for.').meta({ unit: 'tokens', examples: [800] }),
    tools: z.array(name()).optional().describe('Tools that are offered.').meta({ examples: [['send_email']] }),
    stream: z.boolean().optional().describe('Whether the answer is streamed.').meta({ examples: [true] }),
  }),
  tool: z.strictObject({
    name: name().describe('Tool that is called.').meta({ reference: 'tool', examples: ['send_email'] }),
    server: text('MCP server that owns it.', 'crm'),
    args: anyMapping('Its arguments.', { to: 'ana@contoso.com' }),
    schema: anyMapping('JSON Schema of its arguments, as the request offered it.', { type: 'object' }),
  }),
  http: z.strictObject({
    url: name().describe('Address of the request.').meta({ examples: ['https://api.contoso.com/v1/leads'] }),
    method: text('Method; GET when absent.', 'POST'),
    addresses: z.array(name()).optional().describe('What the host resolved to.').meta({ examples: [['203.0.113.7']] }),
    redirected_from: text('Address whose answer redirected here.', 'https://contoso.com'),
  }),
  exec: z.strictObject({
    command: name().describe('The command line.').meta({ examples: ['git status'] }),
    argv: z.array(z.string()).optional().describe('The words of the command, when no shell reads it. Absent, a shell does.').meta({ examples: [['git', 'status']] }),
    shell: z.boolean().optional().describe('Whether a shell reads the line; true unless there is `argv`.').meta({ examples: [false] }),
    cwd: text('Folder it runs in; `/work` when absent.', '/work'),
  }),
  spawn: z.strictObject({
    agent: name().describe('Agent of the child.').meta({ reference: 'agent', examples: ['researcher'] }),
    command: z.array(z.string()).optional().describe('Command of the child.').meta({ examples: [['node', 'researcher.mjs']] }),
    depth: count().optional().describe('Depth of the child; one more than the run when absent.').meta({ examples: [1] }),
    budget_share: z.number().min(0).max(1).optional().describe('Share of what is left of the budget that is handed on.').meta({ unit: 'share', examples: [0.5] }),
  }),
  file: z.strictObject({
    path: name().describe('Absolute path of the file.').meta({ examples: ['/work/report.md'] }),
    operation: z.enum(FILE_OPERATIONS).optional().describe('What is done with it; `read` when absent.').meta({ examples: ['write'] }),
    bytes: count().optional().describe('How much is written.').meta({ unit: 'bytes', examples: [2048] }),
    text: text('What is written.', 'Summary'),
  }),
  data: z.strictObject({
    source: name().describe('Domain or database that is asked.').meta({ reference: 'domain', examples: ['crm'] }),
    operation: z.enum(DATA_OPERATIONS).optional().describe('What is done; `read` when absent.').meta({ examples: ['read'] }),
    statement: text('The SQL statement.', 'SELECT name FROM leads'),
    tables: z.array(name()).optional().describe('Tables that it reads or writes.').meta({ examples: [['leads']] }),
    columns: z.array(name()).optional().describe('Columns that it reads or writes.').meta({ examples: [['leads.name']] }),
  }),
  retrieval: z.strictObject({
    store: name().describe('Store that is searched.').meta({ reference: 'domain', examples: ['handbook'] }),
    collection: text('Part of the store.', 'pricing'),
    query: text('What is searched for.', 'discounts'),
  }),
  message: z.strictObject({
    channel: name().describe('How it is sent.').meta({ examples: ['email'] }),
    to: z.array(name()).optional().describe('Who gets it.').meta({ examples: [['ana@contoso.com']] }),
    subject: text('Its subject.', 'Hello'),
    text: text('The message itself.', 'Hello Ana'),
    amount: dollars().optional().describe('Money that it moves or promises.').meta({ examples: [50] }),
  }),
  memory: z.strictObject({
    key: name().describe('Under which key.').meta({ examples: ['notes'] }),
    operation: z.enum(MEMORY_OPERATIONS).optional().describe('What is done; `read` when absent.').meta({ examples: ['write'] }),
    kind: text('What kind of thing is remembered.', 'note'),
    session: text('Session it belongs to; the own one when absent.', 'ana'),
    text: text('What is remembered.', 'Prefers mail'),
  }),
  decision: z.strictObject({
    summary: name().describe('What was decided.').meta({ examples: ['Write to Ana first'] }),
    about: text('Tool or kind of action it is about.', 'send_email'),
    explanation: text('Why.', 'She asked for it'),
    alternatives: z.array(z.string()).optional().describe('What else was considered.').meta({ examples: [['wait']] }),
    confidence: z.number().min(0).max(1).optional().describe('How sure, from 0 to 1.').meta({ examples: [0.8] }),
    depth: count().optional().describe('How many steps of reasoning led here.').meta({ examples: [3] }),
  }),
  output: z.strictObject({
    text: text('What leaves the run.', 'Done.'),
    texts: someTexts('The same as several texts.'),
    final: z.boolean().optional().describe('Whether it is the last; true when absent.').meta({ examples: [false] }),
  }),
  run: z.strictObject({
    input: text('What the run is started with.', 'Write to the new leads.'),
    command: z.array(z.string()).optional().describe('Command that starts it.').meta({ examples: [['node', 'agent.mjs']] }),
  }),
  signal: z.strictObject({
    name: name().describe('Signal that is received.').meta({ examples: ['lead.created'] }),
    source: z.enum(SIGNAL_SOURCES).optional().describe('Where it comes from; `webhook` when absent.').meta({ examples: ['webhook'] }),
    payload: anyMapping('What it carries.', { lead_id: 'L-7' }),
    agent: text('Agent that it would start.', 'writer'),
  }),
} as const;
export type StepKind = keyof typeof KIND_SCHEMAS;
export const STEP_KINDS = Object.keys(KIND_SCHEMAS) as readonly StepKind[];
export const shortKey = (kind: StepKind): string => Object.keys(KIND_SCHEMAS[kind].shape)[0]!;

const expectation = z.strictObject({
  action: z.enum(DISPOSITIONS).describe('What becomes of the action.').meta({ examples: ['gate'] }),
  policy: name().optional().describe('A policy that says so. With `allow`, one that looked at the action and let it pass, or is in shadow.').meta({ reference: 'policy', examples: ['outreach-spend'] }),
  field: name().optional().describe('The rule that decides, as the reason names it.').meta({ examples: ['per_tree_cost_limit'] }),
  message_contains: name().optional().describe('Part of what the agent is told.').meta({ examples: ['ten dollars'] }),
  redacts: z.array(name()).optional().describe('Labels of what is redacted, exactly these.').meta({ examples: [['EMAIL']] }),
  retry_after: duration().optional().describe('When to try again.').meta({ examples: ['30s'] }),
});
const expected = () => expectation.optional().describe('What becomes of it: a disposition, or a mapping that says more. Without it the action has to go on.').meta({ examples: ['block'] });
export type WrittenExpectation = z.output<typeof expectation>;

/** How an action ends: every key, and the kinds that have it. */
export const AFTER_KEYS: Readonly<Record<string, readonly StepKind[] | 'all'>> = {
  text: ['llm', 'tool', 'file'], texts: ['llm', 'tool', 'file'], result: ['tool'], is_error: ['tool'], tool_requests: ['llm'], model: ['llm'], cost: ['llm'], input_tokens: ['llm'], output_tokens: ['llm'], status: ['llm', 'http'],
  exit_code: ['exec', 'run'], signal: ['exec'], outcome: ['spawn', 'run', 'signal'], documents: ['retrieval'], rows: ['data'], count: ['data'], receipt: ['message'],
  error: ['llm', 'http', 'run', 'signal', 'retrieval', 'data', 'file', 'message', 'memory'], took: 'all', expect: 'all',
};

const afterSchema = z.strictObject({
  text: text('Text of the answer, the result or the file.', 'Sent.'),
  texts: someTexts('The same as several texts.'),
  result: z.unknown().optional().describe('Result of a tool, as data.').meta({ examples: [{ sent: true }] }),
  is_error: z.boolean().optional().describe('Whether the tool failed.').meta({ examples: [true] }),
  tool_requests: z.array(name()).optional().describe('Tools that the answer asks for.').meta({ examples: [['send_email']] }),
  model: text('Model that answered, when it is another.', 'gpt-4o-2024-08-06'),
  cost: z.union([dollars(), z.literal('unknown')]).optional().describe('What the call cost.').meta({ unit: 'USD', examples: [2.5] }),
  input_tokens: count().optional().describe('Tokens of the input.').meta({ unit: 'tokens', examples: [1000] }),
  output_tokens: count().optional().describe('Tokens of the answer.').meta({ unit: 'tokens', examples: [500] }),
  status: z.union([z.enum(['ok', 'error', 'aborted']), count()]).optional().describe('For llm `ok`, `error` or `aborted`; for http the status code.').meta({ examples: [200] }),
  exit_code: z.int().optional().describe('Exit code.').meta({ examples: [1] }),
  signal: text('Signal that ended it.', 'SIGKILL'),
  outcome: z.enum([...RUN_OUTCOMES, 'dispatched', 'refused']).optional().describe('How a run or a child ended, or what became of a signal.').meta({ examples: ['failed'] }),
  documents: z.array(z.strictObject({
    id: name().optional().describe('Id.').meta({ examples: ['d-1'] }),
    text: z.string().optional().describe('Text.').meta({ examples: ['Discounts end in May.'] }),
    source: name().optional().describe('Where it comes from.').meta({ examples: ['handbook/pricing.md'] }),
    collection: name().optional().describe('Part of the store.').meta({ examples: ['pricing'] }),
    score: z.number().optional().describe('Relevance.').meta({ examples: [0.9] }),
    age: duration().optional().describe('How long ago it last changed.').meta({ examples: ['2d'] }),
    fields: z.record(z.string(), z.unknown()).optional().describe('All fields as they came.').meta({ examples: [{ region: 'EU' }] }),
  })).optional().describe('Documents that were found.').meta({ examples: [[{ text: 'Discounts end in May.', score: 0.9 }]] }),
  rows: z.array(z.record(z.string(), z.unknown())).optional().describe('Rows that came back.').meta({ examples: [[{ region: 'EU' }]] }),
  count: count().optional().describe('Rows that came back or were changed.').meta({ examples: [12] }),
  receipt: text('Receipt of a message.', 'm-1'),
  error: text('What went wrong.', 'time-out'),
  took: duration().optional().describe('How long it took.').meta({ examples: ['30s'] }),
  expect: expected(),
});

const byKind = <W extends boolean>(short: W) => Object.fromEntries(STEP_KINDS.map((kind) => {
  const whole = KIND_SCHEMAS[kind];
  const schema = short ? z.union([z.string().min(1), whole]) : whole;
  return [kind, schema.optional().describe(`The agent ${DOES[kind]}.`).meta({ examples: [SHORT_EXAMPLES[kind]] })];
})) as unknown as { [K in StepKind]: z.ZodOptional<(typeof KIND_SCHEMAS)[K]> };

const DOES: Readonly<Record<StepKind, string>> = {
  llm: 'calls a model', tool: 'calls a tool', http: 'sends a request', exec: 'runs a program', spawn: 'starts a child', file: 'uses a file', data: 'asks a database', retrieval: 'searches a store', message: 'sends a message',
  memory: 'uses its memory', decision: 'records a decision', output: 'answers', run: 'is started', signal: 'is sent a signal',
};
const SHORT_EXAMPLES: Readonly<Record<StepKind, string>> = {
  llm: 'gpt-4o', tool: 'send_email', http: 'https://api.contoso.com', exec: 'git status', spawn: 'researcher', file: '/work/report.md', data: 'crm', retrieval: 'handbook', message: 'email', memory: 'notes',
  decision: 'Write to Ana first', output: 'Done.', run: 'Write to the new leads.', signal: 'lead.created',
};

const stepKeys = {
  wait: duration().optional().describe('How much time passes before it.').meta({ examples: ['10m'] }),
  approved: z.boolean().optional().describe('A person approves (true) or rejects (false) what the gate holds back.').meta({ examples: [true] }),
  open: z.boolean().optional().describe('It goes on and does not end in this test.').meta({ examples: [true] }),
};

/** A step as people write it: with short forms. For descriptions. */
export const writtenStep = z.strictObject({ ...byKind(true), ...stepKeys, after: afterSchema.optional().describe('How it ends.').meta({ examples: [{ text: 'Sent.' }] }), expect: z.union([z.enum(DISPOSITIONS), expectation]).optional().describe(expected().description!).meta({ examples: ['block'] }) });

/** The same with every short form written out. */
export const stepSchema = z.strictObject({ ...byKind(false), ...stepKeys, after: afterSchema.optional(), expect: expected() }).superRefine((step, context) => {
  const kinds = STEP_KINDS.filter((kind) => step[kind] !== undefined);
  const wrong = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (kinds.length > 1) return wrong([kinds[1]!], `is a second action in one step, beside \`${kinds[0]}\`; make it a step of its own`);
  const [kind] = kinds;
  if (kind === undefined) return step.wait === undefined || Object.keys(step).length > 1 ? wrong([], `has no action; a step has one of ${STEP_KINDS.join(', ')}, or \`wait\` alone`) : undefined;
  if (step.after && step.open) wrong(['open'], 'cannot be together with `after`: what goes on has not ended');
  if (step.after && (kind === 'decision' || kind === 'output')) wrong(['after'], `says nothing here: ${kind === 'output' ? 'an output' : 'a decision'} is judged once, when it is there`);
  for (const key of Object.keys(step.after ?? {})) {
    const kindsOf = AFTER_KEYS[key]!;
    if (kindsOf !== 'all' && !kindsOf.includes(kind)) wrong(['after', key], `is no fact of how ${kind} ends; ${kind} has ${Object.keys(AFTER_KEYS).filter((each) => AFTER_KEYS[each] === 'all' || AFTER_KEYS[each]!.includes(kind)).join(', ')}`);
  }
});
export type Step = z.output<typeof stepSchema>;
