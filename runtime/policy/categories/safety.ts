// The `safety` category: bounds on steps, calls and retries, tools that are never called, and calls that go round in circles.

import { z } from 'zod';
import type { ActionEvent } from '../../../protocol/action.ts';
import { defineCategory, type Check, type Checks, type Violation } from '../category.ts';
import { canonicalArgs, cycle, shapeOf, streak } from '../detect/loops.ts';
import { sha256 } from '../sha256.ts';
import { freshRun, type CallMark, type Facts } from '../facts.ts';
import { firstMatch } from '../globs.ts';

const LONGEST_CYCLE = 4;

const count = (text: string, example: number) => z.int().positive().optional().describe(text).meta({ unit: 'count', examples: [example] });

const rules = z.strictObject({
  max_steps: count('Actions of any kind that one run may take.', 50),
  max_tool_calls: count('Tool calls that one run may make.', 100),
  max_retries: z.int().min(0).optional().describe('How often a failed tool or model call may be tried again, counted over failures in a row.').meta({ unit: 'count', examples: [3] }),
  blocked_tools: z.array(z.string().min(1)).min(1).optional().describe('Tools that are never called: exact names or globs. `server/tool` names the tool of one MCP server.').meta({ reference: 'tool', examples: [['drop_*', 'github/delete_repo']] }),
  loops: z.strictObject({
    max_identical_calls: z.int().positive().max(50).default(3).describe('How often in a row a tool may be called with the same arguments. Other calls in between make it another situation, so they start the count again.').meta({ unit: 'count', examples: [3] }),
    max_similar_calls: z.int().positive().max(50).optional().describe('How often in a row a tool may be called with arguments that differ in nothing but numbers and white space. Turning pages is such a row: leave room for it.').meta({ unit: 'count', examples: [20] }),
    detect_cycles: z.boolean().default(true).describe('Whether to stop rows of two to four calls that repeat, such as A-B-A-B.').meta({ examples: [true] }),
    max_cycles: z.int().min(2).max(12).default(3).describe('How often such a row may go round.').meta({ unit: 'count', examples: [3] }),
  }).prefault({}).describe('Calls that repeat without getting anywhere. On unless loosened.').meta({ examples: [{ max_identical_calls: 3, max_cycles: 3 }] }),
});
type Rules = z.output<typeof rules>;
type ToolCall = ActionEvent<'tool.before'>;

