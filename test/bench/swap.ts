// From a policy file that is saved to the first decision that obeys it: a governor in a process of its own, its real watcher, and an agent that asks all the time.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { controlToken } from '../../runtime/governor-process.ts';
import { cliPath } from '../../runtime/installation.ts';
import { connectAgent, connectControl, type WireClient } from '../../runtime/wire/client.ts';
import type { AgentRequests } from '../../protocol/agent-wire.ts';
import { socketPath } from '../../runtime/wire/paths.ts';
import type { BenchResult } from './bench.ts';

export const ABOUT = 'Milliseconds from the return of a save to the return of the first decision that obeys it: the real watcher, the real governor process, which commits every answer, and an agent that asks again two milliseconds after each. 15 ms of it are meant: the governor lets a burst of events settle, and reads twice, so that a file half-way through being saved never governs.';

const SAVES = 50;
const WARM_UP = 5;
const SIZES = [10, 1_000];
/** Longer than this, in milliseconds, and the save was not noticed at all. */
const LOST = 10_000;

/** Milliseconds from the return of the save to the return of the first decision that obeys it. */
export async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const policies of SIZES) results.push(...await measure(policies));
  return results;
}

async function measure(policies: number): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-bench-'));
  const [home, workspace] = [join(folder, 'home'), join(folder, 'workspace')];
  mkdirSync(workspace);
  const save = saver(join(workspace, 'bench.fullarc.yaml'), policies);
  save('allowed', 'in place');
  const governor = spawn(process.execPath, [cliPath(), 'governor'], { env: { ...process.env, FULLARC_HOME: home }, stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await once(governor.stderr, 'data');
    const wire = { socket: socketPath(home) };
    const control = connectControl({ ...wire, token: controlToken(home), hello: { client: 'bench' } });
    const { token } = await control.call('runs.open', { workspace, agent: 'asker', user: 'bench', command: ['asker'], level: 'L1' });
    const agent = connectAgent({ ...wire, token, hello: { pid: process.pid, part: 'sdk' } });
    const times = { 'in place': [] as number[], 'by rename': [] as number[] };
    for (let round = -WARM_UP; round < SAVES; round++) {
      const [tool, way] = [round % 2 === 0 ? 'forbidden' : 'allowed', (round >> 1) % 2 === 0 ? 'in place' : 'by rename'] as const;
      save(tool, way);
      const start = performance.now();
      await obeyed(agent, round, tool === 'allowed');
      if (round >= 0) times[way].push(performance.now() - start);
    }
    agent.close();
    await control.call('shutdown', { reason: 'the benchmark is over' });
    control.close();
    const all = [...times['in place'], ...times['by rename']].sort((a, b) => a - b);
    const size = `${policies.toLocaleString('en')} policies`;
    return [
      { name: `saved to obeyed, ${size}, p50`, unit: 'ms', value: all[all.length >> 1] ?? Number.NaN, note: `saved in place ${median(times['in place'])} ms, by rename ${median(times['by rename'])} ms` },
      { name: `saved to obeyed, ${size}, p99`, unit: 'ms', value: all[Math.floor(all.length * 0.99)] ?? Number.NaN, note: `of ${all.length} saves, the slowest; the bar is 50 ms` },
    ];
  } finally {
    if (governor.exitCode === null) await Promise.race([once(governor, 'exit'), pause(5_000).then(() => governor.kill())]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** Asks for the tool until the answer is the new one. Each question is a call of its own. */
async function obeyed(agent: WireClient<AgentRequests>, round: number, go: boolean): Promise<void> {
  const start = performance.now();
  for (let question = 0; performance.now() - start < LOST; question++) {
    const key = `${round}/${question}`;
    const answer = await agent.call('before', { key, event: { event: 'tool.before', name: 'probe', args: { key } } });
    if (answer.go) await agent.call('abandon', { key });
    if (answer.go === go) return;
    await pause(2);
  }
  throw new Error(`the policy saved in round ${round} was not obeyed within ${LOST / 1000} s`);
}

/** Writes a file of so many policies, of which the last forbids the probe or does not; in place as a text editor does, or as a new file that takes the old one's name. */
function saver(file: string, policies: number): (tool: 'allowed' | 'forbidden', way: 'in place' | 'by rename') => void {
  const others = Array.from({ length: policies - 1 }, (_, index) => `  - { name: other-${index}, category: safety, scope: { agents: [agent-${index}] }, rules: { blocked_tools: [tool-${index}] } }\n`).join('');
  return (tool, way) => {
    const text = `policies:\n${others}  - { name: probe, category: safety, rules: { blocked_tools: [${tool === 'forbidden' ? 'probe' : 'nothing'}] } }\n`;
    if (way === 'in place') return writeFileSync(file, text);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
}

function median(values: readonly number[]): string {
  return (values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN).toFixed(1);
}
