// A whole event through a policy of every category, with the state of a busy run: microseconds by verdict and kind of event, growth from one policy of each category to a thousand, and what a plain allow allocates.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parse, stringify } from 'yaml';
import type { ActionEvent } from '../../protocol/action.ts';
import type { Engine } from '../../runtime/policy/api.ts';
import type { Example } from '../../runtime/policy/category.ts';
import type { Facts } from '../../runtime/policy/facts.ts';
import { compilePolicies } from '../../runtime/policy/index.ts';
import { CATEGORIES } from '../../runtime/policy/registry.ts';
import type { BenchResult } from './bench.ts';
import { agt } from './engines/agt.ts';
import { busyRun } from './engines/busy-run.ts';
import { casl } from './engines/casl.ts';
import { type Decide, inTurns, median, type Timing } from './engines/measure.ts';
import { makeQuestions, makeRules } from './engines/rule-set.ts';

export const ABOUT = `One policy without a scope for each of the ${CATEGORIES.length} categories, taken from its own examples, and then policies of all categories for other agents and fleets, as a company would have them. Events are those of the examples, judged with the state of a busy run: 64 earlier calls, windows, incidents, retrieved documents. Beside it the peers do what they can of it, which is to look at agent, tool and arguments of a tool call; AGT is the baseline.`;

interface PolicyText {
  readonly name: string;
  readonly category: string;
  readonly scope?: object;
  readonly rules: unknown;
}

const SIZES = [CATEGORIES.length, 100, 1_000];
const ALL = SIZES.at(-1)!;
const QUESTIONS = 512;

export async function run(): Promise<BenchResult[]> {
  const facts = busyRun();
  const everyone = oneOfEach(facts);
  const filler = forOthers(ALL - everyone.length);
  const events = distinctEvents();
  const measured = SIZES.map((size) => ({ size, engine: engineOf([...everyone, ...filler.slice(0, size - everyone.length)]) }));
  const [first, last] = [measured[0]!, measured.at(-1)!];
  const cases = sorted(last.engine, events, facts);
  const plain = cases['a plain allow']!;
  return [
    ...Object.entries(cases).flatMap(([verdict, list]) => overEvents(verdict, list, measured, facts)),
    { name: `growth from ${first.size} to ${ALL.toLocaleString('en')}`, unit: '× the time', value: spread(last.engine, plain, facts).p50 / spread(first.engine, plain, facts).p50, note: 'of a plain allow' },
    ...byKind(last.engine, plain, facts), ...await toolPart(last.engine, events, facts), allocation(last.engine, plain, facts),
  ];
}

function overEvents(verdict: string, events: readonly ActionEvent[], measured: readonly { readonly size: number; readonly engine: Engine }[], facts: Facts): BenchResult[] {
  return measured.map(({ size, engine }) => {
    const { p50, p95 } = spread(engine, events, facts);
    return { name: `${verdict}, ${size.toLocaleString('en')} policies`, unit: 'µs p50', value: p50, note: `over ${events.length} events, each a median of its own; p95 ${Number(p95.toPrecision(3))} µs` };
  });
}

const BATCH = 100;

/** Each event by itself, then over events: one that takes a parser for SQL does not hide what most take. */
function spread(engine: Engine, events: readonly ActionEvent[], facts: Facts): { readonly p50: number; readonly p95: number } {
  const each = events.map((event) => median(Array.from({ length: 9 }, () => {
    const start = performance.now();
    for (let index = 0; index < BATCH; index++) if (engine.decide(event, facts) === undefined) throw new Error('there is always a verdict');
    return ((performance.now() - start) * 1_000) / BATCH;
  }))).sort((a, b) => a - b);
  return { p50: each[each.length >> 1] ?? Number.NaN, p95: each[Math.floor(each.length * 0.95)] ?? Number.NaN };
}

/** Of each category the rules among its examples that let most of all events go on, so that what is measured is what usually happens. */
function oneOfEach(facts: Facts): PolicyText[] {
  const events = distinctEvents();
  return CATEGORIES.map(({ id, examples }) => {
    const candidates = [...new Set(examples.map(({ rules }) => rules))].map((rules): PolicyText => ({ name: `all-${id}`, category: id, rules: parse(rules) }));
    const allowed = candidates.map((candidate) => ({ candidate, count: events.filter((event) => engineOf([candidate]).decide(event, facts).disposition === 'allow').length }));
    return allowed.reduce((a, b) => (b.count > a.count ? b : a)).candidate;
  });
}

/** Four policies for each other agent, and one for each fleet of theirs. */
function forOthers(count: number): PolicyText[] {
  const examples = CATEGORIES.flatMap(({ id, examples }) => examples.map((example) => ({ id, example })));
  return Array.from({ length: count }, (_, index) => {
    const { id, example } = examples[(index * 7) % examples.length]!;
    const group = Math.floor(index / 5);
    return { name: `other-${index}`, category: id, scope: index % 5 === 4 ? { fleets: [`fleet-${group}`] } : { agents: [`agent-${group}`] }, rules: parse(example.rules) };
  });
}

