// How long a decision takes: medians of short batches, engines in turns, a slow engine with fewer of them.

export interface Timing {
  /** Median over batches, in microseconds a decision. */
  readonly p50: number;
  /** CPU time of the whole process, in microseconds a decision. */
  readonly cpu: number;
}

/** Decides the case of that number. What it answers is kept from being optimised away. */
export type Decide = (index: number) => unknown;

const ROUNDS = 7;
/** Shortest time of one engine's turn, in milliseconds. */
const SLICE_MS = 15;
/** A batch is long enough, in microseconds, that reading the clock does not show. */
const BATCH_US = 20;

/** Times each engine over the cases 0 to `count` - 1, in rounds in which all take turns; the first round only warms up. */
export function inTurns(engines: Readonly<Record<string, Decide>>, count: number): ReadonlyMap<string, Timing> {
  const turns = Object.entries(engines).map(([name, decide]) => ({ name, decide, batches: [] as number[], cpu: 0, done: 0 }));
  for (let round = -1; round < ROUNDS; round++) {
    for (const turn of turns) {
      const { batches, cpu, done } = slice(turn.decide, count);
      if (round < 0) continue;
      turn.batches.push(...batches);
      turn.cpu += cpu;
      turn.done += done;
    }
  }
  return new Map(turns.map(({ name, batches, cpu, done }) => [name, { p50: median(batches), cpu: cpu / done }]));
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Milliseconds to build something, and what was built. */
export async function timed<T>(build: () => T | Promise<T>): Promise<readonly [T, number]> {
  const start = performance.now();
  const built = await build();
  return [built, performance.now() - start];
}

function slice(decide: Decide, count: number): { readonly batches: number[]; readonly cpu: number; readonly done: number } {
  const batches: number[] = [];
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  let done = 0;
  let size = 1;
  let now = start;
  do {
    const before = now;
    for (let index = 0; index < size; index++) kept(decide((done + index) % count));
    now = performance.now();
    done += size;
    const each = ((now - before) * 1_000) / size;
    batches.push(each);
    // All batches but the first few are of the size that suits the engine.
    size = Math.min(count, Math.max(1, Math.ceil(BATCH_US / Math.max(each, 0.01))));
  } while (now - start < SLICE_MS);
  const { user, system } = process.cpuUsage(cpuBefore);
  return { batches, cpu: user + system, done };
}

/** Looks at a value, so that the engine must have made it. */
function kept(value: unknown): void {
  if (value === kept) throw new Error('A decision is not a function.');
}
