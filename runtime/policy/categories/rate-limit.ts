// The `rate-limit` category: how often something may begin, over windows that slide, and how much of it at once.

import { z } from 'zod';
import { EVENT_NAMES, type ActionEvent, type EventName } from '../../../protocol/action.ts';
import { defineCategory, type Checks, type Violation } from '../category.ts';
import { countIn, retryAfter } from '../detect/windows.ts';
import { COUNTED, COUNTED_BY, freshHost, type Counted, type CountedBy, type Facts } from '../facts.ts';
import { nameMatcher } from '../globs.ts';

const SECOND = 1_000;
const RUN: ActionEvent<'run.before'> = { event: 'run.before', command: ['node', 'agent.mjs'] };

const count = (text: string, example: number) => z.int().positive().optional().describe(text).meta({ unit: 'count', examples: [example] });

const rules = z.strictObject({
  max_per_minute: count('How many may begin in any 60 seconds.', 10),
  max_per_hour: count('How many may begin in any 60 minutes.', 100),
  max_per_day: count('How many may begin in any 24 hours.', 1000),
  max_concurrent: count('How many may go on at the same time. One that is cut off by a crash counts until its run is ended.', 5),
  burst_limit: count('How many may begin within `burst_window_seconds`.', 3),
  burst_window_seconds: z.number().positive().max(86_400).default(10).describe('Length of the window of `burst_limit`.').meta({ unit: 'seconds', examples: [10] }),
  of: z.enum(COUNTED).default('runs').describe('What is counted: starts of runs, actions of one kind, or `actions` of every kind.').meta({ examples: ['tool_calls'] }),
  per: z.enum(COUNTED_BY).default('agent').describe('Whom it is counted for. A run without a workflow or a fleet is counted for its agent.').meta({ examples: ['user'] }),
  tools: z.array(z.string().min(1)).min(1).optional().describe('Only calls of these tools, counted together: exact names or globs. Goes with `of: tool_calls`.').meta({ reference: 'tool', examples: [['send_*']] }),
}).refine(({ tools, of }) => !tools || of === 'tool_calls', { path: ['tools'], error: 'counts calls of tools: add `of: tool_calls`' })
  .refine(({ tools, max_concurrent: most }) => !tools || most === undefined, { path: ['max_concurrent'], error: 'counts every tool call that is going on: give it a policy of its own, without `tools`' })
  .refine(({ of, per }) => of !== 'runs' || per !== 'run', { path: ['per'], error: 'is always one: a run has one start. Count for the tree, the agent or the user' });
type Rules = z.output<typeof rules>;

/** One window of a policy, in milliseconds. */
interface Window {
  readonly field: 'max_per_minute' | 'max_per_hour' | 'max_per_day' | 'burst_limit';
  readonly limit: number;
  readonly windowMs: number;
}

