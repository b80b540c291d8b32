// The events of one tree of runs, without gaps or repeats: what happened so far, then what happens. Survives the loss of the connection.

import type * as vscode from 'vscode';
import type { RunEvent } from '../protocol/run-graph.ts';
import type { Governor } from './governor.ts';

export interface FeedListener {
  /** Everything so far; also after a reconnection, when something may have been missed. */
  snapshot(events: readonly RunEvent[]): void;
  event(event: RunEvent): void;
  failed(error: Error): void;
}

/** Follows the tree of `root` until disposed. */
export function followTree(governor: Governor, root: string, listener: FeedListener): vscode.Disposable {
  const runs = new Set([root]);
  const last = new Map<string, number>();
  let early: RunEvent[] | undefined = [];
  let asked = 0;

  /** True the first time an event of this tree is seen. */
  function isNew(event: RunEvent): boolean {
    if (event.type === 'run.opened' && event.info.root === root) runs.add(event.run);
    if (!runs.has(event.run) || event.seq <= (last.get(event.run) ?? -1)) return false;
    last.set(event.run, event.seq);
    return true;
  }

  async function ask(): Promise<void> {
    const mine = ++asked;
    early ??= [];
    try {
      const events = await governor.request('runs.events', { run: root });
      if (mine !== asked) return;
      last.clear();
      events.forEach(isNew);
      listener.snapshot(events);
      const waiting = early;
      early = undefined;
      for (const event of waiting) if (isNew(event)) listener.event(event);
    } catch (error) {
      if (mine === asked) listener.failed(error as Error);
    }
  }

  const subscriptions = [
    governor.onEvent((event) => {
      if (early) early.push(event);
      else if (isNew(event)) listener.event(event);
    }),
    governor.onState((state) => { if (state === 'connected') void ask(); }),
  ];
  void ask();
  return { dispose: () => { asked = -1; for (const each of subscriptions) each.dispose(); } };
}
