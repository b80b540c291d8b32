// What a step of a test is as governed events: before it happens, and how it ends.

import type { ActionEvent, ActionKind, RunOutcome, TextPart } from '../../../protocol/action.ts';
import { STEP_KINDS, type Step, type StepKind } from './step-schema.ts';
import { micros, milliseconds } from './words.ts';

/** Kind of a step; undefined for one that only waits. */
export function kindOfStep(step: Step): StepKind | undefined {
  return STEP_KINDS.find((kind) => step[kind] !== undefined);
}

/** The event before; for a decision or an output, which have none, the one after. `depth` is that of the run. */
export function firstEvent(step: Step, depth: number): ActionEvent | undefined {
  const kind = kindOfStep(step);
  return kind && compact(FIRST[kind](step, depth));
}

/** How it ends, as `after:` says. `before` is what was let go, `now` is when it ends. */
export function lastEvent(step: Step, before: ActionEvent, now: number): ActionEvent {
  const kind = kindOfStep(step)!;
  const call = Object.fromEntries(Object.entries(before).filter(([key]) => key !== 'event'));
  return compact({ ...LAST[kind as keyof typeof LAST](step.after ?? {}, call as never, now), event: `${kind}.after` } as ActionEvent);
}

type After = NonNullable<Step['after']>;

const FIRST: { readonly [K in StepKind]: (step: Step, depth: number) => ActionEvent } = {
  llm: ({ llm }) => {
    const { model, cost = 0, provider = 'api.openai.com', wire = 'openai-chat', text, texts = [], system_prompt = false, temperature, input_tokens = 0, max_output_tokens, tools = [], stream = false } = llm!;
    return {
      event: 'llm.before', wire, provider, model, stream, hasSystemPrompt: system_prompt, temperature, inputTokens: input_tokens, maxOutputTokens: max_output_tokens, tools,
      texts: parts('user', '/messages/0/content', text, texts), estimatedCost: cost === 'unknown' ? undefined : micros(cost),
    };
  },
  tool: ({ tool }) => ({ event: 'tool.before', name: tool!.name, server: tool!.server, args: tool!.args ?? {}, schema: tool!.schema }),
  http: ({ http }) => {
    const url = URL.canParse(http!.url) ? new URL(http!.url) : undefined;
    const protocol = url?.protocol.slice(0, -1) ?? '';
    const port = url?.port ? Number(url.port) : protocol === 'http' || protocol === 'ws' ? 80 : 443;
    return { event: 'http.before', method: http!.method ?? 'GET', url: http!.url, protocol, host: url?.hostname ?? '', port, addresses: http!.addresses, redirectedFrom: http!.redirected_from };
  },
  exec: ({ exec }) => ({ event: 'exec.before', command: exec!.command, argv: exec!.argv ?? [], shell: exec!.shell ?? exec!.argv === undefined, cwd: exec!.cwd ?? '/work' }),
  spawn: ({ spawn }, depth) => ({ event: 'spawn.before', agent: spawn!.agent, command: spawn!.command ?? [spawn!.agent], depth: spawn!.depth ?? depth + 1, budgetShare: spawn!.budget_share }),
  file: ({ file }) => ({ event: 'file.before', path: file!.path, operation: file!.operation ?? 'read', bytes: file!.bytes, texts: file!.text === undefined ? undefined : parts('assistant', '/text', file!.text) }),
  data: ({ data }) => ({ event: 'data.before', source: data!.source, operation: data!.operation ?? 'read', statement: data!.statement, tables: data!.tables, columns: data!.columns }),
  retrieval: ({ retrieval }) => ({ event: 'retrieval.before', ...retrieval! }),
  message: ({ message }) => ({ event: 'message.before', channel: message!.channel.toLowerCase(), to: message!.to ?? [], subject: message!.subject, texts: parts('assistant', '/text', message!.text), amount: message!.amount === undefined ? undefined : micros(message!.amount) }),
  memory: ({ memory }) => ({ event: 'memory.before', operation: memory!.operation ?? 'read', key: memory!.key, kind: memory!.kind, session: memory!.session, texts: parts('assistant', '/text', memory!.text) }),
  decision: ({ decision }) => ({ event: 'decision.after', ...decision! }),
  output: ({ output }) => ({ event: 'output.after', texts: parts('assistant', '/output', output!.text, output!.texts), final: output!.final ?? true }),
  run: ({ run }) => ({ event: 'run.before', command: run!.command ?? ['agent'], input: run!.input === undefined ? undefined : parts('user', '/input', run!.input) }),
  signal: ({ signal }) => ({ event: 'signal.before', name: signal!.name, source: signal!.source ?? 'webhook', payload: signal!.payload ?? {}, agent: signal!.agent }),
};

const LAST: { readonly [K in Exclude<StepKind, 'decision' | 'output'>]: (after: After, call: never, now: number) => object } = {
  llm: ({ model, status, text, texts, tool_requests = [], input_tokens, output_tokens, cost, error }, call: { readonly model: string; readonly estimatedCost?: number }) => ({
    model: model ?? call.model, status: typeof status === 'string' ? status : error === undefined ? 'ok' : 'error', texts: parts('assistant', '/choices/0/message/content', text, texts), toolRequests: tool_requests, error,
    usage: input_tokens === undefined && output_tokens === undefined ? undefined : { input: input_tokens ?? 0, output: output_tokens ?? 0 },
    cost: cost === undefined ? call.estimatedCost : cost === 'unknown' ? undefined : micros(cost),
  }),
  tool: ({ text, texts, result, is_error }, call: object) => ({ ...call, texts: parts('tool', '/content', text ?? (result === undefined ? undefined : JSON.stringify(result)), texts), isError: is_error }),
  http: ({ status, error }, call: object) => ({ ...call, status: typeof status === 'number' ? status : error === undefined ? 200 : undefined, error }),
  exec: ({ exit_code, signal }, call: object) => ({ ...call, exitCode: exit_code ?? (signal === undefined ? 0 : undefined), signal }),
  spawn: ({ outcome = 'completed' }, call: object) => ({ ...call, outcome }),
  file: ({ text, texts, error }, call: object) => ({ ...call, texts: parts('tool', '/content', text, texts), error }),
  data: ({ rows, count, error }, call: object) => ({ ...call, rows, count: count ?? rows?.length, error }),
  retrieval: ({ documents = [], error }, call: object, now: number) => ({ ...call, error, documents: documents.map(({ age, ...document }) => ({ ...document, ...(age !== undefined && { updatedAt: now - milliseconds(age) }) })) }),
  message: ({ receipt, error }, call: object) => ({ ...call, receipt, error }),
  memory: ({ error }, call: object) => ({ ...call, error }),
  run: ({ outcome = 'completed', exit_code, error }) => ({ outcome: outcome as RunOutcome, exitCode: exit_code, error }),
  signal: ({ outcome = 'dispatched', error }, call: object) => ({ ...call, outcome, error }),
};

/** Kinds that go on when a test does not say how they end. */
export const GOES_ON: ReadonlySet<ActionKind> = new Set(['run']);

type WrittenText = { readonly at?: string; readonly role?: TextPart['role']; readonly text: string };

function parts(role: TextPart['role'], at: string, text: string | undefined, texts: readonly WrittenText[] = []): TextPart[] {
  const own = text === undefined ? [] : [{ at, role, text }];
  return [...own, ...texts.map((each, index) => ({ at: each.at ?? `${at}/${own.length + index}`, role: each.role ?? role, text: each.text }))];
}

/** Without keys that are undefined: the wire does not have them either. */
function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
