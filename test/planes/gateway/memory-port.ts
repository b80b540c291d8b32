// A governor in memory: redacts e-mail addresses everywhere, and otherwise answers what the test says.

import type { ActionEvent, TextPart } from '../../../protocol/action.ts';
import type { After, AfterAnswer, Before, BeforeAnswer } from '../../../protocol/agent-wire.ts';
import type { Disposition, Reason, Redaction } from '../../../protocol/verdict.ts';
import type { Engine, StreamRedactor } from '../../../runtime/policy/api.ts';
import { freshFacts } from '../../../runtime/policy/facts.ts';
import type { AgentPort } from '../../../runtime/planes/port.ts';

export interface Answers {
  /** Undefined lets the call go, with e-mail addresses redacted. */
  readonly before?: (params: Before, signal?: AbortSignal) => BeforeAnswer | undefined | Promise<BeforeAnswer | undefined>;
  readonly after?: (params: After) => AfterAnswer | undefined | Promise<AfterAnswer | undefined>;
  readonly progress?: (outputTokens: number) => string | undefined;
  readonly stopped?: AbortSignal;
  /** A streamed text with this in it is cut off. */
  readonly forbidden?: string;
  readonly version?: () => string;
  /** Answers are judged as a whole before any of them leaves. */
  readonly whole?: boolean;
}

export interface MemoryPort extends AgentPort {
  readonly asked: Before[];
  readonly ended: After[];
  readonly abandoned: string[];
  readonly reported: number[];
}

export function memoryPort(answers: Answers = {}): MemoryPort {
  const port = { asked: [] as Before[], ended: [] as After[], abandoned: [] as string[], reported: [] as number[] };
  return {
    ...port,
    ...(answers.stopped && { stopped: answers.stopped }),
    policies: () => engine(answers),
    facts: () => freshFacts(),
    async before(params, signal) {
      port.asked.push(params);
      const { promise, reject } = Promise.withResolvers<never>();
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      promise.catch(() => undefined);
      return await Promise.race([answers.before?.(params, signal), promise]) ?? { go: true, redactions: redactions(params.event) };
    },
    async progress({ outputTokens }) {
      port.reported.push(outputTokens);
      return { stop: answers.progress?.(outputTokens) };
    },
    async after(params) {
      port.ended.push(params);
      return await answers.after?.(params) ?? { go: true, redactions: redactions(params.event) };
    },
    async abandon(key) {
      port.abandoned.push(key);
    },
  };
}

export const refuse = (message: string, disposition: Disposition = 'block', retryAfterMs?: number): BeforeAnswer => ({ go: false, disposition, message, retryAfterMs });

export function textsOf(event: ActionEvent): readonly TextPart[] {
  return 'texts' in event ? event.texts ?? [] : [];
}

export function redactions(event: ActionEvent): Redaction[] {
  return textsOf(event).flatMap(({ at, text }) => [...text.matchAll(EMAIL)].map((match) => ({ at, start: match.index, end: match.index + match[0].length, label: 'EMAIL' })));
}

const EMAIL = /[\w.]+@[\w.]+\w/g;

function engine(answers: Answers): Engine {
  return {
    version: answers.version?.() ?? '1', policies: [], agents: new Map(),
    decide: () => ({ disposition: 'allow', reasons: [], redactions: [], policyVersion: '1' }),
    explain: () => ({ verdict: { disposition: 'allow', reasons: [], redactions: [], policyVersion: '1' }, considered: [] }),
    seenAs: () => [], questions: () => [], meaning: () => undefined, budgets: () => [], breakers: () => [], limits: () => [], alerts: () => [], memory: () => [], wholeOutput: () => answers.whole ?? false,
    audit: () => ({ logInputs: true, logOutputs: true, logSteps: true, logToolCalls: true, redactFields: [], retentionDays: 1, maxText: 1000 }),
    streamRedactor: () => redactor(answers.forbidden),
    tool: () => ({ class: 'once' }),
  };
}

/** Holds the last word back: no address has a blank in it. */
function redactor(forbidden: string | undefined): StreamRedactor {
  let held = '';
  const found: string[] = [];
  let blocked: Reason | undefined;
  const clean = (text: string): string => {
    if (forbidden !== undefined && text.includes(forbidden)) blocked = { policy: 'words', category: 'content', disposition: 'block', message: 'a forbidden word', field: 'words' };
    return blocked ? '' : text.replace(EMAIL, () => (found.push('EMAIL'), '##EMAIL##'));
  };
  return {
    found,
    get blocked() {
      return blocked;
    },
    push(piece) {
      held += piece;
      const end = /\S*$/.exec(held)!.index;
      const ready = held.slice(0, end);
      held = held.slice(end);
      return clean(ready);
    },
    flush() {
      const rest = held;
      held = '';
      return clean(rest);
    },
  };
}
