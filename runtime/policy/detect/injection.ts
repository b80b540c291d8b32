// Signs of text that tries to give the model orders: a short, reviewed list of what such text says, looked for behind its usual disguises.
// A heuristic, and no more: it knows English, and a determined author can word his way around any list. What stops an agent that was taken in are the policies on what it may do.

import type { Detector, Span } from './detector.ts';
import { normalise } from './normalise.ts';

const WORDS = (most: number): string => `(?: \\S{1,20}){0,${most}}`;
const ORDERS = '(?:instructions?|prompts?|rules|directions|guidelines|directives|commands|constraints|programming)';
const SECRETS = '(?:conversation|chat history|system prompt|credentials|api keys?|secrets?|passwords?|tokens|environment variables|private keys?)';

/** What is said, by family. Each runs over normalised text, so it is in lower case with single spaces. Every quantifier is bounded. */
const FAMILIES: Readonly<Record<string, RegExp>> = {
  'override of instructions': new RegExp(
    `\\b(?:ignore|disregard|forget|override|bypass|do not follow|don't follow|stop following|pay no attention to)${WORDS(3)} (?:previous|prior|above|earlier|preceding|foregoing|existing|original|all|any|your|system)${WORDS(2)} ${ORDERS}\\b`, 'g'),
  'forgetting what was said': /\b(?:forget|disregard|ignore) (?:everything|all|anything) (?:(?:that )?(?:you|i|we) (?:were|was|have been|had been|been|said|know)|(?:said |written )?(?:above|before|so far|previously))/g,
  'replacement of instructions': /\b(?:new|updated|real|actual|true|revised) (?:system )?(?:instructions?|directives?|orders)(?: (?:are|follow|from \S{1,20}))? ?:/g,
  'change of role': /\b(?:you are now|from now on you are|act as|pretend to be|roleplay as|behave as)(?: \S{1,20}){0,2} (?:dan|jailbroken|unrestricted|unfiltered|uncensored|developer mode|god mode|evil|root)\b/g,
  'denial of limits': /\b(?:you|pretend you|act as if you) (?:have no|don't have any|do not have any|are not bound by|are free (?:from|of)|no longer have)(?: \S{1,20}){0,2} (?:restrictions|rules|limits|limitations|guidelines|filters|policies|constraints)\b/g,
  'disclosure of the prompt': /\b(?:reveal|print|show|repeat|output|leak|display|dump|tell me|recite|disclose)(?: \S{1,20}){0,3} (?:system prompt|system message|initial prompt|(?:initial|hidden|original|secret) instructions|(?:prompt|instructions|text) (?:above|verbatim))/g,
  'forged turn': /<\|(?:im_start|im_end|system|assistant|user|endoftext|start_header_id|eot_id)\|>|\[\/?inst\]|<<\/?sys>>|<\/?(?:system|system_prompt|system-reminder)>|### ?(?:system|instructions?) ?:/g,
  'hiding from the person': /\b(?:do not|don't|never|without) (?:tell(?:ing)?|mention(?:ing)?|inform(?:ing)?|alert(?:ing)?|notify(?:ing)?|reveal(?:ing)?)(?: \S{1,20}){0,4} (?:user|human|operator|owner|person)\b/g,
  'sending secrets out': new RegExp(`\\b(?:send|post|upload|forward|exfiltrate|e-?mail|transmit|submit|leak)${WORDS(5)} ${SECRETS}${WORDS(4)} to (?:https?:|\\S{1,64}@)`, 'g'),
  'switching protection off': /\b(?:disable|turn off|switch off|bypass|circumvent|deactivate)(?: \S{1,20}){0,2} (?:safety|content|security|governance|moderation) (?:filters?|checks?|guardrails?|guards?|polic(?:y|ies)|protocols?|measures|features)\b/g,
};

const BASE64 = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{40,8192}={0,2}/g;

/** Runs over whole texts only: it reads what comes in, which is never a stream. */
export const injection: Pick<Detector, 'kind' | 'label' | 'find'> & { families(text: string): string[] } = {
  kind: 'prompt_injection',
  label: 'PROMPT_INJECTION',
  find: (text) => findings(text).map(({ family: _, ...span }) => span),
  families: (text) => [...new Set(findings(text).map((finding) => finding.family))],
};

interface Finding extends Span {
  readonly family: string;
}

function findings(text: string): Finding[] {
  return [...plain(text), ...wrapped(text)].sort((a, b) => a.start - b.start);
}

function plain(text: string): Finding[] {
  const { text: folded, starts, ends } = normalise(text);
  return Object.entries(FAMILIES).flatMap(([family, pattern]) =>
    [...folded.matchAll(pattern)].map((match) => ({
      family,
      label: injection.label,
      start: starts[match.index] ?? 0,
      end: ends[match.index + match[0].length - 1] ?? text.length,
    })));
}

/** The same, hidden in base64 once. */
function wrapped(text: string): Finding[] {
  return [...text.matchAll(BASE64)].flatMap((match) => {
    const inner = decoded(match[0]);
    const [first] = inner === undefined ? [] : plain(inner);
    return first ? [{ ...first, family: `${first.family}, in base64`, start: match.index, end: match.index + match[0].length }] : [];
  });
}

/** Decoded base64 when it is readable text, else undefined. */
function decoded(run: string): string | undefined {
  const body = run.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(body.length % 4 === 1 ? body.slice(0, -1) : body), (char) => char.charCodeAt(0)));
    return /[\0-\x08\x0e-\x1f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