export const safety = defineCategory({
  id: 'safety',
  title: 'Safety',
  group: 'Operational guardrails',
  why: 'An agent that does not notice that it is stuck repeats itself until somebody else does. These rules stop a run that takes too many steps, calls a tool it must never call, or makes the same calls over and over, and tell the model what to do instead, so that it can find its own way out.',
  rules,
  dispositions: ['warn', 'gate', 'block'],
  onViolation: 'block',
  checks(rules): Checks {
    const { max_steps: steps, max_retries: retries, blocked_tools: blocked } = rules;
    const bounded = steps === undefined ? undefined : (_: ActionEvent, facts: Facts) => tooManySteps(steps, facts);
    const model = retries === undefined ? bounded : (event: ActionEvent, facts: Facts) => bounded?.(event, facts) ?? tooManyRetries(retries, facts);
    const counted = countedCalls(rules, model);
    return {
      'tool.before': [
        ...(blocked ? [{ names: blocked, check: (event: ToolCall) => blockedTool(blocked, event) }] : []),
        ...(counted ? [counted] : []),
        { given: someCalls, check: (event, facts) => (mayLoop(rules.loops, event.name, facts.history) ? looping(rules.loops, event, facts) : undefined) },
      ],
      ...(model && { 'llm.before': model }),
      ...(bounded && { 'exec.before': bounded, 'http.before': bounded, 'spawn.before': bounded }),
    };
  },
  examples: [
    { title: 'The step after the last one allowed', rules: 'max_steps: 50', event: call('search', {}), facts: run({ steps: 50 }), expect: 'block', field: 'max_steps' },
    { title: 'A run with steps left', rules: 'max_steps: 50', event: call('search', {}), facts: run({ steps: 49 }), expect: 'allow' },
    { title: 'Too many tool calls', rules: 'max_tool_calls: 100', event: call('search', {}), facts: run({ toolCalls: 100 }), expect: 'block', field: 'max_tool_calls' },
    { title: 'Few enough tool calls', rules: 'max_tool_calls: 100', event: call('search', {}), facts: run({ toolCalls: 12 }), expect: 'allow' },
    { title: 'A fourth try after the third failed', rules: 'max_retries: 2', event: call('search', {}), facts: run({ retries: 3 }), expect: 'block', field: 'max_retries' },
    { title: 'A second try', rules: 'max_retries: 2', event: call('search', {}), facts: run({ retries: 1 }), expect: 'allow' },
    { title: 'A tool that is never called', rules: 'blocked_tools: ["drop_*"]', event: call('drop_table', { table: 'leads' }), expect: 'block', field: 'blocked_tools' },
    { title: 'Any other tool', rules: 'blocked_tools: ["drop_*"]', event: call('list_tables', {}), expect: 'allow' },
    { title: 'One tool of one server', rules: 'blocked_tools: [github/delete_repo]', event: { ...call('delete_repo', {}), server: 'github' }, expect: 'block', field: 'blocked_tools' },
    { title: 'The same search a fourth time', rules: 'loops: { max_identical_calls: 3 }', event: call('search', { q: 'refunds' }), facts: { history: marks([{ q: 'refunds' }, { q: 'refunds' }, { q: 'refunds' }]) }, expect: 'block', field: 'loops.max_identical_calls' },
    { title: 'The same search after another one', rules: 'loops: { max_identical_calls: 3 }', event: call('search', { q: 'refunds' }), facts: { history: marks([{ q: 'refunds' }, { q: 'refunds' }, { q: 'returns' }]) }, expect: 'allow' },
    { title: 'A search that only counts up', rules: 'loops: { max_similar_calls: 2 }', event: call('search', { q: 'lead 3' }), facts: { history: marks([{ q: 'lead 1' }, { q: 'lead  2' }]) }, expect: 'block', field: 'loops.max_similar_calls' },
    { title: 'Searches for different things', rules: 'loops: { max_similar_calls: 2 }', event: call('search', { q: 'ann' }), facts: { history: marks([{ q: 'bob' }, { q: 'cy' }]) }, expect: 'allow' },
    { title: 'To and fro between two calls', rules: 'loops: { max_cycles: 2 }', event: call('search', { q: 'a' }), facts: { history: marks([{ q: 'a' }, { q: 'b' }, { q: 'a' }, { q: 'b' }]) }, expect: 'block', field: 'loops.max_cycles' },
    { title: 'Two turns are allowed', rules: 'loops: { max_cycles: 2 }', event: call('search', { q: 'c' }), facts: { history: marks([{ q: 'a' }, { q: 'b' }, { q: 'a' }, { q: 'b' }]) }, expect: 'allow' },
    { title: 'Cycles are not looked for', rules: 'loops: { detect_cycles: false }', event: call('search', { q: 'a' }), facts: { history: marks([{ q: 'a' }, { q: 'b' }, { q: 'a' }, { q: 'b' }, { q: 'a' }, { q: 'b' }]) }, expect: 'allow' },
    { title: 'Cycles are looked for', rules: 'loops: { detect_cycles: true }', event: call('search', { q: 'a' }), facts: { history: marks([{ q: 'a' }, { q: 'b' }, { q: 'a' }, { q: 'b' }, { q: 'a' }, { q: 'b' }]) }, expect: 'block', field: 'loops.max_cycles' },
  ],
});

const someCalls = (facts: Facts): boolean => facts.history.length > 0;

/** What is told from the counters of the run alone; undefined when no rule bounds them. */
function countedCalls({ max_tool_calls: most }: Rules, model: ((event: ActionEvent, facts: Facts) => Violation | undefined) | undefined): Check<'tool.before'> | undefined {
  if (most === undefined) return model;
  return (event, facts) => model?.(event, facts) ?? (facts.run.toolCalls >= most ? exhausted('max_tool_calls', 'tool calls', most, facts.run.toolCalls) : undefined);
}

function blockedTool(blocked: readonly string[], { name, server }: ToolCall): Violation {
  const qualified = server === undefined ? name : `${server}/${name}`;
  const limit = firstMatch(blocked, name) ?? firstMatch(blocked, qualified);
  return { field: 'blocked_tools', message: `The tool ${qualified} may not be called. Reach the goal without it, or say that you cannot.`, limit, fact: 'tool', value: qualified, remedy: 'Use another tool.' };
}

