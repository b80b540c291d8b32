// A recorded call opened for being judged again: the event and the facts as they were, and a note when a check looks at something that was not recorded.

import type { ActionEvent } from '../../protocol/action.ts';
import type { RecordedCall } from '../../protocol/recorded-call.ts';
import { HISTORY_LIMIT, type CallMark, type Facts } from './facts.ts';
import { unpackFacts } from './recorded-facts.ts';
import { answeringHost } from './recorded-host.ts';

export interface OpenedCall {
  readonly event: ActionEvent;
  readonly facts: Facts;
  /** What was looked at and is not on record, said for people; undefined while everything was. A verdict is worth nothing once there is something. */
  readonly missed: () => string | undefined;
}

/** `earlier` are the marks of the run's earlier records, oldest first. */
export function openRecorded({ run, identity, body }: RecordedCall, earlier: readonly CallMark[]): OpenedCall {
  const gap = new Gap();
  const event = (body.withheld ? structuredClone(body.event) : body.event) as ActionEvent;
  for (const pointer of body.withheld ?? []) trap(event, pointer, () => gap.miss(`the text at ${pointer} of ${body.event.event ?? 'the event'} is not stored`));
  const history = earlier.slice(-HISTORY_LIMIT);
  const facts = unpackFacts(run, identity, body.facts, history);
  const told: Facts = { ...facts, context: contextWith(facts.context, body.facts.contextWithheld, gap), host: answeringHost(body.asked, (what) => gap.miss(what)) };
  // The mark of the call itself may be among those that were counted.
  if (history.length < Math.min(HISTORY_LIMIT, body.facts.history ?? 0) - (body.mark ? 1 : 0)) Object.defineProperty(told, 'history', { enumerable: true, get: () => gap.miss('earlier calls of the run are not on record') });
  return { event, facts: told, missed: () => gap.what };
}

/** Remembers the first thing that was missing. The check that asked for it is stopped. */
export class Gap {
  what: string | undefined;

  miss(what: string): never {
    this.what ??= what;
    throw new Error(what);
  }
}

function contextWith(context: Facts['context'], withheld: readonly string[] | undefined, gap: Gap): Facts['context'] {
  if (!withheld) return context;
  const open = { ...context };
  for (const key of withheld) Object.defineProperty(open, key, { enumerable: true, get: () => gap.miss(`the value of ${key} in the context is not stored`) });
  return open;
}

/** Puts something that cannot be read where a JSON pointer leads. */
function trap(root: object, pointer: string, get: () => never): void {
  const keys = pointer.slice(1).split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  let holder: unknown = root;
  for (const key of keys.slice(0, -1)) holder = typeof holder === 'object' && holder !== null ? (holder as Record<string, unknown>)[key] : undefined;
  if (typeof holder === 'object' && holder !== null) Object.defineProperty(holder, keys.at(-1)!, { enumerable: true, configurable: true, get });
}
