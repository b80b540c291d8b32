// The facts of each kind of action, as conditions name them: one row a fact, with the phase that has it and how it is read from the event.

import type { ActionKind, TextPart, Usage } from '../../../protocol/action.ts';
import type { FactField, FactType } from './expression.ts';

/** A fact of an action. Without `phase`, both events of the kind have it. */
export interface ActionFact {
  readonly field: FactField;
  readonly phase?: 'before' | 'after';
}

type Option = 'optional' | 'before' | 'after';
interface Payload { readonly event: Readonly<Record<string, unknown>> }

/** A fact under the payload key that is its name in camelCase, unless `read` takes it from elsewhere. */
const fact = (type: FactType, description: string, options: readonly Option[] = [], read?: (payload: Readonly<Record<string, unknown>>) => unknown): [FactField, readonly Option[], typeof read] => [
  { type, description, ...(options.includes('optional') && { optional: true }) }, options, read,
];

const STRINGS = { list: 'string' } as const;
const texts = (payload: Readonly<Record<string, unknown>>): unknown => (payload['texts'] as readonly TextPart[] | undefined)?.map(({ text }) => text);
/** Micro-dollars to dollars. */
const usd = (key: string) => (payload: Readonly<Record<string, unknown>>): unknown => (typeof payload[key] === 'number' ? payload[key] / 1e6 : payload[key]);
const usage = (key: keyof Usage) => (payload: Readonly<Record<string, unknown>>): unknown => (payload['usage'] as Usage | undefined)?.[key];

const ERROR = fact('string', 'What went wrong; absent when nothing did.', ['optional', 'after']);
const OUTCOME = fact('string', 'How it ended.', ['after']);

