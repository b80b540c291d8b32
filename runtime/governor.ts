// The governor: composes policies, engine, ledger, gates and journal over one store, and is the only one that writes to it.

import { randomBytes } from 'node:crypto';
import type { ActionEvent, RunOutcome } from '../protocol/action.ts';
import type { After, AfterAnswer, Before, BeforeAnswer, HelloAnswer } from '../protocol/agent-wire.ts';
import { FullarcError, type GateDetails, type LaunchIdentity, type PolicyStatus } from '../protocol/control.ts';
import { type GateOutcome, type Level, type RunEvent, type RunFact, type RunInfo, type RunSummary } from '../protocol/run-graph.ts';
import { runDeadline } from './action-bounds.ts';
import { Alerts } from './alerts.ts';
import { Breakers } from './breakers.ts';
import { Calls } from './calls.ts';
import { Gates } from './gates.ts';
import { type GovernorEvents, Watchers } from './governor-events.ts';
import type { GovernorOptions, OpenedRun } from './governor-options.ts';
import { Journal, type Verification } from './journal.ts';
import { Judge, RUN_KEY } from './judge.ts';
import { Ledger } from './ledger.ts';
import { endOf, identityFacts, LiveRun, newId, sha256, stopReason } from './live-run.ts';
import { Incidents } from './incidents.ts';
import { LiveRuns } from './live-runs.ts';
import { MemoryItems } from './memory-items.ts';
import { noRun, startRefused, unknownAgent } from './refusals.ts';
import { Retention } from './retention.ts';
import type { Engine } from './policy/api.ts';
import { Recordings } from './recordings.ts';
import { Runs } from './runs.ts';
import { policyScrub } from './scrub.ts';
import type { Scrub } from './shown.ts';
import { Spending, type Situation } from './spending.ts';
import type { Store, Tx } from './store/store.ts';
import { WaitingRoom } from './waiting-room.ts';
import { Windows } from './windows.ts';
import { Lifecycle } from './versions-lifecycle.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

export type { GovernorOptions, OpenedRun } from './governor-options.ts';

export class Governor {
  /** Versions of policies: their record, and how they are changed. */
  readonly lifecycle: Lifecycle;
  readonly recordings: Recordings;
  readonly #store: Store;
  readonly #clock: () => number;
  readonly #runs = new Runs();
  readonly #journal = new Journal();
  readonly #gates = new Gates();
  readonly #calls = new Calls();
  readonly #ledger = new Ledger();
  readonly #breakers = new Breakers();
  readonly #windows = new Windows();
  readonly #memory = new MemoryItems();
  readonly #retention = new Retention();
  readonly #alerts: Alerts;
  readonly #judge: Judge;
  readonly #scrub: Scrub;
  readonly #live: LiveRuns;
  readonly #workspaces = new Map<string, Promise<Workspace>>();
  readonly #waiting = new WaitingRoom();
  readonly #watchers = new Watchers();

