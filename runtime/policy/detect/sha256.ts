// SHA-256 (FIPS 180-4) without a platform: the policy core may not import one, and the platform's own is asynchronous in browsers.

/** Digest of the text's UTF-8 bytes, in lower-case hex. */
export function sha256(text: string): string {
  const state = Uint32Array.from(INITIAL);
  const bytes = padded(new TextEncoder().encode(text));
  const words = new Uint32Array(64);
  for (let at = 0; at < bytes.byteLength; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = bytes.getUint32(at + i * 4);
    for (let i = 16; i < 64; i++) words[i] = words[i - 16]! + small(words[i - 15]!, 7, 18, 3) + words[i - 7]! + small(words[i - 2]!, 17, 19, 10);
    compress(state, words);
  }
  return [...state].map((word) => word.toString(16).padStart(8, '0')).join('');
}

function compress(state: Uint32Array, words: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const one = (h + big(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + ROUND[i]! + words[i]!) | 0;
    const two = (big(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i]! += value; });
}

const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by));
const small = (word: number, a: number, b: number, shift: number): number => turn(word, a) ^ turn(word, b) ^ (word >>> shift);
const big = (word: number, a: number, b: number, c: number): number => turn(word, a) ^ turn(word, b) ^ turn(word, c);

function padded(bytes: Uint8Array): DataView {
  const out = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 9) / 64) * 64));
  bytes.forEach((byte, i) => out.setUint8(i, byte));
  out.setUint8(bytes.length, 0x80);
  out.setBigUint64(out.byteLength - 8, BigInt(bytes.length) * 8n);
  return out;
}

const PRIMES = primes(64);
/** First 32 bits of the fractions of the square roots of the first eight primes, and of the cube roots of the first 64. */
const INITIAL = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
const ROUND = PRIMES.map((prime) => fraction(Math.cbrt(prime)));

function fraction(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++) if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  return found;
}
