// Numbers that look random and are the same for the same seed, so that every input of the fuzzer can be made again.

export interface Random {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  /** True once in so many times. */
  once(times: number): boolean;
  of<T>(items: readonly T[]): T;
}

/** Xorshift of 32 bits (Marsaglia 2003) over a seed that is scattered first, so that neighbouring seeds have nothing in common. */
export function randomFrom(seed: number): Random {
  let state = scattered(seed) || 1;
  const below = (limit: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  return { below, once: (times) => below(times) === 0, of: (items) => items[below(items.length)]! };
}

/** The finalizer of MurmurHash3. */
function scattered(seed: number): number {
  let hash = seed | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
