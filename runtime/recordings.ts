// Judged calls on record, with the facts they were judged by: what a draft of the policies can be asked about later. Appended to, never changed, removed with their run.

import type { ActionEvent, EventName } from '../protocol/action.ts';
import { FullarcError } from '../protocol/control.ts';
import type { RecordedBody, RecordedCall, RecordedReason, RecordQuery, ReplayRequests } from '../protocol/recorded-call.ts';
import type { Disposition, Reason, Verdict } from '../protocol/verdict.ts';
import type { AuditRules } from './policy/api.ts';
import type { CallMark, Facts } from './policy/facts.ts';
import { packFacts } from './policy/recorded-facts.ts';
import { packAsked, type Asked } from './policy/recorded-host.ts';
import { storableEvent } from './recorded-event.ts';
import type { Scrub } from './shown.ts';
import type { Store, Tx, Value } from './store/store.ts';

/** A judgement that was just made. */
export interface JudgedCall {
  readonly run: string;
  readonly node: string;
  readonly event: ActionEvent;
  readonly facts: Facts;
  /** As `notingHost` noted it. */
  readonly asked: Asked;
  readonly verdict: Verdict;
  readonly audit: AuditRules;
  /** As for what is shown of the event. */
  readonly scrub: Scrub;
  /** How the call is remembered, when it is remembered now. */
  readonly mark?: CallMark;
  /** Who decided, when it was not the policies. */
  readonly by?: 'person' | 'ledger';
}

export class Recordings {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Records a judgement, in the transaction that made it. */
  async add(tx: Tx, call: JudgedCall): Promise<void> {
    const { verdict } = call;
    await tx.run('INSERT INTO recorded_calls (run, node, event, at, policy_version, disposition, body) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      call.run, call.node, call.event.event, call.facts.now, verdict.policyVersion, verdict.disposition, JSON.stringify(bodyOf(call)).toWellFormed());
  }

  /** One page of the records of whole runs; see `replay.records`. */
  page(params: ReplayRequests['replay.records']['params']): Promise<ReplayRequests['replay.records']['result']> {
    return this.#store.transaction((tx) => this.#page(tx, params)).done;
  }

  async #page(tx: Tx, { after = 0, limit = PAGE, ...query }: ReplayRequests['replay.records']['params']): Promise<ReplayRequests['replay.records']['result']> {
    const { runs, values } = runsOf(query);
    if (query.run !== undefined && !(await tx.get('SELECT id FROM runs WHERE id = $1', query.run))) throw new FullarcError('no-such-run', `There is no run ${query.run}.`, '`fullarc runs` lists those that are known here.');
    const total = (await tx.get<{ runs: number; records: number }>(`SELECT count(DISTINCT run) AS runs, count(*) AS records FROM recorded_calls WHERE run IN (${runs})`, ...values))!;
    const rows = await tx.all<Row>(
      `SELECT c.number, c.run, c.node, c.event, c.at, c.policy_version, c.disposition, c.body, r.root, r.depth, r.agent, r.fleet, r.workflow, r.person, r.started_at
         FROM recorded_calls AS c JOIN runs AS r ON r.id = c.run WHERE c.run IN (${runs}) AND c.number > $${values.length + 1} ORDER BY c.number LIMIT $${values.length + 2}`, ...values, after, Math.min(limit, PAGE));
    const last = rows.at(-1);
    return { calls: rows.map(callOf), ...(last && rows.length === Math.min(limit, PAGE) && { next: last.number }), total };
  }
}

/** Most records of one answer: about a megabyte. */
const PAGE = 1_000;

interface Row {
  readonly number: number;
  readonly run: string;
  readonly node: string;
  readonly event: EventName;
  readonly at: number;
  readonly policy_version: string;
  readonly disposition: Disposition;
  readonly body: string;
  readonly root: string;
  readonly depth: number;
  readonly agent: string;
  readonly fleet: string | null;
  readonly workflow: string | null;
  readonly person: string;
  readonly started_at: number;
}

function callOf(row: Row): RecordedCall {
  const { number, run, node, event, at, disposition, root, depth, agent, fleet, workflow } = row;
  return {
    number, run, node, event, at, policyVersion: row.policy_version, disposition, body: JSON.parse(row.body) as RecordedBody,
    identity: { root, depth, agent, ...(fleet !== null && { fleet }), ...(workflow !== null && { workflow }), user: row.person, startedAt: row.started_at },
  };
}

/** The runs of a query as SQL. A run is taken whole: what a call was judged by is partly what came before it. */
function runsOf({ workspace, since, agent, run }: RecordQuery): { readonly runs: string; readonly values: readonly Value[] } {
  const values: Value[] = [workspace];
  const bound = (value: Value): string => `$${values.push(value)}`;
  const conditions = ['workspace = $1'];
  if (agent !== undefined) conditions.push(`agent = ${bound(agent)}`);
  if (run !== undefined) conditions.push(`id IN (WITH RECURSIVE below (id) AS (SELECT ${bound(run)} UNION SELECT r.id FROM runs AS r JOIN below ON r.parent = below.id) SELECT id FROM below)`);
  if (since !== undefined) conditions.push(`head_at >= ${bound(since)}`);
  return { runs: `SELECT id FROM runs WHERE ${conditions.join(' AND ')}`, values };
}

function bodyOf({ event, facts, asked, verdict, audit, scrub, mark, by }: JudgedCall): RecordedBody {
  const stored = storableEvent(event, { redactions: verdict.redactions, audit, scrub });
  const notes = packAsked(asked, (question) => (question === 'told' ? !audit.logInputs : (question === 'retrieved' || question === 'decisions') && !audit.logOutputs));
  return {
    event: stored.event, ...(stored.withheld.length > 0 && { withheld: stored.withheld }),
    facts: packFacts(facts, (key, value) => audit.redactFields.some((secret) => key.toLowerCase().includes(secret)) || scrub(value) !== value),
    ...(notes && { asked: notes }),
    ...(mark && { mark: [mark.kind, mark.name, mark.hash, ...(mark.shape === undefined ? [] : [mark.shape])] as unknown as RecordedBody['mark'] }),
    ...(verdict.reasons.length > 0 && { reasons: verdict.reasons.map((reason) => reasonOf(reason, scrub)) }),
    ...(by && { by }),
  };
}

const reasonOf = ({ policy, disposition, field, message, shadow }: Reason, scrub: Scrub): RecordedReason => ({ policy, disposition, field, message: scrub(message), ...(shadow && { shadow }) });
