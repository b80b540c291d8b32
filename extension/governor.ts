// The editor's line to the governor: starts one when there is none, connects, and turns what it says into events.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { FullarcError, type ControlNotifications, type ControlRequests, type PolicyStatus, type ProcessOutput } from '../protocol/control.ts';
import type { RunEvent } from '../protocol/run-graph.ts';
import { connectControl, type WireClient, type WireState } from '../runtime/wire/client.ts';
import { controlTokenPath, home, socketPath } from '../runtime/wire/paths.ts';
import { startCli, type Package } from './processes.ts';
import { homeEnvironment } from './settings.ts';

type Method = Exclude<keyof ControlRequests, 'hello'>;
export type Connection = 'off' | 'connecting' | 'connected' | 'lost';

/** A governor opens its socket within a fraction of a second; this long on a machine under load. */
const STARTS_WITHIN_MS = 10_000;
/** How long a person is left waiting for an answer before they are told that there is none. */
const ANSWERS_WITHIN_MS = 15_000;

export class Governor implements vscode.Disposable {
  readonly #package: Package;
  readonly #log: vscode.LogOutputChannel;
  readonly #events = new vscode.EventEmitter<RunEvent>();
  readonly #output = new vscode.EventEmitter<ProcessOutput>();
  readonly #policies = new vscode.EventEmitter<PolicyStatus>();
  readonly #states = new vscode.EventEmitter<Connection>();
  readonly onEvent = this.#events.event;
  readonly onOutput = this.#output.event;
  readonly onPolicies = this.#policies.event;
  /** `connected` is said after every reconnection: what was watched must be watched again. */
  readonly onState = this.#states.event;
  #client: Promise<WireClient<ControlRequests>> | undefined;
  #state: Connection = 'off';
  #failure: FullarcError | undefined;
  #disposed = false;

  constructor(own: Package, log: vscode.LogOutputChannel) {
    this.#package = own;
    this.#log = log;
  }

  get state(): Connection {
    return this.#state;
  }

  /** True when a governor is running already; starts nothing. */
  running(): Promise<boolean> {
    return accepts(socketPath(home(homeEnvironment())));
  }

  /** Connects, starting the governor when there is none. Rejects with a reason for people; a later call tries again. */
  connect(): Promise<WireClient<ControlRequests>> {
    if (!vscode.workspace.isTrusted) return Promise.reject(new FullarcError('unreachable', vscode.l10n.t('The governor is not started in Restricted Mode.'), vscode.l10n.t('Trust this workspace first.')));
    this.#client ??= this.#open().catch((error: unknown) => {
      this.#client = undefined;
      this.#enter('off');
      throw error;
    });
    return this.#client;
  }

  /** Asks the governor. Waits through its restarts, but not for ever: rejects with `unreachable` and why. */
  async request<M extends Method>(method: M, params: ControlRequests[M]['params']): Promise<ControlRequests[M]['result']> {
    const client = await this.connect();
    const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
    try {
      return await client.call(method, params, { signal });
    } catch (error) {
      if (signal.aborted) throw this.#failure ?? new FullarcError('unreachable', vscode.l10n.t('The governor did not answer within {0} seconds.', ANSWERS_WITHIN_MS / 1000), vscode.l10n.t('Run "Fullarc: Restart Governor", or see the log.'));
      throw error;
    }
  }

  /** Asks the governor to end in good order and brings up a new one; runs go on and find it again. */
  async restart(reason: string): Promise<void> {
    if (await this.running()) await this.request('shutdown', { reason });
    (await this.#client?.catch(() => undefined))?.close();
    this.#client = undefined;
    await this.connect();
  }

  dispose(): void {
    this.#disposed = true;
    void this.#client?.then((client) => client.close(), () => undefined);
    for (const emitter of [this.#events, this.#output, this.#policies, this.#states]) emitter.dispose();
  }

  async #open(): Promise<WireClient<ControlRequests>> {
    this.#enter('connecting');
    const folder = home(homeEnvironment());
    const socket = socketPath(folder);
    await this.#ensure(socket);
    const token = (await readFile(controlTokenPath(folder), 'utf8')).trim();
    const client = connectControl({
      socket, token,
      hello: { client: `vscode/${vscode.version}` },
      ensure: () => this.#ensure(socket),
      onState: (state) => this.#wireState(state),
      onNotification: {
        event: (event: ControlNotifications['event']) => this.#events.fire(event),
        'process.output': (output: ProcessOutput) => this.#output.fire(output),
        'policies.changed': (status: PolicyStatus) => this.#policies.fire(status),
      },
    });
    await client.hello();
    return client;
  }

  #wireState(state: WireState): void {
    if (this.#disposed) return;
    if (state === 'refused') this.#client = undefined; // a new governor with a new token: the next request reads it
    this.#enter(state === 'connected' ? 'connected' : state === 'connecting' ? 'connecting' : state === 'lost' ? 'lost' : 'off');
  }

  #enter(state: Connection): void {
    this.#state = state;
    this.#log.debug(`governor: ${state}`);
    if (!this.#disposed) this.#states.fire(state);
  }

  /** Returns once the socket accepts. Several windows may start one at the same time: all but one of them end at once, which is no error. */
  async #ensure(socket: string): Promise<void> {
    if (this.#disposed || await accepts(socket)) return;
    this.#failure = undefined;
    try {
      await this.#start(socket);
    } catch (error) {
      this.#failure = error as FullarcError;
      this.#log.error((error as Error).message);
      throw error;
    }
  }

  async #start(socket: string): Promise<void> {
    const { cli } = this.#package;
    if (!existsSync(cli)) throw new FullarcError('unreachable', vscode.l10n.t('The governor is missing: there is no {0}.', cli), vscode.l10n.t('Reinstall the extension; from source, run "npm run build".'));
    this.#log.info('starting the governor');
    const { child, lastWords } = startCli(this.#package, ['governor'], { stdout: 'ignore' });
    child.once('error', (error) => this.#log.error(`governor: ${error.message}`));
    child.unref();
    for (const deadline = Date.now() + STARTS_WITHIN_MS; Date.now() < deadline;) {
      if (await accepts(socket)) return;
      if (child.exitCode !== null && child.exitCode !== 0) break;
      await delay(20);
    }
    throw new FullarcError('unreachable', vscode.l10n.t('The governor did not start. {0}', lastWords()), vscode.l10n.t('See the log ("Fullarc: Show Log").'));
  }
}

/** True when somebody listens there. */
function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => { probe.destroy(); resolve(true); });
    probe.once('error', () => resolve(false));
  });
}
