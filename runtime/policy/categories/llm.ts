// The `llm` category: which models and providers may be called, and with what settings.

import { z } from 'zod';
import type { ActionEvent } from '../../../protocol/action.ts';
import { defineCategory, type Checks, type Violation } from '../category.ts';
import type { Facts } from '../facts.ts';
import { firstMatch, isGlob, nameMatcher } from '../globs.ts';

const patterns = (text: string, examples: readonly string[]) => z.array(z.string().min(1)).min(1).optional().describe(text).meta({ examples: [examples] });
const models = (text: string, examples: readonly string[]) => patterns(text, examples).meta({ reference: 'model' });

const rules = z.strictObject({
  allowed_models: models('Models that may be called: exact names or globs. `gpt-4o` does not match `gpt-4o-mini`; `gpt-4o*` matches both.', ['gpt-4o', 'claude-*']),
  blocked_models: models('Models that may not be called: exact names or globs. Stronger than `allowed_models`.', ['*-preview']),
  allowed_providers: patterns('Hosts that model calls may go to: exact names or globs.', ['api.openai.com', '*.openai.azure.com']),
  max_tokens_per_call: z.int().positive().optional().describe('Longest single call: input tokens and the output that the caller asks for, together.').meta({ unit: 'tokens', examples: [8000] }),
  max_tokens_per_run: z.int().positive().optional().describe('Tokens over all model calls of one run, its children not counted.').meta({ unit: 'tokens', examples: [200_000] }),
  temperature_range: z.strictObject({
    min: z.number().min(0).default(0).describe('Lowest temperature allowed.'),
    max: z.number().min(0).default(2).describe('Highest temperature allowed.'),
  }).refine((range) => range.min <= range.max, { error: 'has a `min` that is above its `max`' }).optional().describe('Temperatures that a call may ask for. A call that names none is sent as it is.').meta({ examples: [{ min: 0, max: 0.7 }] }),
  require_system_prompt: z.boolean().default(false).describe('Refuse calls without a system prompt.'),
});
type Rules = z.output<typeof rules>;
type Call = ActionEvent<'llm.before'>;
type Part = (call: Call, facts: Facts) => Violation | undefined;

export const llm = defineCategory({
  id: 'llm',
  title: 'LLM',
  group: 'Operational guardrails',
  why: 'Which model answers decides cost, quality, and where the data goes. These rules are checked on the request itself before it leaves, whichever SDK or program sent it, so a model, a provider, or a temperature that was not agreed on never gets an answer.',
  rules,
  dispositions: ['warn', 'gate', 'block'],
  onViolation: 'block',
  checks(rules): Checks {
    const parts = partsOf(rules);
    if (parts.length === 0) return {};
    const names = namesOf(rules);
    const check = parts.length === 1 ? parts[0]! : (call: Call, facts: Facts) => firstOf(parts, call, facts);
    return { 'llm.before': names ? { names, check } : check };
  },
  examples: [
    { title: 'A model outside the list is refused', rules: 'allowed_models: [gpt-4o]', event: call({ model: 'gpt-4o-mini' }), expect: 'block', field: 'allowed_models' },
    { title: 'A listed model is called', rules: 'allowed_models: [gpt-4o]', event: call({}), expect: 'allow' },
    { title: 'A glob covers a family', rules: 'allowed_models: ["gpt-4o*"]', event: call({ model: 'gpt-4o-mini' }), expect: 'allow' },
    { title: 'A blocked model is refused even when a list allows it', rules: '{ allowed_models: ["gpt-*"], blocked_models: [gpt-4o] }', event: call({}), expect: 'block', field: 'blocked_models' },
    { title: 'Other models pass', rules: 'blocked_models: [gpt-4o]', event: call({ model: 'gpt-4o-mini' }), expect: 'allow' },
    { title: 'Prompts go nowhere else', rules: 'allowed_providers: [api.openai.com]', event: call({ provider: 'api.cheap-models.example' }), expect: 'block', field: 'allowed_providers' },
    { title: 'The agreed provider', rules: 'allowed_providers: [api.openai.com]', event: call({}), expect: 'allow' },
    { title: 'A call that asks for too much', rules: 'max_tokens_per_call: 1000', event: call({ inputTokens: 800, maxOutputTokens: 400 }), expect: 'block', field: 'max_tokens_per_call' },
    { title: 'A call that fits', rules: 'max_tokens_per_call: 1000', event: call({ inputTokens: 500, maxOutputTokens: 400 }), expect: 'allow' },
    { title: 'A run that has used its tokens', rules: 'max_tokens_per_run: 100', event: call({ inputTokens: 80, maxOutputTokens: 40 }), expect: 'block', field: 'max_tokens_per_run' },
    { title: 'A run with tokens left', rules: 'max_tokens_per_run: 1000', event: call({ inputTokens: 80, maxOutputTokens: 40 }), expect: 'allow' },
    { title: 'Too hot', rules: 'temperature_range: { max: 0.5 }', event: call({ temperature: 0.9 }), expect: 'block', field: 'temperature_range' },
    { title: 'Cool enough', rules: 'temperature_range: { max: 0.5 }', event: call({ temperature: 0.2 }), expect: 'allow' },
    { title: 'A call without a system prompt', rules: 'require_system_prompt: true', event: call({ hasSystemPrompt: false }), expect: 'block', field: 'require_system_prompt' },
    { title: 'A call with one', rules: 'require_system_prompt: true', event: call({}), expect: 'allow' },
  ],
});

