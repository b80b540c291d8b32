// The `privacy` category: consent, purpose and region of what is done with personal data, and no more fields than are needed.

import { z } from 'zod';
import type { ActionEvent, Row, TextPart } from '../../../protocol/action.ts';
import type { Redaction } from '../../../protocol/verdict.ts';
import { defineCategory, type Checks, type PolicyHeader, type Violation } from '../category.ts';
import { hostMatcher, isHostPattern, isLoopback, normalHost } from '../detect/hosts.ts';
import { PERSONAL_TYPES, personalDetectors } from '../detect/personal.ts';
import { scan } from '../detect/scan.ts';
import type { Facts } from '../facts.ts';
import { nameMatcher } from '../globs.ts';

const names = (text: string, example: readonly string[]) => z.array(z.string().min(1)).min(1).optional().describe(text).meta({ examples: [example] });

const rules = z.strictObject({
  require_consent: z.boolean().default(false).describe('Whether the launch has to hand over a consent token in the context of the run.').meta({ examples: [true] }),
  consent_token_field: z.string().min(1).default('consent_token').describe('Name of that token in the context.').meta({ examples: ['consent_token'] }),
  purpose_limitation: names('Purposes that the launch may state under `purpose` in the context of the run: names or globs. A run without one is refused.', ['outreach']),
  data_residency: names('Regions that the run may work in, as `region` in its context says, and that models may answer from: names or globs. A run without a region is refused.', ['eu-*']),
  provider_regions: z.record(z.string().refine(isHostPattern, { error: 'is no host: write a name such as api.example.com, *.example.com for every name below it, an address, or *' }), z.string().min(1)).optional().describe('Region of each model provider, by host. Hosts of AWS, Google Vertex and Azure that carry their region, and models on this machine, need no entry.').meta({ examples: [{ 'eu.api.openai.com': 'eu-central-1' }] }),
  on_unknown_region: z.enum(['allow', 'warn', 'block']).default('block').describe('What happens to a call of a model whose region is not known, when `data_residency` is set.').meta({ examples: ['warn'] }),
  pii_classes: z.array(z.enum(PERSONAL_TYPES)).min(1).optional().describe('With this list, consent, purpose and region have to hold only where personal data of these kinds is found: in rows, documents, prompts and outputs. `redact` then blacks it out and lets the rest pass. Without it, they have to hold for every run, query, search and call of a model.').meta({ examples: [['email', 'ssn']] }),
  data_minimization: z.strictObject({
    allowed_fields: z.array(z.string().min(1)).min(1).optional().describe('Fields of rows and documents that the task needs: `field`, `source.field`, or globs. All others are taken out.').meta({ examples: [['id', 'crm.name']] }),
    max_fields: z.int().positive().optional().describe('Most fields that a row or document may have; those that come later are taken out.').meta({ unit: 'count', examples: [8] }),
    action: z.enum(['redact', 'warn', 'block']).default('redact').describe('What happens to a result with more: the fields are taken out, the agent is noted, or the whole result is withheld.').meta({ examples: ['block'] }),
  }).optional().describe('No more than is needed, of what queries and searches bring.').meta({ examples: [{ allowed_fields: ['id', 'name'] }] }),
});
type Rules = z.output<typeof rules>;
type Demand = (facts: Facts) => Violation | undefined;
interface Item { readonly fields: Row; readonly text?: string }

