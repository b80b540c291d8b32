// Where calls wait until something they wait for may have changed: a decision, new policies, the end of their run.

export class WaitingRoom {
  readonly #waiting = new Map<string, Set<() => void>>();

  /**
   * A promise that `wake` resolves. To be made before the caller looks at what it waits for, so that no change falls between looking and waiting.
   * Rejects with the signal's reason when the caller goes away; `forget` must be called in any case.
   */
  enter(key: string, signal: AbortSignal | undefined): { readonly woken: Promise<void>; forget(): void } {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {}); // a caller that goes away before it waits has nobody to tell
    const aborted = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', aborted, { once: true });
    const others = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, others.add(resolve));
    return {
      woken: promise,
      forget: () => {
        signal?.removeEventListener('abort', aborted);
        others.delete(resolve);
        if (!others.size) this.#waiting.delete(key);
      },
    };
  }

  /** Lets everybody whose key fits look again. */
  wake(fits: (key: string) => boolean): void {
    for (const [key, waiting] of [...this.#waiting]) if (fits(key)) for (const resolve of waiting) resolve();
  }
}
