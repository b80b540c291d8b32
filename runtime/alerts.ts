// Alerts: recorded incidents that policies want someone told of, delivered to webhooks at least once each, without anyone waiting for it.

import { randomUUID } from 'node:crypto';
import type { EventName } from '../protocol/action.ts';
import type { RunInfo } from '../protocol/run-graph.ts';
import type { Disposition, Reason, Verdict } from '../protocol/verdict.ts';
import { post, sendable } from './alert-webhook.ts';
import type { AlertRules } from './policy/api.ts';
import type { Scrub } from './shown.ts';
import type { Store, Tx } from './store/store.ts';

/** What a webhook gets, as JSON. The same `id` may come more than once: in `Fullarc-Delivery` as well. */
export interface AlertBody {
  readonly version: 1;
  readonly id: string;
  /** When it happened, ISO 8601. */
  readonly at: string;
  /** The policy that sends alerts. */
  readonly policy: string;
  readonly workspace: string;
  readonly run: string;
  /** The run that the whole tree began with. */
  readonly root: string;
  readonly agent: string;
  readonly fleet?: string;
  readonly user: string;
  /** The action in the run's record. */
  readonly node: string;
  readonly event: EventName;
  /** Tool, model, host, program or agent. */
  readonly action: string;
  readonly disposition: Disposition;
  readonly reasons: readonly Pick<Reason, 'policy' | 'category' | 'disposition' | 'field' | 'message'>[];
  /** Incidents of this agent that the same policy objected to, and that came too soon after the last alert about it. */
  readonly suppressed: number;
}

export interface Incident {
  readonly info: RunInfo;
  readonly node: string;
  readonly event: EventName;
  readonly action: string;
  readonly verdict: Verdict;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface AlertsOptions {
  readonly store: Store;
  readonly clock: () => number;
  /** Runs over what people are told, as over everything that is stored. */
  readonly scrub: Scrub;
  /** Environment that holds the keys of signatures. */
  readonly env: NodeJS.ProcessEnv;
  /** Told of what could not be delivered. */
  readonly trouble: (message: string) => void;
}

interface Row {
  readonly id: string;
  readonly policy: string;
  readonly url: string;
  readonly headers: string;
  readonly secret_env: string | null;
  readonly body: string;
  readonly tries: number;
}

/** Alerts that may wait at a time; what comes beyond is not sent, and said so. */
const MOST_WAITING = 1_000;
const AT_ONCE = 8;
/** Tries of one alert; with the pauses between them, three quarters of an hour. */
const MOST_TRIES = 14;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10 * 60_000;
const TICK_MS = 1_000;

export class Alerts {
  readonly #options: AlertsOptions;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #going: Promise<void> | undefined;
  #full = false;

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  /** Notes, in the transaction that records the incident, whom to tell of it. */
  async incident(tx: Tx, rules: readonly AlertRules[], incident: Incident): Promise<void> {
    for (const rule of rules) if (rule.webhook !== undefined && told(rule, incident.verdict).length > 0) await this.#note(tx, rule, rule.webhook, incident);
  }

  /** Delivers from now on, also what an earlier governor left. */
  start(): void {
    this.#timer ??= setInterval(() => void this.deliver(), TICK_MS).unref();
    void this.deliver();
  }

