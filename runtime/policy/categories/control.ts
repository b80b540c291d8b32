// The `control` category: who is told of incidents, and when an agent that has had too many waits for a person.

import { z } from 'zod';
import { EVENT_NAMES, type ActionEvent } from '../../../protocol/action.ts';
import { DISPOSITIONS, stronger, type Disposition } from '../../../protocol/verdict.ts';
import type { AlertRules, PolicySet } from '../api.ts';
import { defineCategory, type Checks, type PolicyHeader, type Violation } from '../category.ts';
import { credentialDetectors } from '../detect/credentials.ts';
import { isLoopback, normalHost } from '../detect/hosts.ts';
import { freshHost, type Facts, type Incident } from '../facts.ts';

const MINUTE = 60_000;
/** As far as incidents are kept. */
const LONGEST_MINUTES = 25 * 60;
/** Everything but a plain allow is an incident. */
const GRADES = DISPOSITIONS.filter((each) => each !== 'allow');

const rules = z.strictObject({
  webhook: z.string().superRefine(reachable).optional().describe('Address that incidents are sent to, as JSON: `https`, or `http` to this machine. Delivery is tried again, and no agent waits for it.').meta({ examples: ['https://alerts.example.com/fullarc'], formerly: ['webhook_url'] }),
  secret_env: z.string().regex(/^[A-Za-z_]\w*$/, { error: 'is no name of an environment variable' }).optional().describe('Environment variable of the governor that holds the key with which deliveries are signed (HMAC-SHA-256), so that the receiver can tell them from others.').meta({ examples: ['FULLARC_WEBHOOK_KEY'], formerly: ['secret_ref'] }),
  headers: z.record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, { error: 'is no name of a header' }), z.string().max(1000).superRefine(sendable)).default({}).describe('Headers of each delivery. They stand in this file for everybody to read, so no secret belongs here.').meta({ examples: [{ 'X-Team': 'outreach' }] }),
  notify_on: z.array(z.enum(GRADES)).min(1).default(['gate', 'block']).describe('Outcomes of actions that are told, in the editor and to the webhook.').meta({ examples: [['gate', 'block']] }),
  alert_cooldown_seconds: z.number().min(0).max(86_400).default(60).describe('Shortest time between two alerts about the same policy and agent. What happens in between is counted and told with the next.').meta({ unit: 'seconds', examples: [60] }),
  pause_on_incident: z.boolean().default(false).describe('Whether the first incident pauses already.').meta({ examples: [true] }),
  pause_after_n_incidents: z.int().positive().max(10_000).optional().describe('How many incidents within `within_minutes` pause the run or the agent: from then on each action waits for a person, or is refused, as `on_violation` says. It goes on once a person has let it, or once the incidents are long enough ago.').meta({ unit: 'count', examples: [3] }),
  within_minutes: z.number().positive().max(LONGEST_MINUTES).default(10).describe('For how long an incident counts.').meta({ unit: 'minutes', examples: [10] }),
  min_disposition: z.enum(GRADES).default('block').describe('The weakest outcome that counts as an incident for pausing.').meta({ examples: ['gate'] }),
  per: z.enum(['run', 'agent']).default('agent').describe('Whose incidents are counted and who is paused: each run by itself, or the agent with all its runs, new ones included.').meta({ examples: ['run'] }),
}).superRefine((value, context) => {
  if (value.webhook !== undefined) return;
  if (value.secret_env !== undefined) context.addIssue({ code: 'custom', path: ['secret_env'], message: 'signs nothing without a `webhook`' });
  if (Object.keys(value.headers).length > 0) context.addIssue({ code: 'custom', path: ['headers'], message: 'go nowhere without a `webhook`' });
});
type Rules = z.output<typeof rules>;

function reachable(text: string, context: z.RefinementCtx): void {
  const problem = addressProblem(URL.parse(text));
  if (problem) context.addIssue({ code: 'custom', message: problem });
}

function addressProblem(url: URL | null): string | undefined {
  if (!url) return 'is no address: write it with its protocol, such as https://alerts.example.com/fullarc';
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'holds a name or a password, which everybody who reads this file would see: let the receiver check the signature (`secret_env`)';
  if (url.protocol === 'http:' && !isLoopback(normalHost(url.hostname))) return 'must begin with https://, because what is told of incidents could be read on its way; http is for this machine alone';
  return undefined;
}

function sendable(text: string, context: z.RefinementCtx): void {
  if (!/^[\t\x20-\x7e]*$/.test(text)) context.addIssue({ code: 'custom', message: 'holds characters that no header can carry' });
  if (credentialDetectors().some((detector) => detector.find(text).length > 0)) context.addIssue({ code: 'custom', message: 'looks like a secret, which everybody who reads this file would see: sign deliveries with `secret_env` instead' });
}

