// Runs tests of policies against an engine: every step is judged in the world that the steps before it left. Pure, and the same for the same text.

import { kindOf, type ActionEvent } from '../../../protocol/action.ts';
import type { TextRange } from '../../../protocol/finding.ts';
import { proceeds, type Reason, type Verdict } from '../../../protocol/verdict.ts';
import type { Considered, Engine } from '../api.ts';
import type { Facts } from '../facts.ts';
import type { PolicyFile } from '../findings.ts';
import type { Path } from '../parse.ts';
import { differences } from './expectation.ts';
import type { PolicyTest } from './schema.ts';
import { firstEvent, GOES_ON, kindOfStep, lastEvent } from './step-events.ts';
import type { Step, WrittenExpectation } from './step-schema.ts';
import { milliseconds } from './words.ts';
import { amountsOf, World, type Going } from './world.ts';

/** A test where it stands. */
export interface PlacedTest {
  readonly file: PolicyFile;
  readonly path: Path;
  readonly value: PolicyTest;
}

/** One event of a step: what was expected and what became of it. */
export interface StepResult {
  /** From 0. */
  readonly step: number;
  readonly event: ActionEvent;
  readonly expected: WrittenExpectation | undefined;
  readonly verdict: Verdict;
  /** What differs from what was expected, a sentence each; empty when nothing does. */
  readonly problems: readonly string[];
  /** Every policy's part, when the step did not go as expected. */
  readonly considered: readonly Considered[];
  /** Of `expect`, or of the step when it has none. */
  readonly place: TextRange;
}

export interface TestResult {
  readonly name: string;
  readonly file: string;
  readonly place: TextRange;
  readonly passed: boolean;
  readonly steps: readonly StepResult[];
}

/** Told of every event that is judged, with what was known. */
export type Watcher = (event: ActionEvent, facts: Facts, verdict: Verdict) => void;

/** Runs one test to its end, or, when `stopEarly`, to its first failure. */
export function runTest(test: PlacedTest, engine: Engine, options: { readonly watch?: Watcher; readonly stopEarly?: boolean } = {}): TestResult {
  const run = new TestRun(test, engine, options.watch);
  for (let index = 0; index < test.value.steps.length; index++) {
    run.step(index);
    if (options.stopEarly && run.results.some(({ problems }) => problems.length > 0)) break;
  }
  return { name: test.value.name, file: test.file.path, place: rangeOf(test, [...test.path, 'name']), passed: run.results.every(({ problems }) => problems.length === 0), steps: run.results };
}

class TestRun {
  readonly results: StepResult[] = [];
  readonly #test: PlacedTest;
  readonly #engine: Engine;
  readonly #watch: Watcher | undefined;
  readonly #world: World;

  constructor(test: PlacedTest, engine: Engine, watch: Watcher | undefined) {
    this.#test = test;
    this.#engine = engine;
    this.#watch = watch;
    this.#world = new World(test.value, engine);
  }

  step(index: number): void {
    const step = this.#test.value.steps[index]!;
    if (step.wait !== undefined) this.#world.now += milliseconds(step.wait);
    const event = firstEvent(step, this.#world.depth);
    if (!event) return;
    if (event.event === 'decision.after' || event.event === 'output.after') return this.#single(index, step, event);
    const going = this.#before(index, step, event);
    if (!going) {
      if (step.after?.expect) this.#say(index, ['after', 'expect'], step.after.expect, event, this.results.at(-1)!.verdict, ['it never began, so it cannot end'], []);
      return;
    }
    if (step.after) this.#after(index, step, going);
    else if (!step.open && !GOES_ON.has(kindOf(event.event))) this.#world.ends(going, undefined, [], [], true);
  }

  /** A decision or an output, which nothing comes before. */
  #single(index: number, step: Step, event: ActionEvent): void {
    const { verdict, facts, seen } = this.#judge(event, new Set());
    this.#world.proposed(event);
    this.#world.judged(`${index}`, event, verdict);
    if (proceeds(verdict.disposition)) this.#world.brings(seen, verdict.redactions);
    this.#compare(index, ['expect'], step.expect ?? WITHOUT, event, verdict, facts);
  }

  #before(index: number, step: Step, written: ActionEvent): Going | undefined {
    const event = this.#enriched(written);
    let { verdict, facts, seen } = this.#judge(event, new Set());
    this.#world.proposed(event);
    this.#world.judged(`${index}`, event, verdict);
    const asked = step.expect ?? (step.approved === undefined ? WITHOUT : { action: 'gate' as const });
    this.#compare(index, ['expect'], asked, event, verdict, facts);
    if (verdict.disposition === 'gate' && step.approved === true) {
      const granted = new Set(verdict.reasons.filter((reason) => reason.disposition === 'gate' && !reason.shadow).map(({ policy }) => policy));
      ({ verdict, facts, seen } = this.#judge(event, granted));
      this.#world.judged(`${index}`, event, verdict);
      if (!proceeds(verdict.disposition)) this.#compare(index, ['approved'], WITHOUT, event, verdict, facts);
    }
    return proceeds(verdict.disposition) ? this.#world.begins(event, seen, verdict.redactions) : undefined;
  }

