// What a tool call really is: the message, query, file or record that `tools:` says it is, read from its arguments and its result.

import type { ActionEvent, DataOperation, FileCall, MemoryCall, RetrievedDocument, Row, TextPart, ToolCall } from '../../protocol/action.ts';
import { DATA_OPERATIONS, FILE_OPERATIONS, MEMORY_OPERATIONS } from '../../protocol/action.ts';
import { microUsd } from '../../protocol/money.ts';
import type { Redaction } from '../../protocol/verdict.ts';
import { checkExpression } from './cel/check.ts';
import { EvaluationError, type CelEnvironment, type Program } from './cel/expression.ts';
import { readStatement } from './detect/sql.ts';
import type { Issue } from './issues.ts';
import { cutList, jsonList, jsonValue, type Cuts, type JsonList } from './json-cuts.ts';
import { MEANING_KEYS, NEEDED, type Meaning, type Reading, type ToolDeclaration } from './tool-schema.ts';

/** A call seen as another kind of action. `cut` turns rows or fields that must not be seen into redactions of the tool's result; absent where there is no list. */
export interface Seen {
  readonly event: ActionEvent;
  readonly cut?: (cuts: Cuts) => readonly Redaction[];
}

export interface ToolView {
  readonly kind: Meaning;
  /** Throws when the call does not have what the declaration says it has. */
  before(call: ToolCall): Seen | undefined;
  after(call: ActionEvent<'tool.after'>): Seen;
}

/** The view of a tool whose declaration says `is:`; undefined without. */
export function viewTool(tool: ToolDeclaration): { readonly view?: ToolView; readonly issues: readonly Issue[] } {
  if (tool.is === undefined) return { issues: [] };
  const readings = MEANING_KEYS[tool.is] as Readonly<Record<string, Reading>>;
  const issues: Issue[] = [];
  const facts: Record<string, Fact> = {};
  for (const [key, reading] of Object.entries(readings)) {
    const text = tool[key as keyof ToolDeclaration];
    if (typeof text === 'string') facts[key] = compileFact(key, text, reading, issues);
  }
  return issues.length > 0 ? { issues } : { issues, view: VIEWS[tool.is](new Reader(tool.is, facts)) };
}

type Fact =
  | { readonly is: 'constant'; readonly text: string }
  | { readonly is: 'program'; readonly program: Program }
  | { readonly is: 'path'; readonly path: readonly (string | number)[] };