export const control = defineCategory({
  id: 'control',
  title: 'Control',
  group: 'Operational guardrails',
  why: 'A refusal that nobody hears of is only half of a guard. These rules tell people of incidents while they happen, in the editor and through a signed webhook, and put an agent that keeps running into refusals on hold until somebody has looked at what it is doing.',
  rules,
  dispositions: ['warn', 'gate', 'block'],
  onViolation: 'gate',
  checks(rules, policy): Checks {
    const most = rules.pause_on_incident ? 1 : rules.pause_after_n_incidents;
    if (most === undefined) return {};
    const pause = (_: ActionEvent, facts: Facts, set: PolicySet) => paused(rules, most, policy, facts, set);
    return Object.fromEntries(EVENT_NAMES.filter((name) => watched(name, rules.per)).map((name) => [name, pause]));
  },
  alerts: (rules, policy): AlertRules => ({
    policy: policy.name, headers: rules.headers, notifyOn: rules.notify_on, cooldownMs: Math.round(rules.alert_cooldown_seconds * 1000),
    ...(rules.webhook !== undefined && { webhook: rules.webhook }),
    ...(rules.secret_env !== undefined && { secretEnv: rules.secret_env }),
  }),
  review: (rules) => (rules.webhook !== undefined && rules.secret_env === undefined
    ? [{ field: 'webhook', severity: 'warning', message: 'Deliveries are not signed, so the receiver cannot tell them from forged ones. Name a key in `secret_env`.' }]
    : []),
  examples: [
    { title: 'The third refusal within ten minutes puts the agent on hold', rules: 'pause_after_n_incidents: 3', event: call(), facts: had('agent', [1, 'block'], [4, 'block'], [9, 'block']), expect: 'gate', field: 'pause_after_n_incidents' },
    { title: 'Two refusals do not', rules: 'pause_after_n_incidents: 3', event: call(), facts: had('agent', [1, 'block'], [9, 'block']), expect: 'allow' },
    { title: 'A refusal of an hour ago no longer counts', rules: '{ pause_after_n_incidents: 3, within_minutes: 30 }', event: call(), facts: had('agent', [1, 'block'], [9, 'block'], [60, 'block']), expect: 'allow' },
    { title: 'It counts for two hours', rules: '{ pause_after_n_incidents: 3, within_minutes: 120 }', event: call(), facts: had('agent', [1, 'block'], [9, 'block'], [60, 'block']), expect: 'gate', field: 'pause_after_n_incidents' },
    { title: 'The first incident is enough', rules: 'pause_on_incident: true', event: call(), facts: had('agent', [1, 'block']), expect: 'gate', field: 'pause_on_incident' },
    { title: 'There was none', rules: 'pause_on_incident: true', event: call(), expect: 'allow' },
    { title: 'Questions to people count as well', rules: '{ pause_on_incident: true, min_disposition: gate }', event: call(), facts: had('agent', [1, 'gate']), expect: 'gate', field: 'pause_on_incident' },
    { title: 'Warnings do not', rules: '{ pause_on_incident: true, min_disposition: gate }', event: call(), facts: had('agent', [1, 'warn']), expect: 'allow' },
    { title: 'A run answers for itself', rules: '{ pause_on_incident: true, per: run }', event: call(), facts: had('run', [1, 'block']), expect: 'gate', field: 'pause_on_incident' },
    { title: 'Another run of the agent goes on', rules: '{ pause_on_incident: true, per: run }', event: call(), facts: had('agent', [1, 'block']), expect: 'allow' },
    { title: 'A new run of an agent on hold', rules: 'pause_on_incident: true', event: { event: 'run.before', command: ['node', 'agent.mjs'] }, facts: had('agent', [1, 'block']), expect: 'gate', field: 'pause_on_incident' },
    { title: 'A signed webhook is told of refusals, once a minute at most', rules: '{ webhook: "https://alerts.example.com/fullarc", secret_env: FULLARC_WEBHOOK_KEY, headers: { X-Team: outreach }, notify_on: [block], alert_cooldown_seconds: 60 }', event: call(), facts: had('agent', [1, 'block']), expect: 'allow' },
  ],
});

/** A new run has no incidents of its own. */
const watched = (name: string, per: Rules['per']): boolean => name.endsWith('.before') && name !== 'signal.before' && !(name === 'run.before' && per === 'run');

function paused(rules: Rules, most: number, policy: PolicyHeader, facts: Facts, set: PolicySet): Violation | undefined {
  const since = facts.now - rules.within_minutes * MINUTE;
  const all = facts.host.incidents(rules.per);
  if (all.length < most) return undefined;
  const released = facts.host.released?.(policy.name, rules.per) ?? -Infinity;
  const counts = ({ at, disposition }: Incident): boolean => at > since && at > released && !stronger(rules.min_disposition, disposition);
  const serious = all.filter(counts);
  if (serious.length < most) return undefined;
  // What a pause itself refuses must not prolong it, nor may two pauses prolong one another.
  const pausing = new Set([policy.name, ...set.all.filter(({ category }) => category === 'control').map(({ name }) => name)]);
  const value = serious.filter((each) => !pausing.has(each.policy));
  return value.length < most ? undefined : onHold(rules, most, value);
}

function onHold(rules: Rules, limit: number, incidents: readonly Incident[]): Violation {
  const policies = [...new Set(incidents.map(({ policy }) => policy))];
  const who = rules.per === 'run' ? 'This run is' : 'This agent is';
  return {
    field: rules.pause_on_incident ? 'pause_on_incident' : 'pause_after_n_incidents', limit, fact: `incidents of the ${rules.per}`, value: incidents.length,
    message: `${who} on hold: ${incidents.length === 1 ? 'an action was' : `${incidents.length} actions were`} refused or held within ${rules.within_minutes} minutes (${policies.slice(0, 3).join(', ')}${policies.length > 3 ? ' …' : ''}). A person has to look at it; say what you were trying to do and stop trying other ways.`,
    remedy: 'Let a person look at what happened and let it go on, or wait until it is long enough ago.',
  };
}

function call(): ActionEvent<'tool.before'> {
  return { event: 'tool.before', name: 'search', args: {} };
}

/** Incidents so many minutes ago. */
function had(of: 'run' | 'agent', ...incidents: readonly (readonly [minutes: number, disposition: Disposition])[]): Partial<Facts> {
  const now = Date.UTC(2026, 0, 5, 12);
  return { now, host: freshHost({ incidents: (by) => (by === of ? incidents.map(([minutes, disposition]) => ({ at: now - minutes * MINUTE, policy: 'spend', disposition })) : []) }) };
}
