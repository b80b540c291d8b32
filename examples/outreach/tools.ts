// The agent's tools: plain functions that know nothing of who asks for them.

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

interface Lead {
  readonly id: string;
  readonly name: string;
  readonly company: string;
  readonly email: string;
  readonly phone: string;
  readonly created: string;
  readonly note: string;
}

export const TOOLS = [
  { name: 'search_leads', description: 'Find leads, newest first.', parameters: { type: 'object' as const, properties: { query: { type: 'string', description: 'Part of a name or company; empty for all' }, limit: { type: 'integer' } }, required: ['query'] } },
  { name: 'research', description: 'Have a researcher find out what matters about a company.', parameters: { type: 'object' as const, properties: { company: { type: 'string' } }, required: ['company'] } },
  { name: 'send_email', description: 'Send an e-mail to a lead.', parameters: { type: 'object' as const, properties: { lead: { type: 'string', description: 'Id of the lead' }, subject: { type: 'string' }, body: { type: 'string' } }, required: ['lead', 'subject', 'body'] } },
];

/** Runs a tool with its arguments as JSON text. A tool that fails tells the model so. */
export async function callTool(name: string, args: string, provider: 'openai' | 'anthropic'): Promise<string> {
  try {
    const parsed = JSON.parse(args) as Record<string, string>;
    switch (name) {
      case 'search_leads': return JSON.stringify(await searchLeads(parsed.query ?? '', Number(parsed.limit ?? 1)));
      case 'research': return await research(parsed.company ?? '', provider);
      case 'send_email': return await sendEmail(parsed.lead ?? '', parsed.subject ?? '', parsed.body ?? '');
      default: return `There is no tool ${name}.`;
    }
  } catch (error) {
    return `The tool failed: ${(error as Error).message}`;
  }
}

async function leads(): Promise<Lead[]> {
  return JSON.parse(await readFile(join(import.meta.dirname, 'data', 'leads.json'), 'utf8')) as Lead[];
}

async function searchLeads(query: string, limit: number): Promise<Lead[]> {
  const found = (await leads()).filter((lead) => `${lead.name} ${lead.company}`.toLowerCase().includes(query.toLowerCase()));
  return found.sort((a, b) => b.created.localeCompare(a.created)).slice(0, limit);
}

async function research(company: string, provider: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'researcher.ts'), provider, company]);
  return stdout.trim();
}

/** Writes the mail where a mail server would pick it up. */
async function sendEmail(id: string, subject: string, body: string): Promise<string> {
  const lead = (await leads()).find((each) => each.id === id);
  if (!lead) return `There is no lead ${id}.`;
  const outbox = process.env.OUTBOX ?? join(import.meta.dirname, 'outbox');
  await mkdir(outbox, { recursive: true });
  await writeFile(join(outbox, `${id}.eml`), `To: ${lead.name} <${lead.email}>\nSubject: ${subject}\n\n${body}\n`);
  return `Sent to ${id}.`;
}
