// What a decision asked about the past: noted while it is made, answered from the notes when it is made again.

import type { Facts, Host } from './facts.ts';

/** Questions with their answers, as one decision asked them. */
export type Asked = Map<string, unknown>;

/** The same facts, whose host notes what it is asked. What is asked twice has the answer of the last time. */
export function notingHost(facts: Facts): { readonly facts: Facts; readonly asked: Asked } {
  const asked: Asked = new Map();
  const { host } = facts;
  const note = <T>(question: string, answer: T): T => {
    asked.set(question, answer);
    return answer;
  };
  return {
    asked,
    facts: {
      ...facts,
      host: {
        starts: (by, what, names) => note(questionOf('starts', by, what, names), host.starts(by, what, names)),
        running: (by, what) => note(questionOf('running', by, what), host.running(by, what)),
        violations: (policy) => note(questionOf('violations', policy), host.violations(policy)),
        incidents: (by) => note(questionOf('incidents', by), host.incidents(by)),
        retrieved: () => note('retrieved', host.retrieved()),
        told: () => note('told', host.told()),
        decisions: () => note('decisions', host.decisions()),
        released: (policy, by) => note(questionOf('released', policy, by), host.released?.(policy, by)),
        remembered: () => note('remembered', host.remembered()),
        judgement: (id) => note(questionOf('judgement', id), host.judgement(id)),
      },
    },
  };
}

/** Longest answer that is kept, in UTF-16 code units of JSON. */
const LONGEST_ANSWER = 4_096;

/** The notes as they are stored; answers that are too long, or that `isPrivate` names, are left out. Undefined when nothing is left. */
export function packAsked(asked: Asked, isPrivate: (question: string) => boolean): Readonly<Record<string, unknown>> | undefined {
  if (asked.size === 0) return undefined;
  const kept = [...asked].filter(([question, answer]) => !isPrivate(question) && (answer === undefined || typeof answer === 'number' || JSON.stringify(answer).length <= LONGEST_ANSWER));
  return kept.length === 0 ? undefined : Object.fromEntries(kept.map(([question, answer]) => [question, answer ?? null]));
}

/** Answers exactly what is on record; `miss` is told of anything else, and never returns. */
export function answeringHost(asked: Readonly<Record<string, unknown>> | undefined, miss: (what: string) => never): Host {
  const answer = <T>(question: string): T => (asked && Object.hasOwn(asked, question) ? (asked[question] ?? undefined) as T : miss(`what the past says (${question}) was not asked when it was recorded`));
  return {
    starts: (by, what, names) => answer(questionOf('starts', by, what, names)),
    running: (by, what) => answer(questionOf('running', by, what)),
    violations: (policy) => answer(questionOf('violations', policy)),
    incidents: (by) => answer(questionOf('incidents', by)),
    retrieved: () => answer('retrieved'),
    told: () => answer('told'),
    decisions: () => answer('decisions'),
    released: (policy, by) => answer(questionOf('released', policy, by)),
    remembered: () => answer('remembered'),
    judgement: (id) => answer(questionOf('judgement', id)),
  };
}

function questionOf(what: string, ...about: readonly (string | readonly string[] | undefined)[]): string {
  return [what, ...about.filter((each) => each !== undefined).map((each) => (typeof each === 'string' ? each : each.join(' | ')))].join(' ');
}
