// The version of a policy set: a digest of its texts that an edit changes without all of them being read again.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { PolicyFile } from './findings.ts';
import type { Parsed } from './parse.ts';

/** Chunks that were digested before, by their first part. */
export type DigestCache = WeakMap<Parsed, Chunk>;

/** Some parts of a file that follow one another. */
interface Chunk {
  readonly parts: readonly Parsed[];
  /** True when what its last part says ends it, and not the end of the file. */
  readonly closed: boolean;
  readonly digest: Uint8Array;
}

/** So many parts are in a chunk on average, and at most. */
const USUAL = 64;
const MOST = 256;

/**
 * SHA-256, its first 16 hex digits, over every file in order of path: path, length of the text and number of chunks, each followed
 * by a zero, and the SHA-256 of the text of each chunk. The parts of the text alone say where a chunk ends, so that the same text
 * always has the same chunks, and an edit moves no boundary but those beside it.
 */
export function versionOf(files: readonly PolicyFile[], cache: DigestCache): string {
  const hash = sha256.create();
  for (const { path, document: { text, parts } } of files) {
    const chunks = chunksOf(parts, cache);
    hash.update(bytes(`${path}\0${text.length}\0${chunks.length}\0`));
    for (const { digest } of chunks) hash.update(digest);
  }
  return bytesToHex(hash.digest()).slice(0, 16);
}

type Parts = PolicyFile['document']['parts'];

function chunksOf(parts: Parts, cache: DigestCache): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < parts.length; at += chunks.at(-1)!.parts.length) {
    const first = parts[at]!.parsed;
    const known = cache.get(first);
    if (known && stands(known, parts, at)) chunks.push(known);
    else {
      const chunk = digested(parts, at);
      cache.set(first, chunk);
      chunks.push(chunk);
    }
  }
  return chunks;
}

function stands(chunk: Chunk, parts: Parts, from: number): boolean {
  const end = from + chunk.parts.length;
  if (end > parts.length || (!chunk.closed && end < parts.length)) return false;
  for (let at = from; at < end; at++) if (parts[at]!.parsed !== chunk.parts[at - from]) return false;
  return true;
}

function digested(parts: Parts, from: number): Chunk {
  const limit = Math.min(parts.length, from + MOST);
  let end = from + 1;
  while (end < limit && !ends(parts[end - 1]!.parsed.text)) end++;
  const chunk = parts.slice(from, end).map(({ parsed }) => parsed);
  return { parts: chunk, closed: end - from === MOST || ends(chunk.at(-1)!.text), digest: sha256(bytes(chunk.map(({ text }) => text).join(''))) };
}

/** One part in so many ends a chunk, as its own text says. */
function ends(text: string): boolean {
  let sum = text.length;
  for (let at = 0; at < text.length; at++) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0;
  return ((sum ^ (sum >>> 16)) >>> 0) % USUAL === 0;
}

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
