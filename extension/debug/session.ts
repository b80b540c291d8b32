// A debug session of one governed tree of runs: threads are live agents, the console carries their output and what governance did to them.

import { isAbsolute, join } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import { FullarcError } from '../../protocol/control.ts';
import { ended, type RunEvent, type RunInfo, type RunState } from '../../protocol/run-graph.ts';
import { followTree } from '../feed.ts';
import type { Governor } from '../governor.ts';
import type { Package } from '../processes.ts';
import { currentUser } from '../settings.ts';
import { visible } from '../text.ts';
import type { GovernedLaunch } from './configuration.ts';
import { governanceLine } from './governance-lines.ts';
import { launch, type Launched } from './launch.ts';

export interface SessionParts {
  readonly own: Package;
  readonly governor: Governor;
  /** A run was opened by this session, or taken up by it. */
  onRun(run: string, config: vscode.DebugConfiguration): void;
  onEnd(run: string): void;
}

type Respond = (body?: object) => void;

export class GovernedSession implements vscode.DebugAdapter {
  readonly #parts: SessionParts;
  readonly #session: vscode.DebugSession;
  readonly #messages = new vscode.EventEmitter<vscode.DebugProtocolMessage>();
  readonly #subscriptions: vscode.Disposable[] = [];
  /** Runs of the tree in the order they appeared; a thread's id is its place, from 1. */
  readonly #runs = new Map<string, { readonly info: RunInfo; readonly thread: number; state: RunState }>();
  readonly #actions = new Map<string, string>();
  readonly #seen = new Map<string, number>();
  #sequence = 0;
  #root = '';
  #workspace = '';
  #launched: Launched | undefined;
  #over = false;
  readonly onDidSendMessage = this.#messages.event;

  constructor(parts: SessionParts, session: vscode.DebugSession) {
    this.#parts = parts;
    this.#session = session;
  }