function engineOf(policies: readonly PolicyText[]): Engine {
  const { engine, findings } = compilePolicies([{ path: 'bench.fullarc.yaml', text: stringify({ policies }, { aliasDuplicateObjects: false }) }]);
  const wrong = findings.find(({ severity }) => severity === 'error');
  if (wrong) throw new Error(`${wrong.line}: ${wrong.message}`);
  return engine;
}

function distinctEvents(): ActionEvent[] {
  const examples: readonly Example[] = CATEGORIES.flatMap((category) => category.examples);
  return [...new Map(examples.filter(({ expect }) => expect === 'allow').map(({ event }) => [JSON.stringify(event), event])).values()];
}

function sorted(engine: Engine, events: readonly ActionEvent[], facts: Facts): Record<string, ActionEvent[]> {
  const allowed = Map.groupBy(events, (event) => engine.decide(event, facts).reasons.length === 0);
  return { 'a plain allow': allowed.get(true) ?? [], 'what some policy objects to': allowed.get(false) ?? [] };
}

function deciding(engine: Engine, events: readonly ActionEvent[], facts: Facts): Decide {
  return (index) => engine.decide(events[index]!, facts);
}

function byKind(engine: Engine, events: readonly ActionEvent[], facts: Facts): BenchResult[] {
  const kinds = [...Map.groupBy(events, ({ event }) => event)].sort(([a], [b]) => (a < b ? -1 : 1));
  return kinds.map(([kind, list]) => row(`a plain allow of ${kind}, ${ALL.toLocaleString('en')} policies`, inTurns({ ours: deciding(engine, list, facts) }, list.length).get('ours')!, `${list.length} events`));
}

/** What the peers can do: agent, tool and arguments, with as many rules. */
async function toolPart(engine: Engine, events: readonly ActionEvent[], facts: Facts): Promise<BenchResult[]> {
  const tools = events.filter(({ event }) => event === 'tool.before');
  const rules = makeRules(ALL);
  const questions = makeQuestions(rules, QUESTIONS);
  const peers = { 'agent-governance-sdk': await agt(rules, questions), CASL: await casl(rules, questions) };
  const timings = inTurns({ 'a tool call through all categories': (index) => engine.decide(tools[index % tools.length]!, facts), ...peers }, QUESTIONS);
  const baseline = timings.get('agent-governance-sdk')!.p50;
  return [...timings].map(([name, timing]) => ({ ...row(`${name}, ${ALL.toLocaleString('en')} policies`, timing, Object.hasOwn(peers, name) ? 'agent, tool and arguments alone' : 'everything'), ratio: baseline / timing.p50 }));
}

function row(name: string, { p50, cpu }: Timing, note: string): BenchResult {
  return { name, unit: 'µs p50', value: p50, note: `${note}, ${Number(cpu.toPrecision(2))} µs CPU` };
}

const CHUNK = 1_000;

/** Bytes for one plain allow: what the heap grew by over a thousand of them, less what the loop itself takes. */
function allocation(engine: Engine, events: readonly ActionEvent[], facts: Facts): BenchResult {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const grown = (decide: Decide): number => {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < CHUNK; index++) decide(index % events.length);
    return (process.memoryUsage().heapUsed - before) / CHUNK;
  };
  const usual = (decide: Decide): number => median(Array.from({ length: 9 }, () => grown(decide)));
  const decide = deciding(engine, events, facts);
  for (let index = 0; index < 20 * CHUNK; index++) decide(index % events.length);
  const perKind = [...Map.groupBy(events, ({ event }) => event)].map(([kind, list]) => ({ kind, bytes: Math.max(0, usual((index) => engine.decide(list[index % list.length]!, facts)) - usual(() => undefined)) }));
  const shown = perKind.sort((a, b) => a.bytes - b.bytes).map(({ kind, bytes }) => `${kind} ${Math.round(bytes)}`).join(', ');
  return { name: 'allocated by a plain allow', unit: 'bytes', value: perKind[perKind.length >> 1]?.bytes ?? Number.NaN, note: `median over kinds of event: ${shown}` };
}

if (import.meta.main) {
  for (const { name, value, unit, ratio, note } of await run()) {
    console.log(`${name.padEnd(58)} ${Number(value.toPrecision(3)).toLocaleString('en').padStart(9)} ${unit.padEnd(11)} ${ratio === undefined ? '' : `${Number(ratio.toPrecision(3)).toLocaleString('en')}×`.padStart(8)}  ${note ?? ''}`);
  }
}
