// Server-sent events (WHATWG HTML, section 9.2), read from any split of their bytes and written as providers write them.

import { createParser } from 'eventsource-parser';

export interface SseEvent {
  readonly event?: string;
  readonly data: string;
}

/** A provider that sends one event larger than this, in UTF-16 code units, is not answering but attacking. */
const LARGEST_EVENT = 32 * 1024 * 1024;

/** The events of a byte stream, those that arrived together in one list. Throws when an event outgrows every sensible size. */
export async function* readSse(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly SseEvent[]> {
  const decoder = new TextDecoder();
  let ready: SseEvent[] = [];
  const parser = createParser({
    maxBufferSize: LARGEST_EVENT,
    onEvent: ({ event, data }) => ready.push(event === undefined ? { data } : { event, data }),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw error;
    },
  });
  for await (const piece of bytes) {
    parser.feed(decoder.decode(piece, { stream: true }));
    yield take();
  }
  parser.feed(`${decoder.decode()}\n\n`);
  yield take();

  function take(): SseEvent[] {
    const events = ready;
    ready = [];
    return events;
  }
}

export function writeSse({ event, data }: SseEvent): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`;
}
