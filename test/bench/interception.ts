// What the gateway adds to a model call: the bare SDK against the same SDK through the gateway, call by call in turn, so that both meet the same machine.

import OpenAI from 'openai';
import { startModelServer } from '../../examples/model-server/server.ts';
import { createGateway } from '../../runtime/planes/gateway/gateway.ts';
import { memoryPort } from '../planes/gateway/memory-port.ts';
import type { BenchResult } from './bench.ts';

const ROUNDS = 150;
const WARM_UP = 20;
const QUESTION = { model: 'gpt-4o-mini', messages: [{ role: 'system' as const, content: 'You are a careful agent. '.repeat(40) }, { role: 'user' as const, content: 'Say hello.' }] };

/** Medians in milliseconds; the governor answers from memory at once, so this is the gateway alone. */
export async function run(): Promise<readonly BenchResult[]> {
  const model = await startModelServer({ script: { turns: [{ text: 'Hello there, this is an answer of ordinary length for a test of how long it takes.' }] } });
  const port = memoryPort();
  const gateway = createGateway({ portFor: () => port });
  const { url } = await gateway.listen();
  const bare = new OpenAI({ apiKey: 'key', baseURL: `${model.url}/v1` });
  const governed = new OpenAI({ apiKey: 'key', baseURL: `${url}/r/token/u/${model.url.replace('://', '/')}/v1` });
  try {
    return [...await compare('model call', bare, governed, whole), ...await compare('time to first token', bare, governed, firstToken)];
  } finally {
    await gateway.close();
    await model.close();
  }
}

async function compare(name: string, bare: OpenAI, governed: OpenAI, call: (client: OpenAI) => Promise<number>): Promise<BenchResult[]> {
  const times = { bare: [] as number[], governed: [] as number[] };
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const pair = { bare: await call(bare), governed: await call(governed) };
    if (round < WARM_UP) continue;
    times.bare.push(pair.bare);
    times.governed.push(pair.governed);
  }
  const [without, through] = [median(times.bare), median(times.governed)];
  return [
    { name: `${name}, bare SDK, p50`, unit: 'ms', value: without },
    { name: `${name}, through the gateway, p50`, unit: 'ms', value: through, ratio: without / through, note: `adds ${(through - without).toFixed(2)} ms` },
  ];
}

async function whole(client: OpenAI): Promise<number> {
  const start = performance.now();
  await client.chat.completions.create(QUESTION);
  return performance.now() - start;
}

/** Until the first text that the agent sees, which behind a gateway that redacts is a word and not a letter. */
async function firstToken(client: OpenAI): Promise<number> {
  const start = performance.now();
  let first: number | undefined;
  const stream = await client.chat.completions.create({ ...QUESTION, stream: true });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) first ??= performance.now() - start;
  return first ?? Number.NaN;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
