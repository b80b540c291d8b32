// The same conversation on three wires, each by the provider's real SDK: what the conformance suite runs its cases on.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { LlmWire } from '../../../protocol/action.ts';
import { createGateway, type GatewayOptions } from '../../../runtime/planes/gateway/gateway.ts';
import { startModelServer, type ModelServer, type Script } from '../../../examples/model-server/server.ts';
import { memoryPort, type Answers, type MemoryPort } from './memory-port.ts';

/** What an agent of any wire sees of one run of its loop. */
export interface Seen {
  readonly text: string;
  /** Tools that the agent executed, in order. */
  readonly executed: readonly { readonly name: string; readonly args: unknown }[];
  /** Why the last turn ended, in the wire's own word. */
  readonly stop: string | null | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface Loop {
  readonly model?: string;
  readonly system?: string;
  readonly user: string;
  readonly stream: boolean;
  readonly maxTokens?: number;
  readonly tools?: Readonly<Record<string, (args: Record<string, unknown>) => string>>;
  readonly signal?: AbortSignal;
  readonly maxRetries?: number;
  /** Sees each piece of text as it comes. */
  readonly onText?: (text: string) => void;
}

export interface Client {
  readonly wire: LlmWire;
  /** Path of the endpoint behind the server's address. */
  readonly path: string;
  run(base: string, loop: Loop): Promise<Seen>;
}

const MOST_TURNS = 6;
const PARAMETERS = { type: 'object' as const, properties: {}, additionalProperties: true };

export const CLIENTS: readonly Client[] = [
  { wire: 'openai-chat', path: '/v1/chat/completions', run: chat },
  { wire: 'openai-responses', path: '/v1/responses', run: responses },
  { wire: 'anthropic-messages', path: '/v1/messages', run: messages },
];

async function chat(base: string, loop: Loop): Promise<Seen> {
  const client = new OpenAI({ apiKey: 'key', baseURL: `${base}/v1`, maxRetries: loop.maxRetries ?? 0 });
  const said: OpenAI.Chat.ChatCompletionMessageParam[] = [...(loop.system ? [{ role: 'system' as const, content: loop.system }] : []), { role: 'user', content: loop.user }];
  const tools = Object.keys(loop.tools ?? {}).map((name) => ({ type: 'function' as const, function: { name, parameters: PARAMETERS } }));
  const executed: Seen['executed'][number][] = [];
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const body = { model: loop.model ?? 'gpt-4o-mini', messages: said, ...(tools.length > 0 && { tools }), ...(loop.maxTokens && { max_completion_tokens: loop.maxTokens }) };
    const answer = loop.stream
      ? await chatStream(client, { ...body, stream: true as const, stream_options: { include_usage: true } }, loop)
      : await client.chat.completions.create(body, { signal: loop.signal });
    const [choice] = answer.choices;
    const calls = choice?.message.tool_calls ?? [];
    if (!choice) throw new Error('no choice');
    if (calls.length === 0) return { text: choice.message.content ?? '', executed, stop: choice.finish_reason, inputTokens: answer.usage?.prompt_tokens ?? 0, outputTokens: answer.usage?.completion_tokens ?? 0 };
    said.push(choice.message);
    for (const call of calls) {
      if (call.type !== 'function') continue;
      const args = JSON.parse(call.function.arguments) as Record<string, unknown>;
      executed.push({ name: call.function.name, args });
      said.push({ role: 'tool', tool_call_id: call.id, content: loop.tools![call.function.name]!(args) });
    }
  }
  throw new Error('the loop does not end');
}

async function chatStream(client: OpenAI, body: OpenAI.Chat.ChatCompletionCreateParamsStreaming, loop: Loop): Promise<OpenAI.Chat.ChatCompletion> {
  const stream = client.chat.completions.stream(body, { signal: loop.signal });
  if (loop.onText) stream.on('content', loop.onText);
  return await stream.finalChatCompletion();
}

