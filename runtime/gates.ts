// Human gates: a question bound to exactly one call, who may answer it, every vote with its person and time, and what happens without an answer.

import { FullarcError, type GateDetails } from '../protocol/control.ts';
import type { GateOutcome, GateView, RunFact, Shown } from '../protocol/run-graph.ts';
import type { GateTerms } from '../protocol/verdict.ts';
import { placeholders, type Tx } from './store/store.ts';

/** What a reviewer is shown of the call: exactly what would happen, redacted as the policies say. A gate without it shows what the journal says of its node. */
export interface GateContent {
  readonly kind: string;
  readonly name: string;
  readonly input?: Shown;
}

export interface NewGate {
  readonly id: string;
  readonly run: string;
  readonly node: string;
  /** Key of the call that waits. */
  readonly key: string;
  readonly policy: string;
  readonly message: string;
  readonly terms: GateTerms;
  readonly at: number;
  readonly expiresAt: number;
  readonly contentHash: string;
  readonly policyVersion: string;
  readonly details?: GateContent;
}

export interface Gate extends GateView {
  readonly key: string;
  readonly policyVersion: string;
  readonly details?: GateContent;
  readonly decidedAt?: number;
}

export interface GateDecision {
  readonly decision: 'approve' | 'reject';
  readonly by: string;
  readonly reason?: string;
  /** Hash of what the reviewer saw. */
  readonly contentHash?: string;
}

export interface Vote {
  readonly person: string;
  readonly decision: GateDecision['decision'];
  readonly reason?: string;
  readonly at: number;
}

/** Who decided, where it was no person. */
const NOBODY = { expired: 'time', withdrawn: 'fullarc' } as const;

export class Gates {
  /**
   * Opens a gate, or finds the open one for the same call, policy and content. One that was decided or withdrawn answered an earlier asking: it is opened again, and its old votes do not count.
   * Returns the id of the gate.
   */
  async open(tx: Tx, gate: NewGate): Promise<{ readonly gate: string; readonly opened: boolean }> {
    const earlier = await tx.get<{ id: string; decision: GateOutcome | null }>('SELECT id, decision FROM gates WHERE run = $1 AND key = $2 AND policy = $3 AND content_hash = $4', gate.run, gate.key, gate.policy, gate.contentHash);
    if (earlier && earlier.decision === null) return { gate: earlier.id, opened: false };
    const terms = [gate.message, JSON.stringify(gate.terms), gate.at, gate.expiresAt, gate.policyVersion, gate.details ? JSON.stringify(gate.details) : null];
    if (earlier) {
      await tx.run(
        `UPDATE gates SET message = $2, terms = $3, opened_at = $4, expires_at = $5, policy_version = $6, details = $7, node = $8, round = round + 1, decision = NULL, decided_by = NULL, decided_at = NULL, reason = NULL WHERE id = $1`, earlier.id, ...terms, gate.node);
      return { gate: earlier.id, opened: true };
    }
    await tx.run(
      `INSERT INTO gates (message, terms, opened_at, expires_at, policy_version, details, id, run, node, key, policy, content_hash) VALUES (${placeholders(12)})`,
      ...terms, gate.id, gate.run, gate.node, gate.key, gate.policy, gate.contentHash);
    return { gate: gate.id, opened: true };
  }

  /**
   * Counts one person's decision at the time `at`. One rejection rejects; as many different people as the quorum asks approve.
   * Who approved may still reject while the gate is open; both votes stay on record.
   * The same decision on a decided gate is answered as before. Throws `no-such-gate`, `not-an-approver`, `content-changed`, and `gate-decided` for another decision or one that comes too late.
   */
  async decide(tx: Tx, id: string, decision: GateDecision, at: number): Promise<{ readonly outcome: GateOutcome | 'pending'; readonly by: string }> {
    const gate = await this.get(tx, id);
    if (!gate) throw new FullarcError('no-such-gate', `There is no gate ${id}.`, 'List the gates to see which are open.');
    assertMayDecide(gate, decision);
    const wanted = decision.decision === 'approve' ? 'approved' : 'rejected';
    if (gate.decision === wanted) return { outcome: wanted, by: gate.by ?? '' };
    assertOpen(gate, at);
    await tx.run(
      'INSERT INTO votes (gate, round, person, decision, reason, at) SELECT id, round, $2, $3, $4, $5 FROM gates WHERE id = $1 ON CONFLICT (gate, round, person, decision) DO NOTHING',
      id, decision.by, decision.decision, decision.reason ?? null, at);
    const people = wanted === 'rejected' ? [decision.by] : await approversOf(tx, id);
    if (wanted === 'approved' && people.length < gate.terms.quorum) return { outcome: 'pending', by: decision.by };
    const by = people.join(', ');
    await close(tx, id, { outcome: wanted, by, at, reason: decision.reason });
    return { outcome: wanted, by };
  }

