// The same outreach agent on the Anthropic SDK.
// Usage: node agent-anthropic.ts [--model NAME] [task]

import type Anthropic from '@anthropic-ai/sdk';
import { anthropic } from './provider.ts';
import { MODELS, SYSTEM_PROMPT, taskFrom } from './job.ts';
import { callTool, TOOLS } from './tools.ts';

const { task, model = MODELS.anthropic } = taskFrom(process.argv.slice(2));
const client = await anthropic();
const messages: Anthropic.MessageParam[] = [{ role: 'user', content: task }];
const tools: Anthropic.Tool[] = TOOLS.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters }));

for (;;) {
  const stream = client.messages.stream({ model, system: SYSTEM_PROMPT, messages, tools, max_tokens: 600 });
  stream.on('text', (text) => process.stdout.write(text));
  const { content, stop_reason } = await stream.finalMessage();
  messages.push({ role: 'assistant', content });
  if (stop_reason !== 'tool_use') break;
  const results: Anthropic.ToolResultBlockParam[] = [];
  for (const block of content) {
    if (block.type !== 'tool_use') continue;
    const args = JSON.stringify(block.input);
    console.log(`\n> ${block.name} ${args}`);
    results.push({ type: 'tool_result', tool_use_id: block.id, content: await callTool(block.name, args, 'anthropic') });
  }
  messages.push({ role: 'user', content: results });
}
process.stdout.write('\n');
