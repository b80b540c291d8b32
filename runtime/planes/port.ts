// What a plane of interception needs of the governor, whichever way it is reached: over a socket in a launch, in memory in the tests.

import type { AgentNotifications, AgentRequests, After, AfterAnswer, Before, BeforeAnswer } from '../../protocol/agent-wire.ts';
import type { Engine } from '../policy/api.ts';
import type { Facts } from '../policy/facts.ts';

export type Held = AgentNotifications['held'];

/** One governed run, seen from the process that carries its traffic. The same object for the whole life of the run: what a plane remembers of a run hangs on it. */
export interface AgentPort {
  /** The policies in force now. Asked anew for each call, so that a hot swap counts from the next one. */
  readonly policies: () => Engine;
  /** Enough of the run to know which policies are in scope for text that streams. */
  readonly facts: () => Facts;
  /** Aborted when the run is killed; its reason is a text for the agent. What is in flight is cut off. */
  readonly stopped?: AbortSignal;
  /**
   * May wait as long as a person takes. Rejects when `signal` aborts: the caller went away. An answer that lets the call go and arrives
   * after that is abandoned by the port, while an open gate stays open: the caller's repeat has the same key and finds it again.
   */
  before(params: Before, signal?: AbortSignal, onHeld?: (held: Held) => void): Promise<BeforeAnswer>;
  progress(params: AgentRequests['progress']['params']): Promise<AgentRequests['progress']['result']>;
  /** Answered when the outcome is durable. */
  after(params: After): Promise<AfterAnswer>;
  /** A call that was let go will not happen. */
  abandon(key: string): Promise<void>;
}