const ROOTS = { args: { variables: { args: { type: 'dyn', description: 'Arguments of the call' } } }, item: { variables: { item: { type: 'dyn', description: 'One document of the result' } } } } as const satisfies Record<string, CelEnvironment>;
const PATH = /^(?:args|result)(?:\.[A-Za-z_]\w*|\[\d{1,6}\]|\["[^"\\]{1,100}"\])*$/;

function compileFact(key: string, text: string, reading: Reading, issues: Issue[]): Fact {
  if (reading === 'name' && !/^args\b/.test(text)) return { is: 'constant', text };
  if (reading === 'args-path' || reading === 'result-path' || reading === 'result-value') {
    const root = reading === 'args-path' ? 'args' : 'result';
    if (!PATH.test(text) || !text.startsWith(root)) issues.push({ path: [key], on: 'value', code: 'fullarc/expression/unsupported', severity: 'error', message: `\`${key}\` must be a path such as \`${root === 'args' ? 'args.body' : 'result.rows'}\`, so that it is known where that stands.` });
    return { is: 'path', path: segments(text) };
  }
  const checked = checkExpression(text, reading === 'item' ? ROOTS.item : ROOTS.args);
  const wrong = checked.issues.filter(({ code }) => code !== 'fullarc/expression/always-true' && code !== 'fullarc/expression/always-false');
  for (const { code, message, start, end } of wrong) issues.push({ path: [key], on: 'value', code, severity: 'error', message, within: { text, start, end } });
  return checked.program ? { is: 'program', program: checked.program } : { is: 'constant', text: '' };
}

function segments(path: string): (string | number)[] {
  return [...path.matchAll(/\.([A-Za-z_]\w*)|\[(\d+)\]|\["([^"]*)"\]/g)].map(([, name, index, quoted]) => (index === undefined ? name ?? quoted ?? '' : Number(index)));
}

/** Reads facts of one kind of action. A fact that the kind needs and that is not there is an error; any other is absent. */
class Reader {
  readonly #kind: Meaning;
  readonly #facts: Readonly<Record<string, Fact>>;

  constructor(kind: Meaning, facts: Readonly<Record<string, Fact>>) {
    this.#kind = kind;
    this.#facts = facts;
  }

  value(key: string, variables: Readonly<Record<string, unknown>>): unknown {
    const fact = this.#facts[key];
    const found = fact === undefined ? undefined : this.#read(fact, variables);
    if ((found === undefined || found === null) && NEEDED[this.#kind].includes(key)) throw new Error(`it has no ${key}, which \`tools:\` says a ${this.#kind} has`);
    return found ?? undefined;
  }

  text(key: string, call: ToolCall): string | undefined {
    const found = this.value(key, call as unknown as Record<string, unknown>);
    return found === undefined ? undefined : typeof found === 'string' ? found : JSON.stringify(found);
  }

  /** The text at a path of the arguments, where it stands. */
  parts(key: string, { args }: ToolCall): readonly TextPart[] {
    const fact = this.#facts[key];
    if (fact?.is !== 'path') return [];
    const found = fact.path.reduce<unknown>(member, args);
    return typeof found === 'string' ? [{ at: `/args${fact.path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`, role: 'assistant', text: found }] : [];
  }

  /** The list at a path of the result; undefined when none is declared. Throws when the result has no such list. */
  list(key: string, texts: readonly TextPart[]): JsonList | undefined {
    const fact = this.#facts[key];
    return fact?.is === 'path' ? jsonList(texts, fact.path, key) : undefined;
  }

  /** The number at a path of the result; undefined when there is none. */
  number(key: string, texts: readonly TextPart[]): number | undefined {
    const fact = this.#facts[key];
    const found = fact?.is === 'path' ? jsonValue(texts, fact.path) : undefined;
    return typeof found === 'number' && found >= 0 ? Math.floor(found) : undefined;
  }

  #read(fact: Fact, variables: Readonly<Record<string, unknown>>): unknown {
    if (fact.is === 'constant') return fact.text;
    if (fact.is === 'path') return undefined;
    try {
      return fact.program.run(variables);
    } catch (error) {
      if (error instanceof EvaluationError && error.code === 'fullarc/expression/missing') return undefined;
      throw error;
    }
  }
}

const member = (value: unknown, step: string | number): unknown => (typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? (value as Record<string | number, unknown>)[step] : undefined);

const VIEWS: Record<Meaning, (read: Reader) => ToolView> = {
  message: (read) => simple('message', (call) => ({
    channel: (read.text('channel', call) ?? '').toLowerCase(), to: list(read.value('to', call as never)), subject: read.text('subject', call), texts: read.parts('text', call), amount: dollars(read.value('amount', call as never)),
  })),
  file: (read) => simple('file', (call): FileCall => ({ operation: oneOf(FILE_OPERATIONS, read.text('operation', call), 'write'), path: read.text('path', call) ?? '', texts: read.parts('text', call) }), (texts) => ({ texts })),
  memory: (read) => simple('memory', (call): MemoryCall => ({
    operation: oneOf(MEMORY_OPERATIONS, read.text('operation', call), 'write'), key: read.text('key', call), kind: read.text('kind', call), session: read.text('session', call), texts: read.parts('text', call),
  }), (texts) => ({ texts })),
  exec: (read) => simple('exec', (call) => {
    const command = read.text('command', call) ?? '';
    return { command, argv: [], shell: true, cwd: read.text('cwd', call) ?? '/' };
  }),
  http: (read) => simple('http', (call) => ({ method: (read.text('method', call) ?? 'GET').toUpperCase(), ...address(read.text('url', call) ?? '') })),
  data: (read) => {
    const of = (call: ToolCall) => {
      const statement = read.text('statement', call);
      const table = read.text('table', call)?.toLowerCase();
      const stated = { operation: oneOf(DATA_OPERATIONS, read.text('operation', call), 'call'), ...(table !== undefined && { tables: [table] }) };
      return { source: read.text('source', call) ?? '', statement, ...(statement === undefined ? stated : ofStatement(statement)) };
    };
    return {
      kind: 'data',
      before: (call) => ({ event: compact({ event: 'data.before', ...of(call) }) }),
      after: (call) => {
        if (call.isError) return { event: compact({ event: 'data.after', ...of(call), error: 'the tool failed' }) };
        const rows = read.list('rows', call.texts);
        return { event: compact({ event: 'data.after', ...of(call), count: read.number('count', call.texts) ?? rows?.items.length, ...(rows && { rows: rows.items.map(asRow) }) }), ...(rows && { cut: (cuts) => cutList(rows, cuts) }) };
      },
    };
  },
  retrieval: (read) => {
    const of = (call: ToolCall) => ({ store: read.text('store', call) ?? '', collection: read.text('collection', call), query: read.text('query', call) });
    return {
      kind: 'retrieval',
      before: (call) => ({ event: compact({ event: 'retrieval.before', ...of(call) }) }),
      after: (call) => {
        if (call.isError) return { event: compact({ event: 'retrieval.after', ...of(call), documents: [], error: 'the tool failed' }) };
        const found = read.list('documents', call.texts);
        return { event: compact({ event: 'retrieval.after', ...of(call), documents: found?.items.map((item) => document(read, item)) ?? call.texts.map(({ text }) => ({ text })) }), ...(found && { cut: (cuts) => cutList(found, cuts) }) };
      },
    };
  },
  decision: (read) => ({
    kind: 'decision',
    before: () => undefined,
    after: (call) => ({
      event: compact({
        event: 'decision.after', summary: read.text('summary', call) ?? '', about: read.text('about', call), explanation: read.text('explanation', call),
        alternatives: absentOr(read.value('alternatives', call as never), list), confidence: absentOr(read.value('confidence', call as never), Number),
      }),
    }),
  }),
};

/** A kind whose facts are all in the arguments. */
function simple<P extends object>(kind: 'message' | 'file' | 'memory' | 'exec' | 'http', of: (call: ToolCall) => P, result: (texts: readonly TextPart[]) => object = () => ({})): ToolView {
  return {
    kind,
    before: (call) => ({ event: compact({ event: `${kind}.before`, ...of(call) } as unknown as ActionEvent) }),
    after: (call) => ({ event: compact({ event: `${kind}.after`, ...of(call), ...result(call.texts), ...(call.isError && { error: 'the tool failed' }) } as unknown as ActionEvent) }),
  };
}

function document(read: Reader, item: unknown): RetrievedDocument {
  const of = (key: string): unknown => read.value(key, { item });
  return compact({
    id: absentOr(of('id'), String), text: absentOr(of('content'), String) ?? (typeof item === 'string' ? item : JSON.stringify(item)), source: absentOr(of('source'), String),
    score: absentOr(of('score'), Number), updatedAt: absentOr(of('updated'), instant), fields: asRow(item),
  });
}

/** What a statement does, whatever else is said of it. One that cannot be read could do anything. */
export function ofStatement(sql: string): { readonly operation: DataOperation; readonly tables?: readonly string[]; readonly columns?: readonly string[] } {
  const reading = readStatement(sql);
  if (reading.kind === 'unparsed') return { operation: 'call' };
  const { statements } = reading;
  const operations = statements.map(({ verb, writes }): DataOperation => (verb === 'select' ? (writes ? 'call' : 'read') : verb === 'ddl' ? 'define' : verb === 'other' ? 'call' : verb));
  return {
    operation: CAUTION.find((each) => operations.includes(each)) ?? 'call',
    tables: [...new Set(statements.flatMap(({ reads, targets }) => [...reads, ...targets]))],
    columns: [...new Set(statements.flatMap(({ columns }) => columns))],
  };
}

/** Of several statements the most far-reaching names the operation. */
const CAUTION: readonly DataOperation[] = ['call', 'define', 'delete', 'update', 'insert', 'read'];

const asRow = (item: unknown): Row => (typeof item === 'object' && item !== null ? item as Row : { value: item });

/** Milliseconds since the epoch of a date as text, or of a number of seconds or milliseconds. Throws for anything else. */
function instant(value: unknown): number {
  const at = typeof value === 'number' ? (value < 1e11 ? value * 1000 : value) : Date.parse(String(value));
  if (!Number.isFinite(at)) throw new Error(`${JSON.stringify(value)} is no point in time`);
  return at;
}

function absentOr<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value);
}

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : String(value ?? '').split(/[,;]\s*/)).filter((item) => item !== '');

function dollars(value: unknown): number | undefined {
  const amount = value === undefined || value === null || value === '' ? undefined : Number(typeof value === 'string' ? value.replace(/[$,\s]/g, '') : value);
  if (amount !== undefined && !Number.isFinite(amount)) throw new Error(`${JSON.stringify(value)} is no amount of money`);
  return amount === undefined ? undefined : microUsd(amount);
}

/** A word of the list, or the most cautious one when the call says something else. */
function oneOf<T extends string>(words: readonly T[], said: string | undefined, otherwise: T): T {
  return words.find((word) => word === said?.toLowerCase()) ?? otherwise;
}

function address(text: string) {
  if (!URL.canParse(text)) return { url: text, protocol: '', host: '', port: 0 };
  const url = new URL(text);
  const protocol = url.protocol.slice(0, -1);
  return { url: text, protocol, host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (protocol === 'https' || protocol === 'wss' ? 443 : 80) };
}

/** Without keys that are undefined: an event is plain data, equal when its JSON is. */
function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}
