// `fullarc test`: runs the tests that stand beside the policies, without a governor, and says what they leave open.

import { readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { FullarcError } from '../../protocol/control.ts';
import { isGovernanceFile } from '../../protocol/ids.ts';
import { createEngine } from '../policy/engine.ts';
import { type CompileCache, compileSet, openDocument } from '../policy/index.ts';
import { CoverageWatch } from '../policy/tests/coverage.ts';
import { MOST_MUTANTS, mutationScore, type MutationScore } from '../policy/tests/mutation.ts';
import { actingPolicies } from '../policy/tests/policy-places.ts';
import { runTest, type TestResult } from '../policy/tests/run.ts';
import { governanceFiles } from '../workspace.ts';
import { junitXml } from './junit.ts';
import { reportJson, reportLines, type TestReport } from './test-report.ts';

interface Options {
  readonly workspace: string;
  readonly watch?: boolean;
  readonly filter?: string;
  readonly coverage?: boolean;
  readonly mutants?: boolean;
  readonly mostMutants: number;
  readonly minCoverage?: number;
  readonly minMutation?: number;
  readonly json?: boolean;
  readonly junit?: string;
}

export function addTest(program: Command): void {
  program.command('test')
    .description('Run the tests under `tests:` against the policies; exit code 1 when one fails, or less is covered than asked for.')
    .argument('[paths...]', 'files or folders whose tests are run; absent, all of the workspace')
    .option('--workspace <folder>', 'folder with the governance files; all of them are in force', '.')
    .option('--watch', 'run again whenever a governance file changes')
    .option('--filter <text>', 'only tests with this in their name')
    .option('--coverage', 'say which conditions no test saw')
    .option('--mutants', 'change the policies in small ways and say which changes no test notices')
    .option('--most-mutants <n>', 'most mutants that are tried, spread over all policies', wholeNumber, MOST_MUTANTS)
    .option('--min-coverage <percent>', 'fail when fewer conditions were seen', percentage)
    .option('--min-mutation <percent>', 'fail when fewer mutants were noticed', percentage)
    .option('--json', 'print the results as JSON')
    .option('--junit <file>', 'write the results as JUnit XML')
    .action(async (paths: string[], options: Options) => {
      const stop = new AbortController();
      const interrupt = () => stop.abort();
      process.once('SIGINT', interrupt);
      try {
        await (options.watch ? runAgain(paths, options, stop.signal) : runOnce(paths, options, stop.signal, new WeakMap()));
        if (stop.signal.aborted) process.exitCode = 130;
      } finally {
        process.off('SIGINT', interrupt);
      }
    });
}

async function runOnce(paths: readonly string[], options: Options, signal: AbortSignal, cache: CompileCache): Promise<void> {
  const report = await testWorkspace(paths, options, signal, cache);
  if (signal.aborted) return console.error('stopped before all was tried');
  if (options.json) console.log(JSON.stringify(reportJson(report), null, 2));
  else for (const line of reportLines(report)) console.log(line);
  if (options.junit !== undefined) writeJunit(options.junit, report.results);
  const { results, coverage, mutation } = report;
  const short = [below('conditions seen', coverage?.percent, options.minCoverage), below('mutants noticed', mutation?.percent, options.minMutation)].filter((each) => each !== undefined);
  for (const line of short) console.error(line);
  process.exitCode = short.length > 0 || results.some(({ passed }) => !passed) ? 1 : 0;
}

/** Throws `policy-errors` when the files do not compile: tests of policies that nobody can enforce say nothing. */
async function testWorkspace(paths: readonly string[], options: Options, signal: AbortSignal, cache: CompileCache): Promise<TestReport> {
  const files = (await filesOf(options.workspace)).map((path) => ({ path: relative('.', path), document: openDocument(readFileSync(path, 'utf8')) }));
  if (files.length === 0) throw new FullarcError('bad-command', `there is no governance file in ${options.workspace}`, 'Governance files are `*.fullarc.yaml` and the YAML files under `.fullarc/`.');
  const set = compileSet(files, cache);
  const errors = set.findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new FullarcError('policy-errors', `the governance files have ${errors.length} ${errors.length === 1 ? 'error' : 'errors'}:\n${errors.map((each) => `  ${each.file}:${each.line}:${each.column} ${each.message} [${each.code}]`).join('\n')}`, 'Mend them first; `fullarc check` lists them.');
  const wanted = paths.map(existing);
  const tests = set.tests.filter(({ file, value }) => (wanted.length === 0 || wanted.some((path) => within(resolve(file.path), path))) && (options.filter === undefined || value.name.includes(options.filter)));
  if (tests.length === 0) throw new FullarcError('bad-command', set.tests.length === 0 ? `no governance file in ${options.workspace} has a test` : `none of ${set.tests.length} tests is asked for`, 'Write tests under `tests:` in a governance file; docs/testing-policies.md shows how.');
  const engine = createEngine(set.parts);
  const policies = actingPolicies(files, set.parts.policies);
  const covering = options.coverage || options.minCoverage !== undefined ? new CoverageWatch(engine, policies) : undefined;
  const results: TestResult[] = [];
  const progress = progressOf(options);
  for (const [index, test] of tests.entries()) {
    if (!await pause(signal, progress, 'tests', index, tests.length)) break;
    results.push(runTest(test, engine, covering && { watch: covering.watch }));
  }
  const sound = results.every(({ passed }) => passed);
  const mutating = (options.mutants || options.minMutation !== undefined) && !signal.aborted;
  if (mutating && !sound) console.error('mutants are not tried while a test fails');
  const mutation: MutationScore | undefined = mutating && sound ? await mutationScore(set.parts, policies, tests, { most: options.mostMutants, goOn: (done, all) => pause(signal, progress, 'mutants', done, all) }) : undefined;
  progress?.('');
  return { results, findings: set.findings, ...(covering && { coverage: covering.coverage() }), ...(mutation && { mutation }) };
}

/** Now, and after every change, until it is interrupted. A change is taken up when nothing more is written for a moment. */
async function runAgain(paths: readonly string[], options: Options, signal: AbortSignal): Promise<void> {
  const cache: CompileCache = new WeakMap();
  const wake = waker(signal);
  const watcher = watch(options.workspace, { recursive: true }, (_, name) => {
    if (name === null || isGovernanceFile(name)) wake.soon();
  });
  try {
    while (!signal.aborted) {
      try {
        await runOnce(paths, options, signal, cache);
      } catch (error) {
        if (!(error instanceof FullarcError)) throw error;
        console.error(`fullarc: ${error.message}\n${error.remedy}`);
      }
      if (!options.json) console.log('waiting for changes; Ctrl-C ends');
      await wake.next();
    }
  } finally {
    watcher.close();
    wake.close();
  }
}

const STILL_MS = 60;

/** Turns a burst of changes into one waking. */
function waker(signal: AbortSignal): { soon(): void; next(): Promise<void>; close(): void } {
  let timer: NodeJS.Timeout | undefined;
  let pending = false;
  let wake: (() => void) | undefined;
  const ring = () => {
    pending = true;
    wake?.();
  };
  signal.addEventListener('abort', ring, { once: true });
  return {
    soon() {
      clearTimeout(timer);
      timer = setTimeout(ring, STILL_MS);
    },
    async next() {
      if (!pending && !signal.aborted) await new Promise<void>((resolved) => { wake = resolved; });
      pending = false;
      wake = undefined;
    },
    close() {
      clearTimeout(timer);
      signal.removeEventListener('abort', ring);
    },
  };
}

/** Lets signals through now and then, and says how far it is. False when it was interrupted. */
async function pause(signal: AbortSignal, progress: ((text: string) => void) | undefined, what: string, done: number, all: number): Promise<boolean> {
  if (done % EVERY === 0) {
    progress?.(`${what}: ${done} of ${all}`);
    await turn();
  }
  return !signal.aborted;
}

const EVERY = 25;

/** One line that is written over, on a terminal only. */
function progressOf({ json }: Options): ((text: string) => void) | undefined {
  return process.stderr.isTTY && !json ? (text) => void process.stderr.write(`\r\u001b[K${text}`) : undefined;
}

async function filesOf(workspace: string): Promise<readonly string[]> {
  if (!statSync(workspace, { throwIfNoEntry: false })?.isDirectory()) throw new FullarcError('bad-command', `${workspace} is not a folder`, 'Name the folder that the governance files are in.');
  return (await governanceFiles(workspace)).toSorted();
}

function existing(path: string): string {
  if (!statSync(path, { throwIfNoEntry: false })) throw new FullarcError('bad-command', `${path} does not exist`, 'Name files or folders with tests, or none for all.');
  return resolve(path);
}

const within = (file: string, path: string): boolean => file === path || !/^\.\.([\\/]|$)|^[A-Za-z]:/.test(relative(path, file));

function writeJunit(path: string, results: readonly TestResult[]): void {
  try {
    writeFileSync(path, junitXml(results));
  } catch (error) {
    throw new FullarcError('bad-command', `${path} cannot be written: ${(error as Error).message}`, 'Name a file in a folder that exists.');
  }
}

const below = (what: string, got: number | undefined, least: number | undefined): string | undefined =>
  (least !== undefined && (got === undefined || got < least) ? `${got === undefined ? 'no' : `${Math.floor(got)} % of`} ${what}, and ${least} % were asked for` : undefined);

function percentage(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100)) throw new InvalidArgumentError('It is a number from 0 to 100.');
  return value;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1.');
  return Number(text);
}
