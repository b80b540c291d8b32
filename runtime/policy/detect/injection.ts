// Signs of text that tries to give the model orders, seen behind its usual disguises and weighed together.
// A heuristic, and no more: a determined author can word his way around any list. What stops an agent that was taken in are the policies on what it may do.

import type { Detector, Span } from './detector.ts';
import { DENSE_SIGNS, type Sign, SIGNS } from './injection-signs.ts';
import { type Normalised, normalise } from './normalise.ts';
import { unwrapped } from './unwrap.ts';

/** Weights of different families add up; a text that reaches this is taken for an attack. Chosen on the tuning half of test/bench/detection.ts. */
const ENOUGH = 1;
/** Signs that are weak by themselves count together only this near to one another, in UTF-16 code units. */
const NEAR = 600;

/** Runs over whole texts only: it reads what comes in, which is never a stream. */
export const injection: Pick<Detector, 'kind' | 'label' | 'find'> & { families(text: string): string[] } = {
  kind: 'prompt_injection',
  label: 'PROMPT_INJECTION',
  find: (text) => findings(text).map(({ start, end, label }) => ({ start, end, label })),
  families: (text) => [...new Set(findings(text).map((finding) => finding.family))],
};

interface Finding extends Span {
  readonly family: string;
  readonly weight: number;
}

function findings(text: string): Finding[] {
  const seen = normalise(text);
  const wrapped = unwrapped(text, seen.text).flatMap(({ start, end, inner, how }) => {
    if (inner === undefined) return [{ start, end, label: injection.label, family: how, weight: 1 }];
    const [first] = strong(inner, signsIn(normalise(inner), inner.length));
    return first ? [{ ...first, start, end, family: `${first.family}, ${how}` }] : [];
  });
  return [...strong(text, signsIn(seen, text.length)), ...wrapped].sort((a, b) => a.start - b.start);
}

const DENSE_LETTERS = /[\u1100-\u11ff\u3040-\u30ff\u4e00-\u9fff]/;

function signsIn(seen: Normalised, length: number): Finding[] {
  const found = SIGNS.flatMap((sign) => matches(sign, seen, length));
  return DENSE_LETTERS.test(seen.text) ? [...found, ...DENSE_SIGNS.flatMap((sign) => matches(sign, seen, length))] : found;
}

/** What was redacted before: no sign reaches over it. */
const PLACEHOLDER = /##[a-z][a-z0-9_]{0,39}##/i;

function matches({ family, weight, pattern }: Sign, seen: Normalised, length: number): Finding[] {
  const { text } = seen;
  const found: Finding[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    if (PLACEHOLDER.test(match[0]) || isTalkedAbout(text, match.index, pattern.lastIndex)) continue;
    found.push({ family, weight, label: injection.label, start: seen.starts[match.index] ?? 0, end: seen.ends[pattern.lastIndex - 1] ?? length });
  }
  return found;
}

const NAMED_BEFORE = /\b(?:detect\w{0,4}|block(?:s|ing)|prevent\w{0,4}|defend\w{0,4}|protect\w{0,4}|against|such as|phrases? like|attacks?|attempts? to|tr(?:y|ies|ying) to|techniques?|flag(?:s|ging)|refuses? to|personas? that|examples? of)\b[^.!?:;\n]{0,40}$/;
const NAMED_AFTER = /^["'”’`)]{0,2} (?:attacks?|attempts?|techniques?|patterns?|payloads?|style|phrases?|injections?|jailbreaks?|exploits?)\b/;

/** Text about such orders, which names them, is not one. */
function isTalkedAbout(text: string, start: number, end: number): boolean {
  return NAMED_BEFORE.test(text.slice(Math.max(0, start - 60), start)) || NAMED_AFTER.test(text.slice(end, end + 24));
}

/** What is enough by itself, and what is enough together with its neighbours. */
function strong(text: string, found: readonly Finding[]): Finding[] {
  const inOrder = found.toSorted((a, b) => a.start - b.start);
  return inOrder.filter((finding, at) => finding.weight >= ENOUGH || hasCompany(text, inOrder, at, 1) || hasCompany(text, inOrder, at, -1));
}

/** Looks one way for the nearest sign of another family that makes up the weight. */
function hasCompany(text: string, inOrder: readonly Finding[], at: number, step: 1 | -1): boolean {
  const finding = inOrder[at]!;
  for (let other = inOrder[at + step], next = at + step; other && Math.abs(other.start - finding.start) <= NEAR; other = inOrder[next += step]) {
    if (other.family !== finding.family && other.weight + finding.weight >= ENOUGH) return !PLACEHOLDER.test(text.slice(Math.min(finding.start, other.start), Math.max(finding.start, other.start)));
  }
  return false;
}
