// One decision, from 1 to 10,000 policies: our engine beside AGT, Cedar, OPA, CASL and closures written by hand as the limit, in turns in one run, all answers checked equal first.

import { stringify } from 'yaml';
import type { ActionEvent } from '../../protocol/action.ts';
import { freshFacts } from '../../runtime/policy/facts.ts';
import { createDocumentCompiler } from '../../runtime/policy/compiler.ts';
import { compilePolicies, openDocument } from '../../runtime/policy/index.ts';
import type { BenchResult } from './bench.ts';
import { agt } from './engines/agt.ts';
import { casl } from './engines/casl.ts';
import { cedar } from './engines/cedar.ts';
import { fullarc } from './engines/fullarc.ts';
import { handWritten } from './engines/hand-written.ts';
import { inTurns, median, timed, type Timing } from './engines/measure.ts';
import { opa } from './engines/opa.ts';
import { type Answer, type Build, CONDITIONS, makeQuestions, makeRules, type Question } from './engines/rule-set.ts';

export const ABOUT = `May this agent call this tool? A policy forbids one tool, by name or glob, to an agent or to a fleet${CONDITIONS ? ', half of them only above an amount and half only for some paths' : ''}; half of 512 calls are refused, and all engines must answer each alike before any is timed. The baseline of the ratio is \`@microsoft/agent-governance-sdk\`; closures written by hand for exactly these rules are the limit. Engines are given the question in their own form, made beforehand. AGT knows no fleets, globs or patterns and is given them worked out; OPA has its rules as data, its fastest form; Cedar's are parsed once.`;

const SIZES = [1, 10, 100, 1_000, 10_000];
const QUESTIONS = 512;
const ENGINES: Readonly<Record<string, Build>> = { fullarc, 'hand-written closures': handWritten, CASL: casl, 'OPA (wasm)': opa, 'agent-governance-sdk': agt, 'Cedar (wasm)': cedar };
const BASELINE = 'agent-governance-sdk';
const LIMIT = 'hand-written closures';

interface Measured {
  readonly size: number;
  readonly timings: ReadonlyMap<string, Timing>;
  readonly built: Readonly<Record<string, number>>;
  /** Of ours, what was allowed and what was refused, apart. */
  readonly ours: ReadonlyMap<string, Timing>;
}

export async function run(): Promise<BenchResult[]> {
  await measure(100); // what is measured is engines that have been at work for a moment, not their compilation
  const measured: Measured[] = [];
  for (const size of SIZES) measured.push(await measure(size));
  return [...measured.flatMap(rowsOf), ...growth(measured), ...measureSwap()];
}

async function measure(size: number): Promise<Measured> {
  const rules = makeRules(size);
  const questions = makeQuestions(rules, QUESTIONS);
  const answers: Record<string, Answer> = {};
  const built: Record<string, number> = {};
  for (const [name, build] of Object.entries(ENGINES)) [answers[name], built[name]] = await timed(() => build(rules, questions));
  assertEqual(answers, questions);
  const ours = answers['fullarc']!;
  const half = QUESTIONS / 2;
  return {
    size, built, timings: inTurns(answers, QUESTIONS),
    ours: inTurns({ allow: (index) => ours(2 * (index % half) + 1), refusal: (index) => ours(2 * (index % half)) }, half),
  };
}

/** Every engine gives the answer that the question was made for: the even ones are refused. */
function assertEqual(answers: Readonly<Record<string, Answer>>, questions: readonly Question[]): void {
  for (const [name, answer] of Object.entries(answers)) {
    questions.forEach((question, index) => {
      if (answer(index) !== (index % 2 === 1)) throw new Error(`${name} ${answer(index) ? 'allows' : 'refuses'} what it should not: ${JSON.stringify(question)}`);
    });
  }
}

function rowsOf({ size, timings, built, ours }: Measured): BenchResult[] {
  const [baseline, limit] = [timings.get(BASELINE)!, timings.get(LIMIT)!];
  return [...timings].map(([name, { p50, cpu }]) => ({
    name: `${name}, ${size.toLocaleString('en')} ${size === 1 ? 'policy' : 'policies'}`, unit: 'µs p50', value: p50, ratio: baseline.p50 / p50,
    note: [
      `${digits(cpu)} µs CPU`, `${digits(p50 / limit.p50)} × the limit`, `built in ${digits(built[name]!)} ms`,
      ...(name === 'fullarc' ? [`${digits(ours.get('allow')!.p50)} µs an allow, ${digits(ours.get('refusal')!.p50)} µs a refusal with its reason`] : []),
    ].join('; '),
  }));
}

