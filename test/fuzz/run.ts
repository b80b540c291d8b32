// `npm run fuzz -- --inputs 1000000 [--seed 0]`: governance files by the million, in a worker, so that one that hangs is named as well.

import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** Longer than this, in milliseconds, on one input, and it counts as hanging. */
const HANGS = 20_000;
const SHOWN = 20;

interface Task {
  readonly from: number;
  readonly to: number;
  /** Holds the number of the input that is being judged. */
  readonly at: SharedArrayBuffer;
}

if (isMainThread) await main();
else await work(workerData as Task);

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { inputs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '0' } } });
  const [inputs, first] = [Number(values.inputs), Number(values.seed)];
  let failures = 0;
  let next = first;
  const started = performance.now();
  while (next < first + inputs && failures < SHOWN) {
    const { stopped, failed } = await slice({ from: next, to: Math.min(next + 10_000, first + inputs), at: new SharedArrayBuffer(8) });
    failures += failed;
    next = stopped;
    console.log(`${(next - first).toLocaleString('en')} inputs, ${failures} failures, ${Math.round((performance.now() - started) / 1_000)} s`);
  }
  process.exitCode = failures > 0 ? 1 : 0;
}

/** Judges a slice in a worker; a hanging input ends it early. */
function slice(task: Task): Promise<{ readonly stopped: number; readonly failed: number }> {
  const at = new Float64Array(task.at);
  at[0] = task.from;
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: task });
    let failed = 0;
    let seen = Number.NaN;
    const watch = setInterval(() => {
      const now = at[0]!;
      if (now !== seen) return void (seen = now);
      console.error(`seed ${now}: hangs`);
      clearInterval(watch);
      void worker.terminate().then(() => resolve({ stopped: now + 1, failed: failed + 1 }));
    }, HANGS);
    worker.on('message', (message: string) => {
      failed++;
      console.error(message);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      clearInterval(watch);
      if (code === 0) resolve({ stopped: task.to, failed });
    });
  });
}

async function work({ from, to, at }: Task): Promise<void> {
  const { judged } = await import('./properties.ts');
  const current = new Float64Array(at);
  for (let seed = from; seed < to; seed++) {
    current[0] = seed;
    const wrong = judged(seed);
    if (wrong !== undefined) parentPort!.postMessage(`seed ${seed}: ${wrong}`);
  }
}
