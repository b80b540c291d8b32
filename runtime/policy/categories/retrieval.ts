// The `retrieval` category: which documents a search may bring to the agent, judged one by one and as a whole before the agent sees them.

import { z } from 'zod';
import type { ActionEvent, RetrievedDocument } from '../../../protocol/action.ts';
import type { Disposition } from '../../../protocol/verdict.ts';
import { defineCategory, type Checks, type PolicyHeader, type Violation } from '../category.ts';
import { nameMatcher } from '../globs.ts';

const DAY = 86_400_000;

const globs = (text: string, example: readonly string[]) => z.array(z.string().min(1)).min(1).optional().describe(text).meta({ examples: [example] });
const action = (text: string, formerly?: string) => z.enum(['drop', 'warn', 'block']).optional().describe(text).meta({ examples: ['drop'], ...(formerly && { formerly: [formerly] }) });

const rules = z.strictObject({
  min_relevance_score: z.number().optional().describe('Lowest score of a document, as the store reports it; higher is more relevant. For a store that reports distances, `tools:` can turn them round (`score: 1.0 - item.distance`).').meta({ examples: [0.7] }),
  max_source_age_days: z.number().positive().optional().describe('Longest time since a document was last changed.').meta({ unit: 'days', examples: [90] }),
  min_chunks: z.int().positive().optional().describe('Fewest documents that must be left when all other rules have had their say. With fewer, nothing can be dropped to mend it: `drop` withholds the whole result.').meta({ unit: 'count', examples: [2] }),
  max_chunks: z.int().positive().optional().describe('Most documents of one search that reach the agent. `drop` keeps those with the highest scores; of equal ones, those that came first.').meta({ unit: 'count', examples: [10] }),
  allowed_collections: globs('Collections that may be searched: names or globs, `store/collection` for one store. A document counts as of its own collection, else of the searched one, else of one named like the store.', ['handbook', 'wiki/public-*']),
  allowed_sources: globs('Sources that documents may come from, and no others: names, paths or addresses, or globs. A pattern without `/` is also held against the host of an address.', ['/handbook/*', 'docs.example.com']),
  blocked_sources: globs('Sources whose documents never reach the agent, whatever their score. Compared without regard to case. A pattern without `/` is also held against the host of an address.', ['*.paste.example', '/drafts/*']),
  require_source_diversity: z.boolean().default(false).describe('Whether no single source may dominate a result of two or more documents.').meta({ examples: [true] }),
  max_single_source_ratio: z.number().positive().max(1).default(0.6).describe('Largest share of a result that one source may have, when `require_source_diversity` is on. `drop` thins out the sources that have more, and keeps one document of each.').meta({ unit: 'share, 0 to 1', examples: [0.6] }),
  on_missing: z.enum(['drop', 'allow', 'block']).default('drop').describe('What happens to a document that does not carry what a rule asks for: a score, the time of its last change, a source.').meta({ examples: ['allow'] }),
  on_low_relevance: action('What happens to documents below `min_relevance_score`; absent: what `on_violation` says.', 'action_on_low_relevance'),
  on_stale_source: action('What happens to documents older than `max_source_age_days`; absent: what `on_violation` says.', 'action_on_stale_source'),
  on_chunk_count: action('What happens when there are more than `max_chunks` or fewer than `min_chunks`; absent: what `on_violation` says.', 'action_on_chunk_violation'),
  on_source: action('What happens to documents from collections and sources that are not allowed; absent: what `on_violation` says.'),
  on_low_diversity: action('What happens when one source has more than `max_single_source_ratio`; absent: what `on_violation` says.'),
});
type Rules = z.output<typeof rules>;
type Found = ActionEvent<'retrieval.after'>;

/** A rule that is held against each document. Undefined when the document does not say what the rule asks for. */
interface Test {
  readonly field: string;
  readonly disposition: Disposition;
  readonly limit: unknown;
  readonly fact: string;
  readonly fails: string;
  readonly lacks: string;
  readonly remedy: string;
  readonly passes: (document: RetrievedDocument, event: Found, now: number) => boolean | undefined;
}