export const privacy = defineCategory({
  id: 'privacy',
  title: 'Privacy',
  group: 'Trust, privacy and compliance',
  why: 'Personal data may be used only with a reason: consent, a purpose, a place where it may be, and no more of it than the task needs. These rules ask the launch of the run for the reason, look for personal data where it passes, and take out the fields that nobody asked for before the agent sees them.',
  rules,
  dispositions: ['warn', 'redact', 'gate', 'block'],
  onViolation: 'block',
  checks(rules, policy): Checks {
    const demands = demandsOf(rules);
    const checks = rules.pii_classes ? whereFound(rules, policy, demands) : everywhere(policy, demands);
    const provider = rules.data_residency && providerCheck(rules, policy, rules.data_residency);
    const prompt = checks['llm.before'] as ((event: ActionEvent<'llm.before'>, facts: Facts) => readonly Violation[] | undefined) | undefined;
    const lean = rules.data_minimization && leanCheck(rules.data_minimization);
    const rows = checks['data.after'] as ((event: ActionEvent<'data.after'>, facts: Facts) => readonly Violation[] | undefined) | undefined;
    const documents = checks['retrieval.after'] as ((event: ActionEvent<'retrieval.after'>, facts: Facts) => readonly Violation[] | undefined) | undefined;
    return {
      ...checks,
      ...(provider && { 'llm.before': (event: ActionEvent<'llm.before'>, facts: Facts) => some([...(prompt?.(event, facts) ?? []), rules.pii_classes && !holdsPersonal(event.texts, rules) ? undefined : provider(event, facts)]) }),
      ...(lean && {
        'data.after': (event: ActionEvent<'data.after'>, facts: Facts) => some([...(rows?.(event, facts) ?? []), lean(event.source, rowsOf(event))]),
        'retrieval.after': (event: ActionEvent<'retrieval.after'>, facts: Facts) => some([...(documents?.(event, facts) ?? []), lean(event.store, documentsOf(event))]),
      }),
    };
  },
  wholeOutput: (rules) => rules.pii_classes !== undefined && demandsOf(rules).length > 0,
  review: (rules) => [
    ...(rules.pii_classes && demandsOf(rules).length === 0 ? [{ field: 'pii_classes', message: 'Personal data is looked for and nothing is asked of it. Add require_consent, purpose_limitation or data_residency.' }] : []),
    ...(rules.provider_regions && !rules.data_residency ? [{ field: 'provider_regions', message: 'Regions of providers are stated and none is asked for. Add data_residency.' }] : []),
  ],
  examples: [
    { title: 'A run without consent', rules: 'require_consent: true', event: start(), expect: 'block', field: 'require_consent' },
    { title: 'A run with consent', rules: 'require_consent: true', event: start(), facts: { context: { consent_token: 'c-17' } }, expect: 'allow' },
    { title: 'Consent under another name', rules: '{ require_consent: true, consent_token_field: gdpr }', event: start(), facts: { context: { gdpr: 'c-17' } }, expect: 'allow' },
    { title: 'Not under that name', rules: '{ require_consent: true, consent_token_field: gdpr }', event: start(), facts: { context: { consent_token: 'c-17' } }, expect: 'block', field: 'require_consent' },
    { title: 'Another purpose', rules: 'purpose_limitation: [outreach]', event: query(), facts: { context: { purpose: 'scoring' } }, expect: 'block', field: 'purpose_limitation' },
    { title: 'The purpose that was agreed', rules: 'purpose_limitation: [outreach]', event: query(), facts: { context: { purpose: 'outreach' } }, expect: 'allow' },
    { title: 'A run in another region', rules: 'data_residency: ["eu-*"]', event: start(), facts: { context: { region: 'us-east-1' } }, expect: 'block', field: 'data_residency' },
    { title: 'A run where it should be', rules: 'data_residency: ["eu-*"]', event: start(), facts: { context: { region: 'eu-west-1' } }, expect: 'allow' },
    { title: 'A model in another region', rules: 'data_residency: ["eu-*"]', event: prompt('Hi', 'bedrock-runtime.us-east-1.amazonaws.com'), facts: { context: { region: 'eu-west-1' } }, expect: 'block', field: 'data_residency' },
    { title: 'A model whose region the policy states', rules: '{ data_residency: ["eu-*"], provider_regions: { eu.api.openai.com: eu-central-1 } }', event: prompt('Hi', 'eu.api.openai.com'), facts: { context: { region: 'eu-west-1' } }, expect: 'allow' },
    { title: 'A model that may be anywhere', rules: 'data_residency: ["eu-*"]', event: prompt('Hi', 'api.example.com'), facts: { context: { region: 'eu-west-1' } }, expect: 'block', field: 'on_unknown_region' },
    { title: 'It is only noted', rules: '{ data_residency: ["eu-*"], on_unknown_region: warn }', event: prompt('Hi', 'api.example.com'), facts: { context: { region: 'eu-west-1' } }, expect: 'warn', field: 'on_unknown_region' },
    { title: 'An address in a row, without consent', rules: '{ require_consent: true, pii_classes: [email] }', event: rows({ id: 1, contact: 'ann@example.com' }), expect: 'block', field: 'require_consent' },
    { title: 'A row without personal data needs no consent', rules: '{ require_consent: true, pii_classes: [email] }', event: rows({ id: 1, city: 'Graz' }), expect: 'allow' },
    { title: 'A field that nobody needs', rules: 'data_minimization: { allowed_fields: [id, name] }', event: rows({ id: 1, name: 'Ann', salary: 1 }), expect: 'redact', field: 'data_minimization.allowed_fields' },
    { title: 'Only fields that are needed', rules: 'data_minimization: { allowed_fields: [id, name] }', event: rows({ id: 1, name: 'Ann' }), expect: 'allow' },
    { title: 'Too many fields', rules: 'data_minimization: { max_fields: 2, action: block }', event: rows({ a: 1, b: 2, c: 3 }), expect: 'block', field: 'data_minimization.max_fields' },
  ],
});

