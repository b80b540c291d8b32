// What governing costs an agent: an http call and a process, bare and governed by a governor that answers at once, interleaved so that the machine's moods fall on both.

import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connectAgent } from '../../runtime/wire/client.ts';
import { GO, ROOT, TOKEN, environment, openGovernor, openStand } from '../planes/node/stand.ts';
import type { BenchResult } from './bench.ts';

export const ABOUT = 'An HTTP call and a process of an agent, bare and under the preload, whose governor answers at once: what interception itself adds. The baseline is the bare agent.';

const CALLS = 300;
const SPAWNS = 40;
const PINGS = 1000;

export async function run(): Promise<BenchResult[]> {
  const stand = await openStand();
  const governor = await openGovernor(join(stand.folder, 'bench.sock'), () => GO);
  const site = createServer((_, response) => response.end('ok'));
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
  const bare = openSubject(environment({ stand, env: { NODE_OPTIONS: undefined } }), url);
  const governed = openSubject(environment({ stand, governor }), url);
  try {
    return [
      ...await compare('http call', CALLS, 'fetch', bare, governed),
      ...await compare('process', SPAWNS, 'spawn', bare, governed),
      { name: 'governor round trip, p50', unit: 'ms', value: await roundTrip(governor.socket), note: 'before and its answer over the socket' },
    ];
  } finally {
    bare.close();
    governed.close();
    site.close();
    site.closeAllConnections();
    await governor.die();
    stand.dispose();
  }
}

/** Takes turns, so that each pair of samples meets the same machine. */
async function compare(what: string, rounds: number, deed: Deed, bare: Subject, governed: Subject): Promise<BenchResult[]> {
  const samples: { readonly bare: number; readonly governed: number }[] = [];
  for (let warm = 0; warm < 5; warm += 1) for (const each of [bare, governed]) await each.time(deed);
  for (let round = 0; round < rounds; round += 1) samples.push({ bare: await bare.time(deed), governed: await governed.time(deed) });
  const without = median(samples.map((each) => each.bare));
  const added = median(samples.map((each) => each.governed - each.bare));
  return [
    { name: `${what}, bare, p50`, unit: 'ms', value: without },
    { name: `${what}, added by the preload, p50`, unit: 'ms', value: added, ratio: without / (without + added), note: 'median of paired differences' },
  ];
}

type Deed = 'fetch' | 'spawn';
interface Subject {
  /** How long the deed took inside the agent, in milliseconds. */
  time(deed: Deed): Promise<number>;
  close(): void;
}

/** An agent that does what it is told over its standard input and answers with the time it took. */
function openSubject(env: NodeJS.ProcessEnv, url: string): Subject {
  const source = `
    import http from 'node:http'; import { spawn } from 'node:child_process'; import { createInterface } from 'node:readline';
    const agent = new http.Agent({ keepAlive: true });
    const deeds = {
      fetch: () => new Promise((yes, no) => http.get(${JSON.stringify(url)}, { agent }, (response) => response.resume().on('end', yes)).on('error', no)),
      spawn: () => new Promise((yes, no) => spawn('true').on('error', no).on('exit', yes)),
    };
    for await (const line of createInterface({ input: process.stdin })) { const from = performance.now(); await deeds[line](); console.log(performance.now() - from); }
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { cwd: ROOT, env, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8');
  return {
    time: (deed) => new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error('the subject of the benchmark ended')));
      child.stdout.once('data', (text: string) => {
        child.removeAllListeners('exit');
        resolve(Number(text));
      });
      child.stdin.write(`${deed}\n`);
    }),
    close: () => void (child.removeAllListeners('exit'), child.stdin.end()),
  };
}

async function roundTrip(socket: string): Promise<number> {
  const client = connectAgent({ socket, token: TOKEN, hello: { pid: process.pid, part: 'sdk' } });
  const samples: number[] = [];
  for (let ping = 0; ping < PINGS; ping += 1) {
    const from = performance.now();
    await client.call('before', { key: `ping-${ping}`, event: { event: 'http.before', method: 'GET', url: 'https://example.com/', protocol: 'https', host: 'example.com', port: 443 } });
    samples.push(performance.now() - from);
  }
  client.close();
  return median(samples);
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