export const retrieval = defineCategory({
  id: 'retrieval',
  title: 'Retrieval',
  group: 'Cognitive governance',
  why: 'An answer is no better than what was looked up for it. These rules judge every document that a search brought, by score, age, collection and source, and the result as a whole, before any of it reaches the agent: what falls short is dropped, so that the model cannot build on it, and the agent is told how to search better.',
  rules,
  dispositions: ['warn', 'redact', 'block'],
  onViolation: 'redact',
  checks(rules, policy): Checks {
    const judge = judgeOf(rules, policy);
    const before = searchCheck(rules, policy);
    return { ...(judge && { 'retrieval.after': judge }), ...(before && { 'retrieval.before': before }) };
  },
  examples: [
    { title: 'A document that has little to do with the question is dropped', rules: 'min_relevance_score: 0.7', event: found({ score: 0.9 }, { score: 0.4 }), expect: 'redact', field: 'min_relevance_score' },
    { title: 'Documents that are relevant', rules: 'min_relevance_score: 0.7', event: found({ score: 0.9 }, { score: 0.7 }), expect: 'allow' },
    { title: 'An irrelevant document refuses the result', rules: '{ min_relevance_score: 0.7, on_low_relevance: block }', event: found({ score: 0.4 }), expect: 'block', field: 'min_relevance_score' },
    { title: 'A relevant one does not', rules: '{ min_relevance_score: 0.7, on_low_relevance: block }', event: found({ score: 0.8 }), expect: 'allow' },
    { title: 'A document of last summer', rules: '{ max_source_age_days: 90, on_stale_source: block }', event: found({ updatedAt: Date.UTC(2025, 6, 1) }), expect: 'block', field: 'max_source_age_days' },
    { title: 'A document of last month', rules: '{ max_source_age_days: 90, on_stale_source: block }', event: found({ updatedAt: Date.UTC(2025, 11, 1) }), expect: 'allow' },
    { title: 'A document that does not say how old it is', rules: 'max_source_age_days: 90', event: found({}), expect: 'redact', field: 'max_source_age_days' },
    { title: 'Documents without an age are let through', rules: '{ max_source_age_days: 90, on_missing: allow }', event: found({}), expect: 'allow' },
    { title: 'Documents without an age refuse the result', rules: '{ max_source_age_days: 90, on_missing: block }', event: found({}), expect: 'block', field: 'max_source_age_days' },
    { title: 'One document where two are asked for', rules: 'min_chunks: 2', event: found({}), expect: 'block', field: 'min_chunks' },
    { title: 'Two documents', rules: 'min_chunks: 2', event: found({}, {}), expect: 'allow' },
    { title: 'The least relevant document is one too many', rules: 'max_chunks: 2', event: found({ score: 0.9 }, { score: 0.5 }, { score: 0.8 }), expect: 'redact', field: 'max_chunks' },
    { title: 'As many documents as may be', rules: 'max_chunks: 2', event: found({}, {}), expect: 'allow' },
    { title: 'Too many documents are only noted', rules: '{ max_chunks: 1, on_chunk_count: warn }', event: found({}, {}), expect: 'warn', field: 'max_chunks' },
    { title: 'Few enough are not', rules: '{ max_chunks: 2, on_chunk_count: warn }', event: found({}, {}), expect: 'allow' },
    { title: 'A search in another collection is not made', rules: 'allowed_collections: [handbook]', event: search('salaries'), expect: 'block', field: 'allowed_collections' },
    { title: 'A search in the collection that may be searched', rules: 'allowed_collections: [handbook]', event: search('handbook'), expect: 'allow' },
    { title: 'A document from elsewhere', rules: 'allowed_sources: ["/handbook/*", docs.example.com]', event: found({ source: '/handbook/refunds.md' }, { source: 'https://blog.example.com/refunds' }), expect: 'redact', field: 'allowed_sources' },
    { title: 'Documents from where they may come from', rules: 'allowed_sources: ["/handbook/*", docs.example.com]', event: found({ source: '/handbook/refunds.md' }, { source: 'https://docs.example.com/refunds' }), expect: 'allow' },
    { title: 'A path that only begins alike', rules: 'allowed_sources: ["/handbook/*"]', event: found({ source: '/handbook/../drafts/refunds.md' }), expect: 'redact', field: 'allowed_sources' },
    { title: 'A paste, however relevant', rules: '{ blocked_sources: ["*.paste.example"], on_source: block }', event: found({ score: 0.99, source: 'https://RAW.paste.example/x' }), expect: 'block', field: 'blocked_sources' },
    { title: 'Any other address', rules: '{ blocked_sources: ["*.paste.example"], on_source: block }', event: found({ source: 'https://docs.example.com/x' }), expect: 'allow' },
    { title: 'Three documents of four from one source', rules: 'require_source_diversity: true', event: found({ source: 'a' }, { source: 'a' }, { source: 'b' }, { source: 'a' }), expect: 'redact', field: 'max_single_source_ratio' },
    { title: 'Half and half', rules: 'require_source_diversity: true', event: found({ source: 'a' }, { source: 'b' }), expect: 'allow' },
    { title: 'A third at most', rules: '{ require_source_diversity: true, max_single_source_ratio: 0.34, on_low_diversity: block }', event: found({ source: 'a' }, { source: 'b' }), expect: 'block', field: 'max_single_source_ratio' },
    { title: 'Three thirds', rules: '{ require_source_diversity: true, max_single_source_ratio: 0.34, on_low_diversity: block }', event: found({ source: 'a' }, { source: 'b' }, { source: 'c' }), expect: 'allow' },
  ],
});

