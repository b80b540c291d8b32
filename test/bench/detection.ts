// How much detection finds and how often it is wrong: injected orders, personal data and credentials, beside Microsoft's scanners and secretlint in the same run.

import { ContextPoisoningDetector, McpSecurityScanner } from '@microsoft/agent-governance-sdk';
import { lintSource } from '@secretlint/core';
import { creator } from '@secretlint/secretlint-rule-preset-recommend';
import { credentialDetectors } from '../../runtime/policy/detect/credentials.ts';
import { injection } from '../../runtime/policy/detect/injection.ts';
import { personalDetectors, PERSONAL_TYPES } from '../../runtime/policy/detect/personal.ts';
import { scan } from '../../runtime/policy/detect/scan.ts';
import { CREDENTIAL_MAKERS, generated, lookalikes, PERSONAL_MAKERS } from '../support/detection-samples.ts';
import { type Half, threatSamples, type ThreatSample } from '../support/threat-samples.ts';
import type { BenchResult } from './bench.ts';

export const ABOUT = 'Recall: the share of attacks, or of planted values, that is found. False positives: the share of harmless texts of the same corpus in which something is found. The texts are the test cases of the npm package `agent-threat-rules` 4.0.0 (each rule\'s cases wholly in one half, duplicates once), and generated personal data and credentials with valid check digits among look-alikes. Signs and weights were chosen on the tuning half; the held-out half is what counts. The peers ran on the same texts: `@microsoft/agent-governance-sdk` (its tool scanner and its context scanner, either of which may find), and `@secretlint/secretlint-rule-preset-recommend`. There is no baseline for a ratio.';

const HALVES: readonly Half[] = ['held out', 'tuning'];
const EACH = 40;
const SEED = 20_260;

/** Why a category can be judged by its text only in part. */
const NOTES: Readonly<Record<string, string>> = {
  'prompt-injection': 'a good part are requests for harmful content, script injection and fragments of fuzzing: no orders to a model',
  'agent-manipulation': 'half are jailbreaks by role-play; the rest differs from honest requests by who asks',
  'context-exfiltration': 'text is the wrong tool for most: requests for data that only the data\'s class tells from honest ones; taint, `network` and `content` redaction hold these',
  'tool-poisoning': 'text is the wrong tool for most: shell and path injection in arguments; `input-validation`, `code-execution` and `network` hold these',
  'skill-compromise': 'text is the wrong tool for most: code of skills; `code-execution` holds it',
  'privilege-escalation': 'text is the wrong tool: calls and configuration; `approval`, `scope` and `safety` hold these',
  'excessive-autonomy': 'text is the wrong tool: calls without a person\'s consent; `approval` and `operations` hold these',
  'model-abuse': 'text is the wrong tool: requests for malware or the model itself; no orders to a model',
  'data-poisoning': 'few samples',
  'model-security': 'few samples',
};

export async function run(): Promise<BenchResult[]> {
  return [...injected(), ...personal(), ...await credentials()];
}

type Finds = (text: string) => boolean;

function injected(): BenchResult[] {
  const samples = threatSamples();
  const ours = (text: string): boolean => injection.find(text).length > 0;
  return HALVES.flatMap((half) => {
    const here = samples.filter((sample) => sample.half === half);
    const categories = half === 'held out' ? [...new Set(here.map(({ category }) => category))] : [];
    return [
      ...ofCorpus(`injected orders, ${half}`, ours, here),
      ...ofCorpus(`injected orders, ${half}: agent-governance-sdk`, theirScanners, here),
      ...categories.flatMap((category) => ofCategory(`${category}, ${half}`, ours, here.filter((each) => each.category === category), NOTES[category])),
    ];
  });
}

function ofCorpus(name: string, finds: Finds, samples: readonly ThreatSample[]): BenchResult[] {
  const of = (kind: ThreatSample['kind']) => samples.filter((sample) => sample.kind === kind);
  return [
    rate(`${name}: recall`, finds, of('attack')),
    rate(`${name}: recall of evasions`, finds, of('evasion')),
    rate(`${name}: false positives`, finds, of('benign')),
  ];
}

