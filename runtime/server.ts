// The governor's socket: who connects, what their token lets them do, and what they are told.

import { createServer, type Server, type Socket } from 'node:net';
import { chmodSync, rmSync } from 'node:fs';
import { timingSafeEqual } from 'node:crypto';
import { WIRE_VERSION, type AgentNotifications, type AgentRequests, type HelloAnswer, type PolicySnapshot } from '../protocol/agent-wire.ts';
import { FullarcError, type ControlNotifications, type ControlRequests } from '../protocol/control.ts';
import type { Plane } from './policy/planes.ts';
import type { PolicyVersionRequests } from '../protocol/policy-versions.ts';
import type { ReplayRequests } from '../protocol/recorded-call.ts';
import { parseCall } from './event-schema.ts';
import type { Governor } from './governor.ts';
import { replayHandlers } from './recordings-wire.ts';
import { versionHandlers } from './versions-wire.ts';
import { launchIdentity } from './launch-identity.ts';
import { securePath } from './wire/paths.ts';
import { Peer } from './wire/rpc.ts';

/** Where actions are intercepted by each part of a launch, as `scope.planes` names it. */
const PLANE_OF: Readonly<Record<string, Plane>> = { gateway: 'gateway', preload: 'node', sdk: 'sdk' };

interface Requests extends Omit<AgentRequests, 'hello'>, Omit<ControlRequests, 'hello'> {
  hello: { params: { readonly version: number; readonly token: string; readonly client?: string; readonly part?: AgentRequests['hello']['params']['part'] }; result: HelloAnswer | ControlRequests['hello']['result'] };
}
type Notifications = AgentNotifications & ControlNotifications;
type Connection = Peer<Requests, Notifications>;
type Handler<M extends keyof Requests> = (params: Requests[M]['params'], signal: AbortSignal) => Requests[M]['result'] | Promise<Requests[M]['result']>;

export interface ServerOptions {
  readonly governor: Governor;
  readonly socket: string;
  readonly controlToken: string;
  readonly clock: () => number;
  /** How long a run may be without the process that launched it, in milliseconds. */
  readonly ownerGraceMs?: number;
  /** How long the governor stays with nothing to do and nobody connected, in milliseconds. */
  readonly idleMs?: number;
  /** The server has stopped, by request or because it was idle. */
  readonly onStopped?: (reason: string) => void;
  readonly log?: (message: string) => void;
}

const OWNER_GRACE_MS = 15_000;
const IDLE_MS = 5 * 60_000;
const TICK_MS = 1_000;

/** Listens until `stop`. The socket's folder is made private to this user first. */
export async function serve(options: ServerOptions): Promise<{ stop(reason: string): Promise<void> }> {
  const server = new GovernorServer(options);
  await server.listen();
  return server;
}

