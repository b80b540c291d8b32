// The `compliance` category: requirements on the other policies, held against the set while it is written and before each run.

import { z } from 'zod';
import { DISPOSITIONS } from '../../../protocol/verdict.ts';
import type { ActionEvent } from '../../../protocol/action.ts';
import type { PolicyInForce, PolicySet } from '../api.ts';
import { defineCategory, type Checks, type Violation } from '../category.ts';
import { PROFILE_IDS, PROFILES, REQUIREMENTS, type ProfileId } from '../compliance/index.ts';
import { CATEGORY_IDS, missing, OPS, type Op } from '../compliance/requirement.ts';
import type { Facts } from '../facts.ts';

const RUN: ActionEvent<'run.before'> = { event: 'run.before', command: ['node', 'agent.mjs'] };

const category = z.enum(CATEGORY_IDS).describe('The category whose policy has to meet it.').meta({ examples: ['audit'] });

const rules = z.strictObject({
  profile: z.array(z.enum(PROFILE_IDS)).min(1).optional().describe(`Lists of requirements that the policies in force for a run must meet; what is missing is named with its source. No profile makes anybody compliant. ${PROFILE_IDS.map((id) => `\`${id}\`: ${PROFILES[id].about}`).join(' ')}`).meta({ examples: [['gdpr', 'eu-ai-act']] }),
  required_categories: z.array(z.enum(CATEGORY_IDS)).min(1).optional().describe('Categories of which some policy must be in force for the run. Policies in shadow mode, and those switched off, do not count.').meta({ examples: [['audit', 'cost']] }),
  required_rules: z.array(z.strictObject({
    category,
    rule: z.string().min(1).describe('The field, as a dotted path under `rules:`.').meta({ examples: ['retention_days'] }),
    op: z.enum(OPS).default('equals').describe('How it is held against `value`: `includes` asks for a list with all of it, `within` for one with nothing else, `set` for any value, `non-empty` for a text or list that is not empty.').meta({ examples: ['at-least'] }),
    value: z.union([z.number(), z.boolean(), z.string(), z.array(z.string()).min(1)]).optional().describe('What it is held against; `set` and `non-empty` need none.').meta({ examples: [2192] }),
    on_violation: z.enum(DISPOSITIONS).optional().describe('The weakest `on_violation` of the policy that counts; absent: any.').meta({ examples: ['block'] }),
    why: z.string().min(1).optional().describe('Why it is required, for whoever meets it.').meta({ examples: ['Contract with Example Ltd, section 7'] }),
  }).superRefine(complete)).min(1).optional().describe('Requirements of your own. Some policy in force for the run must meet each.').meta({ examples: [[{ category: 'audit', rule: 'retention_days', op: 'at-least', value: 2192 }]] }),
  except: z.array(z.strictObject({
    requirement: z.string().refine((id) => REQUIREMENTS.has(id), { error: 'is no requirement of any profile' }).describe('Id of a requirement of a profile.').meta({ examples: ['gdpr/consent'] }),
    reason: z.string().trim().min(10, { error: 'must say why, in a sentence' }).describe('Why it does not apply, or what meets it instead.').meta({ examples: ['Processing rests on a contract, Art. 6(1)(b).'] }),
  })).min(1).optional().describe('Requirements of the profiles that are not asked for, each with its reason.').meta({ examples: [[{ requirement: 'gdpr/consent', reason: 'Processing rests on a contract, Art. 6(1)(b).' }]] }),
});
type Rules = z.output<typeof rules>;

const NUMERIC: readonly Op[] = ['at-least', 'at-most'];
const LISTS: readonly Op[] = ['includes', 'within'];
const BARE: readonly Op[] = ['set', 'non-empty'];

function complete({ op, value }: { readonly op: Op; readonly value?: unknown }, context: z.RefinementCtx): void {
  const wrong = BARE.includes(op) ? (value === undefined ? undefined : `is not used by \`${op}\`: leave it out`)
    : value === undefined ? `is needed by \`${op}\``
    : NUMERIC.includes(op) && typeof value !== 'number' ? `must be a number for \`${op}\``
    : LISTS.includes(op) && !Array.isArray(value) ? `must be a list for \`${op}\``
    : undefined;
  if (wrong) context.addIssue({ code: 'custom', path: ['value'], message: wrong });
}

/** A requirement that is not met. */
interface Gap {
  /** Dotted path under `rules:` of what asks for it. */
  readonly field: string;
  readonly id: string;
  /** What is missing, and where it comes from. */
  readonly text: string;
}