function ofCategory(name: string, finds: Finds, samples: readonly ThreatSample[], note = ''): BenchResult[] {
  const attacks = rate(`${name}: recall`, finds, samples.filter(({ kind }) => kind === 'attack'));
  return [{ ...attacks, note: `${attacks.note}; ${note}` }, rate(`${name}: false positives`, finds, samples.filter(({ kind }) => kind === 'benign'))];
}

function rate(name: string, finds: Finds, samples: readonly { readonly text: string }[]): BenchResult {
  const found = samples.filter(({ text }) => finds(text)).length;
  return { name, unit: '%', value: samples.length === 0 ? 0 : (100 * found) / samples.length, note: `${found} of ${samples.length}` };
}

const scanner = new McpSecurityScanner();
const context = new ContextPoisoningDetector();

function theirScanners(text: string): boolean {
  const entry = { entryId: 'e', sessionId: 's', agentId: 'a', role: 'tool' as const, content: text, timestamp: '2026-01-05T12:00:00Z' };
  return !scanner.scan({ name: 'fetch_page', description: text }).safe || context.scanEntry(entry).length > 0;
}

/** A planted value counts as found when a detector of its own kind finds something. */
function personal(): BenchResult[] {
  const samples = generated(PERSONAL_MAKERS, EACH * 5, SEED);
  const all = personalDetectors(PERSONAL_TYPES.filter((type) => type !== 'ip_address'));
  const none = lookalikes(EACH, SEED + 1);
  return HALVES.flatMap((half) => {
    const here = samples.filter((sample) => sample.half === half);
    const kinds = half === 'held out' ? Object.keys(PERSONAL_MAKERS) : [];
    return [
      rate(`personal data, ${half}: recall`, (text) => scan(text, all).length > 0, here),
      rate(`personal data, ${half}: false positives`, (text) => scan(text, all).length > 0, none.filter((sample) => sample.half === half)),
      ...kinds.map((kind) => rate(`${kind}, ${half}: recall`, (text) => scan(text, all.filter((each) => each.kind === kind)).length > 0, here.filter((sample) => sample.kind === kind))),
    ];
  });
}

async function credentials(): Promise<BenchResult[]> {
  const detectors = credentialDetectors();
  const samples = [...generated(CREDENTIAL_MAKERS, EACH, SEED + 2), ...lookalikes(EACH, SEED + 3)];
  const theirs = new Set<string>();
  for (const { text } of samples) if (await secretlintFinds(text)) theirs.add(text);
  const isSecret = ({ kind }: { readonly kind: string }): boolean => kind in CREDENTIAL_MAKERS;
  return HALVES.flatMap((half) => {
    const here = samples.filter((sample) => sample.half === half);
    const secrets = here.filter(isSecret);
    const others = here.filter((sample) => !isSecret(sample));
    const ours: Finds = (text) => scan(text, detectors).length > 0;
    return [
      { ...rate(`credentials, ${half}: recall`, ours, secrets), note: missed(ours, secrets) },
      rate(`credentials, ${half}: false positives`, ours, others),
      { ...rate(`credentials, ${half}: secretlint: recall`, (text) => theirs.has(text), secrets), note: missed((text) => theirs.has(text), secrets) },
      rate(`credentials, ${half}: secretlint: false positives`, (text) => theirs.has(text), others),
    ];
  });
}

function missed(finds: Finds, samples: readonly { readonly kind: string; readonly text: string }[]): string {
  const kinds = new Set(samples.filter(({ text }) => !finds(text)).map(({ kind }) => kind));
  const found = samples.filter(({ text }) => finds(text)).length;
  return `${found} of ${samples.length}${kinds.size === 0 ? '' : `; missed some of ${[...kinds].join(', ')}`}`;
}

async function secretlintFinds(text: string): Promise<boolean> {
  const { messages } = await lintSource({
    source: { filePath: 'sample.txt', ext: '.txt', contentType: 'text', content: text },
    options: { config: { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator, options: {} }] }, noPhysicFilePath: true },
  });
  return messages.length > 0;
}