/** The search itself: only a collection that it names can be judged before documents come back. */
function searchCheck(rules: Rules, policy: PolicyHeader): Checks['retrieval.before'] {
  const { allowed_collections: allowed } = rules;
  if (!allowed) return undefined;
  const matches = nameMatcher(allowed);
  const disposition = refusing(dispositionOf(rules.on_source, policy));
  return ({ store, collection }) => {
    if (collection === undefined || inCollection(matches, store, collection)) return undefined;
    return { field: 'allowed_collections', disposition, limit: allowed, fact: 'collection', value: collection, message: `The collection ${collection} of ${store} may not be searched. Search one of: ${allowed.join(', ')}.`, remedy: 'Search a collection that is listed.' };
  };
}

/** Documents are held against the rules one by one; what is left of them then counts for the result as a whole. */
function judgeOf(rules: Rules, policy: PolicyHeader): ((event: Found, facts: { readonly now: number }) => readonly Violation[] | undefined) | undefined {
  const tests = testsOf(rules, policy);
  const count = dispositionOf(rules.on_chunk_count, policy);
  const diversity = dispositionOf(rules.on_low_diversity, policy);
  const { min_chunks: fewest = 0, max_chunks: most = Infinity, max_single_source_ratio: ratio, require_source_diversity: diverse, on_missing: onMissing } = rules;
  if (tests.length === 0 && fewest === 0 && most === Infinity && !diverse) return undefined;
  return (event, facts) => {
    const { documents } = event;
    if (event.error !== undefined && documents.length === 0) return undefined;
    const violations: Violation[] = [];
    const gone = new Set<number>();
    const note = (violation: Violation | undefined) => {
      if (!violation) return;
      violations.push(violation);
      for (const index of violation.drop ?? []) gone.add(index);
    };
    const left = () => (gone.size === 0 ? [...documents.keys()] : [...documents.keys()].filter((index) => !gone.has(index)));
    for (const test of tests) {
      const { failing, lacking } = sort(test, event, facts.now);
      if (failing.length > 0) note(falling(test, failing, documents.length));
      if (lacking.length > 0 && onMissing !== 'allow') note(silent(test, lacking, onMissing === 'drop' ? 'redact' : 'block', documents.length));
    }
    if (documents.length - gone.size > most) note(tooMany(left(), documents, most, count));
    if (diverse) note(lopsided(left(), documents, ratio, diversity));
    if (documents.length - gone.size < fewest) note(tooFew(documents.length - gone.size, fewest, refusing(count)));
    return violations.length > 0 ? violations : undefined;
  };
}

