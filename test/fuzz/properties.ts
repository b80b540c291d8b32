// What must hold for any text: the compiler neither throws nor drops a policy in silence, the engine answers, and what is only added never loosens. Each input is made from one number.

import { parseDocument } from 'yaml';
import type { ActionEvent } from '../../protocol/action.ts';
import { DISPOSITIONS, stronger } from '../../protocol/verdict.ts';
import type { Engine } from '../../runtime/policy/api.ts';
import { type Facts, freshFacts } from '../../runtime/policy/facts.ts';
import { compilePolicies } from '../../runtime/policy/index.ts';
import { CATEGORIES } from '../../runtime/policy/registry.ts';
import { governance, type Mapping } from './governance.ts';
import { mutatedText, mutatedValue, withGarbage, written } from './mutations.ts';
import { type Random, randomFrom } from './random.ts';

export interface Input {
  readonly kind: 'value' | 'text' | 'both' | 'garbage';
  readonly text: string;
  /** For garbage: the text without it. */
  readonly before?: string;
}

/** The input of that number. */
export function inputOf(seed: number): Input {
  const random = randomFrom(seed);
  const file = governance(random);
  const kind = random.of(['value', 'text', 'both', 'garbage'] as const);
  if (kind === 'garbage') return { kind, text: written(withGarbage(file, random), random), before: written(file, random) };
  const changed: Mapping = kind === 'text' ? file : mutatedValue(file, random);
  const text = written(changed, random);
  return { kind, text: kind === 'value' ? text : mutatedText(text, random) };
}

/** What is wrong with how the input is taken; undefined when nothing is. */
export function judged(seed: number): string | undefined {
  const { text, before } = inputOf(seed);
  try {
    const { engine, findings } = compilePolicies([{ path: 'a.fullarc.yaml', text }]);
    const errors = findings.filter(({ severity }) => severity === 'error');
    const misplaced = findings.find(({ line, column, endLine, endColumn }) => !(line >= 1 && column >= 1 && (endLine > line || (endLine === line && endColumn >= column))));
    if (misplaced) return `a finding stands nowhere: ${JSON.stringify(misplaced)}`;
    const long = findings.find(({ message }) => message.length > LONGEST_MESSAGE);
    if (long) return `a message has ${long.message.length} characters: ${long.code} ${long.message.slice(0, 200)}`;
    if (findings.length > MOST_FINDINGS + text.length / 4) return `${findings.length} findings for ${text.length} characters`;
    const cases = casesOf(randomFrom(seed + 1));
    const unanswered = cases.find(({ event, facts }) => !DISPOSITIONS.includes(engine.decide(event, facts).disposition));
    if (unanswered) return `no verdict on ${JSON.stringify(unanswered.event)}`;
    if (errors.length > 0) return undefined;
    return dropped(text, engine) ?? (before === undefined ? undefined : loosened(before, engine, cases));
  } catch (error) {
    return `it throws: ${error instanceof Error ? error.stack : String(error)}`;
  }
}

const LONGEST_MESSAGE = 4_000;
/** Beside one for every four characters. */
const MOST_FINDINGS = 200;
const SAMPLE = 6;

/** Without an error, the engine holds every policy that YAML sees in the text, in the mode that is written. */
function dropped(text: string, engine: Engine): string | undefined {
  const document = parseDocument(text, { logLevel: 'silent' });
  if (document.errors.length > 0) return `YAML objects and we do not: ${document.errors[0]!.message}`;
  const whole = (document.toJS({ maxAliasCount: 20_000 }) ?? {}) as { readonly policies?: readonly { readonly name: string; readonly mode?: string }[] };
  const seen = (whole.policies ?? []).map(({ name, mode = 'enforce' }) => `${name} ${mode}`).join();
  const held = engine.policies.filter(({ category }) => category !== 'data-layer').map(({ name, mode }) => `${name} ${mode}`).join();
  return seen === held ? undefined : `the text says ${seen || 'nothing'}, the engine has ${held || 'nothing'}`;
}

function loosened(before: string, after: Engine, cases: readonly Case[]): string | undefined {
  const { engine, findings } = compilePolicies([{ path: 'a.fullarc.yaml', text: before }]);
  if (findings.some(({ severity }) => severity === 'error')) return undefined;
  for (const { event, facts } of cases) {
    const [was, is] = [engine.decide(event, facts), after.decide(event, facts)];
    if (was.reasons.some(({ category }) => LOOKS_AROUND.has(category))) continue;
    if (stronger(was.disposition, is.disposition)) return `${JSON.stringify(event)} was ${was.disposition} by ${was.reasons[0]?.policy}, and what was added makes it ${is.disposition}`;
  }
  return undefined;
}

/** Categories that judge the other policies: what is added may be just what they ask for. */
const LOOKS_AROUND: ReadonlySet<string> = new Set(CATEGORIES.filter(({ review }) => review).map(({ id }) => id));

interface Case {
  readonly event: ActionEvent;
  readonly facts: Facts;
}

function casesOf(random: Random): Case[] {
  return Array.from({ length: SAMPLE }, () => {
    const example = random.of(random.of(CATEGORIES).examples);
    return { event: example.event, facts: freshFacts(example.facts) };
  });
}
