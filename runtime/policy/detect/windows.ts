// How many actions fell into a window of time that ends now, and how long to wait until one more fits. Exact, over the sorted times at which they started.

/**
 * How many of the ascending `times` lie in the half-open window (now - windowMs, now], all in milliseconds since the epoch. Times after `now` count as well:
 * they are there when the clock was set back, and setting it back must not make room.
 */
export function countIn(times: readonly number[], now: number, windowMs: number): number {
  return times.length - firstAfter(times, now - windowMs);
}

/**
 * Milliseconds from `now` until one more start leaves at most `limit` in every window of this length; 0 when it fits at once. The answer is exact:
 * one millisecond earlier it would be one too many. Throws RangeError for a limit below 1, which nothing ever fits.
 */
export function retryAfter(times: readonly number[], now: number, windowMs: number, limit: number): number {
  if (limit < 1) throw new RangeError(`a limit of ${limit} leaves room for nothing`);
  const blocking = times.length < limit ? undefined : times[times.length - Math.floor(limit)];
  return blocking === undefined ? 0 : Math.max(0, blocking + windowMs - now);
}

export interface Rate {
  /** Most actions at one moment, and the most per `windowMs` in the long run. */
  readonly limit: number;
  readonly windowMs: number;
}

export interface Paced {
  readonly allowed: boolean;
  /** The theoretical arrival time to keep: where the next action would be due if all came evenly. Unchanged by a refusal. */
  readonly state: number;
  /** Milliseconds until one more is allowed; 0 when this one was. */
  readonly retryAfterMs: number;
}

/**
 * The generic cell rate algorithm (ITU-T I.371, virtual scheduling): a limit kept in one number, for those who cannot keep every start. After a burst of `limit`
 * one more is let through every `windowMs / limit`, so any stretch of time t holds at most limit + t * limit / windowMs of them. Undefined is a state that has seen nothing.
 */
export function gcra(state: number | undefined, now: number, { limit, windowMs }: Rate): Paced {
  const spacing = windowMs / limit;
  const due = state === undefined ? now : Math.max(state, now);
  const wait = due + spacing - now - windowMs;
  // A tenth of a microsecond is lost in adding up spacings that are no whole numbers; it must not cost a call.
  return wait > 1e-4 ? { allowed: false, state: due, retryAfterMs: wait } : { allowed: true, state: due + spacing, retryAfterMs: 0 };
}

/** Index of the first time after `at` in an ascending list. */
function firstAfter(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