  #after(index: number, step: Step, going: Going): void {
    if (step.after?.took !== undefined) this.#world.now += milliseconds(step.after.took);
    const event = this.#enriched(lastEvent(step, going.event, this.#world.now));
    const { verdict, facts, seen } = this.#judge(event, new Set());
    this.#world.judged(`${index}`, event, verdict);
    this.#world.ends(going, event, seen, verdict.redactions, proceeds(verdict.disposition));
    this.#compare(index, ['after', 'expect'], step.after?.expect ?? WITHOUT, event, verdict, facts);
  }

  #judge(event: ActionEvent, granted: ReadonlySet<string>): { readonly verdict: Verdict; readonly facts: Facts; readonly seen: readonly ActionEvent[] } {
    const facts = this.#world.facts(granted);
    const seen = [event, ...this.#engine.seenAs(event)];
    let verdict = this.#engine.decide(event, facts);
    if (proceeds(verdict.disposition)) verdict = this.#refusedByRecord(event, facts, seen, verdict);
    this.#watch?.(event, facts, verdict);
    return { verdict, facts, seen };
  }

  /** What the ledger and the memory refuse although no policy did. */
  #refusedByRecord(event: ActionEvent, facts: Facts, seen: readonly ActionEvent[], verdict: Verdict): Verdict {
    const refuse = (reason: Omit<Reason, 'disposition'>): Verdict => ({ ...verdict, disposition: 'block', reasons: [{ ...reason, disposition: 'block' }, ...verdict.reasons] });
    const forgets = this.#world.forgotten(seen, facts);
    if (forgets !== undefined) return refuse({ policy: forgets, category: 'memory', field: 'memory_retention_hours', message: 'This item was purged: its time is over, or the run that wrote it has ended.', remedy: 'Do without it.' });
    if (event.event !== 'llm.before') return verdict;
    const limits = this.#engine.budgets(facts, event).filter(({ hard, policy }) => hard && !facts.granted.has(policy));
    const passed = this.#world.money.passed(limits, amountsOf(event), event.model);
    return passed ? refuse({ policy: passed.policy, category: 'cost', field: `${passed.scope} limit`, message: `the call would take the ${passed.scope} over its limit`, limit: passed.limit, fact: 'spent and reserved', value: passed.used }) : verdict;
  }

  /** As the governor fills it in from `tools:`. */
  #enriched(event: ActionEvent): ActionEvent {
    return event.event === 'tool.before' || event.event === 'tool.after' ? { ...event, ...this.#engine.tool(event.name) } : event;
  }

  #compare(index: number, path: Path, expected: WrittenExpectation | 'goes on', event: ActionEvent, verdict: Verdict, facts: Facts): void {
    const considered = once(() => this.#engine.explain(event, facts).considered);
    const problems = expected === 'goes on' ? (proceeds(verdict.disposition) ? [] : [`nothing was expected, so it had to go on, but: ${differences({ action: 'allow' }, verdict, considered)[0]}`]) : differences(expected, verdict, considered);
    this.#say(index, path, expected === 'goes on' ? undefined : expected, event, verdict, problems, problems.length > 0 ? considered() : []);
  }

  #say(step: number, path: Path, expected: WrittenExpectation | undefined, event: ActionEvent, verdict: Verdict, problems: readonly string[], considered: readonly Considered[]): void {
    const base = [...this.#test.path, 'steps', step];
    this.results.push({ step, event, expected, verdict, problems, considered, place: rangeOf(this.#test, [...base, ...path], [...base, kindOfStep(this.#test.value.steps[step]!)!]) });
  }
}

const WITHOUT = 'goes on';

/** The first of these paths that is written, on its first line. */
export function rangeOf({ file: { document } }: Pick<PlacedTest, 'file'>, ...paths: readonly Path[]): TextRange {
  for (const path of paths) {
    const found = document.locate(path);
    if (!found) continue;
    const end = document.text.indexOf('\n', found.value.start);
    const value = { start: found.value.start, end: end < 0 ? found.value.end : Math.min(end, found.value.end) };
    return document.range(value.end > value.start ? value : found.key ?? value);
  }
  return { line: 1, column: 1, endLine: 1, endColumn: 1 };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
