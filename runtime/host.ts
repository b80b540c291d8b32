// The past of a run as policies may ask for it, answered from what is in memory and, when it is not, from the store.

import type { RunInfo } from '../protocol/run-graph.ts';
import type { Disposition } from '../protocol/verdict.ts';
import type { LiveRun } from './live-run.ts';
import { freshHost, type CountedBy, type Host, type Incident, type Judgement } from './policy/facts.ts';
import type { Tx } from './store/store.ts';
import { KEPT_MS, type Windows } from './windows.ts';

/** Asks policies that may look into the past. */
export interface Asking {
  readonly host: Host;
  /** What a judge answered about the event, by the id of the question. */
  readonly judgements: Map<string, Judgement>;
  /** Decides, reads from the store what was asked for and was not in memory, and decides again. `decide` must be pure. */
  decided<T>(tx: Tx, decide: () => T): Promise<T>;
}

export interface HostParts {
  readonly live: LiveRun;
  /** The runs it was spawned by, nearest first, as far as they go on. */
  readonly up: readonly LiveRun[];
  readonly now: number;
  readonly windows: Windows;
  readonly memories: Memories;
}

/** Says what the session of a run holds in memory. */
export interface Memories {
  remembered(tx: Tx, info: RunInfo): Promise<Readonly<Record<string, number>>>;
}

export function hostOf({ live, up, now, windows, memories }: HostParts): Asking {
  const counts = windows.host(live.info, now);
  const judgements = new Map<string, Judgement>();
  const read = new Map<string, unknown>();
  const missing = new Map<string, (tx: Tx) => Promise<unknown>>();
  const ask = <T>(question: string, find: (tx: Tx) => Promise<T>): T => {
    if (read.has(question)) return read.get(question) as T;
    missing.set(question, find);
    throw new Error(`${question} has not been read from the store`);
  };
  const host = freshHost({
    starts: counts.starts,
    running: counts.running,
    violations: (policy) => live.past.violations(policy),
    incidents: (by) => (by === 'run' ? live.past.incidents : ask(`incidents of the ${by}`, (tx) => incidentsOf(tx, live.info, by, now))),
    retrieved: () => (up.length === 0 ? live.past.documents : [...up.toReversed().flatMap(({ past }) => past.documents), ...live.past.documents]),
    told: () => live.past.told,
    judgement: (id) => judgements.get(id),
    decisions: () => live.past.decisions,
    released: (policy, by) => ask(`releases of ${policy} for the ${by}`, (tx) => releasedAt(tx, live.info, policy, by)),
    remembered: () => ask('what is remembered', (tx) => memories.remembered(tx, live.info)),
  });
  return {
    host,
    judgements,
    async decided(tx, decide) {
      for (;;) {
        const decision = await counts.decided(tx, decide);
        if (missing.size === 0) return decision;
        for (const [question, find] of missing) read.set(question, await find(tx));
        missing.clear();
      }
    },
  };
}

/** Incidents of others than the run alone are seldom asked for, so they are not kept in memory. */
async function incidentsOf(tx: Tx, info: RunInfo, by: Exclude<CountedBy, 'run'>, now: number): Promise<readonly Incident[]> {
  const [condition, ...values] = whose(info, by);
  const rows = await tx.all<{ at: number; policy: string; disposition: string }>(
    `SELECT i.at, i.policy, i.disposition FROM incidents AS i JOIN runs AS r ON r.id = i.run WHERE i.at > $1 AND ${condition} ORDER BY i.at`, now - KEPT_MS, ...values);
  return rows.map(({ at, policy, disposition }) => ({ at, policy, disposition: disposition as Disposition }));
}

/** When a person last let a gate of this policy through. */
async function releasedAt(tx: Tx, info: RunInfo, policy: string, by: CountedBy): Promise<number | undefined> {
  const [condition, ...values] = by === 'run' ? ['r.id = $2', info.id] as const : whose(info, by);
  const row = await tx.get<{ at: number | null }>(`SELECT MAX(g.decided_at) AS at FROM gates AS g JOIN runs AS r ON r.id = g.run WHERE g.policy = $1 AND g.decision = 'approved' AND ${condition}`, policy, ...values);
  return row?.at ?? undefined;
}

function whose({ root, workspace, agent, workflow, fleet, user }: RunInfo, by: Exclude<CountedBy, 'run'>): readonly [string, ...string[]] {
  if (by === 'tree') return ['r.root = $2', root];
  if (by === 'user') return ['r.workspace = $2 AND r.person = $3', workspace, user];
  if (by === 'fleet' && fleet !== undefined) return ['r.workspace = $2 AND r.fleet = $3', workspace, fleet];
  if (by === 'workflow' && workflow !== undefined) return ['r.workspace = $2 AND r.workflow = $3', workspace, workflow];
  return by === 'all' ? ['r.workspace = $2', workspace] : ['r.workspace = $2 AND r.agent = $3', workspace, agent];
}
