// What is going on in this window's folders: runs, gates, budgets and policies, as the governor last said. An event only says that it is time to ask again.

import * as vscode from 'vscode';
import type { GateDetails, PolicyStatus } from '../protocol/control.ts';
import { ended, type Balance, type RunEvent, type RunSummary } from '../protocol/run-graph.ts';
import type { Governor } from './governor.ts';

/** Events of one busy moment lead to one question. */
const ASK_AGAIN_AFTER_MS = 100;
const NEWEST_RUNS = 200;
/** Trees whose events are read once for their budgets, when a window connects. */
const BUDGETS_OF_NEWEST = 3;

export class Live implements vscode.Disposable {
  readonly #governor: Governor;
  readonly #log: vscode.LogOutputChannel;
  readonly #disposables: vscode.Disposable[] = [];
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #gateOpened = new vscode.EventEmitter<GateDetails>();
  readonly #gateDecided = new vscode.EventEmitter<string>();
  readonly #folders = new Set<string>();
  /** Runs of these folders: the wire of a window with several folders carries those of others too. */
  readonly #ours = new Set<string>();
  readonly #balances = new Map<string, Balance>();
  readonly #policies = new Map<string, PolicyStatus>();
  #runs: readonly RunSummary[] = [];
  #gates: readonly GateDetails[] = [];
  #known = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #asking = Promise.resolve();

  /** Anything changed. At most ten times a second. */
  readonly onDidChange = this.#changed.event;
  /** A gate that this window did not know before. */
  readonly onDidOpenGate = this.#gateOpened.event;
  /** A gate (its id) that no longer waits. */
  readonly onDidDecideGate = this.#gateDecided.event;

  constructor(governor: Governor, log: vscode.LogOutputChannel) {
    this.#governor = governor;
    this.#log = log;
    for (const folder of vscode.workspace.workspaceFolders ?? []) this.#add(folder);
    this.#disposables.push(
      this.#changed, this.#gateOpened, this.#gateDecided,
      governor.onEvent((event) => this.#heard(event)),
      governor.onPolicies((status) => {
        if (!this.#folders.has(status.workspace)) return;
        this.#policies.set(status.workspace, status);
        this.#changed.fire();
      }),
      governor.onState((state) => (state === 'connected' ? void this.#watch([...this.#folders]) : this.#changed.fire())),
      vscode.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        for (const folder of removed) this.#folders.delete(folder.uri.fsPath);
        for (const folder of added) this.#add(folder);
        void this.#watch(added.map((folder) => folder.uri.fsPath));
      }),
    );
  }

  /** Newest first. */
  get runs(): readonly RunSummary[] { return this.#runs; }
  /** Those that wait, the one that expires first on top. */
  get gates(): readonly GateDetails[] { return this.#gates; }
  get balances(): readonly Balance[] { return [...this.#balances.values()]; }
  get policies(): readonly PolicyStatus[] { return [...this.#policies.values()]; }
  get folders(): readonly string[] { return [...this.#folders]; }

  run(id: string): RunSummary | undefined {
    return this.#runs.find((run) => run.id === id);
  }

  /** A run and everything it spawned. */
  tree(root: string): readonly RunSummary[] {
    return this.#runs.filter((run) => run.id === root || run.root === root);
  }

  /** Also follows a folder that is not open in this window (the demo's). */
  async follow(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    this.#folders.add(folder);
    await this.#watch([folder]);
  }

  /** Asks for everything again, now; resolves when the answers are here. */
  refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asking = this.#asking.then(() => this.#ask()).catch((error: unknown) => this.#log.warn(`state not refreshed: ${(error as Error).message}`));
    return this.#asking;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const each of this.#disposables) each.dispose();
  }

  #add(folder: vscode.WorkspaceFolder): void {
    if (folder.uri.scheme === 'file') this.#folders.add(folder.uri.fsPath);
  }

  async #watch(folders: readonly string[]): Promise<void> {
    if (this.#governor.state !== 'connected') return;
    try {
      const [only] = this.#folders;
      await this.#governor.request('watch', this.#folders.size === 1 ? { workspace: only } : {}); // one watch a connection, so that several folders take all
      const statuses = await Promise.all(folders.map((workspace) => this.#governor.request('policies.status', { workspace })));
      for (const status of statuses) this.#policies.set(status.workspace, status);
    } catch (error) {
      this.#log.warn(`not watching ${folders.join(', ')}: ${(error as Error).message}`);
    }
    await this.refresh();
    await this.#readBudgets();
  }

  #heard(event: RunEvent): void {
    if (event.type === 'run.opened' && this.#folders.has(event.info.workspace)) this.#ours.add(event.run);
    if (!this.#ours.has(event.run)) return;
    if (event.type === 'budget') this.#keep(event);
    this.#timer ??= setTimeout(() => void this.refresh(), ASK_AGAIN_AFTER_MS);
  }

  #keep({ account, unit, limit, reserved, spent, overrun }: Balance): void {
    this.#balances.set(`${account} ${unit}`, { account, unit, ...(limit === undefined ? {} : { limit }), reserved, spent, overrun });
  }

  async #ask(): Promise<void> {
    if (this.#governor.state !== 'connected') return;
    const folders = [...this.#folders];
    const [runs, gates] = await Promise.all([
      Promise.all(folders.map((workspace) => this.#governor.request('runs.list', { workspace, limit: NEWEST_RUNS }))),
      Promise.all(folders.map((workspace) => this.#governor.request('gates.list', { workspace }))),
    ]);
    this.#runs = runs.flat().sort((a, b) => b.startedAt - a.startedAt);
    for (const run of this.#runs) this.#ours.add(run.id);
    this.#tell(gates.flat().filter((gate) => !gate.decision).sort((a, b) => a.expiresAt - b.expiresAt));
    this.#changed.fire();
  }

  #tell(gates: readonly GateDetails[]): void {
    const before = this.#known;
    this.#gates = gates;
    this.#known = new Set(gates.map((gate) => gate.id));
    for (const gate of gates) if (!before.has(gate.id)) this.#gateOpened.fire(gate);
    for (const id of before) if (!this.#known.has(id)) this.#gateDecided.fire(id);
  }

  async #readBudgets(): Promise<void> {
    const roots = this.#runs.filter((run) => run.id === run.root);
    const worth = [...roots.filter((run) => !ended(run.state)), ...roots].slice(0, BUDGETS_OF_NEWEST);
    for (const run of [...new Set(worth)].reverse()) {
      for (const event of await this.#governor.request('runs.events', { run: run.id })) if (event.type === 'budget') this.#keep(event);
    }
    this.#changed.fire();
  }
}
