// How software passes itself off as a human: the phrasings that count as such a claim, in normalised text.

import { compilePattern } from '../detect/custom.ts';
import { normalise } from '../detect/normalise.ts';

/** A claim that was found. Offsets are UTF-16 code units of the text as it came. */
export interface Claim {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

const VERY = '(?:(?:also|actually|really|just|definitely|certainly|absolutely|truly|very much|100%|in fact),? )*';
const REAL = '(?:(?:real|actual|living|live|genuine|normal|flesh-and-blood|fellow|breathing|human)(?:,| and)? )*';
const HUMAN = '(?:human being|human|person|man|woman)';
const MACHINE = '(?:a\\.?i\\.?|artificial intelligence|bot|chat ?bot|robot|machine|computer|computer program|language model|llm|automated (?:system|service|reply|assistant))';
const NOUN = '(?: (?:system|model|assistant|agent|program|bot|operator|representative|employee|colleague|writer|being))?';
const CALLING = '(?:medical doctor|doctor|physician|nurse|surgeon|psychologist|psychiatrist|psychotherapist|therapist|counsell?or|pharmacist|dentist|lawyer|attorney|solicitor|barrister|accountant|financial advis[eo]r|police officer|paramedic|social worker|journalist)';
const TRAINED = '(?:(?:licensed|certified|registered|chartered|practi[cs]ing|qualified|trained|experienced|board-certified|real|human) )*';
/** What may follow for the words to be the whole of the claim: `human resources` and `machine learning` go on. */
const ENDS = '(?:$|[.,;:!?)"\'\u2026-]| (?:and|or|but|not|like|who|just|from|working|here|too|as|with|named|called|at|in|on|behind|i|so|either|typing|writing|speaking|by|of|for)\\b)';

const CLAIMS: readonly (readonly [what: string, pattern: string])[] = [
  ['to be human', `\\bi(?:'m| am) ${VERY}(?:an? )?${REAL}${HUMAN}${NOUN}${ENDS}`],
  ['to be human', `\\bas an? ${REAL}${HUMAN},? (?:i|my|we)\\b`],
  ['to be human', '\\b(?:we|us) humans\\b'],
  ['to be human', `\\byou(?:'re| are) (?:now |indeed |actually )?(?:talking|speaking|chatting|writing|texting|corresponding) (?:to|with) an? ${REAL}${HUMAN}${NOUN}${ENDS}`],
  ['to be human', `\\b(?:there is|there's|it's|this is|it is) an? (?:real|actual|living|live|genuine) (?:human |live )?(?:human|person|man|woman)(?: being)?(?: here| behind| typing| writing|${ENDS})`],
  ['not to be a machine', `\\bi(?:'m| am) ${VERY}(?:not|no) ${VERY}(?:an? |some |any |just an? )?(?:(?:ai|artificial|large) )?${MACHINE}${NOUN}${ENDS}`],
  ['not to be a machine', `\\b(?:this|it|that) (?:is not|isn't|'s not) (?:an? )?${MACHINE}${NOUN}${ENDS}`],
  ['not to be a machine', `\\bno (?:bot|robot|machine|ai)s? (?:here|involved|wrote this)\\b`],
  ['to practise a profession', `\\bi(?:'m| am) ${VERY}(?:an?|your|the) ${TRAINED}${CALLING}${ENDS}`],
  ['to practise a profession', `\\b(?:as|speaking as) (?:an?|your) ${TRAINED}${CALLING},? i\\b`],
  ['to practise a profession', "\\b(?:i(?:'m| am)|my name is|this is) (?:dr|doctor|nurse|attorney|officer)\\.? [a-z]"],
  ['to be human', `\\bich bin (?:wirklich |tatsachlich |doch )?(?:ein(?:e)? )?(?:echter? |richtiger? )?(?:mensch|person)${ENDS}`],
  ['not to be a machine', `\\bich bin (?:wirklich )?keine? (?:bot|chatbot|roboter|maschine|ki|kunstliche intelligenz)${ENDS}`],
  ['to be human', `\\bje suis (?:vraiment )?(?:une? )?(?:vraie? )?(?:humaine?|etre humain|personne(?: reelle)?)${ENDS}`],
  ['not to be a machine', `\\bje ne suis pas (?:une? )?(?:bot|robot|machine|ia|intelligence artificielle)${ENDS}`],
  ['to be human', `\\b(?:yo )?soy (?:un |una )?(?:humano|humana|ser humano|persona(?: real| de verdad))${ENDS}`],
  ['not to be a machine', `\\bno soy (?:un |una )?(?:bot|robot|maquina|ia|inteligencia artificial)${ENDS}`],
];

/** Words before a match that make it a question or a denial, as in `I cannot claim that I am a person`. */
const UNCLAIMED = /(?:\b(?:if|whether|wonder(?:ing)?)|(?:\b(?:not|never|cannot)|n't) (?:(?:ever|going to) )?(?:say|claim|pretend|tell you|mean|imply|think)(?:ing)?(?: that)?) $/;

const BUILT_IN = CLAIMS.map(([what, pattern]) => ({ what, expression: compilePattern(what, pattern) }));

/** Finds the claims, and with them the patterns given. Throws a PatternError for a pattern that cannot be used. */
export function claimFinder(patterns: readonly string[] = []): (text: string) => readonly Claim[] {
  const own = patterns.map((pattern) => ({ what: 'to be somebody it is not', expression: compilePattern('impersonation_patterns', `(?i)${pattern}`) }));
  return (text) => {
    const { text: plain, starts, ends } = normalise(text);
    return [...BUILT_IN, ...own].flatMap(({ what, expression }) => {
      const claims: Claim[] = [];
      const matcher = expression.matcher(plain);
      for (let at = 0; at <= plain.length && matcher.find(at); at = Math.max(matcher.end(), at + 1)) {
        if (!UNCLAIMED.test(plain.slice(Math.max(0, matcher.start() - 48), matcher.start()))) claims.push({ what, start: starts[matcher.start()] ?? 0, end: ends[matcher.end() - 1] ?? text.length });
      }
      return claims;
    });
  };
}