/** False when this call cannot end a row or a cycle, as far as names and earlier calls tell: most calls are let go here, before their arguments are hashed. */
function mayLoop(loops: Rules['loops'], name: string, history: readonly CallMark[]): boolean {
  const newest = toolCallBack(history, 1);
  if (newest === undefined) return false;
  const least = Math.min(loops.max_identical_calls, loops.max_similar_calls ?? Infinity);
  if (newest.name === name && toolCallBack(history, least)?.name === name) return true;
  if (!loops.detect_cycles) return false;
  for (let period = 2; period <= LONGEST_CYCLE; period++) {
    if (toolCallBack(history, period)?.name !== name) continue;
    const turnBefore = toolCallBack(history, period + 1);
    if (turnBefore?.name === newest.name && turnBefore.hash === newest.hash) return true;
  }
  return false;
}

/** The newest tool call for 1, the one before it for 2. */
function toolCallBack(history: readonly CallMark[], back: number): CallMark | undefined {
  let left = back;
  for (let at = history.length - 1; at >= 0; at--) if (history[at]!.kind === 'tool' && --left === 0) return history[at];
  return undefined;
}

function looping(loops: Rules['loops'], event: ToolCall, facts: Facts): Violation | undefined {
  const history = facts.history.filter((mark) => mark.kind === 'tool');
  const now: CallMark = { kind: 'tool', name: event.name, hash: sha256(canonicalArgs(event.args)), at: facts.now };
  return repeated(loops.max_identical_calls, history, now) ?? similar(loops.max_similar_calls, history, event) ?? circling(loops, [...history, now]);
}

function repeated(most: number, history: readonly CallMark[], now: CallMark): Violation | undefined {
  const times = streak(history, (mark) => mark.name === now.name && mark.hash === now.hash);
  if (times < most) return undefined;
  return {
    field: 'loops.max_identical_calls', limit: most, fact: 'identical calls in a row', value: times + 1,
    message: `${now.name} was called ${times} times in a row with the same arguments, and would answer the same again. Use what it answered, change the arguments, or stop and say what is missing.`,
    remedy: 'Call it with other arguments, or do something else first.',
  };
}

function similar(most: number | undefined, history: readonly CallMark[], event: ToolCall): Violation | undefined {
  if (most === undefined || history.at(-1)?.name !== event.name) return undefined;
  const shape = sha256(shapeOf(event.args));
  const times = streak(history, (mark) => mark.name === event.name && mark.shape === shape);
  if (times < most) return undefined;
  return {
    field: 'loops.max_similar_calls', limit: most, fact: 'similar calls in a row', value: times + 1,
    message: `${event.name} was called ${times} times in a row with arguments that differ only in numbers or white space. Stop counting through: ask for what you need in one call, or stop and say what is missing.`,
    remedy: 'Call it with arguments that say something else.',
  };
}

function circling(loops: Rules['loops'], calls: readonly CallMark[]): Violation | undefined {
  const period = loops.detect_cycles ? cycle(calls, loops.max_cycles, LONGEST_CYCLE) : undefined;
  if (period === undefined) return undefined;
  const names = calls.slice(-period).map((mark) => mark.name);
  return {
    field: 'loops.max_cycles', limit: loops.max_cycles, fact: 'turns of the cycle', value: loops.max_cycles + 1,
    message: `The same ${period} calls (${names.join(', ')}) have gone round ${loops.max_cycles} times with the same arguments. They lead nowhere: take another way, or stop and say what is missing.`,
    remedy: 'Break the row with a call that is not part of it.',
  };
}

function tooManySteps(most: number, facts: Facts): Violation | undefined {
  return facts.run.steps >= most ? exhausted('max_steps', 'steps', most, facts.run.steps) : undefined;
}

function exhausted(field: string, what: string, limit: number, value: number): Violation {
  return { field, limit, fact: `${what} of the run`, value, message: `This run has used its ${limit} ${what}. Finish with what you have, and say what is left to do.`, remedy: 'Start another run for the rest, or raise the limit.' };
}

function tooManyRetries(most: number, facts: Facts): Violation | undefined {
  const { retries } = facts.run;
  if (retries <= most) return undefined;
  return { field: 'max_retries', limit: most, fact: 'failures in a row', value: retries, message: `${retries} calls have failed in a row. Do not try again: say what failed and what you would need.`, remedy: 'Mend what makes the calls fail.' };
}

function call(name: string, args: Readonly<Record<string, unknown>>): ToolCall {
  return { event: 'tool.before', name, args };
}

function run(facts: Partial<Facts['run']>): Partial<Facts> {
  return { run: freshRun(facts) };
}

function marks(args: readonly Readonly<Record<string, unknown>>[]): CallMark[] {
  return args.map((each, at) => ({ kind: 'tool', name: 'search', hash: sha256(canonicalArgs(each)), shape: sha256(shapeOf(each)), at }));
}
