// What governing adds to a model call, each part in a process of its own as in use: the bare SDK, a proxy that does nothing (the limit), the gateway alone, and the whole way through `fullarc run` and its governor.

import { closeSync, existsSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchResult } from './bench.ts';
import { openAsker, openGovernedAsker, start, type Deed } from './stage/stage.ts';

export const ABOUT = 'A call of the OpenAI SDK to a model server on loopback, every part in a process of its own as in use. The baseline is the bare SDK; a proxy that hands bytes on unread is the limit for anything between the two. '
  + 'The governed agent runs under `fullarc run` with its preload, four policies (cost, models, personal data, steps), and a governor that commits what it answers. The first token is the first text that the agent sees.';

const ROUNDS = 300;
const WARM_UP = 60;
const SCRIPT = { turns: [{ text: 'Hello there, this is an answer of ordinary length for a test of how long it takes.' }] };
const POLICIES = `
policies:
  - name: spend
    category: cost
    on_violation: block
    rules: { per_tree_cost_limit: 100, daily_cost_limit: 500, warning_threshold_percent: 80 }
  - name: models
    category: llm
    rules: { allowed_models: [gpt-4o-mini] }
  - name: personal-data
    category: content
    rules:
      pii_detection: { enabled: true, action: redact, types: [email, phone, credit_card] }
      credential_detection: { enabled: true, action: block }
  - name: steps
    category: safety
    rules: { max_tool_calls: 60 }
`;

type Way = 'bare SDK' | 'a proxy that does nothing' | 'the gateway, its governor in memory' | 'gateway and governor, store in memory' | 'gateway and governor, store on disk';

/** Medians in milliseconds; what a way adds is the median of its differences from the bare call of the same round. */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-bench-'));
  const memory = memoryFolder();
  const open: { close(): Promise<void> }[] = [];
  const opened = async <T extends { close(): Promise<void> }>(making: Promise<T>): Promise<T> => {
    const made = await making;
    open.unshift(made);
    return made;
  };
  try {
    writeFileSync(join(folder, 'script.json'), JSON.stringify(SCRIPT));
    const model = await opened(start('../../../examples/model-server/server.ts', ['--script', join(folder, 'script.json')]));
    const hop = await opened(start('hop.ts', [], { HOP_TARGET: model.url }));
    const gateway = await opened(start('gateway.ts'));
    const asker = await opened(openAsker());
    const governed = await opened(openGovernedAsker(folder, `${model.url}/v1`, POLICIES));
    const unsynced = memory && await opened(openGovernedAsker(memory, `${model.url}/v1`, POLICIES));
    const ways: Partial<Record<Way, (deed: Deed) => Promise<number>>> = {
      'bare SDK': (deed) => asker.time(deed, `${model.url}/v1`),
      'a proxy that does nothing': (deed) => asker.time(deed, `${hop.url}/v1`),
      'the gateway, its governor in memory': (deed) => asker.time(deed, `${gateway.url}/r/token/u/${model.url.replace('://', '/')}/v1`),
      ...(unsynced && { 'gateway and governor, store in memory': (deed) => unsynced.time(deed) }),
      'gateway and governor, store on disk': (deed) => governed.time(deed),
    };
    return [...await compare('model call', 'whole', ways), ...await compare('first token', 'first token', ways), { name: 'one synced append of 8 KiB on this disk, p50', unit: 'ms', value: fsync(folder) }];
  } finally {
    for (const each of open) await each.close();
    for (const each of [folder, memory]) if (each) rmSync(each, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** Each round asks every way once and begins with another one, so that all meet the same machine. */
async function compare(name: string, deed: Deed, ways: Partial<Record<Way, (deed: Deed) => Promise<number>>>): Promise<BenchResult[]> {
  const entries = Object.entries(ways) as [Way, (deed: Deed) => Promise<number>][];
  const rounds: Record<string, number>[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const times: Record<string, number> = {};
    for (let turn = 0; turn < entries.length; turn++) {
      const [way, ask] = entries[(turn + round + WARM_UP) % entries.length]!;
      times[way] = await ask(deed);
    }
    if (round >= 0) rounds.push(times);
  }
  const added = (way: Way, beside: Way): number => median(rounds.map((times) => times[way]! - times[beside]!));
  const hop = added('a proxy that does nothing', 'bare SDK');
  return entries.map(([way]) => {
    const value = median(rounds.map((times) => times[way]!));
    if (way === 'bare SDK') return { name: `${name}, ${way}, p50`, unit: 'ms', value };
    const more = added(way, 'bare SDK');
    const notes = [`adds ${more.toFixed(2)} ms`];
    if (way !== 'a proxy that does nothing') notes.push(`${(more / hop).toFixed(1)} × what a proxy adds`);
    if (way === 'gateway and governor, store on disk' && 'gateway and governor, store in memory' in ways) notes.push(`of it the disk ${added(way, 'gateway and governor, store in memory').toFixed(2)} ms`);
    return { name: `${name}, ${way}, p50`, unit: 'ms', value, ratio: median(rounds.map((times) => times['bare SDK']!)) / value, note: notes.join('; ') };
  });
}

/** A folder whose files are never synced to a disk, where the system has one: Linux with `tmpfs` (f_type of statfs(2)). */
function memoryFolder(): string | undefined {
  const TMPFS = 0x01021994;
  return existsSync('/dev/shm') && statfsSync('/dev/shm').type === TMPFS ? mkdtempSync('/dev/shm/fullarc-bench-') : undefined;
}

function fsync(folder: string): number {
  const file = openSync(join(folder, 'synced'), 'w');
  const page = Buffer.alloc(8_192, 1);
  const times = Array.from({ length: 100 }, () => {
    const start = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  return median(times);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
