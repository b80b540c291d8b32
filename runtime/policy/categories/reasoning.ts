// The `reasoning` category: recorded decisions give their reasons, weigh alternatives and keep to lawful ones, and a risky tool needs a decision on record.

import { z } from 'zod';
import { RISKS, type ActionEvent, type DecisionRecord } from '../../../protocol/action.ts';
import type { Disposition } from '../../../protocol/verdict.ts';
import { defineCategory, type Checks, type Violation } from '../category.ts';
import { freshHost, type DecisionMark, type Facts } from '../facts.ts';
import { firstMatch } from '../globs.ts';

/** Words by which an attribute shows in English. Whole words, in any case. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  age: ['age', 'aged', 'elderly', 'years old', 'too old', 'too young', 'senior citizen', 'pensioner', 'millennial', 'boomer'],
  gender: ['gender', 'sex', 'male', 'female', 'man', 'woman', 'men', 'women', 'transgender', 'nonbinary', 'non-binary'],
  race: ['race', 'racial', 'ethnic', 'ethnicity', 'skin colour', 'skin color', 'black', 'white', 'asian', 'hispanic', 'latino', 'latina'],
  religion: ['religion', 'religious', 'faith', 'muslim', 'christian', 'jewish', 'hindu', 'buddhist', 'sikh', 'atheist'],
  disability: ['disability', 'disabled', 'handicap', 'handicapped', 'wheelchair', 'impairment', 'mental illness'],
  nationality: ['nationality', 'national origin', 'foreigner', 'immigrant', 'refugee', 'citizenship', 'country of origin'],
  pregnancy: ['pregnancy', 'pregnant', 'maternity', 'expecting a child'],
  'marital status': ['marital status', 'married', 'unmarried', 'divorced', 'widowed', 'single mother', 'single father'],
  'sexual orientation': ['sexual orientation', 'gay', 'lesbian', 'homosexual', 'bisexual', 'queer'],
};

const rules = z.strictObject({
  require_explanation: z.boolean().default(false).describe('Every recorded decision explains itself.').meta({ examples: [true] }),
  explanation_min_length: z.int().positive().default(50).describe('Shortest explanation, without white space around it, where one is required.').meta({ unit: 'characters', examples: [50] }),
  require_alternatives_considered: z.boolean().default(false).describe('Every recorded decision names what else was considered.').meta({ examples: [true] }),
  min_alternatives: z.int().positive().max(50).default(2).describe('How many different ones, where they are required.').meta({ unit: 'count', examples: [2] }),
  confidence_required: z.boolean().default(false).describe('Every recorded decision states its confidence.').meta({ examples: [true] }),
  min_decision_confidence: z.number().min(0).max(1).optional().describe('Least confidence, 0 to 1, that a decision may state. A model\'s own number is a weak sign: combine it with a gate, not with trust. With `confidence_required` alone it is 0.7.').meta({ examples: [0.7] }),
  bias_detection: z.strictObject({
    enabled: z.boolean().default(true).describe('Whether this check is made.').meta({ examples: [true] }),
    protected_attributes: z.array(z.string().trim().min(1).max(60)).min(1).default(Object.keys(ATTRIBUTES)).describe(`Attributes, each found by its own name; for ${Object.keys(ATTRIBUTES).join(', ')} also by usual words for them.`).meta({ examples: [['age', 'gender', 'postcode']] }),
    action: z.enum(['warn', 'retry', 'gate', 'block']).optional().describe('What happens on a match; absent: what `on_violation` says.').meta({ examples: ['gate'] }),
  }).optional().describe('Decisions whose summary or explanation names a protected attribute. It compares words in English: it finds a reason that is said, not one that is meant, and also a sentence that says the attribute was left aside. Have people look.').meta({ examples: [{ protected_attributes: ['age', 'gender'], action: 'gate' }] }),
  decide_before: z.strictObject({
    tools: z.array(z.string().min(1)).default([]).describe('Tools: exact names or globs, `server/tool` for one MCP server\'s.').meta({ reference: 'tool', examples: [['approve_*']] }),
    min_risk: z.enum(RISKS).optional().describe('Tools of this risk or a higher one; the risk is written under `tools:`.').meta({ examples: ['high'] }),
    within_minutes: z.number().positive().max(10_080).optional().describe('How old the decision may be; absent: as old as the run.').meta({ unit: 'minutes', examples: [30] }),
  }).refine((value) => value.tools.length > 0 || value.min_risk !== undefined, { error: 'needs `tools` or a `min_risk`' }).optional().describe('Tools that are called only after a decision about them was recorded in this run: its `about` is the name of the tool. Checked before the tool runs.').meta({ formerly: ['decision_audit_trail'], examples: [{ tools: ['approve_loan'], min_risk: 'high' }] }),
  max_reasoning_depth: z.int().positive().max(10_000).default(10).describe('How many steps of reasoning a decision may state as its depth, and how many decisions in a row a run may record without calling a tool or a program in between.').meta({ unit: 'steps', examples: [10] }),
});
type Rules = z.output<typeof rules>;
/** One check of a decision. */
type Part = (decision: DecisionRecord, facts: Facts) => Violation | undefined;

