// Attacks and harmless texts from the npm package agent-threat-rules, whose rules each carry their own test cases, split into a half for tuning and one for reporting.

import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Half = 'tuning' | 'held out';

/** One text of the package. An evasion is an attack that its author worded so that the package's own rule misses it. */
export interface ThreatSample {
  readonly id: string;
  /** The package's own category, for example `prompt-injection`. */
  readonly category: string;
  readonly kind: 'attack' | 'benign' | 'evasion';
  readonly text: string;
  readonly half: Half;
}

/** Which half a sample belongs to, by a hash of its id: the same on every machine. */
export function halfOf(id: string): Half {
  return createHash('sha256').update(id).digest()[0]! < 128 ? 'tuning' : 'held out';
}

/**
 * Every test case of every rule. All cases of one rule fall into one half, because its attacks and their harmless twins are worded alike and
 * would tell the other half's answers; a text that several rules share is counted once, in the tuning half if any of them is there.
 */
export function threatSamples(): ThreatSample[] {
  const entry = fileURLToPath(import.meta.resolve('agent-threat-rules'));
  const folder = join(entry.slice(0, entry.lastIndexOf('agent-threat-rules')), 'agent-threat-rules');
  const { load } = createRequire(entry)('js-yaml') as { load(text: string): unknown };
  const files = globSync('rules/**/*.yaml', { cwd: folder }).sort();
  const all = files.flatMap((file) => casesOf(load(readFileSync(join(folder, file), 'utf8')) as Rule, file.split(/[\\/]/)[1]!));
  const once = new Map<string, ThreatSample>();
  for (const sample of all.sort((a, b) => b.half.localeCompare(a.half))) {
    const key = `${sample.kind === 'benign'}\n${sample.text}`;
    if (!once.has(key)) once.set(key, sample);
  }
  return [...once.values()];
}

type Case = Readonly<Record<string, unknown>>;
interface Rule {
  readonly id: string;
  readonly test_cases?: { readonly true_positives?: readonly Case[]; readonly true_negatives?: readonly Case[] };
  readonly evasion_tests?: readonly Case[];
}

function casesOf(rule: Rule, category: string): ThreatSample[] {
  const of = (kind: ThreatSample['kind'], cases: readonly Case[] = []): ThreatSample[] =>
    cases.map((each, index) => ({ id: `${rule.id}/${kind}/${index}`, category, kind, text: textOf(each), half: halfOf(rule.id) }));
  return [...of('attack', rule.test_cases?.true_positives), ...of('benign', rule.test_cases?.true_negatives), ...of('evasion', rule.evasion_tests)].filter(({ text }) => text !== '');
}

/** What an agent would read: input, answer, tool name, description, arguments and result of a case, without what its author says of it. */
const READ = ['input', 'user_input', 'content', 'agent_output', 'tool_name', 'tool_description', 'tool_args', 'tool_call', 'tool_response'];

function textOf(each: Case): string {
  return READ.filter((key) => each[key] !== undefined).map((key) => (typeof each[key] === 'string' ? each[key] : JSON.stringify(each[key]))).join('\n');
}
