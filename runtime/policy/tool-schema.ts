// What `tools:` may say of a tool: how careful to be with it, and which kind of action a call of it really is.

import { z } from 'zod';
import { RISKS, TOOL_CLASSES } from '../../protocol/action.ts';

/** Kinds of action that a tool call can be as well. */
export const MEANINGS = ['message', 'retrieval', 'data', 'file', 'memory', 'exec', 'http', 'decision'] as const;
export type Meaning = (typeof MEANINGS)[number];

/**
 * How the text of a key is read. `name`: as a name, or as an expression when it begins with `args`. `args`: as an expression over the arguments.
 * `args-path`, `result-path`: as a path, so that what is found there can be changed in place. `result-value`: as a path to one value of the result. `item`: as an expression over one document of it.
 */
export type Reading = 'name' | 'args' | 'args-path' | 'result-path' | 'result-value' | 'item';

/** Every key that describes a kind of action, and how each kind reads it. Written once: the schema, the checks and the extraction derive from it. */
export const MEANING_KEYS = {
  message: { channel: 'name', to: 'args', subject: 'args', text: 'args-path', amount: 'args' },
  retrieval: { store: 'name', collection: 'name', query: 'args', documents: 'result-path', id: 'item', content: 'item', source: 'item', score: 'item', updated: 'item' },
  data: { source: 'name', operation: 'name', statement: 'args', table: 'name', rows: 'result-path', count: 'result-value' },
  file: { operation: 'name', path: 'args', text: 'args-path' },
  memory: { operation: 'name', key: 'args', kind: 'name', session: 'args', text: 'args-path' },
  exec: { command: 'args', cwd: 'args' },
  http: { method: 'name', url: 'args' },
  decision: { summary: 'args', about: 'args', explanation: 'args', alternatives: 'args', confidence: 'args' },
} as const satisfies Record<Meaning, Record<string, Reading>>;

/** Keys without which a kind says nothing. */
export const NEEDED: Record<Meaning, readonly string[]> = {
  message: ['channel', 'to'], retrieval: ['store'], data: ['source'], file: ['path'], memory: ['operation'], exec: ['command'], http: ['url'], decision: ['summary'],
};

const fact = (text: string, example: string) => z.string().min(1).max(500).optional().describe(text).meta({ examples: [example] });
/** A fact that is the name of a domain, unless it says where the name is. */
const domain = (text: string, example: string) => fact(text, example).meta({ reference: 'domain' });

export const toolSchema = z.strictObject({
  is: z.enum(MEANINGS).optional().describe('What a call of this tool really is. It is then judged as that as well, wherever it was intercepted: `send_email` as a message, `run_sql` as data.').meta({ examples: ['message'] }),
  class: z.enum(TOOL_CLASSES).default('once').describe('Whether a call may be repeated after a crash: `read` changes nothing, `idempotent` may run twice, `once` must not.'),
  risk: z.enum(RISKS).optional().describe('How much harm a wrong call can do. Approval policies can ask for a person from a risk upwards.').meta({ examples: ['high'] }),
  description: z.string().optional().describe('What the tool does, for people who review its calls.').meta({ examples: ['Sends mail to a customer'] }),
  channel: fact('For a message: `email`, `slack` …, or where the arguments say it.', 'email'),
  to: fact('For a message: its recipients, a text or a list.', 'args.to'),
  subject: fact('For a message: its subject.', 'args.subject'),
  amount: fact('For a message: money that it moves or promises, in US dollars.', 'args.amount'),
  store: domain('For a retrieval: the domain or store that is searched.', 'handbook'),
  collection: fact('For a retrieval: the part of the store.', 'args.collection'),
  query: fact('For a retrieval: what is searched for.', 'args.query'),
  documents: fact('For a retrieval: where the result has its documents, as a path.', 'result.hits'),
  id: fact('For a retrieval: the id of one document.', 'item.id'),
  content: fact('For a retrieval: the text of one document.', 'item.text'),
  score: fact('For a retrieval: the relevance of one document.', 'item.score'),
  updated: fact('For a retrieval: when one document last changed: a date as text, or seconds or milliseconds since 1970.', 'item.updated_at'),
  source: domain('For data: the domain or database that is asked. For a retrieval: where one document comes from (`item.path`).', 'crm'),
  operation: fact('For data: read, insert, update, delete; for a file: read, create, write, delete, list; for memory: read, write, delete, list. Or where the arguments say it. A statement decides for itself.', 'read'),
  statement: fact('For data: the SQL statement. What it reads and writes is taken from it.', 'args.sql'),
  table: fact('For data: the table or collection, when there is no statement.', 'args.table'),
  rows: fact('For data: where the result has its rows, as a path.', 'result.rows'),
  count: fact('For data: where the result says how many rows came back or were changed, as a path.', 'result.rowCount'),
  path: fact('For a file: its path.', 'args.path'),
  key: fact('For memory: under which key.', 'args.key'),
  kind: fact('For memory: what kind of thing is remembered.', 'note'),
  session: fact('For memory: whose session it belongs to.', 'args.session'),
  text: fact('For a message, a file or memory: the text itself.', 'args.body'),
  command: fact('For exec: the command line.', 'args.command'),
  cwd: fact('For exec: the folder it runs in.', 'args.cwd'),
  method: fact('For http: the method; GET when absent.', 'args.method'),
  url: fact('For http: the address.', 'args.url'),
  summary: fact('For a decision: what was decided.', 'args.decision'),
  about: fact('For a decision: the tool or kind of action it is about.', 'args.tool'),
  explanation: fact('For a decision: why.', 'args.reason'),
  alternatives: fact('For a decision: what else was considered, a list.', 'args.alternatives'),
  confidence: fact('For a decision: how sure, from 0 to 1.', 'args.confidence'),
}).superRefine((tool, context) => {
  const given = Object.keys(tool).filter((key) => FACT_KEYS.has(key) && tool[key as keyof typeof tool] !== undefined);
  if (tool.is === undefined) {
    for (const key of given) context.addIssue({ code: 'custom', path: [key], message: `says something only together with \`is:\`, one of ${kindsWith(key).join(', ')}` });
    return;
  }
  const keys = MEANING_KEYS[tool.is] as Readonly<Record<string, Reading>>;
  for (const key of given) if (!Object.hasOwn(keys, key)) context.addIssue({ code: 'custom', path: [key], message: `says nothing about a tool that is ${tool.is}; that has ${Object.keys(keys).join(', ')}` });
  for (const key of NEEDED[tool.is]) if (!given.includes(key)) context.addIssue({ code: 'custom', path: ['is'], message: `is ${tool.is}, and then needs \`${key}:\`` });
});
export type ToolDeclaration = z.output<typeof toolSchema>;

const FACT_KEYS: ReadonlySet<string> = new Set(Object.values(MEANING_KEYS).flatMap((keys) => Object.keys(keys)));
const kindsWith = (key: string): string[] => MEANINGS.filter((kind) => Object.hasOwn(MEANING_KEYS[kind], key));
