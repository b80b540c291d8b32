// The `memory` category: what agents may remember, for whom, how much and for how long.

import { z } from 'zod';
import type { ActionEvent, TextPart } from '../../../protocol/action.ts';
import type { MemoryRules } from '../api.ts';
import { defineCategory, type Checks, type PolicyHeader, type Violation } from '../category.ts';
import { credentialDetectors } from '../detect/credentials.ts';
import type { Detector } from '../detect/detector.ts';
import { PERSONAL_TYPES, personalDetectors, type PersonalType } from '../detect/personal.ts';
import { scan } from '../detect/scan.ts';
import { freshHost, freshRun, type Facts } from '../facts.ts';
import { firstMatch } from '../globs.ts';

const HOUR = 3_600_000;

const lowered = z.string().trim().min(1).max(100).transform((text) => text.toLowerCase());

const rules = z.strictObject({
  session_isolation: z.boolean().default(true).describe('Whether a run may only use the memory of its own session: the one that its launch names, or else the tree of runs it belongs to.').meta({ examples: [true] }),
  cross_session_memory: z.boolean().default(false).describe('Whether items of other sessions may be read and listed all the same. Writing and deleting there stays refused.').meta({ examples: [true] }),
  memory_retention_hours: z.number().positive().max(10 * 365 * 24).optional().describe('How long an item may be used after it was last written. Older ones are deleted, and are not given to an agent any more.').meta({ unit: 'hours', examples: [72] }),
  purge_on_completion: z.boolean().default(false).describe('Whether what a run remembered is deleted when it ends.').meta({ examples: [true] }),
  max_memory_items: z.int().min(0).optional().describe('How many items a session may hold; when it holds as many, nothing more is written.').meta({ unit: 'count', examples: [200] }),
  forbidden_memory_types: z.array(lowered).min(1).optional().describe('What is never remembered: kinds as tools declare them, exact or as globs, in any case. `credentials`, `pii`, `financial` and the kinds that `content` knows (`email`, `ssn` …) are looked for in the text as well, in what is written and in what comes back.').meta({ examples: [['credentials', 'pii']] }),
  read_only: z.boolean().default(false).describe('Whether memory may only be read.').meta({ examples: [true] }),
});
type Rules = z.output<typeof rules>;
type Memory = ActionEvent<'memory.before'>;
type Judge = (event: Memory, facts: Facts) => Violation | undefined;

