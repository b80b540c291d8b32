// What a draft of the policies would have made of recorded calls: how many it would have changed, the first change of each run, and what cannot be told. Pure.

import type { EventName } from '../../protocol/action.ts';
import type { RecordedCall, RecordedReason } from '../../protocol/recorded-call.ts';
import { proceeds, stronger, type Disposition, type Reason } from '../../protocol/verdict.ts';
import { changedBetween, type AnalysedSet } from './analyse/policy-set.ts';
import type { Engine } from './api.ts';
import { openBucket, type CallTable } from './call-table.ts';
import type { OpenedCall } from './recorded.ts';

export const CHANGES = ['refused', 'allowed', 'gated', 'redacted', 'other'] as const;
/** What becomes of a call: newly refused, newly allowed, newly held for a person, newly redacted, or something milder. */
export type Change = (typeof CHANGES)[number];

export interface Difference {
  readonly run: string;
  readonly node: string;
  readonly agent: string;
  readonly event: EventName;
  readonly at: number;
  readonly change: Change;
  readonly before: Side;
  readonly after: Side;
  /** Calls of the run that change, this one included. What comes after it is hypothetical: the run would have gone another way. */
  readonly calls: number;
}
export interface Side {
  readonly disposition: Disposition;
  readonly reasons: readonly RecordedReason[];
}

export interface Replay {
  readonly calls: number;
  readonly runs: number;
  readonly changed: { readonly calls: number; readonly runs: number } & Readonly<Record<Change, number>>;
  /** Calls of which nobody can say what the draft would have done, and why not, the most frequent reason first. */
  readonly undecided: { readonly calls: number; readonly why: readonly { readonly reason: string; readonly calls: number }[] };
  /** The first of each run, in the order in which they happened. */
  readonly differences: readonly Difference[];
}

export interface ReplayOptions {
  /** Calls before it are only what later ones are judged by, in milliseconds since the epoch. */
  readonly since?: number;
}

/** `versionOf` gives the set that a call was judged by; where it is not known, the whole draft is asked. */
export function replay(table: CallTable, draft: AnalysedSet, versionOf: (version: string) => AnalysedSet | undefined, options: ReplayOptions = {}): Replay {
  const tally = new Tally(table, options.since ?? -Infinity);
  const questions = new Map<string, Question>();
  table.buckets.forEach(({ sample }, at) => {
    let question = questions.get(sample.policyVersion);
    if (!question) questions.set(sample.policyVersion, question = questionOf(draft, versionOf(sample.policyVersion)));
    replayBucket(table, at, question, tally);
  });
  return tally.result();
}

/** What is asked of calls that were judged by one version. */
interface Question {
  /** Undefined asks all policies. */
  readonly changed: ReadonlySet<string> | undefined;
  readonly engine: Engine;
  readonly asksAbout: (event: EventName) => boolean;
}

function questionOf(draft: AnalysedSet, before: AnalysedSet | undefined): Question {
  const changed = before && changedBetween(before, draft);
  if (!changed) return { changed: undefined, engine: draft.engine, asksAbout: () => true };
  const watched = new Set<string>();
  for (const set of [before, draft]) for (const name of changed) for (const event of Object.keys(set.policies.get(name)?.checks ?? {})) watched.add(event);
  const views = before.hasViews || draft.hasViews;
  return { changed, engine: draft.only(changed), asksAbout: (event) => watched.has(event) || (event === 'llm.after' && watched.has('output.after')) || (views && event.startsWith('tool.') && watched.size > 0) };
}

function replayBucket(table: CallTable, at: number, question: Question, tally: Tally): void {
  const { sample } = table.buckets[at]!;
  // A decision of a person on this very call stands; what led to it is a record of its own.
  if (sample.body.by === 'person' || question.changed?.size === 0 || !question.asksAbout(sample.event)) return;
  const kept = keptOf(sample, question);
  if (kept === undefined) return tally.undecided(table.rowsOf(at), 'the ledger refused it, by a limit that the draft changes');
  const opened = openBucket(table.buckets[at]!);
  const after = decided(opened, question, kept);
  if (after) {
    if (after.disposition !== sample.disposition) tally.changed(table.rowsOf(at), sample.disposition, after);
    return;
  }
  for (const row of table.rowsOf(at)) {
    if (tally.tooOld(row)) continue;
    const call = table.open(row);
    const each = decided(call, question, keptOf(table.record(row), question)!);
    if (!each) tally.undecided([row], call.missed()!);
    else if (each.disposition !== sample.disposition) tally.changed([row], sample.disposition, each);
  }
}

/** What those said that are not asked again; undefined when the ledger refused by a policy that is. */
function keptOf({ body }: RecordedCall, { changed }: Question): readonly RecordedReason[] | undefined {
  const reasons = body.reasons ?? [];
  if (body.by === 'ledger') return changed && reasons.every(({ policy }) => !changed.has(policy)) ? reasons : undefined;
  return !changed || reasons.length === 0 ? NONE : reasons.filter(({ policy }) => !changed.has(policy));
}
const NONE: readonly RecordedReason[] = [];