/** How much longer a decision takes at each size than among ten policies, and than alone. */
function growth(measured: readonly Measured[]): BenchResult[] {
  const [first, second] = measured as [Measured, Measured];
  return Object.keys(ENGINES).map((name) => {
    const p50 = (at: Measured): number => at.timings.get(name)!.p50;
    const last = measured.at(-1)!;
    return { name: `${name}, growth from ${first.size} to ${last.size.toLocaleString('en')}`, unit: '× the time', value: p50(last) / p50(first), note: `${measured.map((at) => digits(p50(at))).join(' → ')} µs; from ${second.size} on ${digits(p50(last) / p50(second))} ×` };
  });
}

/** What an edit of one policy costs, from the keystroke to the first decision that obeys it, beside compiling them all. */
export function measureSwap(): BenchResult[] {
  return SIZES.filter((size) => size >= 10).flatMap(swapAmong);
}

const EDITS = 101;
const WARM_EDITS = 20;

function swapAmong(size: number): BenchResult[] {
  const text = stringify({ policies: Array.from({ length: size }, (_, index) => ({ name: `for-agent-${index}`, category: 'safety', scope: { agents: [`agent-${index}`] }, rules: { blocked_tools: [`tool-${index}`] } })) });
  const event: ActionEvent = { event: 'tool.before', name: 'tool-1', args: {} };
  const facts = freshFacts({ agent: 'agent-1' });
  const cold = median(Array.from({ length: 3 }, () => elapsed(() => compilePolicies([{ path: 'a', text }]).engine.decide(event, facts))));
  const compile = createDocumentCompiler();
  let document = openDocument(text);
  compile([{ path: 'a', document }]).engine.decide(event, facts);
  const at = text.indexOf(`tool-${size >> 1}\n`) + 'tool-'.length;
  let end = at + String(size >> 1).length;
  const parts = { edit: [] as number[], compile: [] as number[], decide: [] as number[] };
  let cpu = process.cpuUsage();
  for (let index = -WARM_EDITS; index < EDITS; index++) {
    if (index === 0) cpu = process.cpuUsage();
    const name = String(100_000 + WARM_EDITS + index);
    const steps = [performance.now()];
    document = document.edit(at, end, name);
    steps.push(performance.now());
    const { engine } = compile([{ path: 'a', document }]);
    steps.push(performance.now());
    engine.decide(event, facts);
    steps.push(performance.now());
    end = at + name.length;
    if (index >= 0) [parts.edit, parts.compile, parts.decide].forEach((list, step) => list.push(steps[step + 1]! - steps[step]!));
  }
  const { user, system } = process.cpuUsage(cpu);
  const swap = median(parts.compile.map((compiled, index) => compiled + parts.decide[index]!));
  const among = `${size.toLocaleString('en')} policies`;
  return [
    { name: `${among} from text to the first decision`, unit: 'ms', value: cold },
    {
      name: `one of ${among} edited, to the first decision`, unit: 'ms p50', value: swap, ratio: cold / swap,
      note: `against compiling all of them; ${digits(median(parts.compile))} ms compiling, ${digits(median(parts.decide))} ms version and decision; before them ${digits(median(parts.edit))} ms for the document; ${digits((user + system) / 1_000 / EDITS)} ms CPU for all, collecting garbage included`,
    },
  ];
}

function elapsed(action: () => unknown): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

const digits = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(2)).toString());

if (import.meta.main) {
  for (const { name, value, unit, ratio, note } of process.argv[2] === 'swap' ? measureSwap() : await run()) {
    console.log(`${name.padEnd(54)} ${Number(value.toPrecision(3)).toLocaleString('en').padStart(12)} ${unit.padEnd(12)} ${ratio === undefined ? '' : `${Number(ratio.toPrecision(3)).toLocaleString('en')}×`.padStart(10)}  ${note ?? ''}`);
  }
}