export const reasoning = defineCategory({
  id: 'reasoning',
  title: 'Reasoning',
  group: 'Cognitive governance',
  why: 'A decision about a person or about money has to be answered for later: what was decided, why, and what else there was. These rules hold every recorded decision to that, and refuse a risky tool while no decision about it is on record, so that the trail is there before the action and not found missing after it.',
  rules,
  dispositions: ['warn', 'retry', 'gate', 'block'],
  onViolation: 'warn',
  checks(rules): Checks {
    const parts = partsOf(rules);
    return {
      'decision.after': (decision, facts) => {
        const violations = parts.flatMap((part) => part(decision, facts) ?? []);
        return violations.length > 0 ? violations : undefined;
      },
      ...(rules.decide_before && { 'tool.before': undecided(rules.decide_before) }),
    };
  },
  examples: [
    { title: 'A loan refused in two words', rules: '{ require_explanation: true, explanation_min_length: 20 }', event: decision({ explanation: 'Too risky.' }), expect: 'warn', field: 'require_explanation' },
    { title: 'A loan refused with reasons', rules: '{ require_explanation: true, explanation_min_length: 20 }', event: decision({ explanation: 'Income covers half of the instalments.' }), expect: 'allow' },
    { title: 'Only one way was considered', rules: '{ require_alternatives_considered: true, min_alternatives: 2 }', event: decision({ alternatives: ['approve', 'Approve '] }), expect: 'warn', field: 'require_alternatives_considered' },
    { title: 'Two ways were', rules: '{ require_alternatives_considered: true, min_alternatives: 2 }', event: decision({ alternatives: ['approve', 'ask for a guarantor'] }), expect: 'allow' },
    { title: 'Nobody knows how sure it is', rules: 'confidence_required: true', event: decision({}), expect: 'warn', field: 'confidence_required' },
    { title: 'It is not sure enough', rules: 'min_decision_confidence: 0.8', event: decision({ confidence: 0.6 }), expect: 'warn', field: 'min_decision_confidence' },
    { title: 'It is sure', rules: '{ confidence_required: true, min_decision_confidence: 0.8 }', event: decision({ confidence: 0.9 }), expect: 'allow' },
    { title: 'Age as a reason', rules: 'bias_detection: { protected_attributes: [age], action: gate }', event: decision({ explanation: 'The applicant is too old.' }), expect: 'gate', field: 'bias_detection' },
    { title: 'A word that only holds it', rules: 'bias_detection: { protected_attributes: [age], action: gate }', event: decision({ explanation: 'The mortgage is too large.' }), expect: 'allow' },
    { title: 'A risky tool with nothing decided', rules: 'decide_before: { tools: [approve_*], min_risk: high }', event: { event: 'tool.before', name: 'approve_loan', args: {} }, expect: 'warn', field: 'decide_before' },
    { title: 'A risky tool after a decision about it', rules: 'decide_before: { tools: [approve_*], min_risk: high }', event: { event: 'tool.before', name: 'approve_loan', args: {} }, facts: decided([{ at: 0, summary: 'approve', about: 'approve_loan' }]), expect: 'allow' },
    { title: 'Thinking that goes too deep', rules: 'max_reasoning_depth: 5', event: decision({ depth: 6 }), expect: 'warn', field: 'max_reasoning_depth' },
    { title: 'Deciding again and again without doing anything', rules: 'max_reasoning_depth: 2', event: decision({}), facts: decided([{ at: 1, summary: 'a' }, { at: 2, summary: 'b' }]), expect: 'warn', field: 'max_reasoning_depth' },
    { title: 'Thinking that does not', rules: 'max_reasoning_depth: 5', event: decision({ depth: 5 }), expect: 'allow' },
  ],
});

function partsOf(rules: Rules): Part[] {
  const parts: Part[] = [(decision, facts) => tooDeep(rules.max_reasoning_depth, decision, facts)];
  if (rules.require_explanation) parts.push((decision) => tooShort(rules.explanation_min_length, decision));
  if (rules.require_alternatives_considered) parts.push((decision) => tooFew(rules.min_alternatives, decision));
  const least = rules.min_decision_confidence ?? (rules.confidence_required ? 0.7 : undefined);
  if (least !== undefined) parts.push((decision) => unsure(least, rules.confidence_required, decision));
  const bias = rules.bias_detection;
  if (bias?.enabled) parts.push(biasPart(bias.protected_attributes, bias.action));
  return parts;
}

