// Claims in a text, and how far other texts bear them out: a comparison of words, numbers and quotes, not of meaning.

/** A sentence that can be wrong: it holds a number, a quote or a name. Offsets are UTF-16 code units. */
export interface Claim {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The claims of a text, in order. Code, questions and headings make none. */
export function claimsOf(text: string): readonly Claim[] {
  const prose = text.replace(/```[\s\S]*?(?:```|$)|`[^`\n]*`/g, (code) => ' '.repeat(code.length));
  return [...prose.matchAll(/[^.!?\n]+(?:[.](?=\S)[^.!?\n]+)*[.!?]?/g)].flatMap((match) => {
    const lead = match[0].length - match[0].trimStart().length;
    const sentence = match[0].trim();
    return isClaim(sentence) ? [{ start: match.index + lead, end: match.index + lead + sentence.length, text: sentence }] : [];
  });
}

/** What must be found word for word: numbers and dates in one spelling, and quotes of at least two words, in lower case. */
export function hardFacts(text: string): readonly string[] {
  return [...numbersOf(text), ...[...text.matchAll(/["“”«»]([^"“”«»\n]{3,300})["“”«»]/g)].map((match) => plain(match[1]!)).filter((quote) => quote.includes(' '))];
}

/** Numbers and dates in one spelling: `1,200.50` is `1200.5`, `03` is `3`; dates and times stay as they are. Signs, units and currencies are left off. */
export function numbersOf(text: string): readonly string[] {
  return [...text.matchAll(/\d+(?:[.,:/-]\d+)*/g)].map(([number]) => spelling(number));
}

/** A text prepared for being asked what it bears out. */
export interface Evidence {
  readonly words: ReadonlySet<string>;
  readonly numbers: ReadonlySet<string>;
  readonly text: string;
}

export function evidenceOf(text: string): Evidence {
  return { words: new Set(wordsOf(text)), numbers: new Set(numbersOf(text)), text: plain(text) };
}

/**
 * How far the best of the texts bears a claim out, 0 to 1: the share of the claim's content words that it holds, and 0 when a number or a quote
 * of the claim is not in it. A text that says the opposite in the same words scores as high.
 */
export function support(claim: string, evidence: readonly Evidence[]): number {
  const facts = hardFacts(claim);
  const words = [...new Set(wordsOf(claim))];
  let best = 0;
  for (const each of evidence) {
    if (!facts.every((fact) => each.numbers.has(fact) || (fact.includes(' ') && each.text.includes(fact)))) continue;
    best = Math.max(best, words.length === 0 ? 1 : words.filter((word) => each.words.has(word)).length / words.length);
  }
  return best;
}

const STOP = new Set('the and for are was were has have had not but with from that this these those they them their its his her you your our will would can could should may might into onto than then also such been being all any some more most each which who whom whose what when where while about over under after before between within according'.split(' '));

/** Content words without their usual English endings. */
function wordsOf(text: string): string[] {
  return (text.normalize('NFKC').toLowerCase().match(/\p{L}{3,}/gu) ?? []).filter((word) => !STOP.has(word)).map((word) => (word.length > 4 ? word.replace(/(?:ies|ied)$/, 'y').replace(/(?:ing|ed|es|s|e)$/, '') : word));
}

/** A name is a word in capitals that does not begin the sentence. */
function isClaim(sentence: string): boolean {
  if (/\?$|^#/.test(sentence) || !/\p{L}/u.test(sentence)) return false;
  return /\d|["“«]/.test(sentence) || /\S\s+(?!I\b)\p{Lu}\p{L}+/u.test(sentence);
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}

function spelling(number: string): string {
  const bare = number.replace(/,(?=\d{3}(?!\d))/g, '');
  return /^\d{1,15}(?:\.\d{1,15})?$/.test(bare) ? String(Number(bare)) : bare;
}
