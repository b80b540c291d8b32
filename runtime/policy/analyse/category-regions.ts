// Which actions the policies of a category object to, as boxes: for the rules where that can be said exactly. Rules that are not here are named as not covered.

import { ACTION_KINDS, RISKS, type EventName } from '../../../protocol/action.ts';
import { microUsd } from '../../../protocol/money.ts';
import { isGlob } from '../globs.ts';
import type { PolicyHeader } from '../category.ts';
import { communicationRegions, dataAccessRegions, networkRegions, scopeRegions } from './boundary-regions.ts';
import type { Cover, Coverage, Region, Rules } from './coverage.ts';
import { above, aboveIfAny, atLeast, belowIfAny, holds, named, notNamed, type Box } from './regions.ts';
import { delegationRegions, killSwitchRegions, memoryRegions, operationsRegions, rateLimitRegions } from './run-regions.ts';

/** Undefined for a category of which no rule is covered. */
export function coverageOf(category: string, rules: Rules, policy: PolicyHeader): Coverage | undefined {
  return Object.hasOwn(COVERS, category) ? COVERS[category]!(rules, policy) : undefined;
}

/** `audit` says how records are kept and refuses nothing. */
const COVERS: Readonly<Record<string, Cover>> = {
  llm: llmRegions, safety: safetyRegions, approval: approvalRegions, cost: costRegions, audit: () => ({ regions: [], uncovered: [] }),
  network: networkRegions, communication: communicationRegions, scope: scopeRegions, 'data-access': dataAccessRegions,
  operations: operationsRegions, 'rate-limit': rateLimitRegions, delegation: delegationRegions, memory: memoryRegions, 'kill-switch': killSwitchRegions,
};

function llmRegions(rules: Rules): Coverage {
  const boxes: Box[] = [];
  const list = (name: string): readonly string[] | undefined => rules[name] as readonly string[] | undefined;
  const add = (name: string, box: (value: readonly string[]) => Box): void => void (list(name) && boxes.push(box(list(name)!)));
  const limit = (name: string, dimension: string): void => void (rules[name] !== undefined && boxes.push({ [dimension]: above(rules[name] as number) }));
  add('blocked_models', (names) => ({ model: named(...names) }));
  add('allowed_models', (names) => ({ model: notNamed(...names) }));
  add('allowed_providers', (names) => ({ provider: notNamed(...names.map((each) => each.toLowerCase())) }));
  limit('max_tokens_per_call', 'tokens');
  limit('max_tokens_per_run', 'run tokens');
  const range = rules['temperature_range'] as { readonly min: number; readonly max: number } | undefined;
  if (range) boxes.push({ temperature: belowIfAny(range.min) }, { temperature: aboveIfAny(range.max) });
  if (rules['require_system_prompt']) boxes.push({ 'system prompt': holds(false) });
  return { regions: boxes.map((box) => ({ event: 'llm.before', box })), uncovered: [] };
}

function safetyRegions(rules: Rules): Coverage {
  const regions: Region[] = [];
  const limit = (name: string, dimension: string, events: readonly EventName[], extent = atLeast): void => {
    if (rules[name] !== undefined) for (const event of events) regions.push({ event, box: { [dimension]: extent(rules[name] as number) } });
  };
  for (const box of toolBoxes(rules['blocked_tools'] as readonly string[] | undefined ?? [])) regions.push({ event: 'tool.before', box });
  limit('max_steps', 'steps', ['tool.before', 'llm.before', 'exec.before', 'http.before', 'spawn.before']);
  limit('max_tool_calls', 'tool calls', ['tool.before']);
  limit('max_retries', 'failures in a row', ['tool.before', 'llm.before'], above);
  return { regions, uncovered: ['loops'] };
}

function approvalRegions(rules: Rules): Coverage {
  const regions: Region[] = [];
  const asked = rules['require_approval_for'] as readonly string[];
  const kinds: readonly string[] = ACTION_KINDS;
  for (const kind of ['run', 'exec', 'http', 'spawn'] as const) if (asked.includes(kind)) regions.push({ event: `${kind}.before`, box: {} });
  const least = rules['min_risk'] as (typeof RISKS)[number] | undefined;
  const lowest = rules['auto_approve_below_risk'] as (typeof RISKS)[number] | undefined;
  if (least !== undefined) regions.push({ event: 'tool.before', box: { risk: named(...RISKS.slice(RISKS.indexOf(least))) } });
  const spared = lowest === undefined ? [] : RISKS.slice(0, RISKS.indexOf(lowest));
  for (const box of toolBoxes(asked.filter((each) => !kinds.includes(each)).map((each) => each.replace(/^tool:/, '')))) regions.push({ event: 'tool.before', box: spared.length > 0 ? { ...box, risk: notNamed(...spared) } : box });
  return { regions, uncovered: Object.keys(rules).filter((name) => !APPROVAL.has(name)) };
}
/** Those of a gate's terms say how it is decided, not whether. */
const APPROVAL: ReadonlySet<string> = new Set(['require_approval_for', 'min_risk', 'auto_approve_below_risk', 'approvers', 'quorum', 'timeout_minutes', 'action_on_timeout', 'review']);

/** Where the money of a run or a tree does not do for the next call of a model. Days, months and warnings are not covered. */
function costRegions(rules: Rules): Coverage {
  const regions: Region[] = [];
  const limit = (name: string, whose: 'run' | 'tree', unit: 'cost' | 'tokens'): void => {
    if (rules[name] === undefined) return;
    const most = unit === 'cost' ? microUsd(rules[name] as number) : rules[name] as number;
    regions.push({ event: 'llm.before', box: { [`${whose} ${unit} with this call`]: above(most) } });
    for (const event of ['tool.before', 'spawn.before', 'run.before'] as const) regions.push({ event, box: { [`${whose} ${unit} so far`]: atLeast(most) } });
  };
  limit('per_run_cost_limit', 'run', 'cost');
  limit('per_tree_cost_limit', 'tree', 'cost');
  limit('per_run_token_limit', 'run', 'tokens');
  limit('per_tree_token_limit', 'tree', 'tokens');
  return { regions, uncovered: Object.keys(rules).filter((name) => !/^per_(run|tree)_(cost|token)_limit$/.test(name) && name !== 'per') };
}

/** A tool can be named by its name alone or as `server/tool`; an exact name without a slash only means the first. */
function toolBoxes(patterns: readonly string[]): readonly Box[] {
  const qualified = patterns.filter((each) => each.includes('/') || isGlob(each));
  return [...(patterns.length > 0 ? [{ tool: named(...patterns) }] : []), ...(qualified.length > 0 ? [{ 'server/tool': named(...qualified) }] : [])];
}