function demandsOf(rules: Rules): readonly Demand[] {
  const { require_consent: consent, consent_token_field: token } = rules;
  return [
    ...(consent ? [({ context }: Facts) => (context[token]?.trim() ? undefined : lacking('require_consent', true, token, 'none', 'Nobody has consented to this', `Hand over the consent as \`${token}\` in the context of the run.`))] : []),
    ...stated('purpose_limitation', 'purpose', rules.purpose_limitation),
    ...stated('data_residency', 'region', rules.data_residency),
  ];
}

function stated(field: string, fact: string, allowed: readonly string[] | undefined): readonly Demand[] {
  if (!allowed) return [];
  const matches = nameMatcher(allowed);
  return [({ context }) => {
    const value = context[fact];
    return value !== undefined && matches(value) ? undefined : lacking(field, allowed, fact, value ?? 'none', `The ${fact} of this run is ${value ?? 'not stated'}; allowed: ${allowed.join(', ')}`, `Start a run whose context states one of them as \`${fact}\`.`);
  }];
}

function lacking(field: string, limit: unknown, fact: string, value: unknown, why: string, remedy: string): Violation {
  return { field, limit, fact, value, message: `${why}. Go on without personal data, or stop and say so. ${remedy}`, remedy };
}

/** Nothing is there that could be blacked out, so `redact` refuses. */
function everywhere(policy: PolicyHeader, demands: readonly Demand[]): Checks {
  if (demands.length === 0) return {};
  const ask = (_: ActionEvent, facts: Facts) => some(demands.map((demand) => refusing(policy, demand(facts))));
  return { 'run.before': ask, 'data.before': ask, 'retrieval.before': ask, 'llm.before': ask };
}

function refusing(policy: PolicyHeader, violation: Violation | undefined): Violation | undefined {
  return violation && policy.onViolation === 'redact' ? { ...violation, disposition: 'block' } : violation;
}

function whereFound(rules: Rules, policy: PolicyHeader, demands: readonly Demand[]): Checks {
  if (demands.length === 0) return {};
  const detectors = personalDetectors(rules.pii_classes);
  const unmet = (facts: Facts): readonly Violation[] => demands.map((demand) => demand(facts)).filter((each) => each !== undefined);
  const takesOut = policy.onViolation !== 'warn';
  const texts = (parts: readonly TextPart[] | undefined, facts: Facts): readonly Violation[] | undefined => {
    const violations = unmet(facts);
    if (violations.length === 0 || !parts) return undefined;
    const redactions: Redaction[] = parts.flatMap(({ at, text }) => scan(text, detectors).map((span) => ({ at, ...span })));
    return redactions.length === 0 ? undefined : violations.map((each) => ({ ...each, ...(takesOut && { redactions }) }));
  };
  const items = (all: readonly Item[], facts: Facts): readonly Violation[] | undefined => {
    const violations = unmet(facts);
    if (violations.length === 0) return undefined;
    const blank = all.flatMap(({ fields, text }, index) => Object.entries(text === undefined ? fields : { ...fields, text }).flatMap(([field, value]) => {
      const [span] = scan(textOf(value), detectors);
      return span ? [{ index, field, label: span.label }] : [];
    }));
    return blank.length === 0 ? undefined : violations.map((each) => ({ ...each, ...(takesOut && { blank }) }));
  };
  return {
    'run.before': (event, facts) => texts(event.input, facts),
    'llm.before': (event, facts) => texts(event.texts, facts),
    'llm.after': (event, facts) => texts(event.texts, facts),
    'output.after': (event, facts) => texts(event.texts, facts),
    'data.after': (event, facts) => items(rowsOf(event), facts),
    'retrieval.after': (event, facts) => items(documentsOf(event), facts),
  };
}

function holdsPersonal(texts: readonly TextPart[], rules: Rules): boolean {
  const detectors = personalDetectors(rules.pii_classes);
  return texts.some(({ text }) => scan(text, detectors).length > 0);
}

