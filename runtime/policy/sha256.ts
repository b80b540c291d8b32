// SHA-256 of a text, in hex: synchronous and the same in every process, which node:crypto and Web Crypto are not both.

import { sha256 as digest } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

export function sha256(text: string): string {
  return bytesToHex(digest(utf8ToBytes(text)));
}
