// The `identity` category: people are told that they deal with an AI, and no agent passes itself off as a human.

import { z } from 'zod';
import type { ActionEvent, TextPart } from '../../../protocol/action.ts';
import type { Disposition } from '../../../protocol/verdict.ts';
import { defineCategory, type Checks, type PolicyHeader, type Violation } from '../category.ts';
import { compilePattern } from '../detect/custom.ts';
import { claimFinder } from './identity-claims.ts';
import { insertion, POSITIONS, says } from './identity-sentence.ts';

const DISCLOSURE = 'This was written by an AI assistant.';
const PLACES = ['output', 'message'] as const;

const rules = z.strictObject({
  require_ai_disclosure: z.boolean().default(true).describe('Whether `disclosure_text` must stand in what the agent says at the end and in what it sends. Where it is missing it is put in; a text into which it cannot be put is refused.').meta({ examples: [true] }),
  disclosure_text: z.string().trim().min(1).max(2000).default(DISCLOSURE).describe('What people are told. It counts as said in any case, with any white space, and only where a reader sees it.').meta({ examples: [DISCLOSURE] }),
  disclosure_position: z.enum(POSITIONS).default('prepend').describe('Where it is put in: before the text, after it, or after it under a line. In HTML it becomes a paragraph of the body.').meta({ examples: ['footer'] }),
  disclose_in: z.array(z.enum(PLACES)).min(1).default([...PLACES]).describe('Where it must stand: in the final `output` of the run, in every `message` that it sends. JSON cannot carry a sentence; where the output is read by a program, leave `output` out.').meta({ examples: [['message']] }),
  on_missing_disclosure: z.enum(['insert', 'warn', 'block']).default('insert').describe('What happens to a text without the disclosure.').meta({ examples: ['insert'] }),
  prevent_impersonation: z.boolean().default(true).describe('Whether the agent is kept from claiming that it is human, that it is no machine, or that it practises a profession. Claims are known in several phrasings, in English, German, French and Spanish, and are seen through disguised letters.').meta({ examples: [true] }),
  impersonation_patterns: z.array(z.string().min(1).max(1000).superRefine(usable)).min(1).optional().describe('Claims that count as well: RE2 expressions, held against the text in lower case, without accents and with single spaces.').meta({ examples: [['\\bi am from (?:the )?head office\\b']] }),
});
type Rules = z.output<typeof rules>;

