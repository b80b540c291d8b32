// The governor: composes policies, engine, ledger, gates and journal over one store, and is the only one that writes to it.

import { randomBytes } from 'node:crypto';
import type { RunOutcome } from '../protocol/action.ts';
import type { After, AfterAnswer, Before, BeforeAnswer, HelloAnswer, PolicySnapshot } from '../protocol/agent-wire.ts';
import { FullarcError, type GateDetails, type LaunchIdentity, type PolicyStatus } from '../protocol/control.ts';
import { type GateOutcome, type Level, type RunEvent, type RunFact, type RunInfo, type RunSummary } from '../protocol/run-graph.ts';
import { Breakers } from './breakers.ts';
import { Calls } from './calls.ts';
import { Gates } from './gates.ts';
import { Journal, type Verification } from './journal.ts';
import { Judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import { LiveRun, sha256 } from './live-run.ts';
import type { CallMark } from './policy/facts.ts';
import { Runs } from './runs.ts';
import type { Scrub } from './shown.ts';
import { Spending, type Situation } from './spending.ts';
import type { Commit, Store, Tx } from './store/store.ts';
import { WaitingRoom } from './waiting-room.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

export interface GovernorOptions {
  readonly store: Store;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly scrub: Scrub;
}

/** What the governor tells those who watch. */
export interface GovernorEvents {
  event(event: RunEvent, workspace: string): void;
  policies(status: PolicyStatus): void;
  /** The policies of a run's workspace were swapped. */
  swapped(workspace: string): void;
  /** Stop what is in flight in this run. */
  stop(run: string, reason: string): void;
  /** A call of this run waits for a person. */
  held(run: string, key: string, gate: string, message: string): void;
}

/** How many of the newest runs the circuit breakers look back at after a restart. */
const RESTORED_OUTCOMES = 1000;

export class Governor {
  readonly #store: Store;
  readonly #clock: () => number;
  readonly #runs = new Runs();
  readonly #journal = new Journal();
  readonly #gates = new Gates();
  readonly #calls = new Calls();
  readonly #ledger = new Ledger();
  readonly #breakers = new Breakers();
  readonly #judge: Judge;
  readonly #live = new Map<string, LiveRun>();
  readonly #workspaces = new Map<string, Promise<Workspace>>();
  readonly #waiting = new WaitingRoom();
  readonly #listeners = new Set<Partial<GovernorEvents>>();

  private constructor(options: GovernorOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#judge = new Judge({ runs: this.#runs, journal: this.#journal, gates: this.#gates, calls: this.#calls, spending: new Spending(this.#ledger), scrub: options.scrub });
  }

  /** Opens the governor and brings back the runs that were going on when the last one ended. */
  static async open(options: GovernorOptions): Promise<Governor> {
    const governor = new Governor(options);
    await governor.#store.transaction((tx) => governor.#restore(tx)).durable;
    return governor;
  }

  listen(listener: Partial<GovernorEvents>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Root runs that are going on. While there is one, the governor must not leave. */
  get roots(): readonly string[] {
    return [...this.#live.values()].filter((live) => live.info.depth === 0).map((live) => live.info.id);
  }

  workspaceOf(run: string): string | undefined {
    return this.#live.get(run)?.info.workspace;
  }

  /** The policies in force for a run. */
  async snapshot(run: string): Promise<PolicySnapshot> {
    return (await this.#workspace(this.#running(run).info.workspace)).snapshot;
  }

  // Runs

  /** Opens a root run. Throws `policy-errors` when the workspace's policies do not compile, so that nothing ever starts ungoverned. */
  async openRun(identity: LaunchIdentity, command: readonly string[], level: Level): Promise<{ run: string; token: string }> {
    const workspace = await this.#workspace(identity.workspace);
    await workspace.reload();
    workspace.requireSound();
    const declared = workspace.engine.agents.get(identity.agent);
    const id = newId(this.#clock());
    const info: RunInfo = { ...identity, fleet: identity.fleet ?? declared?.fleet, id, root: id, depth: 0, command, level };
    const token = randomBytes(24).toString('base64url');
    const live = new LiveRun(info, [], this.#clock());
    const opened = await this.#store.transaction(async (tx) => {
      const events = await this.#open(tx, live, token, workspace.engine.version);
      const judged = await this.#judge.before(tx, this.#situation(live, workspace), { key: 'run', event: { event: 'run.before', command } });
      events.push(...judged.events);
      return { judged, events };
    }).durable;
    this.#live.set(id, live);
    this.#publish(opened.events);
    await this.#admit(live, opened.judged);
    return { run: id, token };
  }

  /** Ends a run and, with it, whatever its children left open. Ending an ended run changes nothing. */
  async closeRun(run: string, outcome: RunOutcome, exitCode?: number, error?: string): Promise<void> {
    const live = this.#live.get(run);
    if (!live) return;
    for (const child of this.#live.values()) if (child.ancestors[0] === run) await this.closeRun(child.info.id, outcome === 'completed' ? 'failed' : outcome, undefined, 'the run that spawned it ended');
    const workspace = await this.#workspace(live.info.workspace);
    const events = await this.#store.transaction(async (tx) => {
      const at = this.#situation(live, workspace);
      const written: RunEvent[] = [];
      for (const call of await this.#calls.open(tx, run)) if (call.key !== 'run') written.push(...await this.#judge.abandon(tx, at, call.key));
      const end = endOf(live, outcome, error);
      written.push(...(await this.#judge.after(tx, at, { key: 'run', event: { event: 'run.after', outcome: end.outcome, exitCode, error: end.reason } })).events);
      await this.#runs.setState(tx, run, end.outcome, at.now, end.reason);
      written.push(...await this.#journal.append(tx, run, at.now, [{ type: 'run.state', state: end.outcome, reason: end.reason, exitCode }]));
      return written;
    }).durable;
    this.#breakers.ran(workspace.engine, live.info, outcome === 'completed', this.#clock());
    this.#publish(events);
    this.#live.delete(run);
    this.#waiting.wake((key) => key.startsWith(`${run}\n`));
  }

  /** The kill switch for one run and everything below it: new actions are refused at once, what is in flight is told to stop. */
  async kill(run: string, reason: string, by: string): Promise<void> {
    if (!this.#live.has(run)) throw this.#noRun(run);
    for (const live of this.#live.values()) {
      if (live.info.id !== run && !live.ancestors.includes(run)) continue;
      live.killed = { scope: `run ${run}`, by, reason };
      this.#tell('stop', live.info.id, `stopped by ${by}: ${reason}`);
      this.#waiting.wake((key) => key.startsWith(`${live.info.id}\n`));
    }
  }

  // Governed processes

  /** Who a token belongs to. Throws `bad-token`; a run that has ended no longer has one. */
  async hello(token: string): Promise<HelloAnswer> {
    const info = await this.#read((tx) => this.#runs.byToken(tx, sha256(token)));
    if (!info || !this.#live.has(info.id)) throw new FullarcError('bad-token', 'this token belongs to no run that is going on', 'Start the agent with `fullarc run` or from the editor.');
    const { engine, snapshot } = await this.#workspace(info.workspace);
    const entries = Object.fromEntries([...engine.agents].filter(([, agent]) => agent.entry.length).map(([name, agent]) => [name, agent.entry]));
    return { run: info.id, agent: info.agent, fleet: info.fleet, workflow: info.workflow, user: info.user, level: info.level, policies: snapshot, entries };
  }

  /** Judges a call, waiting for a person when a policy asks for one. Rejects with the signal's reason when the caller goes away; the gate stays open. */
  async before(run: string, call: Before, signal?: AbortSignal): Promise<BeforeAnswer> {
    for (;;) {
      const live = this.#running(run);
      const workspace = await this.#workspace(live.info.workspace);
      const place = this.#waiting.enter(`${run}\n${call.key}`, signal);
      try {
        const commit = this.#store.transaction(async (tx) => {
          const judged = await this.#judge.before(tx, this.#situation(live, workspace), call);
          return judged.kind === 'answer' && judged.fresh && judged.answer.go && call.event.event === 'spawn.before'
            ? this.#spawn(tx, live, workspace, call, judged) : judged;
        });
        const judged = await early(commit, (result) => result.kind === 'answer' && result.early);
        this.#publish(judged.events);
        if (judged.kind === 'answer') return judged.answer;
        this.#tell('held', run, call.key, judged.gate, judged.message);
        await place.woken;
      } finally {
        place.forget();
      }
    }
  }

  async after(run: string, call: After): Promise<AfterAnswer> {
    const live = this.#running(run);
    const workspace = await this.#workspace(live.info.workspace);
    const { answer, events } = await this.#store.transaction((tx) => this.#judge.after(tx, this.#situation(live, workspace), call)).durable;
    this.#publish(events);
    if (call.event.event === 'spawn.after') await this.#endChildOf(run, call.key, call.event.outcome);
    return answer;
  }

  async progress(run: string, key: string, outputTokens: number): Promise<string | undefined> {
    const live = this.#running(run);
    const workspace = await this.#workspace(live.info.workspace);
    return this.#store.transaction((tx) => this.#judge.progress(tx, this.#situation(live, workspace), key, outputTokens)).done;
  }

  async abandon(run: string, key: string): Promise<void> {
    const live = this.#live.get(run);
    if (!live) return;
    const workspace = await this.#workspace(live.info.workspace);
    this.#publish(await this.#store.transaction((tx) => this.#judge.abandon(tx, this.#situation(live, workspace), key)).durable);
    this.#waiting.wake((each) => each === `${run}\n${key}`);
  }

  // Gates

  /** Decides a gate; the decision is durable before anyone is told. Errors: `no-such-gate`, `gate-decided`, `not-an-approver`, `content-changed`. */
  async decide(gate: string, decision: 'approve' | 'reject', by: string, reason?: string, contentHash?: string): Promise<{ outcome: GateOutcome | 'pending'; by: string }> {
    const now = this.#clock();
    const { result, events } = await this.#store.transaction(async (tx) => {
      const before = await this.#gates.get(tx, gate);
      const result = await this.#gates.decide(tx, gate, { decision, by, reason, contentHash }, now);
      if (!before || before.decision || result.outcome === 'pending') return { result, events: [] };
      return { result, events: await this.#decided(tx, { ...before, decision: result.outcome, by, reason }, now) };
    }).durable;
    this.#publish(events);
    this.#waiting.wake(() => true);
    return result;
  }

  /** Time passes: gates expire, reservations that nobody settled are closed. Called about once a second. */
  async tick(): Promise<void> {
    const now = this.#clock();
    const events = await this.#store.transaction(async (tx) => {
      await this.#ledger.expire(tx, now);
      const written: RunEvent[] = [];
      for (const gate of await this.#gates.expired(tx, now)) written.push(...await this.#decided(tx, gate, now));
      return written;
    }).durable;
    if (!events.length) return;
    this.#publish(events);
    this.#waiting.wake(() => true);
  }

  // Views

  listRuns(filter: { workspace?: string; limit?: number }): Promise<RunSummary[]> {
    return this.#read((tx) => this.#runs.list(tx, filter));
  }

  async eventsOf(run: string): Promise<RunEvent[]> {
    const events = await this.#read((tx) => this.#journal.tree(tx, run));
    if (!events.length) throw this.#noRun(run);
    return events;
  }

  listGates(filter: { workspace?: string; all?: boolean }): Promise<GateDetails[]> {
    return this.#read((tx) => this.#gates.list(tx, filter));
  }

  /** Checks the chains, one run at a time so that nothing else waits for the whole. */
  async verify(run?: string): Promise<Verification> {
    const runs = run === undefined ? (await this.#read((tx) => this.#runs.list(tx, { limit: Number.MAX_SAFE_INTEGER }))).map((each) => each.id) : [run];
    const results = [];
    for (const each of runs) results.push(await this.#read((tx) => this.#journal.verify(tx, each)));
    return { runs: results.length, events: results.reduce((sum, each) => sum + each.events, 0), broken: results.flatMap((each) => each.broken) };
  }

  async policies(folder: string, reload = false): Promise<PolicyStatus> {
    const workspace = await this.#workspace(folder);
    if (reload) await workspace.reload();
    return workspace.status();
  }

  async close(): Promise<void> {
    for (const workspace of this.#workspaces.values()) (await workspace).close();
    await this.#store.close();
  }

  // Inside

  async #restore(tx: Tx): Promise<void> {
    const known = await this.#runs.list(tx, { limit: RESTORED_OUTCOMES });
    for (const summary of known.reverse()) if (summary.endedAt !== undefined) this.#breakers.restore(summary, summary.state === 'completed', summary.endedAt);
    for (const summary of await this.#runs.unfinished(tx)) {
      const ancestors: string[] = [];
      for (let parent = summary.parent; parent; parent = (await this.#runs.get(tx, parent))?.parent) ancestors.push(parent);
      const live = new LiveRun(summary, ancestors, summary.startedAt);
      const marks = (await this.#calls.marks(tx, summary.id)).map((mark) => JSON.parse(mark) as CallMark);
      live.restore((await this.#journal.tree(tx, summary.id)).filter((event) => event.run === summary.id), marks);
      this.#live.set(summary.id, live);
    }
  }

  async #open(tx: Tx, live: LiveRun, token: string, policyVersion: string, spawnedBy?: string): Promise<RunEvent[]> {
    await this.#runs.open(tx, live.info, sha256(token), live.startedAt);
    const facts: RunFact[] = [{ type: 'run.opened', info: live.info, policyVersion, spawnedBy }, { type: 'run.state', state: 'running' }];
    await this.#runs.setState(tx, live.info.id, 'running', live.startedAt);
    return this.#journal.append(tx, live.info.id, live.startedAt, facts);
  }

  /** A run whose start a policy refuses ends at once; one that needs a person waits like any other call, in the first thing that is asked. */
  async #admit(live: LiveRun, judged: Awaited<ReturnType<Judge['before']>>): Promise<void> {
    const answer = judged.kind === 'answer' ? judged.answer : await this.before(live.info.id, { key: 'run', event: { event: 'run.before', command: live.info.command } });
    if (answer.go) return;
    await this.closeRun(live.info.id, 'blocked', undefined, answer.message);
    throw new FullarcError('run-refused', `the run may not start: ${answer.message}`, `See \`fullarc explain ${live.info.id}\` for the policy and what it compared.`);
  }

  async #spawn(tx: Tx, parent: LiveRun, workspace: Workspace, call: Before, judged: Extract<Awaited<ReturnType<Judge['before']>>, { kind: 'answer' }>) {
    if (call.event.event !== 'spawn.before' || !judged.answer.go) return judged;
    const now = this.#clock();
    const { agent, command } = call.event;
    const id = newId(now);
    const info: RunInfo = { ...parent.info, id, parent: parent.info.id, depth: parent.info.depth + 1, agent, fleet: workspace.engine.agents.get(agent)?.fleet ?? parent.info.fleet, command };
    const token = randomBytes(24).toString('base64url');
    const child = new LiveRun(info, [parent.info.id, ...parent.ancestors], now);
    const events = await this.#open(tx, child, token, workspace.engine.version, judged.node);
    const started = await this.#judge.before(tx, this.#situation(child, workspace), { key: 'run', event: { event: 'run.before', command } });
    const answer: BeforeAnswer = { ...judged.answer, child: { run: id, token } };
    await this.#calls.update(tx, parent.info.id, call.key, { answer: JSON.stringify(answer) });
    this.#live.set(id, child);
    return { ...judged, answer, events: [...judged.events, ...events, ...started.events] };
  }

  async #endChildOf(parent: string, key: string, outcome: RunOutcome): Promise<void> {
    const row = await this.#read((tx) => this.#calls.find(tx, parent, key));
    const answer = row?.answer ? JSON.parse(row.answer) as BeforeAnswer : undefined;
    if (answer?.go && answer.child) await this.closeRun(answer.child.run, outcome);
  }

  async #decided(tx: Tx, gate: { id: string; run: string; node: string; decision?: GateOutcome; by?: string; reason?: string }, now: number): Promise<RunEvent[]> {
    await this.#runs.add(tx, gate.run, { openGates: -1 });
    return this.#journal.append(tx, gate.run, now, [{ type: 'gate.decided', node: gate.node, gate: gate.id, decision: gate.decision ?? 'expired-block', by: gate.by ?? 'time', reason: gate.reason }]);
  }

  #workspace(folder: string): Promise<Workspace> {
    let workspace = this.#workspaces.get(folder);
    if (!workspace) {
      workspace = openWorkspace(folder, (changed, swapped) => void this.#changed(changed, swapped));
      workspace.catch(() => this.#workspaces.delete(folder));
      this.#workspaces.set(folder, workspace);
    }
    return workspace;
  }

  /** New policies: running agents meet them at their next event, and calls that wait are judged again. */
  async #changed(workspace: Workspace, swapped: { from: string; to: string } | undefined): Promise<void> {
    this.#tell('policies', workspace.status());
    if (!swapped) return;
    this.#tell('swapped', workspace.folder);
    this.#waiting.wake(() => true);
    const roots = [...this.#live.values()].filter((live) => live.info.workspace === workspace.folder && live.info.depth === 0);
    if (!roots.length) return;
    const events = await this.#store.transaction(async (tx) => {
      const written = [];
      for (const live of roots) written.push(...await this.#journal.append(tx, live.info.id, this.#clock(), [{ type: 'policy.changed', ...swapped }]));
      return written;
    }).durable;
    this.#publish(events);
  }

  #situation(live: LiveRun, workspace: Workspace): Situation {
    const now = this.#clock();
    return { live, engine: workspace.engine, breakers: this.#breakers.states(workspace.engine, live, now), now };
  }

  #running(run: string): LiveRun {
    const live = this.#live.get(run);
    if (!live) throw new FullarcError('run-ended', `the run ${run} has ended`, 'Start a new run.');
    return live;
  }

  #noRun(run: string): FullarcError {
    return new FullarcError('no-such-run', `there is no run ${run}`, '`fullarc runs` lists the runs that are known here.');
  }

  #read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#store.transaction(work).done;
  }

  #publish(events: readonly RunEvent[]): void {
    for (const event of events) {
      const workspace = this.#live.get(event.run)?.info.workspace ?? (event.type === 'run.opened' ? event.info.workspace : '');
      this.#tell('event', event, workspace);
    }
  }

  #tell<K extends keyof GovernorEvents>(what: K, ...args: Parameters<GovernorEvents[K]>): void {
    for (const listener of this.#listeners) (listener[what] as ((...each: Parameters<GovernorEvents[K]>) => void) | undefined)?.(...args);
  }
}

/** How a run really ended: one that failed on a refusal was blocked, one that was stopped was killed, whatever its process says. */
function endOf(live: LiveRun, outcome: RunOutcome, error: string | undefined): { readonly outcome: RunOutcome; readonly reason?: string } {
  if (live.killed) return { outcome: 'killed', reason: `stopped by ${live.killed.by}: ${live.killed.reason}` };
  if (outcome === 'failed' && live.refusal) return { outcome: 'blocked', reason: live.refusal };
  return { outcome, reason: error };
}

/** The result as soon as it may leave: at once when nothing is lost by it, else when it is on disk. */
async function early<T>(commit: Commit<T>, may: (result: T) => boolean): Promise<T> {
  const result = await commit.done;
  return may(result) ? result : commit.durable;
}

/** An id that sorts by time: 48 bits of milliseconds and 40 random bits, in base 32. */
export function newId(now: number): string {
  const bits = (BigInt(now) << 40n) | BigInt(`0x${randomBytes(5).toString('hex')}`);
  return bits.toString(32).padStart(18, '0');
}


