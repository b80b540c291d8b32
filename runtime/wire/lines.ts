// Cuts a byte stream into lines of UTF-8, with a bound on their length.

/** Longest line either side accepts, in bytes. A request to a model with a few pictures in it is some 20 MB. */
export const MAX_LINE = 64 * 1024 * 1024;

/**
 * Feeds on chunks as they arrive and returns the lines they complete, without their line feed.
 * Returns undefined once a line is longer than `limit` bytes: the stream can no longer be trusted and must be closed.
 */
export function lineCutter(limit = MAX_LINE): (chunk: Uint8Array) => string[] | undefined {
  let parts: Uint8Array[] = [];
  let size = 0;
  return (chunk) => {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      if (size + end - from > limit) return undefined;
      lines.push(text([...parts, chunk.subarray(from, end)]));
      parts = [];
      size = 0;
      from = end + 1;
    }
    size += chunk.length - from;
    if (size > limit) return undefined;
    if (from < chunk.length) parts.push(chunk.subarray(from));
    return lines;
  };
}

const LINE_FEED = 0x0a;
const text = (parts: Uint8Array[]): string => Buffer.concat(parts).toString('utf8');