async function responses(base: string, loop: Loop): Promise<Seen> {
  const client = new OpenAI({ apiKey: 'key', baseURL: `${base}/v1`, maxRetries: loop.maxRetries ?? 0 });
  const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: loop.user }];
  const tools = Object.keys(loop.tools ?? {}).map((name) => ({ type: 'function' as const, name, parameters: PARAMETERS, strict: false }));
  const executed: Seen['executed'][number][] = [];
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const body = { model: loop.model ?? 'gpt-4o-mini', input, ...(loop.system && { instructions: loop.system }), ...(tools.length > 0 && { tools }), ...(loop.maxTokens && { max_output_tokens: loop.maxTokens }) };
    const answer = loop.stream ? await responsesStream(client, body, loop) : await client.responses.create(body, { signal: loop.signal });
    const calls = answer.output.filter((item) => item.type === 'function_call');
    if (calls.length === 0) return { text: answer.output_text, executed, stop: answer.status, inputTokens: answer.usage?.input_tokens ?? 0, outputTokens: answer.usage?.output_tokens ?? 0 };
    input.push(...(answer.output as OpenAI.Responses.ResponseInputItem[]));
    for (const call of calls) {
      const args = JSON.parse(call.arguments) as Record<string, unknown>;
      executed.push({ name: call.name, args });
      input.push({ type: 'function_call_output', call_id: call.call_id, output: loop.tools![call.name]!(args) });
    }
  }
  throw new Error('the loop does not end');
}

async function responsesStream(client: OpenAI, body: OpenAI.Responses.ResponseCreateParamsNonStreaming, loop: Loop): Promise<OpenAI.Responses.Response> {
  const stream = client.responses.stream({ ...body, stream: true }, { signal: loop.signal });
  if (loop.onText) stream.on('response.output_text.delta', ({ delta }) => loop.onText!(delta));
  return await stream.finalResponse();
}

async function messages(base: string, loop: Loop): Promise<Seen> {
  const client = new Anthropic({ apiKey: 'key', baseURL: base, maxRetries: loop.maxRetries ?? 0 });
  const said: Anthropic.MessageParam[] = [{ role: 'user', content: loop.user }];
  const tools = Object.keys(loop.tools ?? {}).map((name) => ({ name, input_schema: PARAMETERS }));
  const executed: Seen['executed'][number][] = [];
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const body = { model: loop.model ?? 'claude-sonnet-4-5', max_tokens: loop.maxTokens ?? 4096, messages: said, ...(loop.system && { system: loop.system }), ...(tools.length > 0 && { tools }) };
    const answer = loop.stream ? await messagesStream(client, body, loop) : await client.messages.create(body, { signal: loop.signal });
    const calls = answer.content.filter((block) => block.type === 'tool_use');
    const text = answer.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
    if (calls.length === 0) return { text, executed, stop: answer.stop_reason, inputTokens: answer.usage.input_tokens, outputTokens: answer.usage.output_tokens };
    said.push({ role: 'assistant', content: answer.content });
    const results = calls.map((call): Anthropic.ToolResultBlockParam => {
      executed.push({ name: call.name, args: call.input });
      return { type: 'tool_result', tool_use_id: call.id, content: loop.tools![call.name]!(call.input as Record<string, unknown>) };
    });
    said.push({ role: 'user', content: results });
  }
  throw new Error('the loop does not end');
}

async function messagesStream(client: Anthropic, body: Anthropic.MessageCreateParamsNonStreaming, loop: Loop): Promise<Anthropic.Message> {
  const stream = client.messages.stream(body, { signal: loop.signal });
  if (loop.onText) stream.on('text', loop.onText);
  return await stream.finalMessage();
}

export interface Bench {
  readonly model: ModelServer;
  readonly port: MemoryPort;
  /** Base address for an agent: the gateway, with the model server behind it. */
  readonly base: string;
  readonly gateway: string;
}

/** A model server, a gateway before it and a governor in memory, for the time of one test. */
export async function withGateway(script: Script, answers: Answers, run: (bench: Bench) => Promise<void>, options: Partial<GatewayOptions> = {}): Promise<void> {
  const model = await startModelServer({ script });
  const port = memoryPort(answers);
  const gateway = createGateway({ portFor: (token) => (token === 'token' ? port : undefined), ...options });
  const { url } = await gateway.listen();
  try {
    await run({ model, port, gateway: url, base: `${url}/r/token/u/${model.url.replace('://', '/')}` });
  } finally {
    await gateway.close();
    await model.close();
  }
}