export const compliance = defineCategory({
  id: 'compliance',
  title: 'Compliance',
  group: 'Trust, privacy and compliance',
  why: 'Rules that a law, a standard or a contract asks for are easily left out, weakened or switched off later, and nobody notices until somebody asks. This category turns them into requirements on the other policies: what is missing is shown in the editor while policies are written, and no run starts without it.',
  rules,
  dispositions: ['warn', 'block'],
  onViolation: 'block',
  checks(rules): Checks {
    const { profile = [], required_categories: categories = [], required_rules: own = [] } = rules;
    if (profile.length + categories.length + own.length === 0) return {};
    return { 'run.before': (_: ActionEvent, facts: Facts, set: PolicySet) => refusals(rules, gaps(rules, set.inForce(facts))) };
  },
  review: (rules, set) => [
    ...gaps(rules, set.all).map(({ field, text }) => ({ field, severity: 'warning' as const, message: sentence(text) })),
    ...idle(rules),
  ],
  examples: [
    { title: 'A run that none of the asked-for policies binds', rules: 'profile: [owasp-agentic]', event: RUN, expect: 'block', field: 'profile' },
    { title: 'A profile is held against the policies once, before a run starts', rules: 'profile: [owasp-agentic]', event: { event: 'tool.before', name: 'search', args: {} }, expect: 'allow' },
    { title: 'No audit policy is in force', rules: 'required_categories: [audit]', event: RUN, expect: 'block', field: 'required_categories' },
    { title: 'A run that has ended is not asked', rules: 'required_categories: [audit]', event: { event: 'run.after', outcome: 'completed' }, expect: 'allow' },
    { title: 'Records must be kept for six years', rules: 'required_rules: [{ category: audit, rule: retention_days, op: at-least, value: 2192 }]', event: RUN, expect: 'block', field: 'required_rules' },
    { title: 'Nothing is asked of what goes on in a run', rules: 'required_rules: [{ category: audit, rule: retention_days, op: at-least, value: 2192 }]', event: { event: 'exec.before', command: 'ls', argv: ['ls'], shell: false, cwd: '/' }, expect: 'allow' },
    { title: 'One requirement less leaves the others', rules: '{ profile: [gdpr], except: [{ requirement: gdpr/consent, reason: "Processing rests on a contract, Art. 6(1)(b)." }] }', event: RUN, expect: 'block', field: 'profile' },
    { title: 'Exceptions alone ask for nothing', rules: 'except: [{ requirement: gdpr/consent, reason: "Processing rests on a contract, Art. 6(1)(b)." }]', event: RUN, expect: 'allow' },
  ],
});

function gaps(rules: Rules, policies: readonly PolicyInForce[]): readonly Gap[] {
  const left = new Set(rules.except?.map(({ requirement }) => requirement));
  return [
    ...(rules.profile ?? []).flatMap((id, index) => profileGaps(id, `profile.${index}`, left, policies)),
    ...(rules.required_categories ?? []).flatMap((each, index) => gap(`required_categories.${index}`, each, missing({ category: each, rules: [] }, policies))),
    ...(rules.required_rules ?? []).flatMap((each, index) => {
      const { category: of, rule: path, op, value, on_violation: atLeast, why } = each;
      const text = missing({ category: of, rules: [{ path, op, value }], atLeast }, policies);
      return gap(`required_rules.${index}`, `${of}.${path}`, text && why ? `${text} (${why})` : text);
    }),
  ];
}

function profileGaps(profile: ProfileId, field: string, left: ReadonlySet<string>, policies: readonly PolicyInForce[]): readonly Gap[] {
  return PROFILES[profile].requirements.filter(({ id }) => !left.has(id)).flatMap((each) => {
    const text = missing(each, policies);
    return gap(field, each.id, text && `${each.title} (${each.id}, ${each.source.document}, ${each.source.section}): ${text}`);
  });
}

const gap = (field: string, id: string, text: string | undefined): readonly Gap[] => (text === undefined ? [] : [{ field, id, text }]);

/** One refusal for each field that asks for something that is not there. */
function refusals(rules: Rules, found: readonly Gap[]): readonly Violation[] | undefined {
  if (found.length === 0) return undefined;
  return [...Map.groupBy(found, ({ field }) => field.slice(0, field.indexOf('.')))].map(([field, all]) => ({
    field, limit: limitOf(rules, field), fact: 'requirements that are not met', value: all.map(({ id }) => id),
    message: `This run may not start, because the policies in force for it do not meet ${all.length === 1 ? 'a requirement' : `${all.length} requirements`}. ${all.slice(0, 3).map(({ text }) => sentence(text)).join(' ')}${all.length > 3 ? ` And ${all.length - 3} more.` : ''}`,
    remedy: `Meet ${all.length === 1 ? 'it' : 'them'} in the policies of this agent: ${all[0]!.text}.`,
  }));
}

function limitOf(rules: Rules, field: string): unknown {
  return field === 'profile' ? rules.profile : field === 'required_categories' ? rules.required_categories : rules.required_rules?.map(({ category: of, rule }) => `${of}.${rule}`);
}

/** Rules that ask for nothing. */
function idle({ profile = [], required_categories: categories = [], required_rules: own = [], except = [] }: Rules): readonly { readonly field: string; readonly message: string; readonly severity: 'warning' }[] {
  const stray = except.flatMap(({ requirement }, index) => (profile.some((id) => requirement.startsWith(`${id}/`)) ? [] : [{ field: `except.${index}`, severity: 'warning' as const, message: `\`${requirement}\` is of no profile that is asked for here. Add the profile, or take this out.` }]));
  const nothing = profile.length + categories.length + own.length === 0 && except.length === 0;
  return nothing ? [{ field: 'profile', severity: 'warning', message: 'This policy asks for nothing. Name a `profile`, `required_categories` or `required_rules`.' }] : stray;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
