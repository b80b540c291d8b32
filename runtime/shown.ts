// What of an action is kept and shown: a title and a body, redacted before anything is stored.

import { kindOf, type ActionEvent, type TextPart, type ToolCall } from '../protocol/action.ts';
import type { Shown } from '../protocol/run-graph.ts';
import { mergeRedactions, redactText, type Redaction } from '../protocol/verdict.ts';
import { actionName } from './policy/action-name.ts';
import type { AuditRules } from './policy/api.ts';

/** Replaces what looks like a credential; runs over everything that is stored, whatever the policies say. */
export type Scrub = (text: string) => string;

const TITLE_LENGTH = 120;

/** Title and body of an event, as far as the audit policies keep them. `whole` keeps everything: for a gate, where a person must see all of it. */
export function shownOf(event: ActionEvent, redactions: readonly Redaction[], audit: AuditRules, scrub: Scrub, whole = false): Shown | undefined {
  const parts = whole ? partsOf(event, redactions, { ...audit, ...EVERYTHING }) : isKept(event, audit) ? partsOf(event, redactions, audit) : undefined;
  if (!parts) return undefined;
  const body = parts.body === undefined ? undefined : scrub(parts.body);
  const limit = whole ? Infinity : audit.maxText;
  return {
    title: cut(scrub(parts.title).replace(/\s+/g, ' '), TITLE_LENGTH),
    ...(body !== undefined && (body.length > limit ? { body: body.slice(0, limit), truncated: true } : { body })),
  };
}

const EVERYTHING = { logInputs: true, logOutputs: true, logSteps: true, logToolCalls: true } as const;

function isKept(event: ActionEvent, audit: AuditRules): boolean {
  return audit.logSteps && (audit.logToolCalls || (event.event !== 'tool.before' && event.event !== 'tool.after'));
}

/** The name of the action in lists and in the index: what it can be governed by, or its kind. */
export const nameOf = (event: ActionEvent): string => actionName(event) || kindOf(event.event);

function partsOf(event: ActionEvent, redactions: readonly Redaction[], audit: AuditRules): { title: string; body?: string } | undefined {
  switch (event.event) {
    case 'run.before': return { title: event.command.join(' ') };
    case 'llm.before': return { title: event.model, ...(audit.logInputs && { body: textsOf(event.texts.filter((text) => audit.logToolCalls || text.role !== 'tool'), redactions) }) };
    case 'llm.after': return { title: event.toolRequests.length ? `asks for ${event.toolRequests.join(', ')}` : event.status, ...(audit.logOutputs && { body: textsOf(event.texts, redactions) }) };
    case 'tool.before': return { title: toolTitle(event, redactions, audit), ...(audit.logInputs && { body: JSON.stringify(cleanArgs(event, redactions, audit), null, 2) }) };
    case 'tool.after': return { title: event.isError ? 'error' : 'result', ...(audit.logOutputs && { body: textsOf(event.texts, redactions) }) };
    case 'http.before': return { title: `${event.method} ${withoutSecrets(event.url)}` };
    case 'http.after': return { title: event.error ?? `status ${event.status}` };
    case 'exec.before': return { title: event.argv.join(' ') || event.command, body: `in ${event.cwd}` };
    case 'exec.after': return { title: event.signal ? `ended by ${event.signal}` : `exit code ${event.exitCode}` };
    case 'spawn.before': return { title: `${event.agent}: ${event.command.join(' ')}` };
    case 'signal.before': return { title: `${event.name} from ${event.source}`, ...(audit.logInputs && { body: JSON.stringify(clean(event.payload, '/payload', redactions, audit.redactFields), null, 2) }) };
    case 'retrieval.before': return { title: `${event.store}: ${event.query ?? ''}` };
    case 'retrieval.after': return { title: event.error ?? `${event.documents.length} documents` };
    case 'data.before': return { title: `${event.operation} ${event.source}`, ...(audit.logInputs && { body: event.statement }) };
    case 'data.after': return { title: event.error ?? `${event.count ?? event.rows?.length ?? 0} rows` };
    case 'file.before': return { title: `${event.operation} ${event.path}`, ...(audit.logInputs && event.texts && { body: textsOf(event.texts, redactions) }) };
    case 'file.after': return { title: event.error ?? 'done' };
    case 'message.before': return { title: `${event.channel} to ${event.to.join(', ')}`, ...(audit.logInputs && { body: textsOf(event.texts, redactions) }) };
    case 'message.after': return { title: event.error ?? 'sent' };
    case 'memory.before': return { title: `${event.operation} ${event.key ?? ''}`, ...(audit.logInputs && { body: textsOf(event.texts, redactions) }) };
    case 'memory.after': return { title: event.error ?? 'done', ...(audit.logOutputs && { body: textsOf(event.texts, redactions) }) };
    case 'decision.after': return { title: event.summary, ...(audit.logOutputs && event.explanation !== undefined && { body: event.explanation }) };
    case 'output.after': return { title: 'output', ...(audit.logOutputs && { body: textsOf(event.texts, redactions) }) };
    default: return undefined;
  }
}

function textsOf(texts: readonly TextPart[], redactions: readonly Redaction[]): string {
  return texts.map((part) => `${part.role}: ${redactText(part.text, mergeRedactions(redactions.filter((each) => each.at === part.at)))}`).join('\n\n');
}

function toolTitle(event: ToolCall, redactions: readonly Redaction[], audit: AuditRules): string {
  if (!audit.logInputs || !audit.logToolCalls) return event.name;
  const args = Object.entries(cleanArgs(event, redactions, audit) as Record<string, unknown>);
  return `${event.name}(${args.map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(', ')})`;
}

const cleanArgs = (event: ToolCall, redactions: readonly Redaction[], audit: AuditRules): unknown => clean(event.args, '/args', redactions, audit.redactFields);

/** A JSON value with redacted spans replaced and secret-looking keys emptied. `at` is the JSON pointer of the value. */
function clean(value: unknown, at: string, redactions: readonly Redaction[], secretKeys: readonly string[]): unknown {
  if (typeof value === 'string') return redactText(value, mergeRedactions(redactions.filter((each) => each.at === at)));
  if (Array.isArray(value)) return value.map((item, index) => clean(item, `${at}/${index}`, redactions, secretKeys));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) =>
    [key, secretKeys.some((secret) => key.toLowerCase().includes(secret)) ? '##REDACTED##' : clean(item, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, redactions, secretKeys)]));
}

/** A URL without user, password and query values: those carry keys. */
function withoutSecrets(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  url.username = url.password = '';
  for (const key of url.searchParams.keys()) url.searchParams.set(key, '…');
  return decoded(url.href);
}

/** For people; a path whose percents mean nothing stays as it is. */
function decoded(href: string): string {
  try {
    return decodeURI(href);
  } catch {
    return href;
  }
}

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
