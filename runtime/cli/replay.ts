// `fullarc replay`: what a draft of the policies would have made of recorded runs.

import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { FullarcError, type ControlRequests } from '../../protocol/control.ts';
import type { PolicyText } from '../../protocol/policy-versions.ts';
import type { RecordedCall, RecordQuery } from '../../protocol/recorded-call.ts';
import { analysedSet, type AnalysedSet } from '../policy/analyse/policy-set.ts';
import { CallTable } from '../policy/call-table.ts';
import { compilePolicies } from '../policy/index.ts';
import { replay } from '../policy/replay.ts';
import type { WireClient } from '../wire/client.ts';
import { governanceFiles } from '../workspace.ts';
import { print, withControl } from './control.ts';
import { replayLines } from './replay-lines.ts';

interface Options {
  readonly workspace: string;
  readonly policy?: readonly string[];
  readonly draft?: string;
  readonly version?: string;
  readonly since?: number;
  readonly agent?: string;
  readonly run?: string;
  readonly limit: number;
  readonly failOnChange?: boolean;
  readonly json?: boolean;
}
type Control = WireClient<ControlRequests>;

export function addReplay(program: Command): void {
  program.command('replay').description('What a draft of the policies would have made of the calls that are on record: how many it would have changed, and the first in each run.')
    .option('--workspace <folder>', 'folder whose recorded runs are asked about', '.')
    .option('--policy <file...>', 'draft policies: they replace those of the same name, the rest stays as it is in force')
    .option('--draft <folder>', 'folder with a whole draft set')
    .option('--version <version>', 'a recorded version as the draft')
    .option('--since <age>', 'only calls of the last days, hours or minutes, such as 7d, 12h or 30m', age)
    .option('--agent <name>', 'only runs of this agent').option('--run <id>', 'only this run and those below it')
    .option('--limit <n>', 'how many runs are told of one by one', count, 20)
    .option('--fail-on-change', 'exit code 1 when a call would have changed, or cannot be decided').option('--json', 'print JSON')
    .addHelpText('after', '\nWithout --policy, --draft and --version the draft is what the governance files of the workspace say now.\nWhat comes after the first difference of a run is hypothetical: the run would have gone another way.')
    .action(async (options: Options) => {
      const result = await withControl(async (control) => {
        const draft = await draftOf(control, options);
        const started = performance.now();
        const { table, versions } = await recorded(control, options);
        const since = options.since === undefined ? {} : { since: Date.now() - options.since };
        const replayed = replay(table, draft, (version) => versions.get(version), since);
        return { ...replayed, records: table.size, milliseconds: Math.round(performance.now() - started) };
      });
      print(options.json, result, () => replayLines(result, options.limit));
      if (options.failOnChange && (result.changed.calls > 0 || result.undecided.calls > 0)) process.exitCode = 1;
    });
}

async function draftOf(control: Control, { workspace: folder, policy, draft, version }: Options): Promise<AnalysedSet> {
  if ([policy, draft, version].filter((each) => each !== undefined).length > 1) throw new FullarcError('bad-command', 'only one of --policy, --draft and --version can be the draft', 'Name one of them.');
  const workspace = resolve(folder);
  if (version !== undefined) return analysedSet((await control.call('policies.version', { workspace, version })).sources);
  if (policy === undefined) return sound(await textsIn(resolve(draft ?? folder)));
  const { to } = await control.call('policies.diff', { workspace });
  const inForce = await control.call('policies.version', { workspace, version: `#${to.number}` });
  return analysedSet(inForce.sources).with(sound(policy.map((file) => ({ path: file, text: read(file) }))));
}

async function textsIn(folder: string): Promise<readonly PolicyText[]> {
  const files = await governanceFiles(folder);
  if (files.length === 0) throw new FullarcError('bad-command', `there is no governance file in ${folder}`, 'Governance files are `*.fullarc.yaml` and the YAML files under `.fullarc/`.');
  return files.map((file) => ({ path: relative(folder, file).replaceAll('\\', '/'), text: read(file) }));
}

/** A draft that does not compile would let through what it does not understand. */
function sound(sources: readonly PolicyText[]): AnalysedSet {
  const errors = compilePolicies(sources).findings.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first) throw new FullarcError('policy-errors', `the draft does not compile: ${first.file}:${first.line}:${first.column} ${first.message}`, `Mend the ${errors.length === 1 ? 'error' : `${errors.length} errors`} that \`fullarc check\` prints.`);
  return analysedSet(sources);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new FullarcError('bad-command', `${path} cannot be read: ${(error as Error).message}`, 'Name files that exist.');
  }
}

/** The records, and the versions that decided them as far as they are kept. Says on a terminal how far it is. */
async function recorded(control: Control, { workspace: folder, agent, run, since }: Options): Promise<{ readonly table: CallTable; readonly versions: ReadonlyMap<string, AnalysedSet> }> {
  const workspace = resolve(folder);
  const query: RecordQuery = { workspace, ...(agent !== undefined && { agent }), ...(run !== undefined && { run }), ...(since !== undefined && { since: Date.now() - since }) };
  const records: RecordedCall[] = [];
  const table = new CallTable((row) => records[row]!);
  const names = new Set<string>();
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: ControlRequests['replay.records']['result'] = await control.call('replay.records', { ...query, after });
    for (const call of page.calls) {
      records.push(call);
      table.add(call);
      names.add(call.policyVersion);
    }
    after = page.next;
    if (after !== undefined && process.stderr.isTTY) process.stderr.write(`\r${records.length} of ${page.total.records} records`);
  }
  if (process.stderr.isTTY && records.length > 0) process.stderr.write('\r\x1b[K');
  const versions = new Map<string, AnalysedSet>();
  for (const version of names) {
    const known = await control.call('policies.version', { workspace, version }).catch((error: unknown) => (error instanceof FullarcError && error.code === 'no-such-version' ? undefined : Promise.reject(error)));
    if (known) versions.set(version, analysedSet(known.sources));
  }
  return { table, versions };
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function age(text: string): number {
  const found = /^([1-9]\d{0,5})([mhd])$/.exec(text);
  if (!found) throw new InvalidArgumentError('It is a number of minutes, hours or days, such as 30m, 12h or 7d.');
  return Number(found[1]) * UNITS[found[2]!]!;
}

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}
