// What the webview knows of its run: the events it was sent, as graph, lanes and burn-down. Tells its listeners once per frame.

import type { RunEvent } from '../../protocol/run-graph.ts';
import type { Incoming } from '../host.ts';
import { Lanes } from './lanes.ts';
import { BurnDown } from './spend.ts';

export interface Feed {
  /** The run that the view was opened for; undefined until the first snapshot. */
  readonly run?: string;
  readonly lanes: Lanes;
  readonly burnDown: BurnDown;
  readonly lost: boolean;
  /** When the feed was lost, in milliseconds since the epoch. */
  readonly lostSince: number;
  /** Time of the newest event. */
  readonly lastAt: number;
  /** Grows with every change. */
  readonly version: number;
}

export class RunStore {
  #feed: Feed = { lanes: new Lanes(), burnDown: new BurnDown(), lost: false, lostSince: 0, lastAt: 0, version: 0 };
  #told = true;
  readonly #listeners = new Set<(feed: Feed) => void>();
  readonly #schedule: (tell: () => void) => void;

  /** `schedule` runs its argument soon: `requestAnimationFrame` in a page. */
  constructor(schedule: (tell: () => void) => void) {
    this.#schedule = schedule;
  }

  get feed(): Feed {
    return this.#feed;
  }

  /** Calls `listener` after changes. Returns how to stop. */
  watch(listener: (feed: Feed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  receive(message: Incoming): void {
    if (message.type === 'connection') this.#change({ lost: message.lost, lostSince: message.since });
    else if (message.type === 'events') this.#take(message.events);
    else {
      this.#change({ run: message.run, lanes: new Lanes(), burnDown: new BurnDown(), lost: false, lastAt: 0 });
      this.#take(message.events);
    }
  }

  #take(events: readonly RunEvent[]): void {
    const { lanes, burnDown } = this.#feed;
    lanes.add(events);
    burnDown.add(events);
    this.#change({ lastAt: events.reduce((last, event) => Math.max(last, event.at), this.#feed.lastAt) });
  }

  #change(part: Partial<Feed>): void {
    this.#feed = { ...this.#feed, ...part, version: this.#feed.version + 1 };
    if (!this.#told) return;
    this.#told = false;
    this.#schedule(() => {
      this.#told = true;
      for (const listener of this.#listeners) listener(this.#feed);
    });
  }
}