export const memory = defineCategory({
  id: 'memory',
  title: 'Memory',
  group: 'Trust, privacy and compliance',
  why: 'What an agent remembers outlives the conversation it came from: it can reach another customer, keep a password for years, or carry an order that somebody planted. These rules keep sessions apart, say what is never remembered and how much, and really delete what has had its time.',
  rules,
  dispositions: ['warn', 'redact', 'skip', 'gate', 'block'],
  onViolation: 'block',
  checks(rules, policy): Checks {
    const judges = judgesOf(rules, policy);
    const look = rules.forbidden_memory_types && textJudge(rules.forbidden_memory_types, policy);
    return {
      ...(judges.length > 0 && { 'memory.before': (event, facts) => all(judges, policy, event, facts) } satisfies Checks),
      ...(look && { 'memory.after': (event) => (event.operation === 'read' || event.operation === 'list' ? look(event.texts, 'What was remembered') : undefined) } satisfies Checks),
    };
  },
  memory: (rules, policy): MemoryRules | undefined => {
    const { memory_retention_hours: hours, purge_on_completion: purgeOnCompletion } = rules;
    if (hours === undefined && !purgeOnCompletion) return undefined;
    return { policy: policy.name, purgeOnCompletion, ...(hours !== undefined && { retentionMs: Math.round(hours * HOUR) }) };
  },
  examples: [
    { title: 'The memory of another session', rules: 'session_isolation: true', event: item('read', { session: 'customer-7' }), facts: inSession('customer-4'), expect: 'block', field: 'session_isolation' },
    { title: 'The memory of its own session', rules: 'session_isolation: true', event: item('read', { session: 'customer-4' }), facts: inSession('customer-4'), expect: 'allow' },
    { title: 'Without a session, it is the tree of runs', rules: 'session_isolation: true', event: item('read', { session: 'root-1' }), facts: { run: freshRun({ root: 'root-1' }) }, expect: 'allow' },
    { title: 'Sessions are not kept apart', rules: 'session_isolation: false', event: item('write', { session: 'customer-7' }), facts: inSession('customer-4'), expect: 'allow' },
    { title: 'Another session may be read', rules: 'cross_session_memory: true', event: item('read', { session: 'shared' }), facts: inSession('customer-4'), expect: 'allow' },
    { title: 'It may not be written', rules: 'cross_session_memory: true', event: item('write', { session: 'shared' }), facts: inSession('customer-4'), expect: 'block', field: 'session_isolation' },
    { title: 'Items are deleted after three days, and written until then', rules: 'memory_retention_hours: 72', event: item('write'), expect: 'allow' },
    { title: 'Items are deleted when the run ends, and written until then', rules: 'purge_on_completion: true', event: item('write'), expect: 'allow' },
    { title: 'A full memory', rules: 'max_memory_items: 200', event: item('write'), facts: holding({ note: 150, preference: 50 }), expect: 'block', field: 'max_memory_items' },
    { title: 'A full memory can be read', rules: 'max_memory_items: 200', event: item('read'), facts: holding({ note: 200 }), expect: 'allow' },
    { title: 'A memory with room', rules: 'max_memory_items: 200', event: item('write'), facts: holding({ note: 199 }), expect: 'allow' },
    { title: 'A kind that is never remembered', rules: 'forbidden_memory_types: [credentials]', event: item('write', { kind: 'Credentials' }), expect: 'block', field: 'forbidden_memory_types' },
    { title: 'A key in a note', rules: 'forbidden_memory_types: [credentials]', event: item('write', { kind: 'note', texts: [part('aws_access_key_id = AKIAIOSFODNN7EXAMPLE')] }), expect: 'block', field: 'forbidden_memory_types' },
    { title: 'A number that came back', rules: 'forbidden_memory_types: [pii]', event: { ...item('read', { texts: [part('Ann, SSN 123-45-6789')] }), event: 'memory.after' }, expect: 'block', field: 'forbidden_memory_types' },
    { title: 'A note', rules: 'forbidden_memory_types: [credentials, pii]', event: item('write', { kind: 'note', texts: [part('Prefers short answers.')] }), expect: 'allow' },
    { title: 'Nothing is written', rules: 'read_only: true', event: item('write'), expect: 'block', field: 'read_only' },
    { title: 'It is only read', rules: 'read_only: true', event: item('read'), expect: 'allow' },
  ],
});

/** What is asked before memory is used. */
function judgesOf(rules: Rules, policy: PolicyHeader): readonly Judge[] {
  const { max_memory_items: most, forbidden_memory_types: types } = rules;
  const look = types && textJudge(types, policy);
  const judges: (Judge | undefined)[] = [
    rules.session_isolation ? (event, facts) => elsewhere(rules.cross_session_memory, event, facts) : undefined,
    rules.read_only ? readOnly : undefined,
    types && ((event) => (event.operation === 'write' ? forbiddenKind(types, event) : undefined)),
    most === undefined ? undefined : (event, facts) => full(most, event, facts),
    look && ((event) => (event.operation === 'write' ? look(event.texts, 'What is to be remembered') : undefined)),
  ];
  return judges.filter((each) => each !== undefined);
}

/** Every objection, so that what is found in the text is blacked out for people whatever else is wrong. Where nothing can be blacked out to mend it, a policy that redacts refuses. */
function all(judges: readonly Judge[], policy: PolicyHeader, event: Memory, facts: Facts): readonly Violation[] | undefined {
  const found = judges.map((judge) => judge(event, facts)).filter((each) => each !== undefined);
  if (found.length === 0) return undefined;
  return policy.onViolation === 'redact' ? found.map((each) => (each.redactions ? each : { ...each, disposition: 'block' })) : found;
}