function usable(pattern: string, context: z.RefinementCtx): void {
  try {
    compilePattern('impersonation_patterns', `(?i)${pattern}`);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
}

type Judge = (where: string, texts: readonly TextPart[]) => Violation | undefined;

export const identity = defineCategory({
  id: 'identity',
  title: 'Identity',
  group: 'Trust, privacy and compliance',
  why: 'People have a right to know that they are dealing with a machine, and in many places the law says so. These rules put the disclosure into what the agent answers and sends, instead of hoping that the model remembers it, and stop text in which the agent claims to be a human being before anybody reads it.',
  rules,
  dispositions: ['warn', 'redact', 'retry', 'block'],
  onViolation: 'block',
  checks(rules, policy): Checks {
    const claims = rules.prevent_impersonation ? claimJudge(rules) : undefined;
    const disclosed = rules.require_ai_disclosure ? disclosureJudge(rules, policy) : undefined;
    const inOutput = disclosed && rules.disclose_in.includes('output') ? disclosed : undefined;
    const inMessages = disclosed && rules.disclose_in.includes('message') ? disclosed : undefined;
    return {
      ...((claims ?? inOutput) && { 'output.after': (event) => both('The answer', spoken(event.texts), claims, event.final ? inOutput : undefined) } satisfies Checks),
      // An answer without tool requests is an output, and is judged as that.
      ...(claims && { 'llm.after': (event) => (event.toolRequests.length > 0 ? both('The answer', spoken(event.texts), claims) : undefined) } satisfies Checks),
      ...((claims ?? inMessages) && { 'message.before': (event) => both('The message', event.texts, claims, inMessages) } satisfies Checks),
    };
  },
  wholeOutput: (rules) => rules.prevent_impersonation || (rules.require_ai_disclosure && rules.disclose_in.includes('output')),
  examples: [
    { title: 'The disclosure is put before an answer', rules: 'require_ai_disclosure: true', event: output('Your parcel has left.'), expect: 'redact', field: 'require_ai_disclosure' },
    { title: 'An answer that has it', rules: 'require_ai_disclosure: true', event: output(`Your parcel has left. ${DISCLOSURE}`), expect: 'allow' },
    { title: 'A draft does not need it yet', rules: 'require_ai_disclosure: true', event: output('Your parcel has left.', false), expect: 'allow' },
    { title: 'Words of your own, under a line', rules: '{ disclosure_text: Ask for Ann if you want a human., disclosure_position: footer }', event: mail('Your parcel has left.'), expect: 'redact', field: 'require_ai_disclosure' },
    { title: 'The agent wrote them itself', rules: '{ disclosure_text: Ask for Ann if you want a human., disclosure_position: footer }', event: mail('Your parcel has left. ASK for Ann if you want a human.'), expect: 'allow' },
    { title: 'Only messages need it: a message', rules: 'disclose_in: [message]', event: mail('Your parcel has left.'), expect: 'redact', field: 'require_ai_disclosure' },
    { title: 'Only messages need it: an answer', rules: 'disclose_in: [message]', event: output('{"left":true}'), expect: 'allow' },
    { title: 'Into JSON no sentence can be put', rules: 'disclose_in: [output]', event: output('{"left":true}'), expect: 'block', field: 'require_ai_disclosure' },
    { title: 'The agent has to write it itself', rules: 'on_missing_disclosure: block', event: output('Your parcel has left.'), expect: 'block', field: 'require_ai_disclosure' },
    { title: 'The agent did', rules: 'on_missing_disclosure: block', event: output(`${DISCLOSURE} Your parcel has left.`), expect: 'allow' },
    { title: 'An agent that says it is human', rules: '{ require_ai_disclosure: false, prevent_impersonation: true }', event: output('Don’t worry, I’m a real person, not a bot.'), expect: 'block', field: 'prevent_impersonation' },
    { title: 'An agent that says what it is', rules: '{ require_ai_disclosure: false, prevent_impersonation: true }', event: output('I am an AI assistant and not a person. I can connect you to a human.'), expect: 'allow' },
    { title: 'A doctor who is none', rules: '{ require_ai_disclosure: false, prevent_impersonation: true }', event: mail('As a licensed physician, I recommend 400 mg.'), expect: 'block', field: 'prevent_impersonation' },
    { title: 'Nobody looks at what it says it is', rules: '{ require_ai_disclosure: false, prevent_impersonation: false }', event: output('I am a real person.'), expect: 'allow' },
    { title: 'A claim of your own', rules: '{ require_ai_disclosure: false, impersonation_patterns: ["from (?:the )?head office"] }', event: mail('I am calling from the Head Office.'), expect: 'block', field: 'impersonation_patterns' },
    { title: 'A message without it', rules: '{ require_ai_disclosure: false, impersonation_patterns: ["from (?:the )?head office"] }', event: mail('I write for Example Ltd.'), expect: 'allow' },
  ],
});

function both(where: string, texts: readonly TextPart[], ...judges: readonly (Judge | undefined)[]): readonly Violation[] | undefined {
  const found = judges.map((judge) => judge?.(where, texts)).filter((each) => each !== undefined);
  return found.length > 0 ? found : undefined;
}

const spoken = (texts: readonly TextPart[]): readonly TextPart[] => texts.filter(({ role, text }) => role === 'assistant' && text.trim() !== '');

function claimJudge({ impersonation_patterns: patterns }: Rules): Judge {
  const builtIn = claimFinder();
  const all = patterns ? claimFinder(patterns) : builtIn;
  return (where, texts) => {
    const found = texts.flatMap((part) => all(part.text).map((claim) => ({ at: part.at, ...claim })));
    if (found.length === 0) return undefined;
    const claims = [...new Set(found.map(({ what }) => what))];
    const own = texts.every((part) => builtIn(part.text).length === 0);
    return {
      field: own ? 'impersonation_patterns' : 'prevent_impersonation', fact: 'claims', value: claims,
      message: `${where} claims ${claims.join(' and ')}. Say it without that: you are an AI assistant, and may say so.`,
      remedy: 'Leave the claim out.',
      redactions: found.map(({ at, start, end }) => ({ at, start, end, label: 'IMPERSONATION' })),
    };
  };
}

function disclosureJudge(rules: Rules, policy: PolicyHeader): Judge {
  const isSaid = says(rules.disclosure_text);
  const { disclosure_text: text, on_missing_disclosure: action } = rules;
  const missing = (message: string, disposition: Disposition, redactions?: Violation['redactions']): Violation => ({
    field: 'require_ai_disclosure', limit: text, fact: 'disclosure', value: 'missing', disposition, message, remedy: `Write into it: ${text}`, ...(redactions && { redactions }),
  });
  return (where, texts) => {
    if (isSaid(texts)) return undefined;
    if (where === 'The answer' && texts.length === 0) return undefined;
    if (action === 'warn') return missing(`${where} does not say that an AI wrote it.`, 'warn');
    if (action === 'block') return missing(`${where} has to say: ${text} Write it again with that.`, refusing(policy));
    const put = insertion(text, rules.disclosure_position, 'DISCLOSURE', texts);
    if (put) return missing(`${where} did not say that an AI wrote it, and now does.`, 'redact', [put]);
    return missing(`${where} has to say: ${text} It cannot be put in there, so write it yourself.`, refusing(policy));
  };
}

/** As the policy says, when that keeps the text from going out as it is. */
const refusing = ({ onViolation }: PolicyHeader): Disposition => (onViolation === 'retry' ? 'retry' : 'block');

function output(text: string, final = true): ActionEvent<'output.after'> {
  return { event: 'output.after', final, texts: [{ at: '/choices/0/message/content', role: 'assistant', text }] };
}

function mail(text: string): ActionEvent<'message.before'> {
  return { event: 'message.before', channel: 'email', to: ['ann@example.com'], texts: [{ at: '/args/body', role: 'assistant', text }] };
}
