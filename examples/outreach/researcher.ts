// A second agent, in a process of its own: reads what is known about a company and says what matters for a first e-mail.
// Usage: node researcher.ts <openai|anthropic> <company>

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MODELS } from './job.ts';
import { anthropic, openai } from './provider.ts';

const [provider = 'openai', company = ''] = process.argv.slice(2);
const system = 'You are a researcher. Answer with two sentences that help to write a first e-mail.';
const dossier = await readFile(join(import.meta.dirname, 'data', 'dossiers', `${company.toLowerCase().replace(/[^a-z]+/g, '-')}.md`), 'utf8');
const question = `What should we know about ${company}?\n\n${dossier}`;
console.log(provider === 'anthropic' ? await askAnthropic() : await askOpenai());

async function askOpenai(): Promise<string> {
  const client = await openai();
  const response = await client.responses.create({ model: MODELS.openaiSmall, instructions: system, input: question, max_output_tokens: 300 });
  return response.output_text;
}

async function askAnthropic(): Promise<string> {
  const client = await anthropic();
  const message = await client.messages.create({ model: MODELS.anthropicSmall, system, messages: [{ role: 'user', content: question }], max_tokens: 300 });
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}