  private constructor(options: GovernorOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#scrub = options.scrub;
    this.lifecycle = new Lifecycle({ store: this.#store, clock: this.#clock, workspace: (folder) => this.#workspace(folder), trouble: (what, error) => this.#watchers.trouble(what, error) });
    this.#alerts = new Alerts({ store: this.#store, clock: this.#clock, scrub: this.#scrub, env: process.env, trouble: (message) => this.#watchers.tell('trouble', message) });
    this.recordings = new Recordings(this.#store);
    this.#judge = new Judge({ runs: this.#runs, journal: this.#journal, gates: this.#gates, calls: this.#calls, spending: new Spending(this.#ledger), windows: this.#windows, memory: this.#memory, incidents: new Incidents(this.#alerts), recordings: this.recordings, scrub: options.scrub });
    this.#live = new LiveRuns({ store: this.#store, clock: this.#clock, runs: this.#runs, journal: this.#journal, calls: this.#calls, breakers: this.#breakers, windows: this.#windows, memories: this.#memory, workspace: (folder) => this.#workspace(folder) });
  }

  /** Opens the governor and brings back the runs that were going on when the last one ended. */
  static async open(options: GovernorOptions): Promise<Governor> {
    const governor = new Governor(options);
    await governor.#store.transaction((tx) => governor.#live.restore(tx)).durable;
    governor.#alerts.start();
    return governor;
  }

  listen(listener: Partial<GovernorEvents>): () => void {
    return this.#watchers.listen(listener);
  }

  /** Root runs that are going on. While there is one, the governor must not leave. */
  get roots(): readonly string[] {
    return this.#live.roots().map((live) => live.info.id);
  }

  workspaceOf(run: string): string | undefined {
    return this.#live.get(run)?.info.workspace;
  }

  /** Why a run that is going on was stopped; undefined for one that was not. */
  stopOf(run: string): string | undefined {
    const killed = this.#live.get(run)?.killed;
    return killed && stopReason(killed);
  }

  /** The run and all below it that go on. */
  treeOf(run: string): readonly string[] {
    return this.#live.tree(run).map((live) => live.info.id);
  }

  // Runs

  /**
   * Opens a root run. Throws `policy-errors` when the workspace's policies do not compile, `agent-unknown` for an agent that they do not declare, and `run-refused` when one of them
   * refuses the start. A start that a person has to approve is open: it waits where its first `before` asks, under the key `run`. A repeat with the same `token` meets the same run.
   */
  async openRun(identity: LaunchIdentity, command: readonly string[], level: Level, token = randomBytes(24).toString('base64url')): Promise<OpenedRun> {
    const known = await this.#read((tx) => this.#runs.byToken(tx, sha256(token)));
    if (known) return this.#live.get(known.id) ? { run: known.id, token } : Promise.reject(startRefused(known.id, 'it has ended'));
    const workspace = await this.#workspace(identity.workspace);
    await workspace.reload();
    workspace.requireSound();
    const declared = workspace.engine.agents.get(identity.agent);
    if (!declared && workspace.engine.agents.size) throw unknownAgent(identity.agent, workspace.engine.agents.keys());
    const id = newId(this.#clock());
    const info = this.#told({ ...identity, fleet: identity.fleet ?? declared?.fleet, id, root: id, depth: 0, command, level }, workspace.engine);
    const live = new LiveRun(info, [], this.#clock());
    const opened = await this.#store.transaction(async (tx) => {
      const events = await this.#open(tx, live, token, workspace.engine.version);
      const judged = await this.#judge.before(tx, this.#live.situation(live, workspace), startOf(command));
      events.push(...judged.events);
      return { judged, events };
    }).durable;
    this.#live.add(live);
    this.#publish(opened.events);
    const { judged } = opened;
    if (judged.kind === 'answer' && !judged.answer.go) {
      await this.closeRun(id, 'blocked', undefined, judged.answer.message);
      throw startRefused(id, judged.answer.message);
    }
    return { run: id, token, ...(!workspace.engine.policies.length && { warning: `no policy governs ${identity.workspace}: what the agent does is recorded, and nothing is held back` }) };
  }

  /** Ends a run and, with it, whatever its children left open. Ending an ended run changes nothing. */
  async closeRun(run: string, outcome: RunOutcome, exitCode?: number, error?: string): Promise<void> {
    await this.#live.end(run, async (live) => {
      const children = this.#live.all().filter((child) => child.ancestors[0] === run);
      await Promise.all(children.map((child) => this.closeRun(child.info.id, outcome === 'completed' ? 'failed' : outcome, undefined, PARENT_ENDED)));
      const workspace = await this.#workspace(live.info.workspace);
      const end = endOf(live, outcome, error && this.#scrub(error));
      const events = await this.#live.counting(live, async (tx) => {
        const at = this.#live.situation(live, workspace);
        if (!await this.#runs.setState(tx, run, end.outcome, at.now, end.reason)) return [];
        await this.#retention.keep(tx, workspace.engine, live.info, at.now);
        await this.#memory.ended(tx, live.info, workspace.engine.memory(identityFacts(live.info, at.now)), at.now);
        const left = await this.#judge.close(tx, at, { event: 'run.after', outcome: end.outcome, exitCode, error: end.reason });
        return [...left, ...await this.#journal.append(tx, run, at.now, [{ type: 'run.state', state: end.outcome, reason: end.reason, exitCode }])];
      });
      this.#publish(events);
      this.#breakers.ran(workspace.engine, live.info, { state: end.outcome, steps: live.steps, at: this.#clock() });
      this.#watchers.tell('closed', run);
    });
    this.#waiting.wake((place) => place.startsWith(`${run}\n`));
  }

  /** The kill switch for one run and everything below it: new actions are refused and what is in flight is told to stop at once, also when it cannot be put on record. */
  async kill(run: string, reason: string, by: string): Promise<void> {
    if (!this.#live.get(run)) throw noRun(run);
    const killed = { scope: `run ${run}`, by, reason: this.#scrub(reason) };
    const stopped = this.#live.tree(run);
    for (const live of stopped) {
      live.killed ??= killed;
      this.#watchers.tell('stop', live.info.id, stopReason(killed));
      this.#waiting.wake((key) => key.startsWith(`${live.info.id}\n`));
    }
    await this.#store.transaction(async (tx) => {
      for (const live of stopped) await this.#runs.setStop(tx, live.info.id, killed);
    }).durable;
  }

  // Governed processes

  /** Who a token belongs to. Throws `bad-token`; a run that has ended no longer has one. */
  async hello(token: string): Promise<HelloAnswer> {
    const info = await this.#read((tx) => this.#runs.byToken(tx, sha256(token)));
    if (!info || !this.#live.get(info.id)) throw new FullarcError('bad-token', 'this token belongs to no run that is going on', 'Start the agent with `fullarc run` or from the editor.');
    const { engine, snapshot } = await this.#workspace(info.workspace);
    const entries = Object.fromEntries([...engine.agents].filter(([, agent]) => agent.entry.length).map(([name, agent]) => [name, agent.entry]));
    return { run: info.id, agent: info.agent, fleet: info.fleet, workflow: info.workflow, user: info.user, level: info.level, policies: snapshot, entries };
  }

  /** Judges a call, waiting for a person when a policy asks for one. Rejects with the signal's reason when the caller goes away; the gate stays open. */
  async before(run: string, call: Before, signal?: AbortSignal, plane?: string): Promise<BeforeAnswer> {
    for (;;) {
      const place = this.#waiting.enter(placeOf({ run, key: call.key }), signal);
      try {
        let child: LiveRun | undefined;
        const judged = await this.#live.judging(run, async (tx, at) => {
          const judged = await this.#judge.before(tx, at, call);
          if (call.event.event !== 'spawn.before' || judged.kind !== 'answer' || !judged.fresh || !judged.answer.go) return judged;
          const spawned = await this.#spawn(tx, at, call.key, call.event, judged.node);
          child = spawned.child;
          return { ...judged, answer: { ...judged.answer, child: spawned.identity }, events: [...judged.events, ...spawned.events] };
        }, plane);
        if (child) this.#adopt(run, child);
        this.#publish(judged.events);
        if (judged.kind === 'answer') return judged.answer.go ? await this.#admitChild(run, call, judged.answer, signal) : judged.answer;
        this.#watchers.tell('held', run, call.key, judged.gate, judged.message);
        await place.woken;
      } finally {
        place.forget();
      }
    }
  }

  async after(run: string, call: After, plane?: string): Promise<AfterAnswer> {
    const { answer, events } = await this.#live.judging(run, (tx, at) => this.#judge.after(tx, at, call), plane);
    this.#publish(events);
    if (call.event.event === 'spawn.after') await this.#endChildOf(run, call.key, call.event.outcome);
    return answer;
  }

  progress(run: string, key: string, outputTokens: number): Promise<string | undefined> {
    return this.#live.judging(run, (tx, at) => this.#judge.progress(tx, at, key, outputTokens));
  }

  async abandon(run: string, key: string): Promise<void> {
    if (!this.#live.get(run)) return;
    this.#publish(await this.#live.judging(run, (tx, at) => this.#judge.abandon(tx, at, key, 'not-sent')));
    this.#waiting.wake((place) => place === placeOf({ run, key }));
    await this.#endChildOf(run, key, 'failed');
  }

  // Gates

  /** Decides a gate; the decision is durable before anyone is told. Errors: `no-such-gate`, `gate-decided`, `not-an-approver`, `content-changed`. */
  async decide(gate: string, decision: 'approve' | 'reject', by: string, reason?: string, contentHash?: string): Promise<{ outcome: GateOutcome | 'pending'; by: string }> {
    const now = this.#clock();
    const why = reason === undefined ? undefined : this.#scrub(reason);
    const { result, events, call } = await this.#store.transaction(async (tx) => {
      const before = await this.#gates.get(tx, gate);
      const result = await this.#gates.decide(tx, gate, { decision, by, reason: why, contentHash }, now);
      if (!before || before.decision || result.outcome === 'pending') return { result, events: [] };
      return { result, call: placeOf(before), events: await this.#decided(tx, { ...before, decision: result.outcome, by: result.by, reason: why }, now) };
    }).durable;
    this.#publish(events);
    this.#waiting.wake((place) => place === call);
    return result;
  }

  /** Time passes: runs and gates come to their deadlines, reservations that nobody settled are closed, old records are removed. Called about once a second. */
  async tick(): Promise<void> {
    const now = this.#clock();
    for (const live of this.#live.all()) {
      const deadline = live.killed ? undefined : runDeadline((await this.#workspace(live.info.workspace)).engine.limits(identityFacts(live.info, now)));
      if (deadline && now - live.startedAt >= deadline.timeoutMs) await this.kill(live.info.id, deadline.reason, 'its time limit');
    }
    const { gates, events } = await this.#store.transaction(async (tx) => {
      await this.#ledger.expire(tx, now);
      await this.#retention.pass(tx, now);
      const gates = await this.#gates.expired(tx, now);
      const events: RunEvent[] = [];
      for (const gate of gates) events.push(...await this.#decided(tx, gate, now));
      return { gates, events };
    }).durable;
    this.#publish(events);
    const calls = new Set(gates.map(placeOf));
    this.#waiting.wake((place) => calls.has(place));
  }

  listRuns(filter: { workspace?: string; limit?: number }): Promise<RunSummary[]> {
    return this.#read((tx) => this.#runs.list(tx, filter));
  }

  async eventsOf(run: string): Promise<RunEvent[]> {
    const events = await this.#read((tx) => this.#journal.tree(tx, run));
    if (!events.length) throw noRun(run);
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
    await this.#alerts.close();
    for (const workspace of this.#workspaces.values()) (await workspace).close();
    await this.#store.close();
  }

  async #open(tx: Tx, live: LiveRun, token: string, policyVersion: string, spawnedBy?: string): Promise<RunEvent[]> {
    await this.#runs.open(tx, live.info, sha256(token), live.startedAt);
    const facts: RunFact[] = [{ type: 'run.opened', info: live.info, policyVersion, spawnedBy }, { type: 'run.state', state: 'running' }];
    await this.#runs.setState(tx, live.info.id, 'running', live.startedAt);
    return this.#journal.append(tx, live.info.id, live.startedAt, facts);
  }

  /** Opens the run of a child in the transaction that lets it start. Its own start is judged as well; `#admitChild` waits for what comes of it. */
  async #spawn(tx: Tx, { live: parent, engine, now }: Situation, key: string, { agent, command }: ActionEvent & { event: 'spawn.before' }, node: string) {
    const declared = engine.agents.get(agent);
    if (!declared) throw unknownAgent(agent, engine.agents.keys());
    const id = newId(now);
    const info = this.#told({ ...parent.info, id, parent: parent.info.id, depth: parent.info.depth + 1, agent, fleet: declared.fleet ?? parent.info.fleet, command }, engine);
    const identity = { run: id, token: randomBytes(24).toString('base64url') };
    const child = new LiveRun(info, [parent.info.id, ...parent.ancestors], now);
    const events = await this.#open(tx, child, identity.token, engine.version, node);
    const started = await this.#judge.before(tx, this.#live.situation(child, { engine }), startOf(command));
    await this.#calls.update(tx, parent.info.id, key, { answer: JSON.stringify({ go: true, redactions: [], child: identity } satisfies BeforeAnswer) });
    return { child, identity, events: [...events, ...started.events] };
  }

  /** What may be known of a run: its command line may hold what may not. */
  #told(info: RunInfo, engine: Engine): RunInfo {
    return { ...info, command: info.command.map(policyScrub(engine, identityFacts(info, this.#clock()), this.#scrub)) };
  }

  /** A child is a run from the moment it is on disk; what befell its parent meanwhile befalls it too. */
  #adopt(parent: string, child: LiveRun): void {
    this.#live.add(child);
    child.killed = this.#live.get(parent)?.killed;
    if (this.#live.goesOn(parent)) return;
    this.closeRun(child.info.id, 'failed', undefined, PARENT_ENDED).catch((error: unknown) => this.#watchers.trouble('a child of an ended run could not be closed', error));
  }

  /** Lets a child start once its own start was allowed, by a person if need be; otherwise its parent is refused, and the child ends before it began. */
  async #admitChild(parent: string, { key, event }: Before, allowed: BeforeAnswer & { go: true }, signal: AbortSignal | undefined): Promise<BeforeAnswer> {
    const child = allowed.child?.run;
    if (child === undefined || event.event !== 'spawn.before') return allowed;
    const start = await this.before(child, startOf(event.command), signal);
    if (start.go) return allowed;
    await this.closeRun(child, 'blocked', undefined, start.message);
    this.#publish(await this.#live.judging(parent, (tx, at) => this.#judge.refuse(tx, at, key, start)));
    return start;
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
      workspace = this.lifecycle.recordOf(folder).then((record) => openWorkspace(folder, (changed, swapped) => void this.#changed(changed, swapped).catch((error: unknown) => this.#watchers.trouble('a change of policies is in force, but not on record', error)),
        () => this.#live.all().some((live) => live.info.workspace === folder), record));
      workspace.catch(() => this.#workspaces.delete(folder));
      this.#workspaces.set(folder, workspace);
    }
    return workspace;
  }

  /** New policies: running agents meet them at their next event, and calls that wait are judged again. */
  async #changed(workspace: Workspace, swapped: { from: string; to: string } | undefined): Promise<void> {
    this.#watchers.tell('policies', workspace.status());
    if (!swapped) return;
    this.#watchers.tell('swapped', workspace.folder, workspace.snapshot);
    this.#waiting.wake(() => true);
    const roots = this.#live.roots().filter((live) => live.info.workspace === workspace.folder);
    if (!roots.length) return;
    const events = await this.#store.transaction(async (tx) => {
      const written = [];
      for (const live of roots) written.push(...await this.#journal.append(tx, live.info.id, this.#clock(), [{ type: 'policy.changed', ...swapped }]));
      return written;
    }).durable;
    this.#publish(events);
  }

  #read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#store.transaction(work).done;
  }

  #publish(events: readonly RunEvent[]): void {
    for (const event of events) {
      const workspace = this.#live.get(event.run)?.info.workspace ?? (event.type === 'run.opened' ? event.info.workspace : '');
      this.#watchers.tell('event', event, workspace);
    }
  }
}

/** The call that the start of a run is. */
const startOf = (command: readonly string[]): Before => ({ key: RUN_KEY, event: { event: 'run.before', command } });

/** Where a call waits. */
const placeOf = ({ run, key }: { readonly run: string; readonly key: string }): string => `${run}\n${key}`;

const PARENT_ENDED = 'the run that spawned it ended';
