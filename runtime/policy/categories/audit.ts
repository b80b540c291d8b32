// The `audit` category: what a run's record holds, what never enters it, and how long it is kept.

import { z } from 'zod';
import type { AuditRules } from '../api.ts';
import { defineCategory } from '../category.ts';

/** Keys whose values are never stored, matched as case-insensitive substrings. A policy can add to them and take none away. */
export const ALWAYS_REDACTED = ['password', 'secret', 'token', 'api_key', 'apikey', 'authorization', 'credential', 'private_key'] as const;

const rules = z.strictObject({
  log_inputs: z.boolean().default(true).describe('Keep what goes into actions (prompts, tool arguments), after redaction.'),
  log_outputs: z.boolean().default(true).describe('Keep what comes out of actions (answers, tool results), after redaction.'),
  log_steps: z.boolean().default(true).describe('Keep what each action was about: its title, such as an address, a command line or the arguments of a tool, and the texts that the other fields keep. Without it only its kind, name, verdicts and cost are kept.'),
  log_tool_calls: z.boolean().default(true).describe('Keep the arguments and results of tool calls, in their own entries and where they enter a prompt.'),
  redact_fields: z.array(z.string().min(1)).default([]).describe(`Keys whose values are never stored, in addition to ${ALWAYS_REDACTED.join(', ')}. Matched anywhere in a key, in any case.`).meta({ examples: [['ssn', 'date_of_birth']] }),
  retention_days: z.int().min(1).max(36_500).default(90).describe('How long records are kept. Of several policies the longest counts.').meta({ unit: 'days' }),
  max_text_length: z.int().min(0).max(1_000_000).default(20_000).describe('Longest text that is stored of one input or output; the rest is cut off, and the record says so. Of several policies the shortest counts.').meta({ unit: 'characters' }),
});
type Rules = z.output<typeof rules>;

export const audit = defineCategory({
  id: 'audit',
  title: 'Audit',
  group: 'Operational guardrails',
  why: 'Every decision is recorded in a chain that shows whether it was changed afterwards. An audit policy says what else the record holds: it can keep less (inputs, outputs, named fields) or keep it longer, and it never stops an agent. Among several policies the most private setting wins.',
  rules,
  dispositions: ['allow'],
  onViolation: 'allow',
  checks: () => ({}),
  audit: (rules) => recordRules(rules),
  examples: [
    { title: 'Prompts and answers stay out of the record', rules: '{ log_inputs: false, log_outputs: false }', event: { event: 'tool.before', name: 'search', args: { query: 'weather' } }, expect: 'allow' },
    { title: 'Tool arguments stay out of the record, and actions are not listed one by one', rules: '{ log_tool_calls: false, log_steps: false }', event: { event: 'tool.before', name: 'search', args: {} }, expect: 'allow' },
    { title: 'A customer\'s fields are never stored, and records are kept for seven years', rules: '{ redact_fields: [ssn], retention_days: 2557, max_text_length: 4000 }', event: { event: 'run.before', command: ['agent'] }, expect: 'allow' },
  ],
});

/** How records are kept without any audit policy. */
export const DEFAULT_AUDIT: AuditRules = recordRules(rules.parse({}));

/** Both at once: the most private setting wins, the longest retention wins. Commutative and associative. */
export function mergeAudit(a: AuditRules, b: AuditRules): AuditRules {
  return {
    logInputs: a.logInputs && b.logInputs,
    logOutputs: a.logOutputs && b.logOutputs,
    logSteps: a.logSteps && b.logSteps,
    logToolCalls: a.logToolCalls && b.logToolCalls,
    redactFields: [...new Set([...a.redactFields, ...b.redactFields])].sort(),
    retentionDays: Math.max(a.retentionDays, b.retentionDays),
    maxText: Math.min(a.maxText, b.maxText),
  };
}

function recordRules(rules: Rules): AuditRules {
  return {
    logInputs: rules.log_inputs,
    logOutputs: rules.log_outputs,
    logSteps: rules.log_steps,
    logToolCalls: rules.log_tool_calls,
    redactFields: [...new Set([...ALWAYS_REDACTED, ...rules.redact_fields.map((field) => field.toLowerCase())])].sort(),
    retentionDays: rules.retention_days,
    maxText: rules.max_text_length,
  };
}