  /** Closes the gates whose time is over at `now`, each with the outcome that its terms give, and returns them. */
  async expired(tx: Tx, now: number): Promise<Gate[]> {
    const due = (await tx.all<GateRow>(`${SELECT} WHERE decision IS NULL AND expires_at <= $1 ORDER BY expires_at, id`, now)).map(toGate);
    const outcomeOf = (gate: Gate): GateOutcome => (gate.terms.onTimeout === 'allow' ? 'expired-allow' : 'expired-block');
    for (const gate of due) await close(tx, gate.id, { outcome: outcomeOf(gate), by: NOBODY.expired, at: now });
    return due.map((gate) => ({ ...gate, decision: outcomeOf(gate), by: NOBODY.expired, decidedAt: now }));
  }

  /** Closes a gate that nobody decided and that no longer matters. False, changing nothing, when there was nothing to close. */
  async withdraw(tx: Tx, id: string, at: number): Promise<boolean> {
    const gate = await this.get(tx, id);
    if (!gate || gate.decision !== undefined) return false;
    await close(tx, id, { outcome: 'withdrawn', by: NOBODY.withdrawn, at });
    return true;
  }

  async get(tx: Tx, id: string): Promise<Gate | undefined> {
    const row = await tx.get<GateRow>(`${SELECT} WHERE id = $1`, id);
    return row && toGate(row);
  }

  /** Every gate that was opened for this call, oldest first. */
  async forCall(tx: Tx, run: string, key: string): Promise<Gate[]> {
    return (await tx.all<GateRow>(`${SELECT} WHERE run = $1 AND key = $2 ORDER BY opened_at, id`, run, key)).map(toGate);
  }

  /** Gates that wait for a person in runs that have not ended, oldest first; with `all`, every gate. */
  async list(tx: Tx, { workspace, all = false }: { readonly workspace?: string; readonly all?: boolean } = {}): Promise<GateDetails[]> {
    const conditions = [...(all ? [] : ['gates.decision IS NULL AND runs.ended_at IS NULL']), ...(workspace === undefined ? [] : ['runs.workspace = $1'])];
    const rows = await tx.all<GateRow>(
      `${SELECT} JOIN runs ON runs.id = gates.run ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY gates.opened_at, gates.id`,
      ...(workspace === undefined ? [] : [workspace]));
    const details: GateDetails[] = [];
    for (const gate of rows.map(toGate)) details.push(await withRun(tx, gate));
    return details;
  }

  /** Every vote, in order: a change of mind is two, and those of a gate that was withdrawn and opened again stay. */
  async votes(tx: Tx, gate: string): Promise<Vote[]> {
    const rows = await tx.all<Omit<Vote, 'reason'> & { reason: string | null }>('SELECT person, decision, reason, at FROM votes WHERE gate = $1 ORDER BY round, at, person', gate);
    return rows.map(({ reason, ...vote }) => ({ ...vote, ...(reason === null ? {} : { reason }) }));
  }
}

function assertMayDecide(gate: Gate, { by, contentHash }: GateDecision): void {
  const { approvers } = gate.terms;
  if (approvers.length > 0 && !approvers.includes(by)) {
    throw new FullarcError('not-an-approver', `${by} may not decide this gate: the policy ${gate.policy} leaves it to ${approvers.join(', ')}.`, 'Ask one of them, or have the policy name this person under its approvers.');
  }
  if (contentHash !== undefined && contentHash !== gate.contentHash) {
    throw new FullarcError('content-changed', 'The decision is about other content than what waits at this gate.', 'Open the gate again and review what it shows now.');
  }
}