function testsOf(rules: Rules, policy: PolicyHeader): readonly Test[] {
  const tests: Test[] = [];
  const { min_relevance_score: score, max_source_age_days: days, allowed_collections: collections, allowed_sources: allowed, blocked_sources: blocked } = rules;
  const onSource = dispositionOf(rules.on_source, policy);
  if (blocked) {
    const matches = nameMatcher(blocked.map((each) => each.toLowerCase()));
    tests.push({ field: 'blocked_sources', disposition: onSource, limit: blocked, fact: 'sources', fails: 'came from a blocked source', lacks: 'named no source', remedy: 'Look it up elsewhere.', passes: ({ source }) => (source === undefined ? undefined : !namesOf(source).some((name) => matches(name.toLowerCase()))) });
  }
  if (allowed) {
    const matches = nameMatcher(allowed);
    tests.push({ field: 'allowed_sources', disposition: onSource, limit: allowed, fact: 'sources', fails: 'came from a source that is not listed', lacks: 'named no source', remedy: `Look it up in one of: ${allowed.join(', ')}.`, passes: ({ source }) => (source === undefined ? undefined : namesOf(source).some(matches)) });
  }
  if (collections) {
    const matches = nameMatcher(collections);
    tests.push({ field: 'allowed_collections', disposition: onSource, limit: collections, fact: 'collections', fails: 'came from a collection that may not be searched', lacks: '', remedy: `Search one of: ${collections.join(', ')}.`, passes: ({ collection }, event) => inCollection(matches, event.store, collection ?? event.collection ?? event.store) });
  }
  if (days !== undefined) {
    tests.push({ field: 'max_source_age_days', disposition: dispositionOf(rules.on_stale_source, policy), limit: days, fact: 'age in days', fails: `had not been changed for more than ${days} days`, lacks: 'did not say when it was last changed', remedy: 'Search for something newer.', passes: ({ updatedAt }, _, now) => (updatedAt === undefined ? undefined : now - updatedAt <= days * DAY) });
  }
  if (score !== undefined) {
    tests.push({ field: 'min_relevance_score', disposition: dispositionOf(rules.on_low_relevance, policy), limit: score, fact: 'scores', fails: `scored less than ${score}`, lacks: 'carried no score', remedy: 'Search with other words.', passes: ({ score: value }) => (value === undefined ? undefined : value >= score) });
  }
  return tests;
}

function sort(test: Test, event: Found, now: number): { readonly failing: readonly number[]; readonly lacking: readonly number[] } {
  let failing: number[] | undefined;
  let lacking: number[] | undefined;
  for (const [index, document] of event.documents.entries()) {
    const passed = test.passes(document, event, now);
    if (passed === false) (failing ??= []).push(index);
    else if (passed === undefined) (lacking ??= []).push(index);
  }
  return { failing: failing ?? NONE, lacking: lacking ?? NONE };
}
const NONE: readonly number[] = Object.freeze([]);

function falling(test: Test, indexes: readonly number[], of: number): Violation {
  return { field: test.field, disposition: test.disposition, limit: test.limit, fact: test.fact, value: indexes.length, remedy: test.remedy, drop: dropped(test.disposition, indexes), message: `${share(indexes.length, of)} ${test.fails}. ${test.remedy}` };
}

function silent(test: Test, indexes: readonly number[], disposition: Disposition, of: number): Violation {
  return { field: test.field, disposition, limit: test.limit, fact: test.fact, value: 'unknown', remedy: 'Let the store report it, or set `on_missing: allow`.', drop: dropped(disposition, indexes), message: `${share(indexes.length, of)} ${test.lacks}. ${test.remedy}` };
}

function tooMany(left: readonly number[], documents: readonly RetrievedDocument[], most: number, disposition: Disposition): Violation {
  const surplus = ranked(left, documents).slice(most).sort((a, b) => a - b);
  return { field: 'max_chunks', disposition, limit: most, fact: 'documents', value: left.length, remedy: 'Ask for fewer documents.', drop: dropped(disposition, surplus), message: `The search brought ${left.length} documents; ${most} are allowed. Ask for fewer, or more narrowly.` };
}