class GovernorServer {
  readonly #options: ServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #watching = new Map<Connection, string | undefined>();
  /** Processes of each run that goes on. */
  readonly #agents = new Map<string, Set<Connection>>();
  /** Who launched each run, while it is connected. */
  readonly #owners = new Map<string, Connection>();
  readonly #orphanedAt = new Map<string, number>();
  readonly #startedAt: number;
  #timer: NodeJS.Timeout | undefined;
  #idleSince: number;
  #stopped: Promise<void> | undefined;
  #ticking = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#startedAt = this.#idleSince = options.clock();
    this.#server = createServer((socket) => this.#accept(socket));
    options.governor.listen({
      event: (event, workspace) => this.#watchers(workspace, 'event', event),
      policies: (status) => this.#watchers(status.workspace, 'policies.changed', status),
      swapped: (workspace, snapshot) => this.#swapped(workspace, snapshot),
      stop: (run, reason) => this.#toAgent(run, 'stop', { reason }),
      held: (run, key, gate, message) => this.#toAgent(run, 'held', { key, gate, message }),
      closed: (run) => this.#closed(run),
      trouble: (message) => options.log?.(message),
    });
  }

  async listen(): Promise<void> {
    const { socket } = this.#options;
    securePath(socket);
    if (process.platform !== 'win32') rmSync(socket, { force: true });
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(socket, resolve));
    if (process.platform !== 'win32') chmodSync(socket, 0o600);
    this.#timer = setInterval(() => void this.#tick(), TICK_MS);
  }

  stop(reason: string): Promise<void> {
    this.#stopped ??= this.#stop(reason);
    return this.#stopped;
  }

  async #stop(reason: string): Promise<void> {
    clearInterval(this.#timer);
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of this.#connections) connection.close();
    await closed;
    await this.#options.governor.close();
    this.#options.onStopped?.(reason);
  }

  #accept(socket: Socket): void {
    const connection: Connection = new Peer(socket);
    this.#connections.add(connection);
    connection.handle({ hello: (params) => this.#hello(connection, params) });
    connection.gone.addEventListener('abort', () => this.#left(connection), { once: true });
  }

  #left(connection: Connection): void {
    this.#connections.delete(connection);
    this.#watching.delete(connection);
    for (const [run, connections] of this.#agents) if (connections.delete(connection) && !connections.size) this.#agents.delete(run);
    for (const [run, owner] of this.#owners) if (owner === connection) this.#owners.delete(run);
  }

  /** The processes of a run that is over have nothing left to ask: their connections end, and their token opens none again. */
  #closed(run: string): void {
    const connections = this.#agents.get(run) ?? [];
    this.#agents.delete(run);
    this.#owners.delete(run);
    this.#orphanedAt.delete(run);
    for (const connection of connections) connection.close();
  }

  /** The connection that launched a run is its owner, unless it is gone already. */
  #own(run: string, connection: Connection): void {
    if (!connection.closed) this.#owners.set(run, connection);
  }

  async #hello(connection: Connection, { version, token, client, part }: Requests['hello']['params']): Promise<Requests['hello']['result']> {
    if (version !== WIRE_VERSION) throw new FullarcError('bad-message', `this governor speaks version ${WIRE_VERSION} of the wire, the caller version ${version}`, 'Restart the governor (command "Fullarc: Restart Governor") so that both come from the same installation.');
    if (sameToken(token, this.#options.controlToken)) {
      connection.handle({ ...this.#control(connection), ...replayHandlers(this.#options.governor.recordings), ...versionHandlers(this.#options.governor.lifecycle, String(client ?? 'control').slice(0, 100)) });
      return { pid: process.pid, version: WIRE_VERSION, startedAt: this.#startedAt };
    }
    const answer = await this.#options.governor.hello(String(token));
    const stop = this.#options.governor.stopOf(answer.run);
    if (connection.closed) return answer;
    connection.handle(this.#agent(answer.run, PLANE_OF[String(part)]));
    const connections = this.#agents.get(answer.run) ?? new Set();
    this.#agents.set(answer.run, connections.add(connection));
    if (stop !== undefined) connection.notify('stop', { reason: stop });
    return answer;
  }

  /** What a governed process may ask: verdicts about its own run. */
  #agent(run: string, plane: string | undefined): { [M in 'before' | 'after' | 'progress' | 'abandon']: Handler<M> } {
    const { governor } = this.#options;
    return {
      before: (params, signal) => governor.before(run, parseCall(params, 'before'), signal, plane),
      after: (params) => governor.after(run, parseCall(params, 'after'), plane),
      progress: async ({ key, outputTokens }) => ({ stop: await governor.progress(run, String(key), Number(outputTokens)) }),
      abandon: async ({ key }) => (await governor.abandon(run, String(key)), null),
    };
  }

  #control(connection: Connection): { [M in Exclude<keyof ControlRequests, 'hello' | keyof PolicyVersionRequests | keyof ReplayRequests>]: Handler<M> } {
    const { governor } = this.#options;
    return {
      'runs.open': async ({ command, level, token, ...identity }) => {
        const opened = await governor.openRun(launchIdentity(identity), command, level, token);
        this.#own(opened.run, connection);
        return opened;
      },
      'runs.own': ({ run }) => (this.#own(run, connection), null),
      'runs.close': async ({ run, outcome, exitCode, error }) => (await governor.closeRun(run, outcome, exitCode, error), null),
      'runs.kill': async ({ run, reason, by }) => (await governor.kill(run, reason, by), null),
      'runs.list': (params) => governor.listRuns(params),
      'runs.events': ({ run }) => governor.eventsOf(run),
      watch: ({ workspace }) => (this.#watching.set(connection, workspace), null),
      'gates.list': (params) => governor.listGates(params),
      'gates.decide': ({ gate, decision, by, reason, contentHash }) => governor.decide(gate, decision, by, reason, contentHash),
      'policies.status': ({ workspace }) => governor.policies(workspace),
      'policies.reload': ({ workspace }) => governor.policies(workspace, true),
      'process.output': (output) => (this.#watchers(governor.workspaceOf(output.run) ?? '', 'process.output', output), null),
      'audit.verify': ({ run }) => governor.verify(run),
      shutdown: ({ reason }) => (setImmediate(() => void this.stop(reason)), null),
    };
  }

  #watchers<M extends keyof ControlNotifications>(workspace: string, method: M, body: ControlNotifications[M]): void {
    for (const [connection, wanted] of this.#watching) if (wanted === undefined || wanted === workspace) connection.notify(method, body as Notifications[M]);
  }

  #toAgent<M extends keyof AgentNotifications>(run: string, method: M, body: AgentNotifications[M]): void {
    for (const connection of this.#agents.get(run) ?? []) connection.notify(method, body as Notifications[M]);
  }

  #swapped(workspace: string, snapshot: PolicySnapshot): void {
    for (const run of this.#agents.keys()) if (this.#options.governor.workspaceOf(run) === workspace) this.#toAgent(run, 'policies', snapshot);
  }

  /** Every second: time for gates and reservations, runs whose launcher is gone, and whether to leave. */
  async #tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    try {
      await this.#options.governor.tick();
      await this.#endOrphans();
      await this.#leaveWhenIdle();
    } catch (error) {
      this.#options.log?.(`tick: ${(error as Error).message}`); // a full disk, say: the next tick tries again
    } finally {
      this.#ticking = false;
    }
  }

  /** A run whose launcher is gone for too long ends, and its processes are told to end themselves: nobody else can. */
  async #endOrphans(): Promise<void> {
    const { governor, clock, ownerGraceMs = OWNER_GRACE_MS } = this.#options;
    const now = clock();
    for (const run of governor.roots) {
      if (this.#owners.has(run)) this.#orphanedAt.delete(run);
      else if (now - (this.#orphanedAt.get(run) ?? this.#orphanedAt.set(run, now).get(run) ?? now) > ownerGraceMs) {
        for (const each of governor.treeOf(run)) this.#toAgent(each, 'orphaned', { reason: ORPHANED });
        await governor.closeRun(run, 'failed', undefined, ORPHANED);
      }
    }
  }

  async #leaveWhenIdle(): Promise<void> {
    const { governor, clock, idleMs = IDLE_MS } = this.#options;
    const now = clock();
    if (this.#connections.size || governor.roots.length) this.#idleSince = now;
    else if (now - this.#idleSince > idleMs) await this.stop('idle');
  }
}

const ORPHANED = 'the process that launched it went away';

function sameToken(given: unknown, expected: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(expected)];
  return b.length > 0 && a.length === b.length && timingSafeEqual(a, b);
}