const TABLE: Readonly<Record<Exclude<ActionKind, 'run'>, Readonly<Record<string, ReturnType<typeof fact>>>>> = {
  llm: {
    model: fact('string', 'Model that is asked.'),
    provider: fact('string', 'Host of the provider, as in `api.openai.com`.', ['before']),
    stream: fact('bool', 'Whether the answer comes token by token.', ['before']),
    has_system_prompt: fact('bool', 'Whether the request has a system prompt.', ['before']),
    temperature: fact('double', 'Temperature asked for.', ['optional', 'before']),
    input_tokens: fact('int', 'Upper bound of the input, in tokens.', ['before']),
    max_output_tokens: fact('int', 'Most tokens the answer may have.', ['optional', 'before']),
    tools: fact(STRINGS, 'Tools offered to the model.', ['before']),
    estimated_cost: fact('double', 'Upper bound of the price, in US dollars; absent when the price is unknown.', ['optional', 'before'], usd('estimatedCost')),
    texts: fact(STRINGS, 'Texts of the request or of the answer.', [], texts),
    status: fact('string', '`ok`, `error` or `aborted`.', ['after']),
    tool_requests: fact(STRINGS, 'Tools the model asks for.', ['after']),
    cost: fact('double', 'Price in US dollars; absent when it is unknown.', ['optional', 'after'], usd('cost')),
    usage: [{ type: { fields: {
      input: { type: 'int', description: 'Input tokens, cached ones included.', optional: true, read: (payload: Readonly<Record<string, unknown>>) => usage('input')(payload) },
      output: { type: 'int', description: 'Output tokens.', optional: true, read: (payload: Readonly<Record<string, unknown>>) => usage('output')(payload) },
    } }, description: 'Tokens used, as the provider reports them.', optional: true }, ['after', 'optional'], (payload) => payload],
    error: ERROR,
  },
  tool: {
    name: fact('string', 'Name of the tool.'),
    server: fact('string', 'MCP server that owns it.', ['optional']),
    args: fact({ map: 'dyn' }, 'Arguments of the call.'),
    class: fact('string', 'How it may be repeated: `read`, `idempotent` or `once`.', ['optional']),
    risk: fact('string', '`low`, `medium`, `high` or `critical`.', ['optional']),
    texts: fact(STRINGS, 'Texts of the result.', ['after'], texts),
    is_error: fact('bool', 'Whether the tool says that it failed.', ['optional', 'after']),
  },
  http: {
    method: fact('string', 'Method, as in `POST`.'),
    url: fact('string', 'Whole address.'),
    protocol: fact('string', 'Protocol, as in `https`.'),
    host: fact('string', 'Host.'),
    port: fact('int', 'Port.'),
    status: fact('int', 'Status of the answer.', ['optional', 'after']),
    error: ERROR,
  },
  exec: {
    command: fact('string', 'Command line.'),
    argv: fact(STRINGS, 'Program and its arguments.'),
    shell: fact('bool', 'Whether a shell runs it.'),
    cwd: fact('string', 'Folder it runs in.'),
    exit_code: fact('int', 'Exit code.', ['optional', 'after']),
    signal: fact('string', 'Signal that ended it.', ['optional', 'after']),
  },
  spawn: {
    agent: fact('string', 'Agent of the child.'),
    command: fact(STRINGS, 'Command of the child.'),
    depth: fact('int', 'Depth of the child: 1 below the root.'),
    budget_share: fact('double', 'Share of the remaining budget that is handed on, 0 to 1.', ['optional']),
    outcome: OUTCOME,
  },
  signal: {
    name: fact('string', 'Name of the signal.'),
    source: fact('string', 'Where it came from.'),
    payload: fact({ map: 'dyn' }, 'What it carries.'),
    agent: fact('string', 'Agent it would start.', ['optional']),
    outcome: OUTCOME,
    error: ERROR,
  },
  retrieval: {
    store: fact('string', 'Store that is searched.'),
    collection: fact('string', 'Collection in the store.', ['optional']),
    query: fact('string', 'What is searched for.', ['optional']),
    documents: fact({ list: { fields: {
      id: { type: 'string', description: 'Id of the document.', optional: true },
      text: { type: 'string', description: 'Its text.', optional: true },
      source: { type: 'string', description: 'Where it is from.', optional: true },
      collection: { type: 'string', description: 'Its collection.', optional: true },
      score: { type: 'double', description: 'Relevance as the store reports it.', optional: true },
      updated_at: { type: 'timestamp', description: 'Last change.', optional: true, read: (document: { readonly updatedAt?: number }) => document.updatedAt },
      fields: { type: { map: 'dyn' }, description: 'All fields as they came.', optional: true },
    } } }, 'Documents that were found.', ['after']),
    error: ERROR,
  },
  data: {
    source: fact('string', 'Source that is asked.'),
    operation: fact('string', '`read`, `insert`, `update`, `delete`, `define` or `call`.'),
    statement: fact('string', 'Statement as written.', ['optional']),
    tables: fact(STRINGS, 'Tables it reads or writes, in lower case.', ['optional']),
    columns: fact(STRINGS, 'Columns it names.', ['optional']),
    rows: fact({ list: 'dyn' }, 'Rows that came back.', ['optional', 'after']),
    count: fact('int', 'Rows that came back or were changed.', ['optional', 'after']),
    error: ERROR,
  },
  file: {
    operation: fact('string', '`read`, `create`, `write`, `delete` or `list`.'),
    path: fact('string', 'Absolute path.'),
    bytes: fact('int', 'Size in bytes.', ['optional']),
    texts: fact(STRINGS, 'What is written or was read.', ['optional'], texts),
    error: ERROR,
  },
  message: {
    channel: fact('string', '`email`, `slack`, `sms` and the like, in lower case.'),
    to: fact(STRINGS, 'Recipients.'),
    subject: fact('string', 'Subject.', ['optional']),
    texts: fact(STRINGS, 'The message itself.', [], texts),
    amount: fact('double', 'Money that it moves or promises, in US dollars.', ['optional'], usd('amount')),
    receipt: fact('string', 'Receipt of the channel.', ['optional', 'after']),
    error: ERROR,
  },
  memory: {
    operation: fact('string', '`read`, `write`, `delete` or `list`.'),
    key: fact('string', 'Key of the item.', ['optional']),
    kind: fact('string', 'What kind of thing is remembered.', ['optional']),
    session: fact('string', 'Session it belongs to; absent means the run’s own.', ['optional']),
    texts: fact(STRINGS, 'What is remembered.', [], texts),
    error: ERROR,
  },
  decision: {
    summary: fact('string', 'What was decided.'),
    about: fact('string', 'Tool or kind of action it is about.', ['optional']),
    explanation: fact('string', 'Why.', ['optional']),
    alternatives: fact(STRINGS, 'What else was considered.', ['optional']),
    confidence: fact('double', '0 to 1.', ['optional']),
    depth: fact('int', 'Steps of reasoning that led here.', ['optional']),
  },
  output: {
    text: fact('string', 'All of the text, its parts joined by line ends.', [], (payload) => (texts(payload) as string[] | undefined)?.join('\n')),
    final: fact('bool', 'Whether it is the last output of the run.'),
  },
};

/** Rows of one kind. `run` has none here: its facts are in every event. */
export function factsOfKind(kind: ActionKind): Readonly<Record<string, ActionFact>> {
  if (kind === 'run') return {};
  return Object.fromEntries(Object.entries(TABLE[kind]).map(([name, [field, options, read]]) => {
    const key = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const take = read ?? ((payload: Readonly<Record<string, unknown>>) => payload[key]);
    const phase = options.includes('before') ? 'before' : options.includes('after') ? 'after' : undefined;
    return [name, { field: { ...field, read: ({ event }: Payload) => take(event) }, ...(phase && { phase }) } satisfies ActionFact];
  }));
}
