// The loop of an agent on the Anthropic SDK: asks the model, runs the tools that it calls, and goes on until it calls none.

import Anthropic from '@anthropic-ai/sdk';
import { callTool } from './tools.mjs';

/** Returns the model's last words, or undefined when `maxTurns` are used up. `tools` by name: `{ description, parameters, run(args) }`. */
export async function converse({ model = 'claude-sonnet-5', system, task, tools = {}, maxTurns = 40, maxTokens = 600 }) {
  const client = new Anthropic();
  const messages = [{ role: 'user', content: task }];
  const offered = Object.entries(tools).map(([name, { description, parameters }]) => ({ name, description, input_schema: parameters }));
  for (let turn = 0; turn < maxTurns; turn++) {
    const { content } = await client.messages.stream({ model, system, messages, max_tokens: maxTokens, ...(offered.length > 0 && { tools: offered }) }).finalMessage();
    messages.push({ role: 'assistant', content });
    const calls = content.filter((block) => block.type === 'tool_use');
    if (calls.length === 0) return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    const results = [];
    for (const { id, name, input } of calls) results.push({ type: 'tool_result', tool_use_id: id, content: await callTool(tools, name, input) });
    messages.push({ role: 'user', content: results });
  }
  return undefined;
}
