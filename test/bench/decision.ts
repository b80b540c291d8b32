// One decision, from 1 to 10,000 policies: our engine, the SDK of Microsoft's agent governance toolkit, and a hand-written look-up as the limit, in turn in one run.

import { ConflictResolutionStrategy, PolicyEngine } from '@microsoft/agent-governance-sdk';
import { stringify } from 'yaml';
import type { ActionEvent } from '../../protocol/action.ts';
import { type Facts, freshFacts } from '../../runtime/policy/facts.ts';
import { type CompileCache, compileDocuments, compilePolicies, openDocument } from '../../runtime/policy/index.ts';
import type { BenchResult } from './bench.ts';

export const ABOUT = 'May this agent call this tool? One policy for each agent, each of which forbids two tools; half of the questions ask for a forbidden one. The baseline of the ratio is `@microsoft/agent-governance-sdk` in the same run; a look-up written by hand is the limit.';

const SIZES = [1, 10, 100, 1_000, 10_000];
const ROUNDS = 7;
/** Shortest time of one measurement, so that the clock's grain does not show. */
const SLICE_MS = 15;

/** What all three are asked: may this agent call this model or tool? True for yes. */
type Decide = (question: Question) => boolean;
interface Question {
  readonly agent: string;
  readonly tool: string;
  readonly event: ActionEvent<'tool.before'>;
  readonly facts: Facts;
}

export async function run(): Promise<BenchResult[]> {
  measureSize(100); // what is measured is engines that have been at work for a moment, not their compilation
  return [...SIZES.flatMap(measureSize), ...measureSwap()];
}

/** One policy per agent, each of which forbids two tools; half of the questions ask for a forbidden one. */
function measureSize(size: number): BenchResult[] {
  const rules = Array.from({ length: size }, (_, index) => ({ agent: `agent-${index}`, tools: [`tool-${index}`, `tool-${index}-b`] }));
  const questions = Array.from({ length: 512 }, (_, index) => {
    const agent = (index * 7_919) % size;
    return question(`agent-${agent}`, index % 2 === 0 ? `tool-${agent}` : 'tool-free');
  });
  const engines = { fullarc: ours(rules), 'agent-governance-sdk': theirs(rules), 'hand-written Map': byHand(rules) };
  for (const each of questions) {
    const answers = Object.values(engines).map((decide) => decide(each));
    if (new Set(answers).size !== 1) throw new Error(`The engines differ on ${each.agent} and ${each.tool}: ${answers.join(', ')}`);
  }
  const perSecond = inTurns(engines, questions);
  const baseline = perSecond['agent-governance-sdk'];
  return Object.entries(perSecond).map(([name, value]) => ({
    name: `${name}, ${size.toLocaleString('en')} ${size === 1 ? 'policy' : 'policies'}`, unit: 'decisions/s', value, ratio: value / baseline,
    note: name === 'fullarc' ? `${microseconds(engines.fullarc, questions.filter((_, index) => index % 2 === 1))} µs an allow, ${microseconds(engines.fullarc, questions.filter((_, index) => index % 2 === 0))} µs a refusal with its reason` : undefined,
  }));
}

function microseconds(decide: Decide, questions: readonly Question[]): string {
  return (1e6 / median(Array.from({ length: ROUNDS }, () => slice(decide, questions)))).toPrecision(2);
}

function question(agent: string, tool: string): Question {
  return { agent, tool, event: { event: 'tool.before', name: tool, args: {} }, facts: freshFacts({ agent }) };
}

interface Rule {
  readonly agent: string;
  readonly tools: readonly string[];
}

function ours(rules: readonly Rule[]): Decide {
  const { engine, findings } = compilePolicies([{ path: 'bench.fullarc.yaml', text: policyText(rules) }]);
  if (findings.length > 0) throw new Error(findings[0]!.message);
  return ({ event, facts }) => engine.decide(event, facts).disposition === 'allow';
}

function policyText(rules: readonly Rule[]): string {
  return stringify({ policies: rules.map(({ agent, tools }) => ({ name: `for-${agent}`, category: 'safety', scope: { agents: [agent] }, rules: { blocked_tools: tools } })) });
}

function theirs(rules: readonly Rule[]): Decide {
  const engine = new PolicyEngine([], ConflictResolutionStrategy.DenyOverrides);
  for (const { agent, tools } of rules) {
    engine.loadPolicy({ name: `for-${agent}`, agents: [agent], scope: 'agent', default_action: 'allow', rules: [{ name: 'blocked', condition: `tool in [${tools.map((tool) => `'${tool}'`).join(', ')}]`, ruleAction: 'deny' }] });
  }
  return ({ agent, tool }) => engine.evaluatePolicy(agent, { tool }).allowed;
}

function byHand(rules: readonly Rule[]): Decide {
  const forbidden = new Map(rules.map(({ agent, tools }) => [agent, new Set(tools)]));
  return ({ agent, tool }) => !(forbidden.get(agent)?.has(tool) ?? false);
}

/** Decisions per second of each, the median of rounds in which they take turns. */
function inTurns<N extends string>(engines: Readonly<Record<N, Decide>>, questions: readonly Question[]): Record<N, number> {
  const names = Object.keys(engines) as N[];
  const rates = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<N, number[]>;
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of names) {
      const rate = slice(engines[name], questions);
      if (round >= 0) rates[name].push(rate);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(rates[name])])) as Record<N, number>;
}

function slice(decide: Decide, questions: readonly Question[]): number {
  const start = performance.now();
  let done = 0;
  let elapsed = 0;
  do {
    // A slow engine is looked at after each decision, a fast one after many.
    const burst = elapsed > 0 && elapsed / done > 0.05 ? 1 : Math.min(questions.length, done + 1);
    for (let index = 0; index < burst; index++) decide(questions[(done + index) % questions.length]!);
    done += burst;
    elapsed = performance.now() - start;
  } while (elapsed < SLICE_MS);
  return (done / elapsed) * 1_000;
}

/** What an edit of one policy in ten thousand costs, beside compiling them all. */
function measureSwap(): BenchResult[] {
  const text = policyText(Array.from({ length: 10_000 }, (_, index) => ({ agent: `agent-${index}`, tools: [`tool-${index}`] })));
  const ask = question('agent-1', 'tool-1');
  const cold = median(Array.from({ length: 3 }, () => timed(() => compilePolicies([{ path: 'a', text }]).engine.decide(ask.event, ask.facts))));
  const cache: CompileCache = new WeakMap();
  let document = openDocument(text);
  compileDocuments([{ path: 'a', document }], cache);
  const at = text.indexOf('tool-5000');
  const edits = Array.from({ length: 15 }, (_, index) => timed(() => {
    document = document.edit(at + 5, at + 9, String(6_000 + index));
    compileDocuments([{ path: 'a', document }], cache).engine.decide(ask.event, ask.facts);
  }));
  const warm = median(edits);
  return [
    { name: '10,000 policies from text to the first decision', unit: 'ms', value: cold },
    { name: 'one of 10,000 policies edited, to the first decision', unit: 'ms', value: warm, ratio: cold / warm, note: 'against compiling all of them' },
  ];
}

function timed(action: () => unknown): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

if (import.meta.main) {
  for (const { name, value, unit, ratio, note } of await run()) {
    console.log(`${name.padEnd(54)} ${Math.round(value).toLocaleString('en').padStart(12)} ${unit.padEnd(12)} ${ratio === undefined ? '' : `${Number(ratio.toPrecision(3)).toLocaleString('en')}×`.padStart(10)}  ${note ?? ''}`);
  }
}