  handleMessage(message: vscode.DebugProtocolMessage): void {
    const request = message as DebugProtocol.Request;
    if (request.type !== 'request') return;
    const respond: Respond = (body) => this.#send({ type: 'response', request_seq: request.seq, command: request.command, success: true, ...(body ? { body } : {}) });
    const handler = this.#handlers[request.command];
    if (!handler) return this.#refuse(request, vscode.l10n.t('A governed agent has no "{0}": it can be held only at a gate.', request.command));
    Promise.resolve(handler(respond, request.arguments ?? {})).catch((error: unknown) => this.#refuse(request, explained(error)));
  }

  dispose(): void {
    for (const each of this.#subscriptions) each.dispose();
    this.#messages.dispose();
  }

  readonly #handlers: Readonly<Record<string, (respond: Respond, args: Record<string, unknown>) => void | Promise<void>>> = {
    initialize: (respond) => {
      respond({ supportsConfigurationDoneRequest: true, supportsTerminateRequest: true, supportTerminateDebuggee: true } satisfies DebugProtocol.Capabilities);
      this.#event('initialized');
    },
    launch: async (respond, args) => {
      const config = args as unknown as GovernedLaunch;
      this.#workspace = workspaceOf(this.#session);
      this.#launched = await launch(this.#parts.own, { ...config, user: config.user ?? currentUser() }, this.#workspace);
      respond();
      this.#begin(this.#launched.run, true);
    },
    attach: async (respond, args) => {
      this.#workspace = workspaceOf(this.#session);
      const run = String(args['run']);
      await this.#parts.governor.request('runs.events', { run }); // refuses an unknown run before the session is there
      respond();
      this.#begin(run, false);
    },
    configurationDone: (respond) => respond(),
    setBreakpoints: (respond, args) => respond({ breakpoints: ((args['breakpoints'] as unknown[]) ?? []).map(() => ({ verified: false, message: vscode.l10n.t('Agents are held by policies: use a policy with "on_violation: gate".') })) }),
    setFunctionBreakpoints: (respond) => respond({ breakpoints: [] }),
    setExceptionBreakpoints: (respond) => respond({ breakpoints: [] }),
    threads: (respond) => respond({ threads: this.#threads() }),
    terminate: async (respond) => {
      await this.#kill();
      respond();
    },
    /** Leaves the agent running, governed as before, unless VS Code says otherwise. */
    disconnect: async (respond, args) => {
      if (args['terminateDebuggee'] === true) await this.#kill();
      respond();
    },
  };

  /** `all` also tells what happened before; otherwise only what happens from now on. */
  #begin(run: string, all: boolean): void {
    this.#root = run;
    this.#event('process', { name: this.#session.configuration['agent'] ?? run, systemProcessId: this.#launched?.pid, startMethod: all ? 'launch' : 'attach' });
    this.#parts.onRun(run, this.#session.configuration);
    let tell = all;
    this.#subscriptions.push(
      this.#parts.governor.onOutput((output) => {
        if (output.run === this.#root || this.#runs.has(output.run)) this.#event('output', { category: output.stream, output: output.text });
      }),
      followTree(this.#parts.governor, run, {
        snapshot: (events) => {
          for (const event of events) this.#take(event, tell);
          tell = true;
        },
        event: (event) => this.#take(event, true),
        failed: (error) => this.#print(vscode.l10n.t('The governor cannot be reached; the agent stays governed by its runner. {0}', error.message)),
      }),
    );
    if (!all) this.#print(vscode.l10n.t('Attached to run {0}.', run));
  }

  #take(event: RunEvent, tell: boolean): void {
    if (event.seq <= (this.#seen.get(event.run) ?? -1)) return;
    this.#seen.set(event.run, event.seq);
    if (event.type === 'run.opened') this.#opened(event.info);
    if (event.type === 'action.proposed') this.#actions.set(event.node, `${event.kind} ${event.name}`);
    const line = tell ? governanceLine(event, { action: (node) => this.#actions.get(node) ?? node, agent: (run) => this.#runs.get(run)?.info.agent ?? run }) : undefined;
    if (line) this.#print(line.text, line.place && { source: { path: this.#path(line.place.file) }, line: line.place.line, column: line.place.column });
    if (event.type === 'action.ended') this.#actions.delete(event.node);
    if (event.type === 'run.state') this.#state(event.run, event.state, event.exitCode);
  }

  #opened(info: RunInfo): void {
    const thread = this.#runs.size + 1;
    this.#runs.set(info.id, { info, thread, state: 'pending' });
    this.#event('thread', { reason: 'started', threadId: thread });
  }

  #state(run: string, state: RunState, exitCode: number | undefined): void {
    const known = this.#runs.get(run);
    if (!known || ended(known.state)) return;
    known.state = state;
    if (!ended(state)) return;
    this.#event('thread', { reason: 'exited', threadId: known.thread });
    if (run === this.#root) void this.#finish(state, exitCode);
  }

  /** The exit code is the agent's own where it is known: from the record, or from the runner that this window started. */
  async #finish(state: RunState, recorded: number | undefined): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    const exitCode = recorded ?? (await this.#launched?.exited) ?? (state === 'completed' ? 0 : 1);
    this.#parts.onEnd(this.#root);
    this.#print(state === 'completed' ? vscode.l10n.t('The agent ended with exit code {0}.', exitCode) : vscode.l10n.t('The agent was ended: {0}, exit code {1}.', state, exitCode));
    this.#event('exited', { exitCode });
    this.#event('terminated');
  }

  /** The end itself is told by the run's last event. */
  async #kill(): Promise<void> {
    if (this.#root && !this.#over) await this.#parts.governor.request('runs.kill', { run: this.#root, reason: vscode.l10n.t('stopped in the editor'), by: currentUser() });
  }

  #threads(): readonly DebugProtocol.Thread[] {
    const live = [...this.#runs.values()].filter((run) => !ended(run.state));
    return live.map(({ info, thread }) => ({ id: thread, name: `${info.agent}${thread > 1 ? ` #${thread}` : ''}` }));
  }

  #path(file: string): string {
    return isAbsolute(file) ? file : join(this.#workspace, file);
  }

  #print(text: string, place: object = {}): void {
    this.#event('output', { category: 'console', output: `${visible(text)}\n`, ...place });
  }

  #event(event: string, body?: object): void {
    this.#send({ type: 'event', event, ...(body ? { body } : {}) });
  }

  #refuse(request: DebugProtocol.Request, message: string): void {
    this.#send({ type: 'response', request_seq: request.seq, command: request.command, success: false, message, body: { error: { id: 1, format: message.replaceAll(/[{}]/g, ''), showUser: true } } });
  }

  #send(message: object): void {
    this.#messages.fire({ ...message, seq: ++this.#sequence } as vscode.DebugProtocolMessage);
  }
}

/** The folder whose policies govern this session. */
export function workspaceOf(session: Pick<vscode.DebugSession, 'workspaceFolder' | 'configuration'>): string {
  const folder = (session.configuration['workspace'] as string | undefined) ?? session.workspaceFolder?.uri.fsPath ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (!folder) throw new FullarcError('bad-command', vscode.l10n.t('No folder is open, so there are no policies to govern by.'), vscode.l10n.t('Open the folder of the agent and start again.'));
  return folder;
}

const explained = (error: unknown): string => (error instanceof FullarcError ? `${error.message} ${error.remedy}`.trim() : (error as Error).message);
