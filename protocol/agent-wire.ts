// What a governed process and its governor say to one another: newline-delimited JSON-RPC 2.0 over a Unix socket or a named pipe.
// The key is the wire name, the value the body. A client that loses the connection reconnects and repeats unanswered calls: every call carries its own key.

import type { ActionEvent } from './action.ts';
import type { Level } from './run-graph.ts';
import type { Disposition, Redaction } from './verdict.ts';

export const WIRE_VERSION = 1;

/** Environment of a governed process. The names are the contract with agents, so they are never renamed. */
export const ENV = {
  socket: 'FULLARC_SOCKET',
  run: 'FULLARC_RUN',
  token: 'FULLARC_TOKEN',
  /** Base address of the LLM gateway, with the run's token in its path: `http://127.0.0.1:PORT/r/TOKEN`. */
  gateway: 'FULLARC_GATEWAY',
} as const;

/** Where the LLM gateway expects a request for `scheme://host/path`: `/r/<run token>/u/<scheme>/<host>/<path>`. */
export const GATEWAY_PATH = /^\/r\/([^/]+)\/u\/(https?)\/([^/]+)(\/.*)?$/;

/** The policies in force for a run, as sources: the process compiles them with the same code as the governor. */
export interface PolicySnapshot {
  readonly version: string;
  readonly sources: readonly { readonly path: string; readonly text: string }[];
}

export interface HelloAnswer {
  readonly run: string;
  readonly agent: string;
  readonly fleet?: string;
  readonly workflow?: string;
  readonly user: string;
  readonly level: Level;
  readonly policies: PolicySnapshot;
  /** Entry points of declared agents, for telling a spawned agent from any other process: name to globs over the command line's script path. */
  readonly entries: Readonly<Record<string, readonly string[]>>;
}

/** A governed action about to happen. */
export interface Before {
  /** Identifies this call: a repeat with the same key gets the same answer, or the same open gate. */
  readonly key: string;
  readonly event: ActionEvent;
  /** Keys of the calls whose outcome led here. */
  readonly causes?: readonly string[];
}

/** What holds for an action while it is going on: whoever carries it stops it there. */
export interface ActionBounds {
  /** Longest time from now, in milliseconds. */
  readonly timeoutMs?: number;
  /** For `exec` and `spawn`: most bytes that the program may write to its output. */
  readonly maxOutputBytes?: number;
  /** Policies that set them, for telling why. */
  readonly boundedBy?: { readonly timeout?: string; readonly output?: string };
}

export type BeforeAnswer =
  | ActionBounds & {
      readonly go: true;
      readonly redactions: readonly Redaction[];
      /** For `llm`: the output bound that the reservation covers; to be put into the request when it has none or a larger one. */
      readonly maxOutputTokens?: number;
      /** For `spawn`: identity of the child run. */
      readonly child?: { readonly run: string; readonly token: string };
    }
  | { readonly go: false; readonly disposition: Disposition; readonly message: string; readonly retryAfterMs?: number };

/** The action happened (or failed): its result may be withheld or redacted, its cost is settled. Answered after it is durable. */
export interface After {
  readonly key: string;
  readonly event: ActionEvent;
  /** What judges answered to the questions that policies have about this event (`Engine.questions`), by their id: a score from 0 to 1 and why. */
  readonly judgements?: Readonly<Record<string, { readonly score: number; readonly reason: string }>>;
}

export type AfterAnswer =
  | { readonly go: true; readonly redactions: readonly Redaction[] }
  | { readonly go: false; readonly disposition: Disposition; readonly message: string };

export interface AgentRequests {
  hello: { params: { readonly version: number; readonly token: string; readonly pid: number; readonly part: 'gateway' | 'preload' | 'sdk' }; result: HelloAnswer };
  before: { params: Before; result: BeforeAnswer };
  /** Usage of a stream so far, in tokens. `stop` says that the money is gone and the stream must be cut off. */
  progress: { params: { readonly key: string; readonly outputTokens: number }; result: { readonly stop?: string } };
  after: { params: After; result: AfterAnswer };
  /** The call will not happen (the client went away before it was sent): its reservation is voided. */
  abandon: { params: { readonly key: string }; result: null };
}

export interface AgentNotifications {
  /** The policies changed. */
  policies: PolicySnapshot;
  /** The call with this key waits for a person. */
  held: { readonly key: string; readonly gate: string; readonly message: string };
  /** The kill switch: stop what is in flight. */
  stop: { readonly reason: string };
  /** The run is over because its launcher is gone, which alone could end its processes: they end themselves. */
  orphaned: { readonly reason: string };
}
