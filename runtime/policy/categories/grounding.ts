// The `grounding` category: what an answer states and what an action uses was in fact retrieved or told in this run.

import { z } from 'zod';
import type { ActionEvent, TextPart } from '../../../protocol/action.ts';
import type { Redaction } from '../../../protocol/verdict.ts';
import { defineCategory, type Checks, type Violation } from '../category.ts';
import { citationFinder, pointsAt } from '../detect/citations.ts';
import { claimsOf, evidenceOf, numbersOf, support, type Evidence } from '../detect/claims.ts';
import { compilePattern } from '../detect/custom.ts';
import { freshHost, type Facts, type RetrievedMark } from '../facts.ts';
import { nameMatcher } from '../globs.ts';

const share = (text: string, example: number) => z.number().min(0).max(1).optional().describe(text).meta({ examples: [example] });
const MODES = ['all', 'average', 'top_n'] as const;

const rules = z.strictObject({
  require_source_grounding: z.boolean().default(false).describe('An answer must cite at least `min_citations` different sources that were retrieved in this run.').meta({ examples: [true] }),
  min_citations: z.int().positive().max(100).default(1).describe('How many, where sources are required.').meta({ unit: 'count', examples: [2] }),
  reject_unknown_citations: z.boolean().default(true).describe('A citation of something that was not retrieved in this run is a violation. Numbers count what was retrieved, from 1, in its order.').meta({ examples: [true] }),
  citation_pattern: z.string().min(1).max(1000).superRefine(usable).optional().describe('RE2 expression for a citation; its first group, or all of it, is the id, source or number. Absent: `[1]`, `[name]`, `(source: name)`, links, addresses and paths of files.').meta({ examples: ['\\[\\[kb:([^\\]]+)\\]\\]'] }),
  max_unsupported_claims: z.int().min(0).max(1000).optional().describe('How many sentences with numbers, names or quotes may lack support. A sentence has support when one retrieved text holds all its numbers and quotes, and enough of its content words. Words are compared, not meaning: a text that says the opposite in the same words passes.').meta({ unit: 'count', examples: [0] }),
  min_grounding_score: share('Share of its content words, 0 to 1, that a sentence must share with one retrieved text to have support (0.7 when absent); and, when given, what the mean of all such sentences must reach.', 0.7),
  factual_consistency_check: z.boolean().default(false).describe('Every number and date in an answer must occur in a retrieved text or in what users said to the run. Single digits are left aside, and so are the numbers of citations.').meta({ examples: [true] }),
  abstention_threshold: share('When the mean support of the answer\'s claims is below this, 0 to 1, the answer is replaced by `abstention_response`. An answer without claims is never replaced.', 0.4),
  abstention_response: z.string().trim().min(1).max(4000).default('I could not find enough in the sources to answer this reliably.').describe('What leaves the run instead.').meta({ examples: ['I do not know.'] }),
  score_relevance_floor: share('Least relevance, as the store reports it, of what a search brings. A document without a score counts as 0.', 0.5),
  score_eval_mode: z.enum(MODES).default('all').describe('Whether each score must reach the floor, their average, or the average of the best `score_top_n`.').meta({ examples: ['top_n'] }),
  score_top_n: z.int().positive().max(1000).default(3).describe('How many of the best scores are averaged with `top_n`.').meta({ unit: 'count', examples: [3] }),
  actions: z.array(z.string().min(1)).default([]).describe('Tools, by exact name or glob (`server/tool` for one MCP server\'s), whose arguments may hold no number of two digits or more, mail address, or id with letters and digits that was neither retrieved in this run nor told to it.').meta({ reference: 'tool', examples: [['send_payment', 'refund_*']] }),
});
type Rules = z.output<typeof rules>;