function elsewhere(mayRead: boolean, event: Memory, facts: Facts): Violation | undefined {
  const own = facts.context['session'] ?? facts.run.root;
  if (event.session === undefined || event.session === own) return undefined;
  if (mayRead && (event.operation === 'read' || event.operation === 'list')) return undefined;
  return {
    field: 'session_isolation', limit: own, fact: 'session', value: event.session,
    message: `This run belongs to the session ${own}, and the memory of ${event.session} is not its own. Use the memory of your own session, or ask the person for what you need to know.`,
    remedy: mayRead ? 'Only read it.' : 'Leave the session out: it is then your own.',
  };
}

const readOnly: Judge = ({ operation }) => {
  if (operation === 'read' || operation === 'list') return undefined;
  return { field: 'read_only', limit: true, fact: 'operation', value: operation, message: 'Memory may only be read. Go on without remembering, and put what matters into your answer.', remedy: 'Only read.' };
};

function forbiddenKind(types: readonly string[], { kind }: Memory): Violation | undefined {
  const pattern = kind === undefined ? undefined : firstMatch(types, kind.toLowerCase());
  if (pattern === undefined) return undefined;
  return { field: 'forbidden_memory_types', limit: pattern, fact: 'kind', value: kind, message: `Items of the kind ${kind} are never remembered. Ask for it again when you need it.`, remedy: 'Do not remember it.' };
}

function full(limit: number, { operation }: Memory, facts: Facts): Violation | undefined {
  if (operation !== 'write') return undefined;
  const value = Object.values(facts.host.remembered()).reduce((sum, items) => sum + items, 0);
  if (value < limit) return undefined;
  return { field: 'max_memory_items', limit, fact: 'items', value, message: `The session remembers ${value} items, and ${limit} are all it may. Delete what is no longer needed, then write this one.`, remedy: 'Delete items first.' };
}

function textJudge(types: readonly string[], policy: PolicyHeader): (texts: readonly TextPart[], what: string) => Violation | undefined {
  const detectors = detectorsOf(types);
  return (texts, what) => {
    if (detectors.length === 0) return undefined;
    const redactions = texts.flatMap(({ at, text }) => scan(text, detectors).map((span) => ({ at, ...span })));
    if (redactions.length === 0) return undefined;
    const kinds = [...new Set(redactions.map(({ label }) => label.toLowerCase()))];
    return {
      field: 'forbidden_memory_types', limit: types, fact: 'found', value: kinds,
      message: `${what} holds ${kinds.join(', ')}, which is never remembered. Write it without that, and ask for it again when you need it.`,
      remedy: 'Leave it out.',
      ...(policy.onViolation !== 'warn' && { redactions }),
    };
  };
}

/** What stands for several kinds of text at once. */
const FAMILIES: Readonly<Record<string, () => readonly Detector[]>> = {
  credentials: () => credentialDetectors(),
  pii: () => personalDetectors(PERSONAL_TYPES.filter((type) => type !== 'ip_address')),
  financial: () => personalDetectors(['credit_card', 'iban']),
};

function detectorsOf(types: readonly string[]): readonly Detector[] {
  return types.flatMap((type) => FAMILIES[type]?.() ?? (PERSONAL_TYPES.includes(type as PersonalType) ? personalDetectors([type as PersonalType]) : []));
}

function item(operation: Memory['operation'], over: Partial<Memory> = {}): Memory {
  return { event: 'memory.before', operation, key: 'tone', texts: [], ...over };
}

function part(text: string): TextPart {
  return { at: '/args/text', role: 'assistant', text };
}

function inSession(session: string): Partial<Facts> {
  return { context: { session } };
}

function holding(items: Readonly<Record<string, number>>): Partial<Facts> {
  return { host: freshHost({ remembered: () => items }) };
}
