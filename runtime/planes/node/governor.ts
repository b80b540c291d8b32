// The governor as a governed process sees it: ask before, report after. Fails closed: whatever goes wrong on the way is a refusal that says so.

import type { ActionEvent } from '../../../protocol/action.ts';
import type { AgentRequests, BeforeAnswer, HelloAnswer } from '../../../protocol/agent-wire.ts';
import { FullarcError } from '../../../protocol/control.ts';
import { connectAgent } from '../../wire/client.ts';
import type { WireClient } from '../../wire/client.ts';
import type { Identity } from './identity.ts';
import type { Refused } from './refusal.ts';

export interface Governor {
  /** Never rejects. An abort is a refusal, and the governor is told that the call will not happen. An event may depend on what the governor said at the start. */
  before(key: string, event: ActionEvent | ((hello: HelloAnswer) => ActionEvent), signal?: AbortSignal): Promise<BeforeAnswer>;
  /** Resolves once the governor has it on record, or when it cannot be reached within the limit. */
  after(key: string, event: ActionEvent): Promise<void>;
}

export interface GovernorEvents {
  /** Once, when the governor does not accept this process at all. */
  readonly onRefused?: (message: string) => void;
  /** The call with this key waits for a person. */
  readonly onHeld?: (key: string) => void;
  /** The run is over, and whoever would have ended this process is gone. */
  readonly onOrphaned?: (reason: string) => void;
}

export function openGovernor(identity: Identity, events: GovernorEvents = {}): Governor {
  if (!identity.token || !identity.socket) {
    events.onRefused?.(NO_IDENTITY.message);
    return { before: async () => NO_IDENTITY, after: async () => undefined };
  }
  return new Connected(identity, events);
}

class Connected implements Governor {
  readonly #client: WireClient<AgentRequests>;
  #stopped: Refused | undefined;

  constructor(identity: Identity, events: GovernorEvents) {
    this.#client = connectAgent({
      socket: identity.socket,
      token: identity.token,
      hello: { pid: process.pid, part: 'preload' },
      background: true,
      patienceMs: identity.waitMs,
      onNotification: {
        held: ({ key }) => events.onHeld?.(key),
        stop: ({ reason }) => { this.#stopped = refused(`this run was stopped: ${reason}`); },
        orphaned: ({ reason }) => {
          this.#stopped = refused(`this run is over: ${reason}`);
          events.onOrphaned?.(reason);
        },
      },
      onState: (state) => { if (state === 'refused' && !this.#stopped) events.onRefused?.(BAD_TOKEN.message); },
    });
  }

  async before(key: string, event: ActionEvent | ((hello: HelloAnswer) => ActionEvent), signal?: AbortSignal): Promise<BeforeAnswer> {
    if (this.#stopped) return this.#stopped;
    try {
      const what = typeof event === 'function' ? event(await abortable(this.#client.hello(), signal)) : event;
      const answer = await this.#client.call('before', { key, event: what }, { ...(signal && { signal }) });
      return this.#stopped ?? answer;
    } catch (error) {
      return this.#stopped ?? this.#explain(error);
    } finally {
      if (signal?.aborted) void this.#client.call('abandon', { key }).catch(() => undefined);
    }
  }

  async after(key: string, event: ActionEvent): Promise<void> {
    await this.#client.call('after', { key, event }).catch(() => undefined); // a report that cannot be made changes nothing for the program
  }

  #explain(error: unknown): Refused {
    if (!(error instanceof FullarcError)) return refused(error instanceof Error ? `the call was given up: ${error.message}` : 'the call was given up');
    if (error.code === 'bad-token') return BAD_TOKEN;
    return refused(error.remedy ? `${error.message}. ${error.remedy}`.replace('..', '.') : error.message);
  }
}

const refused = (message: string): Refused => ({ go: false, disposition: 'block', message });
const BAD_TOKEN = refused('the governor does not know the token of this process, so everything governed is refused. Start the agent through Fullarc again: tokens end with their run.');
const NO_IDENTITY = refused('this process has only a part of its identity (FULLARC_SOCKET, FULLARC_RUN and FULLARC_TOKEN belong together), so everything governed is refused. Start the agent through Fullarc.');

function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