export const rateLimit = defineCategory({
  id: 'rate-limit',
  title: 'Rate limit',
  group: 'Operational guardrails',
  why: 'An agent that is started by every event, or that hammers a tool, uses up quotas that others need as well. These limits hold over every stretch of time: the windows slide, so there is no boundary at which twice the limit gets through, and what was counted survives a crash. The agent is told how long to wait, to the millisecond.',
  rules,
  dispositions: ['warn', 'throttle', 'skip', 'gate', 'block'],
  onViolation: 'throttle',
  checks(rules): Checks {
    const windows = windowsOf(rules);
    const { max_concurrent: most, of, per, tools } = rules;
    if (windows.length === 0 && most === undefined) return {};
    const check = (_: ActionEvent, facts: Facts): Violation | undefined => crowded(windows, of, per, tools, facts) ?? (most === undefined ? undefined : tooManyAtOnce(most, of, per, facts));
    if (!tools) return Object.fromEntries(EVENTS[of].map((name) => [name, check]));
    const counts = nameMatcher(tools);
    return { 'tool.before': { names: tools, check: (event, facts) => (counts(event.name) ? check(event, facts) : undefined) } };
  },
  examples: [
    { title: 'The eleventh start in a minute', rules: 'max_per_minute: 10', ...started('agent', 'runs', 10, 60), expect: 'throttle', field: 'max_per_minute' },
    { title: 'The tenth', rules: 'max_per_minute: 10', ...started('agent', 'runs', 9, 60), expect: 'allow' },
    { title: 'More than an hour takes', rules: 'max_per_hour: 100', ...started('agent', 'runs', 100, 3_600), expect: 'throttle', field: 'max_per_hour' },
    { title: 'As many, but over two hours', rules: 'max_per_hour: 100', ...started('agent', 'runs', 100, 7_200), expect: 'allow' },
    { title: 'More than a day takes', rules: '{ max_per_day: 200, of: llm_calls, per: user }', event: llmCall(), facts: past('user', 'llm_calls', 200, 86_400), expect: 'throttle', field: 'max_per_day' },
    { title: 'The calls of others', rules: '{ max_per_day: 200, of: llm_calls, per: user }', event: llmCall(), facts: past('all', 'llm_calls', 200, 86_400), expect: 'allow' },
    { title: 'Three at once', rules: '{ burst_limit: 3, burst_window_seconds: 10 }', ...started('agent', 'runs', 3, 10), expect: 'throttle', field: 'burst_limit' },
    { title: 'Three in a row', rules: '{ burst_limit: 3, burst_window_seconds: 10 }', ...started('agent', 'runs', 3, 30), expect: 'allow' },
    { title: 'A sixth run beside five', rules: 'max_concurrent: 5', event: RUN, facts: { host: freshHost({ running: (by, what) => (by === 'agent' && what === 'runs' ? 5 : 0) }) }, expect: 'throttle', field: 'max_concurrent' },
    { title: 'A fifth run beside four', rules: 'max_concurrent: 5', event: RUN, facts: { host: freshHost({ running: (by, what) => (by === 'agent' && what === 'runs' ? 4 : 0) }) }, expect: 'allow' },
    { title: 'One tool has a limit of its own', rules: '{ max_per_hour: 20, of: tool_calls, tools: ["send_*"], per: fleet }', event: call('send_email'), facts: { fleet: 'outreach', ...past('fleet', 'tool_calls', 20, 3_600) }, expect: 'throttle', field: 'max_per_hour' },
    { title: 'Other tools are not counted against it', rules: '{ max_per_hour: 20, of: tool_calls, tools: ["send_*"], per: fleet }', event: call('search'), facts: { fleet: 'outreach', ...past('fleet', 'tool_calls', 20, 3_600) }, expect: 'allow' },
  ],
});

const EVENTS: Readonly<Record<Counted, readonly EventName[]>> = {
  runs: ['run.before'],
  actions: EVENT_NAMES.filter((name) => name.endsWith('.before') && name !== 'run.before' && name !== 'signal.before'),
  llm_calls: ['llm.before'],
  tool_calls: ['tool.before'],
  http_requests: ['http.before'],
  commands: ['exec.before'],
  spawns: ['spawn.before'],
};

const NOUNS: Readonly<Record<Counted, string>> = { runs: 'runs', actions: 'actions', llm_calls: 'model calls', tool_calls: 'tool calls', http_requests: 'requests', commands: 'commands', spawns: 'spawned agents' };

function windowsOf(rules: Rules): readonly Window[] {
  const { max_per_minute: minute, max_per_hour: hour, max_per_day: day, burst_limit: burst } = rules;
  const windows: (Omit<Window, 'limit'> & { readonly limit: number | undefined })[] = [
    { field: 'burst_limit', limit: burst, windowMs: rules.burst_window_seconds * SECOND },
    { field: 'max_per_minute', limit: minute, windowMs: 60 * SECOND },
    { field: 'max_per_hour', limit: hour, windowMs: 3_600 * SECOND },
    { field: 'max_per_day', limit: day, windowMs: 86_400 * SECOND },
  ];
  return windows.filter((window): window is Window => window.limit !== undefined);
}

