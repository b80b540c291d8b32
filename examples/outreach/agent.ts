// An outreach agent on the OpenAI SDK: looks up leads, has a researcher read about the company, and writes them an e-mail.
// Usage: node agent.ts [--model NAME] [task]

import OpenAI from 'openai';
import { openai } from './provider.ts';
import { MODELS, SYSTEM_PROMPT, taskFrom } from './job.ts';
import { callTool, TOOLS } from './tools.ts';

const { task, model = MODELS.openai } = taskFrom(process.argv.slice(2));
const client = await openai();
const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: 'system', content: SYSTEM_PROMPT }, { role: 'user', content: task }];
const tools: OpenAI.Chat.ChatCompletionTool[] = TOOLS.map(({ name, description, parameters }) => ({ type: 'function', function: { name, description, parameters } }));

for (;;) {
  const stream = client.chat.completions.stream({ model, messages, tools, max_completion_tokens: 600 });
  stream.on('content', (text) => process.stdout.write(text));
  const { message } = (await stream.finalChatCompletion()).choices[0]!;
  messages.push(message);
  if (!message.tool_calls?.length) break;
  for (const call of message.tool_calls) {
    if (call.type !== 'function') continue;
    console.log(`\n> ${call.function.name} ${call.function.arguments}`);
    messages.push({ role: 'tool', tool_call_id: call.id, content: await callTool(call.function.name, call.function.arguments, 'openai') });
  }
}
process.stdout.write('\n');
