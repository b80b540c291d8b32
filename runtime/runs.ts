// The table of runs: who runs what for whom, in which state, and its running counts. A run is found by its id, or by the hash of the token that its process shows.

import { FullarcError } from '../protocol/control.ts';
import { ended, type Level, type RunInfo, type RunState, type RunSummary } from '../protocol/run-graph.ts';
import type { Facts } from './policy/facts.ts';
import type { Tx, Value } from './store/store.ts';

/** What is added to a run's counts; negative for a gate that was decided. */
export interface RunDeltas {
  /** Micro-dollars, settled. */
  readonly cost?: number;
  readonly steps?: number;
  readonly refusals?: number;
  readonly openGates?: number;
}

export class Runs {
  /** Enters a new run in state `pending`. Only the hash of its token is kept. The parent, when there is one, must be known. */
  async open(tx: Tx, info: RunInfo, tokenHash: string, at: number): Promise<void> {
    await tx.run(
      `INSERT INTO runs (id, root, parent, depth, agent, fleet, workflow, person, workspace, command, level, token_hash, state, started_at, head_at, context)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'pending', $13, $13, $14)`,
      info.id, info.root, info.parent ?? null, info.depth, info.agent, info.fleet ?? null, info.workflow ?? null, info.user, info.workspace, JSON.stringify(info.command), info.level, tokenHash, at, info.context ? JSON.stringify(info.context) : null);
  }

  async byToken(tx: Tx, tokenHash: string): Promise<(RunInfo & { readonly state: RunState }) | undefined> {
    const row = await tx.get<RunRow>(`${SELECT} WHERE token_hash = $1`, tokenHash);
    return row && { ...toInfo(row), state: row.state };
  }

  async get(tx: Tx, id: string): Promise<RunSummary | undefined> {
    const row = await tx.get<RunRow>(`${SELECT} WHERE id = $1`, id);
    return row && toSummary(row);
  }

  /** Newest first, at most `limit` (200 unless told). */
  async list(tx: Tx, { workspace, limit = 200 }: { readonly workspace?: string; readonly limit?: number } = {}): Promise<RunSummary[]> {
    const order = 'ORDER BY started_at DESC, id DESC LIMIT $1';
    const rows = workspace === undefined ? await tx.all<RunRow>(`${SELECT} ${order}`, limit) : await tx.all<RunRow>(`${SELECT} WHERE workspace = $2 ${order}`, limit, workspace);
    return rows.map(toSummary);
  }

  /** Returns false, changing nothing, for a run that has ended: no state follows an end. Throws `no-such-run`. */
  async setState(tx: Tx, id: string, state: RunState, at: number, reason?: string): Promise<boolean> {
    const changed = await tx.run('UPDATE runs SET state = $2, reason = $3, ended_at = $4 WHERE id = $1 AND ended_at IS NULL', id, state, reason ?? null, ended(state) ? at : null);
    if (changed === 0) await this.#mustExist(tx, id);
    return changed > 0;
  }

  /** Keeps that somebody stopped the run, so that a restart does not forget it. */
  async setStop(tx: Tx, id: string, stop: NonNullable<Facts['killed']>): Promise<void> {
    await tx.run('UPDATE runs SET stop = $2 WHERE id = $1', id, JSON.stringify(stop));
  }

  /** Who stopped the run, and why; undefined when nobody did. */
  async stopOf(tx: Tx, id: string): Promise<Facts['killed']> {
    const row = await tx.get<{ stop: string | null }>('SELECT stop FROM runs WHERE id = $1', id);
    return row?.stop ? JSON.parse(row.stop) as Facts['killed'] : undefined;
  }

  /** Adds to the counts, also of a run that has ended: a settlement may come late. Throws `no-such-run`. */
  async add(tx: Tx, id: string, { cost = 0, steps = 0, refusals = 0, openGates = 0 }: RunDeltas): Promise<void> {
    const changed = await tx.run('UPDATE runs SET cost = cost + $2, steps = steps + $3, refusals = refusals + $4, open_gates = open_gates + $5 WHERE id = $1', id, cost, steps, refusals, openGates);
    if (changed === 0) await this.#mustExist(tx, id);
  }

  /** All runs of the tree with this root, parents before their children. */
  async tree(tx: Tx, root: string): Promise<RunSummary[]> {
    return (await tx.all<RunRow>(`${SELECT} WHERE root = $1 ORDER BY depth, started_at, id`, root)).map(toSummary);
  }

  /** Runs that have not ended, oldest first: what a governor takes up again when it starts. */
  async unfinished(tx: Tx): Promise<RunSummary[]> {
    return (await tx.all<RunRow>(`${SELECT} WHERE ended_at IS NULL ORDER BY started_at, id`)).map(toSummary);
  }

  async #mustExist(tx: Tx, id: string): Promise<void> {
    if (!await tx.get('SELECT 1 AS one FROM runs WHERE id = $1', id)) throw new FullarcError('no-such-run', `There is no run ${id}.`, 'List the runs to see which there are.');
  }
}

interface RunRow extends Readonly<Record<string, Value>> {
  readonly id: string;
  readonly root: string;
  readonly parent: string | null;
  readonly depth: number;
  readonly agent: string;
  readonly fleet: string | null;
  readonly workflow: string | null;
  readonly person: string;
  readonly workspace: string;
  readonly command: string;
  readonly level: Level;
  readonly context: string | null;
  readonly state: RunState;
  readonly reason: string | null;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly cost: number;
  readonly steps: number;
  readonly refusals: number;
  readonly open_gates: number;
}

const SELECT = 'SELECT id, root, parent, depth, agent, fleet, workflow, person, workspace, command, level, context, state, reason, started_at, ended_at, cost, steps, refusals, open_gates FROM runs';

function toInfo(row: RunRow): RunInfo {
  return {
    id: row.id, root: row.root, ...optional('parent', row.parent), depth: row.depth, agent: row.agent, ...optional('fleet', row.fleet), ...optional('workflow', row.workflow),
    user: row.person, workspace: row.workspace, command: JSON.parse(row.command) as string[], level: row.level, ...(row.context !== null && { context: JSON.parse(row.context) as Record<string, string> }),
  };
}

function toSummary(row: RunRow): RunSummary {
  return {
    ...toInfo(row), state: row.state, ...optional('reason', row.reason), startedAt: row.started_at, ...optional('endedAt', row.ended_at),
    cost: row.cost, steps: row.steps, refusals: row.refusals, openGates: row.open_gates,
  };
}

/** A property that is absent where the column is empty. */
function optional<K extends string, V>(key: K, value: V | null): { readonly [P in K]?: V } {
  return value === null ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}
