// Looking on at an event emitter from outside.

import type { EventEmitter } from 'node:events';

/**
 * Sees every event before its listeners do, and may change what they get; undefined swallows it.
 * Listeners of ours would be counted: Node drops a response that nobody listens to, and throws an error that nobody does.
 */
export function onEmit(emitter: EventEmitter, see: (name: string | symbol, args: unknown[]) => unknown[] | undefined): void {
  const emit = emitter.emit;
  emitter.emit = (name: string | symbol, ...args: unknown[]): boolean => {
    const seen = see(name, args);
    return seen ? emit.call(emitter, name, ...seen) : false;
  };
}