function tooFew(left: number, fewest: number, disposition: Disposition): Violation {
  return { field: 'min_chunks', disposition, limit: fewest, fact: 'documents', value: left, remedy: 'Search with other words.', message: `The search brought ${left} usable documents; ${fewest} are needed to build on. Search with other words, or say that you do not know.` };
}

function lopsided(left: readonly number[], documents: readonly RetrievedDocument[], ratio: number, disposition: Disposition): Violation | undefined {
  if (left.length < 2) return undefined;
  const bySource = Map.groupBy(left, (index) => documents[index]!.source ?? '');
  const counts = [...bySource.values()].map((each) => each.length);
  const largest = Math.max(...counts);
  if (largest <= ratio * left.length) return undefined;
  const cap = largestCap(counts, largest, ratio);
  const surplus = [...bySource.values()].flatMap((each) => ranked(each, documents).slice(cap)).sort((a, b) => a - b);
  return { field: 'max_single_source_ratio', disposition, limit: ratio, fact: 'share of one source', value: Number((largest / left.length).toFixed(2)), remedy: 'Search further sources.', drop: dropped(disposition, surplus), message: `${share(largest, left.length)} came from one source; no more than ${Math.round(ratio * 100)} percent may. Search further sources, so that the answer does not hang on one.` };
}

/** The most documents that each source may keep so that none has more than its share; 1 when no number does. */
function largestCap(counts: readonly number[], largest: number, ratio: number): number {
  for (let cap = largest - 1; cap > 1; cap--) {
    const total = counts.reduce((sum, each) => sum + Math.min(each, cap), 0);
    if (cap <= ratio * total) return cap;
  }
  return 1;
}

/** Highest score first; documents without one last, equal ones as they came. */
function ranked(indexes: readonly number[], documents: readonly RetrievedDocument[]): number[] {
  return [...indexes].sort((a, b) => (documents[b]!.score ?? -Infinity) - (documents[a]!.score ?? -Infinity) || a - b);
}

function dispositionOf(action: 'drop' | 'warn' | 'block' | undefined, policy: PolicyHeader): Disposition {
  return action === 'drop' ? 'redact' : action ?? policy.onViolation;
}

/** Where nothing can be dropped, what would be dropped is refused. */
function refusing(disposition: Disposition): Disposition {
  return disposition === 'redact' ? 'block' : disposition;
}

/** Also what a refusal shows to people is without the documents; a warning takes nothing out. */
function dropped(disposition: Disposition, indexes: readonly number[]): readonly number[] | undefined {
  return disposition === 'warn' ? undefined : indexes;
}

function share(count: number, of: number): string {
  return `${count} of ${of} documents`;
}

function inCollection(matches: (name: string) => boolean, store: string, collection: string): boolean {
  return matches(collection) || matches(`${store}/${collection}`);
}

/** A source in one spelling, and the host of an address. */
function namesOf(source: string): readonly string[] {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(source) ? URL.parse(source) : null;
  if (url) return url.hostname === '' ? [url.href] : [url.href, url.hostname];
  return [withoutDots(source)];
}

/** A path without `.` and `..` (RFC 3986, section 5.2.4), so that no glob is matched by its beginning alone. */
function withoutDots(path: string): string {
  if (!/(?:^|[/\\])\.{1,2}(?:[/\\]|$)/.test(path)) return path;
  const kept: string[] = [];
  for (const part of path.split(/[/\\]/)) {
    if (part === '..') kept.splice(Math.max(kept.length - 1, kept[0] === '' ? 1 : 0));
    else if (part !== '.') kept.push(part);
  }
  return kept.join('/');
}

function found(...documents: readonly RetrievedDocument[]): Found {
  return { event: 'retrieval.after', store: 'handbook', query: 'refunds', documents };
}

function search(collection: string): ActionEvent<'retrieval.before'> {
  return { event: 'retrieval.before', store: 'qdrant', collection, query: 'refunds' };
}