function assertOpen(gate: Gate, at: number): void {
  const decided = (what: string, when: number): FullarcError =>
    new FullarcError('gate-decided', `The gate ${gate.id} ${what} at ${new Date(when).toISOString()}.`, 'Nothing is left to decide here; the next call that needs an answer opens a gate of its own.');
  if (gate.decision === 'approved' || gate.decision === 'rejected') throw decided(`was ${gate.decision} by ${gate.by}`, gate.decidedAt ?? gate.openedAt);
  if (gate.decision === 'withdrawn') throw decided('was withdrawn because its call no longer needs it', gate.decidedAt ?? gate.openedAt);
  if (gate.decision !== undefined || at >= gate.expiresAt) throw decided(`ran out of time and ${gate.terms.onTimeout === 'allow' ? 'let the call go on' : 'blocked the call'}`, gate.expiresAt);
}

async function close(tx: Tx, id: string, { outcome, by, at, reason }: { outcome: GateOutcome; by: string; at: number; reason?: string }): Promise<void> {
  await tx.run('UPDATE gates SET decision = $2, decided_by = $3, decided_at = $4, reason = $5 WHERE id = $1', id, outcome, by, at, reason ?? null);
}

/** Who approved since the gate was last opened, in order. */
async function approversOf(tx: Tx, gate: string): Promise<string[]> {
  const rows = await tx.all<{ person: string }>(
    `SELECT votes.person AS person FROM votes JOIN gates ON gates.id = votes.gate AND gates.round = votes.round WHERE votes.gate = $1 AND votes.decision = 'approve' ORDER BY votes.at, votes.person`, gate);
  return rows.map((row) => row.person);
}

/** What the journal says of the node that the gate holds up. */
async function proposalOf(tx: Tx, gate: GateView): Promise<GateContent> {
  const rows = await tx.all<{ body: string }>(`SELECT body FROM events WHERE run = $1 AND body LIKE '%"type":"action.proposed"%' AND body LIKE $2 ORDER BY seq`, gate.run, `%"node":${JSON.stringify(gate.node)}%`);
  for (const fact of rows.map((row) => JSON.parse(row.body) as RunFact)) {
    if (fact.type === 'action.proposed' && fact.node === gate.node) return { kind: fact.kind, name: fact.name, ...(fact.input && { input: fact.input }) };
  }
  return { kind: '', name: '' };
}

async function withRun(tx: Tx, { key: _key, policyVersion: _version, decidedAt: _at, details, ...view }: Gate): Promise<GateDetails> {
  const path: string[] = [];
  let root = view.run;
  for (let run: string | null = view.run; run !== null;) {
    const row: { agent: string; parent: string | null } | undefined = await tx.get('SELECT agent, parent FROM runs WHERE id = $1', run);
    path.unshift(row?.agent ?? '');
    root = run;
    run = row?.parent ?? null;
  }
  return { ...view, agent: path.at(-1) ?? '', root, path, ...(details ?? await proposalOf(tx, view)) };
}

interface GateRow {
  readonly id: string;
  readonly run: string;
  readonly node: string;
  readonly key: string;
  readonly policy: string;
  readonly message: string;
  readonly terms: string;
  readonly opened_at: number;
  readonly expires_at: number;
  readonly content_hash: string;
  readonly policy_version: string;
  readonly details: string | null;
  readonly decision: GateOutcome | null;
  readonly decided_by: string | null;
  readonly decided_at: number | null;
  readonly reason: string | null;
}

const COLUMNS = ['id', 'run', 'node', 'key', 'policy', 'message', 'terms', 'opened_at', 'expires_at', 'content_hash', 'policy_version', 'details', 'decision', 'decided_by', 'decided_at', 'reason'];
const SELECT = `SELECT ${COLUMNS.map((column) => `gates.${column} AS ${column}`).join(', ')} FROM gates`;

function toGate(row: GateRow): Gate {
  return {
    id: row.id, run: row.run, node: row.node, key: row.key, policy: row.policy, message: row.message, terms: JSON.parse(row.terms) as GateTerms,
    openedAt: row.opened_at, expiresAt: row.expires_at, contentHash: row.content_hash, policyVersion: row.policy_version,
    ...(row.details === null ? {} : { details: JSON.parse(row.details) as GateContent }),
    ...(row.decision === null ? {} : { decision: row.decision }),
    ...(row.decided_by === null ? {} : { by: row.decided_by }),
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  };
}
