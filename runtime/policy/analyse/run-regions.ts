// Regions of the categories that bound how runs go on: `operations`, `rate-limit`, `delegation`, `memory` and `kill-switch`.

import { EVENT_NAMES, type EventName } from '../../../protocol/action.ts';
import { stronger } from '../../../protocol/verdict.ts';
import type { PolicyHeader } from '../category.ts';
import { PERSONAL_TYPES } from '../detect/personal.ts';
import type { Counted } from '../facts.ts';
import { namesOf, numberOf, setRules, type Coverage, type Region, type Rules } from './coverage.ts';
import { above, atLeast, holds, named, notNamed, subtractAll, type Box } from './regions.ts';

const BEFORE: readonly EventName[] = EVENT_NAMES.filter((name) => name.endsWith('.before'));
const WITHIN_RUN = BEFORE.filter((name) => name !== 'run.before');
const SECOND = 1_000;

/** How many of something go on, counted for somebody: the name of a dimension. */
export const goingOn = (per: string, of: string): string => `going on: ${per} ${of}`;
/** How many of something began in the last so many milliseconds. */
export const began = (per: string, of: string, windowMs: number, tools: readonly string[] | undefined): string => `began: ${JSON.stringify([per, of, windowMs, tools ?? null])}`;

/** `action_timeout_seconds` stops what is going on, and refuses nothing. */
export function operationsRegions(rules: Rules): Coverage {
  const regions: Region[] = [];
  const add = (events: readonly EventName[], box: Box, warn = false): void => void regions.push(...events.map((event) => ({ event, box, ...(warn && { disposition: 'warn' as const }) })));
  const [timeout, retries, runs, actions] = ['timeout_seconds', 'max_retries', 'max_concurrent_runs', 'max_concurrent_actions'].map((name) => numberOf(rules, name));
  if (timeout !== undefined) {
    add(WITHIN_RUN, { 'seconds since the start': above(timeout) });
    add(WITHIN_RUN, { 'seconds since the start': atLeast((timeout * numberOf(rules, 'warn_at_percent')!) / 100) }, true);
    add(['run.after'], { 'seconds since the start': above(timeout) }, true);
  }
  if (retries !== undefined) add(['llm.before', 'tool.before'], { 'failures in a row': above(retries) });
  if (runs !== undefined) add(['run.before'], { [goingOn('agent', 'runs')]: atLeast(runs) });
  if (actions !== undefined) add(WITHIN_RUN, { [goingOn('run', 'actions')]: atLeast(actions) });
  return { regions, uncovered: setRules(rules, 'action_timeout_seconds') };
}

const EVENTS: Readonly<Record<Counted, readonly EventName[]>> = {
  runs: ['run.before'], llm_calls: ['llm.before'], tool_calls: ['tool.before'], http_requests: ['http.before'], commands: ['exec.before'], spawns: ['spawn.before'],
  actions: WITHIN_RUN.filter((name) => name !== 'signal.before'),
};

/** A window is full when as many as its limit began in it. */
export function rateLimitRegions(rules: Rules): Coverage {
  const [of, per, tools] = [rules['of'] as Counted, rules['per'] as string, namesOf(rules, 'tools')];
  const windows = { max_per_minute: 60, max_per_hour: 3_600, max_per_day: 86_400, burst_limit: numberOf(rules, 'burst_window_seconds')! };
  const boxes = Object.entries(windows).flatMap(([name, seconds]): Box[] => {
    const most = numberOf(rules, name);
    return most === undefined ? [] : [{ ...(tools && { tool: named(...tools) }), [began(per, of, seconds * SECOND, tools)]: atLeast(most) }];
  });
  const most = numberOf(rules, 'max_concurrent');
  if (most !== undefined) boxes.push({ [goingOn(per, of)]: atLeast(most) });
  return { regions: EVENTS[of].flatMap((event) => boxes.map((box) => ({ event, box }))), uncovered: [] };
}

/** A spawn that nothing is against may still need a person: that is what the other boxes leave. */
export function delegationRegions(rules: Rules, policy: PolicyHeader): Coverage {
  const boxes: Box[] = [];
  const limit = (name: string, box: (most: number) => Box): void => void (numberOf(rules, name) !== undefined && boxes.push(box(numberOf(rules, name)!)));
  const [allowed, blocked] = [namesOf(rules, 'allowed_delegates'), namesOf(rules, 'blocked_delegates')];
  if (blocked) boxes.push({ delegate: named(...blocked) });
  if (allowed) boxes.push({ delegate: notNamed(...allowed) });
  limit('max_delegation_depth', (most) => ({ 'depth of the delegate': above(most) }));
  if (rules['forbid_cycles']) boxes.push({ 'in a circle': holds(true) });
  limit('max_concurrent_delegates', (most) => ({ 'delegates running': atLeast(most) }));
  limit('max_delegates', (most) => ({ 'delegates in all': atLeast(most) }));
  limit('max_budget_share', (most) => ({ 'share of the budget': above(most) }));
  const others = stronger('gate', policy.onViolation) ? boxes : [];
  const asked = rules['require_approval'] ? subtractAll({}, others) : [];
  const regions: Region[] = [...boxes.map((box) => ({ event: 'spawn.before' as const, box })), ...(asked ?? []).map((box) => ({ event: 'spawn.before' as const, box, disposition: 'gate' as const }))];
  return { regions, uncovered: [...setRules(rules, 'inherit_policies'), ...(asked ? [] : ['require_approval'])] };
}

const CHANGING = notNamed('read', 'list');
/** Kinds that are looked for in the text as well. */
const IN_TEXT: ReadonlySet<string> = new Set(['credentials', 'pii', 'financial', ...PERSONAL_TYPES]);

/** Where nothing can be blacked out, a policy that redacts refuses. How long items are kept says nothing about what may be done. */
export function memoryRegions(rules: Rules, policy: PolicyHeader): Coverage {
  const boxes: Box[] = [];
  const [types, most] = [namesOf(rules, 'forbidden_memory_types'), numberOf(rules, 'max_memory_items')];
  if (rules['session_isolation']) boxes.push({ 'of another session': holds(true), ...(rules['cross_session_memory'] === true && { 'memory operation': CHANGING }) });
  if (rules['read_only']) boxes.push({ 'memory operation': CHANGING });
  if (types) boxes.push({ 'memory operation': named('write'), 'kind of item': named(...types) });
  if (most !== undefined) boxes.push({ 'memory operation': named('write'), 'remembered items': atLeast(most) });
  const regions = boxes.map((box): Region => ({ event: 'memory.before', box, ...(policy.onViolation === 'redact' && { disposition: 'block' }) }));
  return { regions, uncovered: [...setRules(rules, 'memory_retention_hours', 'purge_on_completion'), ...(types?.some((each) => IN_TEXT.has(each)) ? ['forbidden_memory_types'] : [])] };
}

/** The state of the breaker is a fact; its settings say when it comes about. */
export function killSwitchRegions(rules: Rules, { name }: PolicyHeader): Coverage {
  const settings = ['kill_on_error_rate', 'error_window_minutes', 'min_samples', 'auto_recover_after_minutes'];
  if (!rules['enabled']) return { regions: [], uncovered: [] };
  const stopped = ['run.before', 'llm.before', 'tool.before', 'http.before', 'exec.before', 'spawn.before'] as const;
  return { regions: stopped.map((event) => ({ event, box: { [`open breaker of ${name}`]: holds(true) } })), uncovered: [], settings };
}
