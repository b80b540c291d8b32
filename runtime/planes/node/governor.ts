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
}

export function openGovernor(identity: Identity, events: GovernorEvents = {}): Governor {
  if (!identity.token || !identity.socket) {
    events.onRefused?.(NO_IDENTITY.message);
    return { before: async () => NO_IDENTITY, after: async () => undefined };
  }
  return new Connected(identity, events);
}

class Connected implements Governor {
  readonly #identity: Identity;
  readonly #client: WireClient<AgentRequests>;
  /** Calls that are cut off when the governor stays away for too long. */
  readonly #waiting = new Set<AbortController>();
  #limit: NodeJS.Timeout | undefined;
  #stopped: Refused | undefined;

  constructor(identity: Identity, events: GovernorEvents) {
    this.#identity = identity;
    this.#client = connectAgent({
      socket: identity.socket,
      token: identity.token,
      hello: { pid: process.pid, part: 'preload' },
      background: true,
      onNotification: {
        held: ({ key }) => events.onHeld?.(key),
        stop: ({ reason }) => { this.#stopped = refused(`this run was stopped: ${reason}`); },
      },
      onState: (state) => {
        if (state === 'refused') events.onRefused?.(BAD_TOKEN.message);
        this.#watch();
      },
    });
  }

  async before(key: string, event: ActionEvent | ((hello: HelloAnswer) => ActionEvent), signal?: AbortSignal): Promise<BeforeAnswer> {
    if (this.#stopped) return this.#stopped;
    const answer = await this.#bounded(async (cut) => {
      const what = typeof event === 'function' ? event(await Promise.race([this.#client.hello(), aborted(cut)])) : event;
      return this.#client.call('before', { key, event: what }, { signal: cut });
    }, signal);
    if (signal?.aborted) this.#abandon(key);
    return 'error' in answer ? this.#explain(answer.error) : (this.#stopped ?? answer.value);
  }

  async after(key: string, event: ActionEvent): Promise<void> {
    await this.#bounded((signal) => this.#client.call('after', { key, event }, { signal }));
  }

  #abandon(key: string): void {
    void this.#bounded((signal) => this.#client.call('abandon', { key }, { signal }));
  }

  /** Runs a call that ends by itself, or by the caller's signal, or when the governor has been away for the whole limit. */
  async #bounded<T>(call: (signal: AbortSignal) => Promise<T>, caller?: AbortSignal): Promise<{ readonly value: T } | { readonly error: unknown }> {
    const cut = new AbortController();
    const abort = (): void => cut.abort(caller?.reason);
    caller?.addEventListener('abort', abort, { once: true });
    if (caller?.aborted) abort();
    this.#waiting.add(cut);
    this.#watch();
    try {
      return { value: await call(cut.signal) };
    } catch (error) {
      return { error };
    } finally {
      caller?.removeEventListener('abort', abort);
      this.#waiting.delete(cut);
      this.#watch();
    }
  }

  /** The clock runs only while a call waits and the governor is away: a person may take as long as the gate allows. */
  #watch(): void {
    const away = this.#waiting.size > 0 && this.#client.state !== 'connected';
    if (away && !this.#limit) this.#limit = setTimeout(() => this.#giveUp(), this.#identity.waitMs);
    if (away || !this.#limit) return;
    clearTimeout(this.#limit);
    this.#limit = undefined;
  }

  #giveUp(): void {
    this.#limit = undefined;
    const why = new FullarcError('unreachable', `the governor could not be reached for ${this.#identity.waitMs / 1000} s, and nothing goes on without it`, 'Start it with "fullarc serve" or by opening the workspace in VS Code, then run the agent again.');
    for (const each of [...this.#waiting]) each.abort(why);
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

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