function partsOf(rules: Rules): Part[] {
  const parts: Part[] = [];
  const { allowed_models: allowed, blocked_models: blocked, allowed_providers: providers, max_tokens_per_call: perCall, max_tokens_per_run: perRun, temperature_range: range } = rules;
  if (blocked) parts.push(blockedModel(blocked));
  if (allowed) parts.push(unlisted('allowed_models', 'model', allowed, (call) => call.model));
  if (providers) parts.push(unlisted('allowed_providers', 'provider', providers.map((host) => host.toLowerCase()), (call) => call.provider.toLowerCase()));
  if (perCall !== undefined) parts.push((call) => tooMany('max_tokens_per_call', 'the tokens of this call', perCall, tokensOf(call)));
  if (perRun !== undefined) parts.push((call, facts) => tooMany('max_tokens_per_run', 'the token use of this run with this call', perRun, facts.run.tokens + tokensOf(call)));
  if (range) parts.push((call) => outsideRange(range, call.temperature));
  if (rules.require_system_prompt) parts.push((call) => (call.hasSystemPrompt ? undefined : { field: 'require_system_prompt', message: 'The call has no system prompt.', limit: true, fact: 'system prompt', value: false, remedy: 'Send a system prompt with every call.' }));
  return parts;
}

/** A policy that only blocks models by exact name matters for those models alone. */
function namesOf(rules: Rules): readonly string[] | undefined {
  const { blocked_models: blocked, allowed_models, allowed_providers, max_tokens_per_call, max_tokens_per_run, temperature_range } = rules;
  const others = allowed_models ?? allowed_providers ?? max_tokens_per_call ?? max_tokens_per_run ?? temperature_range;
  return blocked && others === undefined && !rules.require_system_prompt && !blocked.some(isGlob) ? blocked : undefined;
}

function firstOf(parts: readonly Part[], call: Call, facts: Facts): Violation | undefined {
  for (let index = 0; index < parts.length; index++) {
    const violation = parts[index]!(call, facts);
    if (violation) return violation;
  }
  return undefined;
}

function blockedModel(blocked: readonly string[]): Part {
  const hit = nameMatcher(blocked);
  return (call) => (hit(call.model) ? { field: 'blocked_models', message: `The model ${call.model} may not be called.`, limit: firstMatch(blocked, call.model), fact: 'model', value: call.model, remedy: 'Call another model.' } : undefined);
}

function unlisted(field: 'allowed_models' | 'allowed_providers', fact: string, allowed: readonly string[], of: (call: Call) => string): Part {
  const listed = nameMatcher(allowed);
  return (call) => {
    const value = of(call);
    return listed(value) ? undefined : { field, message: `The ${fact} ${value} is not among those allowed: ${allowed.join(', ')}.`, limit: allowed, fact, value, remedy: `Use one of: ${allowed.join(', ')}.` };
  };
}

function tokensOf(call: Call): number {
  return call.inputTokens + (call.maxOutputTokens ?? 0);
}

function tooMany(field: string, fact: string, limit: number, value: number): Violation | undefined {
  return value > limit ? { field, fact, limit, value, message: `${fact[0]!.toUpperCase()}${fact.slice(1)} is up to ${value}; ${limit} are allowed.`, remedy: 'Send less context, or ask for a shorter answer.' } : undefined;
}

function outsideRange(range: { readonly min: number; readonly max: number }, value: number | undefined): Violation | undefined {
  if (value === undefined || (value >= range.min && value <= range.max)) return undefined;
  return { field: 'temperature_range', fact: 'temperature', limit: range, value, message: `Temperature ${value} is outside ${range.min} to ${range.max}.`, remedy: `Ask for a temperature from ${range.min} to ${range.max}.` };
}

function call(overrides: Partial<Call>): Call {
  return { event: 'llm.before', wire: 'openai-chat', provider: 'api.openai.com', model: 'gpt-4o', stream: false, hasSystemPrompt: true, inputTokens: 100, maxOutputTokens: 100, tools: [], texts: [], ...overrides };
}