/** Of several full windows the one that takes longest to make room: coming back earlier would only meet it. */
function crowded(windows: readonly Window[], of: Counted, per: CountedBy, tools: readonly string[] | undefined, facts: Facts): Violation | undefined {
  if (windows.length === 0) return undefined;
  const by = subject(per, facts);
  const times = facts.host.starts(by, of, tools);
  let longest = 0;
  let full: Window | undefined;
  for (let index = 0; index < windows.length; index++) {
    const window = windows[index]!;
    const wait = retryAfter(times, facts.now, window.windowMs, window.limit);
    if (wait <= longest) continue;
    longest = wait;
    full = window;
  }
  return full && overRate(full, countIn(times, facts.now, full.windowMs), longest, of, by, tools, facts);
}

function overRate({ field, limit, windowMs }: Window, used: number, wait: number, of: Counted, by: CountedBy, tools: readonly string[] | undefined, facts: Facts): Violation {
  const what = `${NOUNS[of]}${tools ? ` of ${tools.join(', ')}` : ''}`;
  return {
    field, limit, fact: `${what} in the last ${spanText(windowMs)}`, value: used, retryAfterMs: wait,
    message: `${subjectText(by, facts)} may begin ${limit} ${what} in ${spanText(windowMs)}, and ${used} have begun. Wait ${spanText(wait)} and try again, or do with fewer.`,
    remedy: `Try again in ${spanText(wait)}.`,
  };
}

function tooManyAtOnce(most: number, of: Counted, per: CountedBy, facts: Facts): Violation | undefined {
  const by = subject(per, facts);
  const going = facts.host.running(by, of);
  if (going < most) return undefined;
  return {
    field: 'max_concurrent', limit: most, fact: `${NOUNS[of]} going on`, value: going,
    message: `${subjectText(by, facts)} may have ${most} ${NOUNS[of]} going on at once, and ${going} are. Wait until one of them has ended.`,
    remedy: 'Wait until one has ended, or end one.',
  };
}

/** What a run lacks cannot be counted for; its agent always can. */
function subject(per: CountedBy, facts: Facts): CountedBy {
  return (per === 'fleet' && facts.fleet === undefined) || (per === 'workflow' && facts.workflow === undefined) ? 'agent' : per;
}

function subjectText(by: CountedBy, facts: Facts): string {
  switch (by) {
    case 'run': return 'This run';
    case 'tree': return 'The tree of this run';
    case 'agent': return `The agent ${facts.agent}`;
    case 'workflow': return `The workflow ${facts.workflow}`;
    case 'fleet': return `The fleet ${facts.fleet}`;
    case 'user': return `The user ${facts.user}`;
    case 'all': return 'All agents together';
  }
}

/** `1 minute`, `90 seconds`, `24 hours`; a wait is rounded up, so that nobody comes early. */
function spanText(ms: number): string {
  const unit = ([['hour', 3_600_000], ['minute', 60_000]] as const).find(([, length]) => ms >= length && ms % length === 0);
  const [name, length] = unit ?? ['second', SECOND];
  const amount = Math.ceil(ms / length);
  return `${amount} ${name}${amount === 1 ? '' : 's'}`;
}

/** Starts spread evenly over the last `seconds`, the newest now. */
function past(by: CountedBy, what: Counted, starts: number, seconds: number): Partial<Facts> {
  const now = Date.UTC(2026, 0, 5, 12);
  const times = Array.from({ length: starts }, (_, index) => now - Math.floor(((starts - 1 - index) * seconds * SECOND) / starts));
  return { now, host: freshHost({ starts: (whom, kind) => (whom === by && kind === what ? times : []) }) };
}

function started(by: CountedBy, what: Counted, starts: number, seconds: number): { readonly event: ActionEvent; readonly facts: Partial<Facts> } {
  return { event: RUN, facts: past(by, what, starts, seconds) };
}

function call(name: string): ActionEvent<'tool.before'> {
  return { event: 'tool.before', name, args: {} };
}

function llmCall(): ActionEvent<'llm.before'> {
  return { event: 'llm.before', wire: 'openai-chat', provider: 'api.openai.com', model: 'gpt-4o', stream: false, hasSystemPrompt: false, inputTokens: 100, tools: [], texts: [] };
}