/** Undefined when something was looked at that is not on record. */
function decided({ event, facts, missed }: OpenedCall, { engine }: Question, kept: readonly RecordedReason[]): Side | undefined {
  let verdict;
  try {
    verdict = engine.decide(event, facts);
  } catch (error) {
    if (missed() === undefined) throw error;
    return undefined;
  }
  if (missed() !== undefined) return undefined;
  let disposition = verdict.disposition;
  for (const each of kept) if (!each.shadow && stronger(each.disposition, disposition)) disposition = each.disposition;
  return { disposition, reasons: kept.length === 0 && verdict.reasons.length === 0 ? NONE : [...verdict.reasons.map(recorded), ...kept] };
}

function recorded({ policy, disposition, field, message, shadow }: Reason): RecordedReason {
  return { policy, disposition, field, message, ...(shadow && { shadow }) };
}

export function changeOf(before: Disposition, after: Disposition): Change {
  if (after === 'gate') return 'gated';
  if (proceeds(before) !== proceeds(after)) return proceeds(after) ? 'allowed' : 'refused';
  return after === 'redact' ? 'redacted' : 'other';
}

/** Counts calls, each once however many of its events change, and keeps the first change of each run. */
class Tally {
  readonly #table: CallTable;
  readonly #since: number;
  /** For each call: 0 as before, otherwise 1 and the place of its change in `CHANGES`. */
  readonly #calls: Uint8Array;
  /** For each call that changes, the row of its first change. */
  readonly #rows: Uint32Array;
  readonly #first: { row: number; before: Disposition; after: Side; calls: number }[] = [];
  readonly #unknown = new Map<number, string>();

  constructor(table: CallTable, since: number) {
    this.#table = table;
    this.#since = since;
    this.#calls = new Uint8Array(table.calls);
    this.#rows = new Uint32Array(table.calls);
  }

  tooOld(row: number): boolean {
    return this.#since > -Infinity && this.#table.record(row).at < this.#since;
  }

  changed(rows: Iterable<number>, before: Disposition, after: Side): void {
    const code = 1 + CHANGES.indexOf(changeOf(before, after.disposition));
    for (const row of rows) {
      if (this.tooOld(row)) continue;
      const call = this.#table.callOf(row);
      const run = this.#table.runOf(row);
      const first = this.#first[run];
      if (!first) this.#first[run] = { row, before, after, calls: 1 };
      else if (row < first.row) this.#first[run] = { row, before, after, calls: first.calls + Number(this.#calls[call] === 0) };
      else if (this.#calls[call] === 0) first.calls++;
      // A call counts by the first of its events that changes.
      if (this.#calls[call] !== 0 && this.#rows[call]! < row) continue;
      this.#calls[call] = code;
      this.#rows[call] = row;
    }
  }

  undecided(rows: Iterable<number>, why: string): void {
    for (const row of rows) if (!this.tooOld(row)) this.#unknown.set(this.#table.callOf(row), why);
  }

  result(): Replay {
    const table = this.#table;
    const counts = { refused: 0, allowed: 0, gated: 0, redacted: 0, other: 0 };
    let calls = 0;
    for (const code of this.#calls) {
      if (code === 0) continue;
      calls++;
      counts[CHANGES[code - 1]!]++;
    }
    const firsts = Object.values(this.#first).sort((a, b) => a.row - b.row);
    const [all, runs] = this.#judged();
    return { calls: all, runs, changed: { calls, runs: firsts.length, ...counts }, undecided: this.#undecided(), differences: firsts.map((first) => differenceOf(table.record(first.row), first)) };
  }

  #judged(): [calls: number, runs: number] {
    const table = this.#table;
    if (this.#since === -Infinity) return [table.calls, table.runs.length];
    const calls = new Set<number>();
    const runs = new Set<number>();
    for (let row = 0; row < table.size; row++) if (!this.tooOld(row)) calls.add(table.callOf(row)) && runs.add(table.runOf(row));
    return [calls.size, runs.size];
  }

  #undecided(): Replay['undecided'] {
    const why = new Map<string, number>();
    let calls = 0;
    for (const [call, reason] of this.#unknown) {
      if (this.#calls[call] !== 0) continue;
      calls++;
      why.set(reason, (why.get(reason) ?? 0) + 1);
    }
    return { calls, why: [...why].map(([reason, count]) => ({ reason, calls: count })).sort((a, b) => b.calls - a.calls) };
  }
}

function differenceOf({ run, node, identity, event, at, body }: RecordedCall, { before, after, calls }: { readonly before: Disposition; readonly after: Side; readonly calls: number }): Difference {
  return { run, node, agent: identity.agent, event, at, change: changeOf(before, after.disposition), before: { disposition: before, reasons: body.reasons ?? [] }, after, calls };
}