function tooDeep(limit: number, { depth }: DecisionRecord, facts: Facts): Violation | undefined {
  const acted = facts.history.findLast(({ kind }) => kind !== 'llm')?.at ?? -Infinity;
  const inARow = facts.host.decisions().filter(({ at }) => at > acted).length + 1;
  const value = Math.max(depth ?? 0, inARow);
  if (value <= limit) return undefined;
  return { field: 'max_reasoning_depth', limit, fact: 'depth', value, message: value === depth ? `The decision took ${value} steps of reasoning; ${limit} are allowed.` : `This is decision ${value} in a row with nothing done in between; ${limit} are allowed.`, remedy: 'Act on what was decided, or say that it cannot be decided.' };
}

function tooShort(limit: number, { explanation = '' }: DecisionRecord): Violation | undefined {
  const value = explanation.trim().length;
  return value >= limit ? undefined : { field: 'require_explanation', limit, fact: 'length of the explanation', value, message: `The decision is explained in ${value} characters; ${limit} are asked for.`, remedy: 'Record it again, and say what it rests on.' };
}

function tooFew(limit: number, { alternatives = [] }: DecisionRecord): Violation | undefined {
  const value = new Set(alternatives.map((each) => each.trim().toLowerCase()).filter((each) => each !== '')).size;
  return value >= limit ? undefined : { field: 'require_alternatives_considered', limit, fact: 'alternatives', value, message: `The decision names ${value} alternatives; ${limit} different ones are asked for.`, remedy: 'Record it again with what else was considered.' };
}

function unsure(limit: number, required: boolean, { confidence }: DecisionRecord): Violation | undefined {
  if (confidence === undefined) return required ? { field: 'confidence_required', limit: true, fact: 'confidence', message: 'The decision does not state its confidence.', remedy: 'Record it again with a confidence from 0 to 1.' } : undefined;
  if (confidence >= limit && confidence <= 1) return undefined;
  return { field: 'min_decision_confidence', limit, fact: 'confidence', value: confidence, message: `The decision is ${confidence} sure of itself; ${limit} to 1 is asked for.`, remedy: 'Find out more before deciding, or leave the decision to a person.' };
}

function biasPart(attributes: readonly string[], disposition: Disposition | undefined): Part {
  const probes = attributes.map((name) => ({ name, words: wordsOf([name, ...(Object.hasOwn(ATTRIBUTES, name.toLowerCase()) ? ATTRIBUTES[name.toLowerCase()]! : [])]) }));
  return ({ summary, explanation = '' }) => {
    const value = probes.filter(({ words }) => words.test(summary) || words.test(explanation)).map(({ name }) => name);
    return value.length === 0 ? undefined : { field: 'bias_detection', disposition, limit: attributes, fact: 'attributes', value, message: `The decision names ${value.join(', ')}, which it must not rest on.`, remedy: 'Decide again on grounds that have to do with the matter.' };
  };
}

function wordsOf(words: readonly string[]): RegExp {
  const escaped = words.map((word) => word.trim().replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/[\s_-]+/g, '[\\s_-]'));
  return new RegExp(`(?<![\\p{L}\\p{N}_])(?:${escaped.join('|')})(?![\\p{L}\\p{N}_])`, 'iu');
}

function undecided({ tools, min_risk: least, within_minutes: minutes }: NonNullable<Rules['decide_before']>) {
  return ({ name, server, risk }: ActionEvent<'tool.before'>, facts: Facts): Violation | undefined => {
    const qualified = server === undefined ? name : `${server}/${name}`;
    const risky = least !== undefined && risk !== undefined && RISKS.indexOf(risk) >= RISKS.indexOf(least);
    const pattern = firstMatch(tools, name) ?? firstMatch(tools, qualified);
    if (!risky && pattern === undefined) return undefined;
    const since = minutes === undefined ? -Infinity : facts.now - minutes * 60_000;
    if (facts.host.decisions().some(({ about, at }) => at >= since && (about === name || about === qualified))) return undefined;
    return { field: 'decide_before', limit: pattern ?? least, fact: 'tool', value: qualified, message: `No decision about ${qualified} is on record${minutes === undefined ? '' : ` from the last ${minutes} minutes`}.`, remedy: `Record a decision with \`about: ${name}\` first, with its explanation.` };
  };
}

function decision(record: Partial<DecisionRecord>): ActionEvent<'decision.after'> {
  return { event: 'decision.after', summary: 'refuse the loan', ...record };
}

function decided(marks: readonly DecisionMark[]): Partial<Facts> {
  return { host: freshHost({ decisions: () => marks }) };
}
