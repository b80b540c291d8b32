// The shape of what governed processes send, checked at the door: an agent's process is not trusted to be well-behaved.

import { z } from 'zod';
import { DATA_OPERATIONS, FILE_OPERATIONS, LLM_WIRES, MEMORY_OPERATIONS, RISKS, RUN_OUTCOMES, TOOL_CLASSES, type ActionEvent, type EventName, type EventPayload } from '../protocol/action.ts';
import type { After, Before } from '../protocol/agent-wire.ts';
import { FullarcError } from '../protocol/control.ts';
import { RUN_KEY } from './judge.ts';

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
/** No call of a model has more; a larger number could only be meant to overflow something. */
const tokens = z.number().int().nonnegative().max(1e9);
/** Nesting that every recursion over arguments survives. */
const DEEPEST = 128;
/** As parsed, not copied: a copy would lose a key like `__proto__`, and with it what it hides. */
const args = z.custom<Readonly<Record<string, unknown>>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value) && depthWithin(value, DEEPEST), { error: `arguments are an object, at most ${DEEPEST} levels deep` });
const name = z.string().max(1024);
const texts = z.array(z.object({ at: z.string(), role: z.enum(['system', 'user', 'assistant', 'tool']), text: z.string() }));
const usage = z.object({ input: tokens, output: tokens, cachedInput: tokens.optional(), cacheWrite: tokens.optional(), reasoning: tokens.optional() });
const tool = { name, server: name.optional(), args, schema: args.optional(), class: z.enum(TOOL_CLASSES).optional(), risk: z.enum(RISKS).optional() };
const http = { method: name, url: z.string(), protocol: name, host: name, port: count, addresses: z.array(name).optional(), redirectedFrom: z.string().optional() };
const exec = { command: z.string(), argv: z.array(z.string()), shell: z.boolean(), cwd: z.string() };
const spawn = { agent: name, command: z.array(z.string()), depth: count, budgetShare: z.number().min(0).max(1).optional() };
const error = z.string().optional();
const signal = { name, source: name, payload: args, agent: name.optional() };
const retrieval = { store: name, collection: name.optional(), query: z.string().optional() };
const document = z.object({ id: z.string().optional(), text: z.string().optional(), source: z.string().optional(), collection: name.optional(), score: z.number().optional(), updatedAt: z.number().optional(), fields: args.optional() });
const data = { source: name, operation: z.enum(DATA_OPERATIONS), statement: z.string().optional(), tables: z.array(name).optional(), columns: z.array(name).optional() };
const file = { operation: z.enum(FILE_OPERATIONS), path: z.string(), bytes: count.optional(), texts: texts.optional() };
const message = { channel: name, to: z.array(name), subject: z.string().optional(), texts, amount: count.optional() };
const memory = { operation: z.enum(MEMORY_OPERATIONS), key: name.optional(), kind: name.optional(), session: name.optional(), texts };
const outcome = z.enum(RUN_OUTCOMES);

const PAYLOADS: { [E in EventName]: z.ZodType<EventPayload[E]> } = {
  'run.before': z.object({ command: z.array(z.string()), input: texts.optional() }),
  'run.after': z.object({ outcome, exitCode: z.number().int().optional(), error: z.string().optional() }),
  'llm.before': z.object({ wire: z.enum(LLM_WIRES), provider: name, model: name, stream: z.boolean(), hasSystemPrompt: z.boolean(), temperature: z.number().optional(), inputTokens: tokens, maxOutputTokens: tokens.optional(), tools: z.array(name), texts, judge: z.boolean().optional(), estimatedCost: count.optional() }),
  'llm.after': z.object({ model: name, status: z.enum(['ok', 'error', 'aborted']), usage: usage.optional(), texts, toolRequests: z.array(name), judge: z.boolean().optional(), cost: count.optional(), error: z.string().optional() }),
  'tool.before': z.object(tool),
  'tool.after': z.object({ ...tool, texts, isError: z.boolean().optional() }),
  'http.before': z.object(http),
  'http.after': z.object({ ...http, status: count.optional(), error: z.string().optional() }),
  'exec.before': z.object(exec),
  'exec.after': z.object({ ...exec, exitCode: z.number().int().optional(), signal: name.optional(), stopped: z.enum(['timeout', 'output']).optional() }),
  'spawn.before': z.object(spawn),
  'spawn.after': z.object({ ...spawn, outcome }),
  'signal.before': z.object(signal),
  'signal.after': z.object({ ...signal, outcome: z.enum(['dispatched', 'refused', 'failed']), error }),
  'retrieval.before': z.object(retrieval),
  'retrieval.after': z.object({ ...retrieval, documents: z.array(document), error }),
  'data.before': z.object(data),
  'data.after': z.object({ ...data, rows: z.array(args).optional(), count: count.optional(), error }),
  'file.before': z.object(file),
  'file.after': z.object({ ...file, error }),
  'message.before': z.object(message),
  'message.after': z.object({ ...message, receipt: z.string().optional(), error }),
  'memory.before': z.object(memory),
  'memory.after': z.object({ ...memory, error }),
  'decision.after': z.object({ summary: z.string(), about: name.optional(), explanation: z.string().optional(), alternatives: z.array(z.string()).optional(), confidence: z.number().min(0).max(1).optional(), depth: count.optional() }),
  'output.after': z.object({ texts, final: z.boolean() }),
};

const key = z.string().min(1).max(4096);
const head = z.object({ key, event: z.looseObject({ event: z.string() }), causes: z.array(key).max(1000).optional(), judgements: z.record(z.string().max(128), z.object({ score: z.number(), reason: z.string().max(4000) })).optional() });

/** What only the governor says: how a run ended is told by who launched it. */
const NOT_FOR_AGENTS: ReadonlySet<string> = new Set(['run.after']);

/** A call as it came over the wire, or `bad-message` saying what is wrong with it. */
export function parseCall(raw: unknown, phase: 'before' | 'after'): Before & After {
  const call = head.safeParse(raw);
  if (!call.success) throw bad(z.prettifyError(call.error));
  const event = call.data.event.event as EventName;
  const schema = Object.hasOwn(PAYLOADS, event) && event.endsWith(`.${phase}`) && !NOT_FOR_AGENTS.has(event) ? PAYLOADS[event] : undefined;
  if (!schema) throw bad(`there is no event ${JSON.stringify(event)} for "${phase}"`);
  if ((call.data.key === RUN_KEY) !== (event === 'run.before')) throw bad(`the key ${JSON.stringify(RUN_KEY)} belongs to the run's own start`);
  const payload = schema.safeParse(call.data.event);
  if (!payload.success) throw bad(`${event}: ${z.prettifyError(payload.error)}`);
  return { key: call.data.key, causes: call.data.causes, judgements: call.data.judgements, event: { ...payload.data, event } as ActionEvent };
}

function depthWithin(value: object, levels: number): boolean {
  return levels > 0 && Object.values(value).every((inner) => typeof inner !== 'object' || inner === null || depthWithin(inner, levels - 1));
}

const bad = (message: string): FullarcError => new FullarcError('bad-message', `this call cannot be read: ${message}`, 'The process and the governor are of different versions; restart both.');