function usable(pattern: string, context: z.RefinementCtx): void {
  try {
    compilePattern('citation_pattern', pattern);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
}

export const grounding = defineCategory({
  id: 'grounding',
  title: 'Grounding',
  group: 'Cognitive governance',
  why: 'A model that does not know makes things up, and cites sources that it never saw. These rules compare the answer with what was really retrieved in this run: citations, numbers, quotes and words. They do the same for actions, so that an amount or a recipient that came from nowhere never reaches the tool.',
  rules,
  dispositions: ['warn', 'retry', 'gate', 'block'],
  onViolation: 'warn',
  checks(rules): Checks {
    return {
      ...(watchesOutput(rules) && { 'output.after': outputCheck(rules) }),
      ...(rules.actions.length > 0 && { 'tool.before': actionCheck(rules.actions) }),
      ...(rules.score_relevance_floor !== undefined && { 'retrieval.after': scoreCheck(rules, rules.score_relevance_floor) }),
    };
  },
  wholeOutput: watchesOutput,
  examples: [
    { title: 'An answer that cites nothing', rules: 'require_source_grounding: true', event: output('Refunds take 30 days.'), facts: past(), expect: 'warn', field: 'require_source_grounding' },
    { title: 'An answer that cites what was read', rules: '{ require_source_grounding: true, min_citations: 1 }', event: output('Refunds take 30 days [1].'), facts: past(), expect: 'allow' },
    { title: 'One source where two are asked for', rules: '{ require_source_grounding: true, min_citations: 2 }', event: output('Refunds take 30 days [1].'), facts: past(), expect: 'warn', field: 'min_citations' },
    { title: 'A source that was never read', rules: 'reject_unknown_citations: true', event: output('Refunds take 30 days (source: returns.md).'), facts: past(), expect: 'warn', field: 'reject_unknown_citations' },
    { title: 'A source that was', rules: 'reject_unknown_citations: true', event: output('Refunds take 30 days (source: refunds.md).'), facts: past(), expect: 'allow' },
    { title: 'A form of citation of one\'s own', rules: '{ require_source_grounding: true, citation_pattern: "kb:(\\\\w+)" }', event: output('Refunds take 30 days, kb:D7.'), facts: past(), expect: 'allow' },
    { title: 'A number that no source has', rules: '{ max_unsupported_claims: 0, min_grounding_score: 0.5 }', event: output('Refunds take 90 days.'), facts: past(), expect: 'warn', field: 'max_unsupported_claims' },
    { title: 'A sentence that a source bears out', rules: '{ max_unsupported_claims: 0, min_grounding_score: 0.5 }', event: output('Refunds take 30 days.'), facts: past(), expect: 'allow' },
    { title: 'Words that no source has', rules: 'min_grounding_score: 0.7', event: output('Chocolate melts at 30 degrees.'), facts: past(), expect: 'warn', field: 'min_grounding_score' },
    { title: 'A date from nowhere', rules: 'factual_consistency_check: true', event: output('It arrives on 2026-03-01.'), facts: past(), expect: 'warn', field: 'factual_consistency_check' },
    { title: 'A number that the user gave', rules: 'factual_consistency_check: true', event: output('Order 4711 is refunded within 30 days.'), facts: past(), expect: 'allow' },
    { title: 'Better no answer than this one', rules: '{ abstention_threshold: 0.4, abstention_response: I do not know. }', event: output('Chocolate melts at 34 degrees.'), facts: past(), expect: 'redact', field: 'abstention_threshold' },
    { title: 'An answer that holds', rules: '{ abstention_threshold: 0.4, abstention_response: I do not know. }', event: output('Refunds take 30 days.'), facts: past(), expect: 'allow' },
    { title: 'One document that has little to do with it', rules: 'score_relevance_floor: 0.5', event: found(0.9, 0.2), expect: 'warn', field: 'score_relevance_floor' },
    { title: 'The best one is good', rules: '{ score_relevance_floor: 0.5, score_eval_mode: top_n, score_top_n: 1 }', event: found(0.9, 0.2), expect: 'allow' },
    { title: 'An amount from nowhere', rules: 'actions: [refund_*]', event: call({ order: '4711', amount: 250 }), facts: past(), expect: 'warn', field: 'actions' },
    { title: 'An amount that was read', rules: 'actions: [refund_*]', event: call({ order: '4711', amount: 30 }), facts: past(), expect: 'allow' },
  ],
});

function watchesOutput(rules: Rules): boolean {
  const { max_unsupported_claims: claims, min_grounding_score: score, abstention_threshold: abstain } = rules;
  return rules.require_source_grounding || rules.reject_unknown_citations || rules.factual_consistency_check || (claims ?? score ?? abstain) !== undefined;
}

function outputCheck(rules: Rules) {
  const find = citationFinder(rules.citation_pattern);
  return (event: ActionEvent<'output.after'>, facts: Facts): readonly Violation[] | undefined => {
    const text = event.texts.map((part) => part.text).join('\n');
    const sources = facts.host.retrieved();
    const citations = find(text);
    // What a citation says is not a claim of the answer's.
    const stated = citations.reduce((rest, { start, end }) => `${rest.slice(0, start)}${' '.repeat(end - start)}${rest.slice(end)}`, text);
    const violations = [...citationFaults(rules, citations.map(({ target }) => target), sources), ...claimFaults(rules, stated, sources, event.texts), ...inconsistent(rules, stated, facts)];
    return violations.length > 0 ? violations : undefined;
  };
}

function citationFaults(rules: Rules, targets: readonly string[], sources: readonly RetrievedMark[]): readonly Violation[] {
  const cited = targets.map((target) => sources.findIndex((source, index) => pointsAt(target, { ...source, number: index + 1 })));
  const unknown = [...new Set(targets.filter((_, index) => cited[index] === -1))];
  const known = new Set(cited.filter((index) => index >= 0)).size;
  const violations: Violation[] = [];
  if (rules.reject_unknown_citations && unknown.length > 0) violations.push({ field: 'reject_unknown_citations', limit: true, fact: 'unknown citations', value: unknown.length, message: `The answer cites ${unknown.length} sources that were not retrieved in this run.`, remedy: 'Cite only what was retrieved, by its id, source or number.' });
  if (rules.require_source_grounding && known < rules.min_citations) {
    const field = known === 0 ? 'require_source_grounding' : 'min_citations';
    violations.push({ field, limit: rules.min_citations, fact: 'citations', value: known, message: `The answer cites ${known} of the sources retrieved in this run; ${rules.min_citations} are asked for.`, remedy: 'Search first, and cite what the answer rests on.' });
  }
  return violations;
}

function claimFaults(rules: Rules, text: string, sources: readonly RetrievedMark[], parts: readonly TextPart[]): readonly Violation[] {
  const { max_unsupported_claims: most, min_grounding_score: least, abstention_threshold: abstain } = rules;
  if ((most ?? least ?? abstain) === undefined) return [];
  const evidence = sources.map((source) => evidenceOf(source.text));
  const scores = claimsOf(text).map((claim) => support(claim.text, evidence));
  if (scores.length === 0) return [];
  const mean = Math.round((scores.reduce((sum, score) => sum + score, 0) / scores.length) * 100) / 100;
  const unsupported = scores.filter((score) => score < (least ?? 0.7)).length;
  const violations: Violation[] = [];
  if (most !== undefined && unsupported > most) violations.push({ field: 'max_unsupported_claims', limit: most, fact: 'unsupported claims', value: unsupported, message: `${unsupported} of ${scores.length} claims of the answer have no support in what was retrieved; ${most} are allowed.`, remedy: 'Leave out what the sources do not say, or search for it.' });
  if (least !== undefined && mean < least) violations.push({ field: 'min_grounding_score', limit: least, fact: 'grounding score', value: mean, message: `The support of the answer by what was retrieved is ${mean}; ${least} is asked for.`, remedy: 'Keep to what the sources say, in their words.' });
  if (abstain !== undefined && mean < abstain) violations.push({ field: 'abstention_threshold', disposition: 'redact', limit: abstain, fact: 'grounding score', value: mean, message: `The support of the answer by what was retrieved is ${mean}, below ${abstain}, so it is replaced.`, remedy: 'Search for what the answer needs.', redactions: replaced(parts, rules.abstention_response) });
  return violations;
}

/** The whole of each text goes, and the response stands where the first was. */
function replaced(parts: readonly TextPart[], response: string): readonly Redaction[] {
  return parts.filter(({ text }) => text !== '').map(({ at, text }, index) => ({ at, start: 0, end: text.length, label: 'ABSTAINED', text: index === 0 ? response : '' }));
}

function inconsistent(rules: Rules, text: string, facts: Facts): readonly Violation[] {
  if (!rules.factual_consistency_check) return [];
  const known = knownTo(facts);
  const value = [...new Set(numbersOf(text))].filter((number) => number.length > 1 && !known.some(({ numbers }) => numbers.has(number)));
  return value.length === 0 ? [] : [{ field: 'factual_consistency_check', limit: true, fact: 'numbers', value: value.length, message: `The answer holds ${value.length} numbers or dates that were neither retrieved in this run nor told to it.`, remedy: 'Use the numbers of the sources, or say that they are not known.' }];
}

function actionCheck(actions: readonly string[]) {
  const watched = nameMatcher(actions);
  return ({ name, server, args }: ActionEvent<'tool.before'>, facts: Facts): Violation | undefined => {
    const qualified = server === undefined ? name : `${server}/${name}`;
    if (!watched(name) && !watched(qualified)) return undefined;
    const known = knownTo(facts);
    const value = leavesOf(args).filter(({ text }) => factsIn(text).some((fact) => !known.some((each) => (typeof fact === 'string' ? each.text.includes(fact) : each.numbers.has(fact.number))))).map(({ at }) => at);
    return value.length === 0 ? undefined : { field: 'actions', limit: actions, fact: 'arguments', value, message: `Arguments of ${qualified} hold what was neither retrieved in this run nor told to it: ${value.join(', ')}.`, remedy: 'Look the values up first, or ask the user for them.' };
  };
}

/** Mail addresses and ids, which must occur as they are, and numbers, which may be spelled otherwise. */
function factsIn(text: string): readonly (string | { readonly number: string })[] {
  const exact = [...text.matchAll(/[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}|(?<![\w-])(?=[\w-]*[A-Za-z])(?=[\w-]*\d)[\w-]{4,64}(?![\w-])/g)];
  const rest = exact.reduce((left, match) => left.replace(match[0], ' '), text);
  return [...exact.map(([match]) => match.toLowerCase()), ...numbersOf(rest).filter((number) => number.length > 1).map((number) => ({ number }))];
}

function leavesOf(value: unknown, at = '/args'): readonly { readonly at: string; readonly text: string }[] {
  if (typeof value === 'string' || typeof value === 'number') return [{ at, text: String(value) }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => leavesOf(item, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`));
}

function knownTo(facts: Facts): readonly Evidence[] {
  return [...facts.host.retrieved().map((mark) => [mark.text, mark.id, mark.source].join('\n')), ...facts.host.told()].map(evidenceOf);
}

function scoreCheck({ score_eval_mode: mode, score_top_n: top }: Rules, floor: number) {
  return ({ documents, store }: ActionEvent<'retrieval.after'>): Violation | undefined => {
    if (documents.length === 0) return undefined;
    const best = documents.map(({ score }) => score ?? 0).sort((a, b) => b - a);
    const rated = mode === 'top_n' ? best.slice(0, top) : best;
    const value = mode === 'all' ? rated.at(-1)! : rated.reduce((sum, score) => sum + score, 0) / rated.length;
    if (value >= floor) return undefined;
    const what = { all: 'lowest relevance', average: 'average relevance', top_n: `average relevance of the best ${rated.length}` }[mode];
    return { field: 'score_relevance_floor', limit: floor, fact: 'relevance', value, message: `The ${what} of what ${store} brought is ${Math.round(value * 100) / 100}; ${floor} is asked for.`, remedy: 'Search again in other words, or elsewhere.' };
  };
}

function output(text: string): ActionEvent<'output.after'> {
  return { event: 'output.after', final: true, texts: [{ at: '/choices/0/message/content', role: 'assistant', text }] };
}

function call(args: Readonly<Record<string, unknown>>): ActionEvent<'tool.before'> {
  return { event: 'tool.before', name: 'refund_order', args };
}

function found(...scores: readonly number[]): ActionEvent<'retrieval.after'> {
  return { event: 'retrieval.after', store: 'handbook', documents: scores.map((score) => ({ score })) };
}

function past(): Partial<Facts> {
  return { host: freshHost({ retrieved: () => [{ at: 0, store: 'handbook', id: 'D7', source: 'docs/refunds.md', score: 0.9, text: 'A refund takes 30 days.' }], told: () => ['Where is the money for order 4711?'] }) };
}