function providerCheck(rules: Rules, policy: PolicyHeader, allowed: readonly string[]): (event: ActionEvent<'llm.before'>, facts: Facts) => Violation | undefined {
  const regions = rules.provider_regions ?? {};
  const stated = hostMatcher(Object.keys(regions));
  const matches = nameMatcher(allowed);
  return ({ provider }, { context }) => {
    const host = normalHost(provider);
    const pattern = stated(host);
    const region = pattern !== undefined ? regions[pattern] : isLoopback(host) ? context['region'] : regionOf(host);
    const remedy = 'Use a model in one of these regions.';
    if (region === undefined) return rules.on_unknown_region === 'allow' ? undefined : { field: 'on_unknown_region', disposition: rules.on_unknown_region, limit: allowed, fact: 'provider', value: host, message: `Nobody knows in which region ${host} answers; allowed: ${allowed.join(', ')}. ${remedy}`, remedy: `State the region of ${host} under \`provider_regions\`.` };
    if (matches(region)) return undefined;
    return refusing(policy, { field: 'data_residency', limit: allowed, fact: 'region of the model', value: region, message: `The model at ${host} answers from ${region}; allowed: ${allowed.join(', ')}. ${remedy}`, remedy });
  };
}

/** The region that a host's own name carries: AWS Bedrock, Google Vertex AI, Azure's regional endpoints. */
function regionOf(host: string): string | undefined {
  return /^bedrock[a-z-]*\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com$/.exec(host)?.[1]
    ?? /^([a-z]+-[a-z]+\d+)-aiplatform\.googleapis\.com$/.exec(host)?.[1]
    ?? /^([a-z0-9]+)\.api\.cognitive\.microsoft\.com$/.exec(host)?.[1];
}

function leanCheck({ allowed_fields: allowed, max_fields: most, action }: NonNullable<Rules['data_minimization']>): (source: string, items: readonly Item[]) => Violation | undefined {
  const matches = nameMatcher(allowed ?? ['*']);
  return (source, items) => {
    const surplus = items.flatMap(({ fields }, index) => Object.keys(fields).filter((field) => !matches(field) && !matches(`${source}.${field}`)).map((field) => ({ index, field })));
    if (allowed && surplus.length > 0) return excess('allowed_fields', allowed, surplus, action, `not among those this task needs (${allowed.join(', ')})`);
    const late = most === undefined ? [] : items.flatMap(({ fields }, index) => Object.keys(fields).slice(most).map((field) => ({ index, field })));
    return late.length > 0 ? excess('max_fields', most, late, action, `more than the ${most} that a row may have`) : undefined;
  };
}

function excess(field: string, limit: unknown, blank: readonly { readonly index: number; readonly field: string }[], action: 'redact' | 'warn' | 'block', why: string): Violation {
  const found = [...new Set(blank.map((each) => each.field))];
  const remedy = 'Ask only for the fields that you need.';
  return { field: `data_minimization.${field}`, disposition: action, limit, fact: 'fields', value: found, blank: action === 'warn' ? undefined : blank, message: `The result holds fields that are ${why}: ${found.join(', ')}. ${remedy}`, remedy };
}

function rowsOf({ rows }: ActionEvent<'data.after'>): readonly Item[] {
  return rows?.map((fields) => ({ fields })) ?? [];
}

function documentsOf({ documents }: ActionEvent<'retrieval.after'>): readonly Item[] {
  return documents.map(({ fields = {}, text }) => ({ fields, ...(text !== undefined && { text }) }));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ?? '';
}

function some(found: readonly (Violation | undefined)[]): readonly Violation[] | undefined {
  const violations = found.filter((each) => each !== undefined);
  return violations.length > 0 ? violations : undefined;
}

function start(): ActionEvent<'run.before'> {
  return { event: 'run.before', command: ['node', 'agent.js'] };
}

function query(): ActionEvent<'data.before'> {
  return { event: 'data.before', source: 'crm', operation: 'read', statement: 'select id from leads' };
}

function rows(...rows: readonly Row[]): ActionEvent<'data.after'> {
  return { event: 'data.after', source: 'crm', operation: 'read', rows };
}

function prompt(text: string, provider: string): ActionEvent<'llm.before'> {
  return { event: 'llm.before', wire: 'openai-chat', provider, model: 'm', stream: false, hasSystemPrompt: false, inputTokens: 1, tools: [], texts: [{ at: '/messages/0/content', role: 'user', text }] };
}
