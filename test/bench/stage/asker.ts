// An agent for benchmarks: asks its model when it is told to over a socket, and says how long the answer took.

import OpenAI from 'openai';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const { ASKER_PORT = '', OPENAI_BASE_URL = '' } = process.env;
const RULES = 'You are a careful agent. '.repeat(40);
const socket = connect(Number(ASKER_PORT), '127.0.0.1');
const deeds = { whole, 'first token': firstToken };
const clients = new Map<string, OpenAI>();
let asked = 0;

// A line is the deed and, for an agent that nobody governs, the address to ask at.
for await (const line of createInterface({ input: socket })) {
  const { deed, base = OPENAI_BASE_URL } = JSON.parse(line) as { deed: keyof typeof deeds; base?: string };
  const client = clients.get(base) ?? new OpenAI({ apiKey: 'key', baseURL: base, maxRetries: 0 });
  clients.set(base, client);
  socket.write(`${JSON.stringify(await deeds[deed](client).then((ms) => ({ ms }), (error: unknown) => ({ error: String(error) })))}\n`);
}
process.exit(0);

/** Each question is a new one, as in a conversation that goes on. */
function question(): { model: string; messages: { role: 'system' | 'user'; content: string }[] } {
  return { model: 'gpt-4o-mini', messages: [{ role: 'system', content: RULES }, { role: 'user', content: `Say hello for the ${++asked}th time.` }] };
}

async function whole(client: OpenAI): Promise<number> {
  const start = performance.now();
  const { choices } = await client.chat.completions.create(question());
  if (!choices[0]?.message.content) throw new Error('an answer without text');
  return performance.now() - start;
}

/** Until the first text that the agent sees, which behind a gateway that redacts is a word and not a letter. */
async function firstToken(client: OpenAI): Promise<number> {
  const start = performance.now();
  let first: number | undefined;
  const stream = await client.chat.completions.create({ ...question(), stream: true });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) first ??= performance.now() - start;
  if (first === undefined) throw new Error('a stream without text');
  return first;
}
