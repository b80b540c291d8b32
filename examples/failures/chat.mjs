// The loop of an agent on the OpenAI SDK: asks the model, runs the tools that it calls, and goes on until it calls none.

import OpenAI from 'openai';
import { callTool } from './tools.mjs';

/** Returns the model's last words, or undefined when `maxTurns` are used up. `tools` by name: `{ description, parameters, run(args) }`. */
export async function converse({ model = 'gpt-4o', system, task, tools = {}, maxTurns = 40, maxTokens = 600 }) {
  const client = new OpenAI();
  const messages = [{ role: 'system', content: system }, { role: 'user', content: task }];
  const offered = Object.entries(tools).map(([name, { description, parameters }]) => ({ type: 'function', function: { name, description, parameters } }));
  for (let turn = 0; turn < maxTurns; turn++) {
    const { choices: [{ message }] } = await client.chat.completions.create({ model, messages, max_completion_tokens: maxTokens, ...(offered.length > 0 && { tools: offered }) });
    messages.push(message);
    if (!message.tool_calls?.length) return message.content;
    for (const { id, function: { name, arguments: args } } of message.tool_calls) messages.push({ role: 'tool', tool_call_id: id, content: await callTool(tools, name, JSON.parse(args)) });
  }
  return undefined;
}
