// All of an HTTP message, collected as it comes: an async iterator costs a short call more than everything else that reads it.

import type { IncomingMessage } from 'node:http';

/** Rejects with a RangeError as soon as it is larger than `most` bytes, and with another error when it breaks off. */
export function readAll(message: IncomingMessage, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    message.on('data', (piece: Buffer) => {
      size += piece.byteLength;
      if (size <= most) pieces.push(piece);
      else {
        pieces.length = 0;
        reject(new RangeError(`larger than ${most} bytes`));
      }
    });
    message.once('end', () => resolve(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)));
    message.once('error', reject);
    message.once('close', () => (message.readableEnded ? undefined : reject(new Error('the connection was closed half-way'))));
  });
}

/** Resolves when nothing more comes of a message that nobody wants. */
export function drained(message: IncomingMessage): Promise<void> {
  return new Promise((resolve) => message.resume().once('end', resolve).once('close', resolve));
}
