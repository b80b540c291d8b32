// CPU from an edit to its diagnostics, and of a completion, beside yaml-language-server with the JSON Schema of the same language: both in this process, taking turns, without transport.

import { TextDocument } from 'vscode-languageserver-textdocument';
import { getLanguageService } from 'yaml-language-server';
import { z } from 'zod';
import { complete } from '../../language-server/features/completion.ts';
import { PolicySet } from '../../language-server/policy-set.ts';
import { toCompletionItem, toDiagnostic } from '../../language-server/to-lsp.ts';
import { openDocument } from '../../runtime/policy/document.ts';
import { CATEGORIES } from '../../runtime/policy/registry.ts';
import { fileSchema } from '../../runtime/policy/schema.ts';
import type { BenchResult } from './bench.ts';

export const ABOUT = 'CPU time from an edit to right diagnostics and for a completion, beside `yaml-language-server` with the JSON Schema of the same language: its row is the baseline of the ratio of ours. Above 10,000 lines it needs seconds for each edit and is left out.';

const SIZES = [1_000, 10_000, 100_000];
/** The peer needs seconds for each edit above this many lines. */
const PEER_LINES = 10_000;
const EDITS = 25;
/** Rounds before the clock counts, for the compiler of the engine. */
const WARM_UP = 5;
const FILE = 'bench.fullarc.yaml';

/** Milliseconds of CPU, medians over edits that each give a text never seen before, with one wrong value in it that must be found. */
export async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const lines of SIZES) results.push(...await measure(lines));
  return results;
}

async function measure(lines: number): Promise<BenchResult[]> {
  const text = policyFile(lines);
  const ours = openOurs(text);
  const peer = lines > PEER_LINES ? undefined : openPeer(text);
  const times = { ourEdit: [] as number[], ourCompletion: [] as number[], peerEdit: [] as number[], peerCompletion: [] as number[] };
  for (let round = -WARM_UP; round < EDITS; round++) {
    const letters = String.fromCharCode(0x41 + (round + WARM_UP) % 26, 0x41 + (round + WARM_UP) / 26);
    times.ourEdit.push(await cpu(() => ours.edit(letters)));
    times.ourCompletion.push(await cpu(() => ours.complete()));
    if (!peer) continue;
    times.peerEdit.push(await cpu(() => peer.edit(letters)));
    times.peerCompletion.push(await cpu(() => peer.complete()));
  }
  for (const each of Object.values(times)) each.splice(0, WARM_UP);
  const size = `${lines.toLocaleString('en')} lines`;
  return [
    ...rows(`edit to diagnostics, ${size}`, times.ourEdit, times.peerEdit),
    ...rows(`completion, ${size}`, times.ourCompletion, times.peerCompletion),
  ];
}

function rows(name: string, ours: readonly number[], peer: readonly number[]): BenchResult[] {
  const value = median(ours);
  if (peer.length === 0) return [{ name, unit: 'ms CPU', value }];
  return [{ name, unit: 'ms CPU', value, ratio: median(peer) / value }, { name: `${name}, yaml-language-server`, unit: 'ms CPU', value: median(peer) }];
}

interface Server {
  /** Writes two letters over the start of a value, and finds that it is none of the allowed ones. */
  edit(letters: string): unknown;
  complete(): unknown;
}

function openOurs(text: string): Server {
  const set = new PolicySet();
  let document = openDocument(text);
  const at = editPlace(text);
  const put = (): readonly unknown[] => {
    set.put(FILE, document);
    return set.findings(FILE).map((finding) => toDiagnostic(finding, (file) => file));
  };
  put();
  return {
    edit(letters) {
      document = document.edit(at, at + 2, letters);
      return expectOne(put());
    },
    complete: () => complete(document, at, set).map(toCompletionItem),
  };
}

function openPeer(text: string): Server {
  const service = getLanguageService({
    schemaRequestService: (uri) => Promise.reject(new Error(`${uri} is not looked up`)),
    workspaceContext: { resolveRelativePath: (path) => path },
  });
  service.configure({ validate: true, completion: true, hover: true, schemas: [{ uri: 'schema://fullarc', fileMatch: ['*'], schema: jsonSchema() }] });
  let version = 1;
  let document = TextDocument.create(`file:///${FILE}`, 'yaml', version, text);
  const at = editPlace(text);
  return {
    async edit(letters) {
      document = TextDocument.update(document, [{ range: { start: document.positionAt(at), end: document.positionAt(at + 2) }, text: letters }], ++version);
      expectOne(await service.doValidation(document, false));
    },
    complete: () => service.doComplete(document, document.positionAt(at), false),
  };
}

/** The language as a foreign editor would get it: what `rules` holds depends on `category`, as `if` and `then`, which costs the peer least. */
function jsonSchema(): Record<string, unknown> {
  const file = z.toJSONSchema(fileSchema, { io: 'input' }) as unknown as { readonly properties: { readonly policies: { items: Record<string, unknown> } } };
  const { policies } = file.properties;
  const cases = CATEGORIES.map((category) => ({ if: { properties: { category: { const: category.id } }, required: ['category'] }, then: { properties: { rules: z.toJSONSchema(category.rules, { io: 'input', unrepresentable: 'any' }) } } }));
  policies.items = { ...policies.items, allOf: cases };
  return file as unknown as Record<string, unknown>;
}

/** A file of cost policies that are all right, eleven lines each. */
function policyFile(lines: number): string {
  const agents = Array.from({ length: 40 }, (_, index) => `  agent-${index}: { owner: team }\n`).join('');
  const policies = Array.from({ length: Math.round((lines - 42) / 11) }, (_, index) => `  - name: spend-${index}
    category: cost
    description: "Policy ${index}: what a campaign may spend"
    scope:
      agents: [agent-${index % 40}]
    on_violation: gate
    rules:
      per_run_cost_limit: ${(index % 90) + 1}
      per_tree_cost_limit: 100
      daily_cost_limit: ${500 + index}
      warning_threshold_percent: 80
`);
  return `agents:\n${agents}policies:\n${policies.join('')}`;
}

const editPlace = (text: string): number => text.indexOf('on_violation: gate', text.length >> 1) + 'on_violation: '.length;

/** A measurement of something that does not find the mistake is worth nothing. */
function expectOne(found: readonly unknown[]): void {
  if (found.length !== 1) throw new Error(`One wrong value was written, and ${found.length} findings came back`);
}

async function cpu(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
