// What the editor, the command line and the launcher say to the governor. Same framing as the agent wire; the token gives the role.

import type { RunOutcome } from './action.ts';
import type { Finding } from './finding.ts';
import type { PolicyVersionRequests } from './policy-versions.ts';
import type { ReplayRequests } from './recorded-call.ts';
import type { GateOutcome, GateView, Level, RunEvent, RunSummary, Shown } from './run-graph.ts';

export interface LaunchIdentity {
  readonly workspace: string;
  readonly agent: string;
  readonly fleet?: string;
  readonly workflow?: string;
  readonly user: string;
  readonly context?: Readonly<Record<string, string>>;
}

export interface GateDetails extends GateView {
  readonly agent: string;
  readonly root: string;
  /** Path of agent names from the root run to the one that asks. */
  readonly path: readonly string[];
  readonly kind: string;
  readonly name: string;
  /** Exactly what would happen, redacted as the policies say. */
  readonly input?: Shown;
}

export interface PolicyInForce {
  readonly name: string;
  readonly category: string;
  readonly mode: string;
  readonly onViolation: string;
  readonly description?: string;
  readonly file: string;
  readonly line: number;
}

/** An agent that the workspace declares under `agents:`. */
export interface DeclaredAgent {
  readonly name: string;
  readonly fleet?: string;
  readonly description?: string;
  /** Entry points: paths or globs, relative to the workspace. */
  readonly entry: readonly string[];
}

export interface PolicyStatus {
  readonly workspace: string;
  readonly version: string;
  readonly policies: readonly PolicyInForce[];
  /** Declared agents of the version in force. */
  readonly agents?: readonly DeclaredAgent[];
  /** Findings of the newest text. When one is an error, the last good version stays in force. */
  readonly findings: readonly Finding[];
}

export interface ControlRequests extends PolicyVersionRequests, ReplayRequests {
  hello: { params: { readonly version: number; readonly token: string; readonly client: string }; result: { readonly pid: number; readonly version: number; readonly startedAt: number } };
  /**
   * Opens a root run. Fails with `policy-errors` when the workspace's policies do not compile, with `agent-unknown` and with `run-refused`. A repeat with the same `token` meets the same run.
   * The start itself may still wait for a person: the launcher asks `before` with the key `run` and the event `run.before` before it starts anything.
   */
  'runs.open': { params: LaunchIdentity & { readonly command: readonly string[]; readonly level: Level; readonly token?: string }; result: { readonly run: string; readonly token: string; /** For the person who starts it. */ readonly warning?: string } };
  /** Says that this connection carries the run: when it is lost and does not come back, the run is closed. Repeated after every reconnection. */
  'runs.own': { params: { readonly run: string }; result: null };
  'runs.close': { params: { readonly run: string; readonly outcome: RunOutcome; readonly exitCode?: number; readonly error?: string }; result: null };
  'runs.kill': { params: { readonly run: string; readonly reason: string; readonly by: string }; result: null };
  'runs.list': { params: { readonly workspace?: string; readonly limit?: number }; result: readonly RunSummary[] };
  /** All events of the tree that holds `run`, ordered by time and sequence. */
  'runs.events': { params: { readonly run: string }; result: readonly RunEvent[] };
  /** From now on `event` notifications arrive for trees of this workspace (all, when absent). */
  watch: { params: { readonly workspace?: string }; result: null };
  'gates.list': { params: { readonly workspace?: string; readonly all?: boolean }; result: readonly GateDetails[] };
  /** Decides a gate. Repeating the same decision is answered the same; another is refused with `gate-decided`. */
  'gates.decide': { params: { readonly gate: string; readonly decision: 'approve' | 'reject'; readonly by: string; readonly reason?: string; readonly contentHash?: string }; result: { readonly outcome: GateOutcome | 'pending'; readonly by: string } };
  'policies.status': { params: { readonly workspace: string }; result: PolicyStatus };
  /** A governance file was saved: read it now instead of waiting for the file watcher. */
  'policies.reload': { params: { readonly workspace: string }; result: PolicyStatus };
  /** A line the launched process printed; kept in memory only, for those who watch. */
  'process.output': { params: ProcessOutput; result: null };
  'audit.verify': { params: { readonly run?: string }; result: { readonly runs: number; readonly events: number; readonly broken: readonly { readonly run: string; readonly seq: number; readonly message: string }[] } };
  shutdown: { params: { readonly reason: string }; result: null };
}

export interface ProcessOutput {
  readonly run: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface ControlNotifications {
  event: RunEvent;
  'process.output': ProcessOutput;
  'policies.changed': PolicyStatus;
}

/** Stable codes of errors on both wires, in JSON-RPC's `error.data.code`. */
export const ERROR_CODES = [
  'bad-token', 'bad-message', 'unknown-method', 'no-such-run', 'run-ended', 'no-such-gate', 'gate-decided', 'not-an-approver', 'content-changed',
  'policy-errors', 'store-failed', 'shutting-down', 'internal', 'no-such-call', 'unreachable', 'no-node', 'bad-command', 'run-refused', 'agent-unknown',
  'conflict', 'no-such-version', 'no-such-policy',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The one family of errors: `message` says what and why, `remedy` what to do. */
export class FullarcError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  constructor(code: ErrorCode, message: string, remedy: string) {
    super(message);
    this.name = 'FullarcError';
    this.code = code;
    this.remedy = remedy;
  }
}