  /** Breaks off what is on its way: it is sent again after the next start. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort(new Error('the governor is closing'));
    await this.#going;
  }

  /** Sends what is due. Resolves when nothing is any more; never rejects. */
  deliver(): Promise<void> {
    this.#going ??= this.#deliverDue()
      .catch((error: unknown) => this.#options.trouble(`alerts could not be read or noted: ${textOf(error)}`))
      .finally(() => { this.#going = undefined; });
    return this.#going;
  }

  async #note(tx: Tx, rule: AlertRules, webhook: string, { info, node, event, action, verdict, at }: Incident): Promise<void> {
    const objections = told(rule, verdict);
    const about = objections[0]!.policy;
    const last = await tx.get<{ id: string; quiet_until: number; suppressed: number }>('SELECT id, quiet_until, suppressed FROM alerts WHERE workspace = $1 AND policy = $2 AND about = $3 AND agent = $4 ORDER BY at DESC LIMIT 1', info.workspace, rule.policy, about, info.agent);
    if (last && last.quiet_until > at) return void await tx.run('UPDATE alerts SET suppressed = suppressed + 1 WHERE id = $1', last.id);
    if (await this.#isFull(tx)) return;
    const { scrub } = this.#options;
    const id = randomUUID();
    const reasons = objections.map(({ policy, category, disposition, field, message }) => ({ policy, category, disposition, field, message: scrub(message) }));
    const body: AlertBody = {
      version: 1, id, at: new Date(at).toISOString(), policy: rule.policy, workspace: info.workspace, run: info.id, root: info.root, agent: info.agent, ...(info.fleet !== undefined && { fleet: info.fleet }), user: info.user,
      node, event, action: scrub(action), disposition: verdict.disposition, reasons, suppressed: last?.suppressed ?? 0,
    };
    await tx.run('INSERT INTO alerts (id, workspace, policy, about, agent, at, quiet_until, url, headers, secret_env, body, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)',
      id, info.workspace, rule.policy, about, info.agent, at, at + rule.cooldownMs, webhook, JSON.stringify(rule.headers), rule.secretEnv ?? null, JSON.stringify(body), at);
    if (this.#timer) setImmediate(() => void this.deliver());
  }

  async #isFull(tx: Tx): Promise<boolean> {
    const waiting = await tx.get<{ n: number }>('SELECT count(*) AS n FROM alerts WHERE next_at IS NOT NULL');
    const full = (waiting?.n ?? 0) >= MOST_WAITING;
    if (full && !this.#full) this.#options.trouble(`${MOST_WAITING} alerts wait to be delivered; further incidents are recorded, but nobody is alerted of them until there is room. Look at what keeps the webhooks from answering.`);
    this.#full = full;
    return full;
  }

  async #deliverDue(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const now = this.#options.clock();
      const due = await this.#options.store.transaction((tx) => tx.all<Row>('SELECT id, policy, url, headers, secret_env, body, tries FROM alerts WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2', now, AT_ONCE)).durable;
      if (due.length === 0) return;
      await Promise.all(due.map((row) => this.#send(row)));
    }
  }

  async #send(row: Row): Promise<void> {
    const { clock, env, store } = this.#options;
    try {
      const key = row.secret_env === null ? undefined : env[row.secret_env];
      if (row.secret_env !== null && !key) throw new Error(`the governor's environment has no ${row.secret_env}, which signs it`);
      await post({ url: row.url, headers: JSON.parse(row.headers) as Record<string, string>, key }, row.id, row.body, clock(), this.#closing.signal);
    } catch (error) {
      return this.#closing.signal.aborted ? undefined : this.#failed(row, textOf(error));
    }
    await store.transaction((tx) => over(tx, row, 'delivered', clock())).durable;
  }

  async #failed(row: Row, why: string): Promise<void> {
    const { clock, store, trouble } = this.#options;
    const tries = row.tries + 1;
    const last = tries >= MOST_TRIES || !sendable(row.url);
    await store.transaction(async (tx) => {
      if (last) await over(tx, row, 'failed', clock());
      else await tx.run('UPDATE alerts SET tries = $2, next_at = $3 WHERE id = $1', row.id, tries, clock() + pauseMs(tries));
    }).durable;
    if (last) trouble(`an alert of policy ${row.policy} to ${placeOf(row.url)} was given up: ${why}`);
    else if (tries === 1) trouble(`an alert of policy ${row.policy} to ${placeOf(row.url)} could not be delivered: ${why}. It is tried again.`);
  }
}

/** It stays on record until its silence is over, and the next one begins where it was counted. */
async function over(tx: Tx, { id, policy }: Row, outcome: 'delivered' | 'failed', now: number): Promise<void> {
  await tx.run('UPDATE alerts SET outcome = $2, next_at = NULL, url = \'\', headers = \'\', body = \'\' WHERE id = $1', id, outcome);
  await tx.run('DELETE FROM alerts AS old WHERE old.policy = $1 AND old.next_at IS NULL AND old.quiet_until <= $2 AND EXISTS (SELECT 1 FROM alerts AS new WHERE new.workspace = old.workspace AND new.policy = old.policy AND new.about = old.about AND new.agent = old.agent AND new.at > old.at)', policy, now);
}

const told = ({ notifyOn }: AlertRules, { reasons }: Verdict): readonly Reason[] => reasons.filter(({ shadow, disposition }) => !shadow && notifyOn.includes(disposition));
const pauseMs = (tries: number): number => Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
/** Without its path, which may be a secret. */
const placeOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'an address that is no URL');
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
