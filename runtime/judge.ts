// Judges one governed call inside one store transaction: what was answered before, the facts, the engine's verdict, the reservation, and what is written down.

import { kindOf, type ActionEvent } from '../protocol/action.ts';
import type { After, AfterAnswer, Before, BeforeAnswer } from '../protocol/agent-wire.ts';
import { FullarcError } from '../protocol/control.ts';
import { runNode, type ActionOutcome, type GateView, type RunEvent, type RunFact } from '../protocol/run-graph.ts';
import { proceeds, refusalMessage, type Disposition, type GateTerms, type Verdict } from '../protocol/verdict.ts';
import type { CallRow, Calls } from './calls.ts';
import type { Gates } from './gates.ts';
import type { Journal } from './journal.ts';
import { markOf, sha256 } from './live-run.ts';
import type { Engine } from './policy/api.ts';
import { canonicalArgs } from './policy/detect/loops.ts';
import type { Facts } from './policy/facts.ts';
import type { Runs } from './runs.ts';
import { nameOf, shownOf, type Scrub } from './shown.ts';
import { priced, settledEvent, type Situation, type Spending } from './spending.ts';
import type { Tx } from './store/store.ts';

export interface JudgeParts {
  readonly runs: Runs;
  readonly journal: Journal;
  readonly gates: Gates;
  readonly calls: Calls;
  readonly spending: Spending;
  readonly scrub: Scrub;
}

/** What a judgement came to: an answer, or a gate that a person has to decide first. `events` are in the journal already. */
export type Judged =
  | { readonly kind: 'answer'; readonly answer: BeforeAnswer; readonly events: readonly RunEvent[]; readonly node: string; /** True when nothing is lost by answering before the commit is on disk. */ readonly early: boolean; /** False when an earlier answer was given again. */ readonly fresh: boolean }
  | { readonly kind: 'wait'; readonly gate: string; readonly message: string; readonly events: readonly RunEvent[] };

/** Terms of a gate whose policy names none. */
const DEFAULT_TERMS: GateTerms = { approvers: [], quorum: 1, timeoutMs: 30 * 60_000, onTimeout: 'block', review: 'full' };

export class Judge {
  readonly #parts: JudgeParts;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
  }

  async before(tx: Tx, at: Situation, call: Before): Promise<Judged> {
    const { live, engine, now } = at;
    const { calls, gates, spending } = this.#parts;
    const run = live.info.id;
    const row = await calls.find(tx, run, call.key);
    const again = row && standing(row, engine);
    if (again) return { kind: 'answer', answer: again, events: [], node: row.node, early: false, fresh: false };

    const held = row?.state === 'held' ? row : undefined;
    const contentHash = sha256(canonicalArgs(call.event));
    const opened = held ? await gates.forCall(tx, run, call.key) : [];
    const asked = opened.filter((gate) => gate.contentHash === contentHash);
    const accounts = spending.accounts(at, call.event.event === 'llm.before' ? call.event.model : undefined);
    const facts = await spending.facts(tx, at, accounts, grantedBy(asked));
    const event = priced(enriched(call.event, at), engine, facts);
    const node = held?.node ?? (call.event.event === 'run.before' ? runNode(run) : live.nextNode());

    let verdict = refusedAt(asked, engine.version) ?? engine.decide(event, facts);
    if (proceeds(verdict.disposition) && event.event === 'llm.before') verdict = (await spending.reserve(tx, at, accounts, facts, event, node)) ?? verdict;

    const written: RunFact[] = [];
    if (!held) {
      written.push(await this.#proposal(tx, at, call, event, facts, verdict, node));
      live.proposed(event, now);
      if (event.event !== 'run.before') await this.#parts.runs.add(tx, run, { steps: 1 });
    }
    written.push({ type: 'action.judged', node, event: event.event, verdict });
    const entry: CallRow = { run, key: call.key, node, event: event.event, kind: kindOf(event.event), name: nameOf(event), contentHash, policyVersion: engine.version, at: now, state: 'running', mark: JSON.stringify(markOf(event, now)) };
    if (verdict.disposition === 'gate') return this.#gate(tx, at, verdict, entry, written);

    await this.#closeGates(tx, at, opened, node, written);
    const answer = answerOf(verdict, event);
    await calls.put(tx, { ...entry, state: answer.go ? 'running' : 'refused', answer: JSON.stringify(answer), ...(event.event === 'llm.before' && { provider: event.provider, hold: node }) });
    if (!answer.go) {
      live.refusal = answer.message;
      written.push({ type: 'action.ended', node, outcome: 'refused', error: answer.message });
      await this.#parts.runs.add(tx, run, { refusals: 1 });
    }
    if (held) await this.#resume(tx, at, written);
    const events = await this.#write(tx, at, written, event.event === 'llm.before' ? await spending.balanceFacts(tx, at, accounts, facts) : []);
    return { kind: 'answer', answer, events, node, early: answer.go && losesNothingEarly(event), fresh: true };
  }

  async after(tx: Tx, at: Situation, call: After): Promise<{ readonly answer: AfterAnswer; readonly events: readonly RunEvent[] }> {
    const { live, engine } = at;
    const { calls, spending } = this.#parts;
    const run = live.info.id;
    const row = await calls.find(tx, run, call.key);
    if (!row) throw new FullarcError('no-such-call', `the call ${call.key} ended but was never judged`, 'Only calls that were allowed can end; start the agent again under Fullarc.');
    if (row.afterAnswer) return { answer: JSON.parse(row.afterAnswer) as AfterAnswer, events: [] };

    const event = settledEvent(enriched(call.event, at), row.provider ?? '');
    const accounts = spending.accounts(at, event.event === 'llm.after' ? row.name : undefined);
    const facts = await spending.facts(tx, at, accounts);
    const verdict = engine.decide(event, facts);
    const answer: AfterAnswer = proceeds(verdict.disposition)
      ? { go: true, redactions: verdict.redactions }
      : { go: false, disposition: verdict.disposition, message: refusalMessage(verdict) };
    const outcome = outcomeOf(event);
    const tokens = event.event === 'llm.after' && event.usage ? event.usage.input + event.usage.output : undefined;
    const cost = event.event === 'llm.after' ? event.cost : undefined;
    if (row.hold) await spending.settle(tx, row.hold, cost, tokens);
    live.ended(event.event === 'llm.after' || event.event === 'tool.after' ? outcome === 'failed' : undefined, cost, tokens);
    await calls.update(tx, run, call.key, { state: 'done', outcome, afterAnswer: JSON.stringify(answer) });
    if (!answer.go) live.refusal = answer.message;
    await this.#parts.runs.add(tx, run, { cost: cost ?? 0, refusals: answer.go ? 0 : 1 });

    const written: RunFact[] = verdict.reasons.length ? [{ type: 'action.judged', node: row.node, event: event.event, verdict }] : [];
    written.push({
      type: 'action.ended', node: row.node, outcome: answer.go ? outcome : 'refused',
      output: shownOf(event, verdict.redactions, engine.audit(facts), this.#parts.scrub),
      ...(event.event === 'llm.after' && { usage: event.usage, cost, costKnown: cost !== undefined }),
      error: answer.go ? errorOf(event) : answer.message,
    });
    const balances = row.hold ? await spending.balanceFacts(tx, at, accounts, facts) : [];
    return { answer, events: await this.#write(tx, at, written, balances) };
  }

  /** The call will not happen: its reservation is returned and its gates are withdrawn. */
  async abandon(tx: Tx, at: Situation, key: string): Promise<readonly RunEvent[]> {
    const run = at.live.info.id;
    const row = await this.#parts.calls.find(tx, run, key);
    if (!row || row.state === 'done' || row.state === 'refused') return [];
    const written: RunFact[] = [];
    await this.#closeGates(tx, at, await this.#parts.gates.forCall(tx, run, key), row.node, written);
    if (row.hold) await this.#parts.spending.release(tx, row.hold);
    await this.#parts.calls.update(tx, run, key, { state: 'done', outcome: 'aborted' });
    written.push({ type: 'action.ended', node: row.node, outcome: 'aborted' });
    if (row.state === 'held') await this.#resume(tx, at, written);
    return this.#write(tx, at, written);
  }

  /** Why a stream that is going on has to be cut off; undefined when it may go on. `outputTokens` so far. */
  async progress(tx: Tx, at: Situation, key: string, outputTokens: number): Promise<string | undefined> {
    const { live, engine } = at;
    if (live.killed) return `stopped by ${live.killed.by}: ${live.killed.reason}`;
    const row = await this.#parts.calls.find(tx, live.info.id, key);
    if (row?.state !== 'running') return undefined;
    const { maxOutputTokens } = JSON.parse(row.answer ?? '{}') as { maxOutputTokens?: number };
    if (maxOutputTokens !== undefined && outputTokens > maxOutputTokens * STREAM_TOLERANCE) return `the answer is longer than the ${maxOutputTokens} tokens that its reservation covers`;
    const facts = await this.#parts.spending.facts(tx, at, this.#parts.spending.accounts(at, row.name));
    const passed = this.#parts.spending.exceeded(engine, facts);
    return passed && `what is spent and reserved is over the ${passed.scope} limit of policy ${passed.policy}`;
  }

  async #proposal(tx: Tx, at: Situation, call: Before, event: ActionEvent, facts: Facts, verdict: Verdict, node: string): Promise<RunFact> {
    return {
      type: 'action.proposed', node, kind: kindOf(event.event), name: nameOf(event), causes: await this.#causes(tx, at.live.info.id, call),
      input: shownOf(event, verdict.redactions, at.engine.audit(facts), this.#parts.scrub, verdict.disposition === 'gate'),
      ...(event.event === 'llm.before' && { estimate: event.estimatedCost }),
    };
  }

  /** Nodes that led to this call. A request or process of the agent belongs to the one tool that is running; with several at once nobody can tell. */
  async #causes(tx: Tx, run: string, call: Before): Promise<string[]> {
    if (!call.causes) {
      const tools = (await this.#parts.calls.running(tx, run)).filter((row) => row.kind === 'tool');
      return tools.length === 1 ? tools.map((row) => row.node) : [];
    }
    const rows = [];
    for (const key of call.causes) rows.push(await this.#parts.calls.find(tx, run, key));
    return rows.flatMap((row) => row?.node ?? []);
  }

  async #gate(tx: Tx, at: Situation, verdict: Verdict, entry: CallRow, written: RunFact[]): Promise<Judged> {
    const { live, now } = at;
    const asking = verdict.reasons.filter((reason) => reason.disposition === 'gate' && !reason.shadow);
    const opened = [];
    for (const { policy, message, gate: terms = DEFAULT_TERMS } of asking) {
      const expiresAt = now + terms.timeoutMs;
      const made = await this.#parts.gates.open(tx, { id: `${entry.node.replace('/', '-')}-${policy}-${entry.contentHash.slice(0, 8)}`, run: entry.run, node: entry.node, key: entry.key, policy, message, terms, at: now, expiresAt, contentHash: entry.contentHash, policyVersion: entry.policyVersion });
      opened.push(made.gate);
      if (!made.opened) continue;
      written.push({ type: 'gate.opened', node: entry.node, gate: made.gate, policy, message, terms, expiresAt, contentHash: entry.contentHash });
      await this.#parts.runs.add(tx, entry.run, { openGates: 1 });
    }
    const [first] = opened;
    const message = asking[0]?.message ?? '';
    if (first === undefined) throw new Error('a gate verdict without a policy that asks for one');
    await this.#parts.calls.put(tx, { ...entry, state: 'held' });
    await this.#parts.runs.setState(tx, live.info.id, 'suspended', now, message);
    written.push({ type: 'run.state', state: 'suspended', reason: message });
    return { kind: 'wait', gate: first, message, events: await this.#write(tx, at, written) };
  }

  /** Withdraws the gates of a call that nobody has decided and that no longer matter. */
  async #closeGates(tx: Tx, at: Situation, gates: readonly GateView[], node: string, written: RunFact[]): Promise<void> {
    for (const gate of gates) {
      if (gate.decision) continue;
      await this.#parts.gates.withdraw(tx, gate.id, at.now);
      await this.#parts.runs.add(tx, at.live.info.id, { openGates: -1 });
      written.push({ type: 'gate.decided', node, gate: gate.id, decision: 'withdrawn', by: 'fullarc' });
    }
  }

  async #resume(tx: Tx, at: Situation, written: RunFact[]): Promise<void> {
    if ((await this.#parts.calls.held(tx, at.live.info.id)) > 0) return;
    await this.#parts.runs.setState(tx, at.live.info.id, 'running', at.now);
    written.push({ type: 'run.state', state: 'running' });
  }

  /** Appends to the run's journal, and balances to the root's: they are the tree's. */
  async #write(tx: Tx, at: Situation, facts: readonly RunFact[], balances: readonly RunFact[] = []): Promise<RunEvent[]> {
    const { id, root } = at.live.info;
    const append = (run: string, written: readonly RunFact[]): Promise<RunEvent[]> | [] => (written.length ? this.#parts.journal.append(tx, run, at.now, written) : []);
    if (id === root) return append(id, [...facts, ...balances]);
    return [...await append(id, facts), ...await append(root, balances)];
  }
}

/** Providers count tokens their own way; a stream is cut off only when it is clearly over. */
const STREAM_TOLERANCE = 1.25;

/** The answer that a repeated call meets again; undefined when it has to be judged anew. */
function standing(row: CallRow, engine: Engine): BeforeAnswer | undefined {
  if (!row.answer || row.state === 'done') return undefined;
  const answer = JSON.parse(row.answer) as BeforeAnswer;
  const mayDiffer = row.policyVersion !== engine.version || (!answer.go && TRANSIENT.has(answer.disposition));
  return row.state === 'refused' && mayDiffer ? undefined : answer;
}

/** Refusals that ask to be tried again. */
const TRANSIENT: ReadonlySet<Disposition> = new Set(['throttle', 'retry']);

const grantedBy = (gates: readonly GateView[]): ReadonlySet<string> =>
  new Set(gates.filter((gate) => gate.decision === 'approved' || gate.decision === 'expired-allow').map((gate) => gate.policy));

/** A person said no, or nobody answered in time. */
function refusedAt(gates: readonly GateView[], policyVersion: string): Verdict | undefined {
  const gate = gates.find((each) => each.decision === 'rejected' || each.decision === 'expired-block');
  if (!gate) return undefined;
  const message = gate.decision === 'rejected' ? `${gate.by} rejected this${gate.reason ? `: ${gate.reason}` : ''}` : 'nobody approved this in time';
  return { disposition: 'block', redactions: [], policyVersion, reasons: [{ policy: gate.policy, category: 'approval', disposition: 'block', message, field: 'decision', fact: 'decision', value: gate.decision }] };
}

function answerOf(verdict: Verdict, event: ActionEvent): BeforeAnswer {
  if (proceeds(verdict.disposition)) return { go: true, redactions: verdict.redactions, ...(event.event === 'llm.before' && { maxOutputTokens: event.maxOutputTokens }) };
  const retryAfterMs = verdict.reasons.find((reason) => reason.retryAfterMs !== undefined && !reason.shadow)?.retryAfterMs;
  return { go: false, disposition: verdict.disposition, message: refusalMessage(verdict), ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Adds what only the governor knows. */
function enriched(event: ActionEvent, at: Situation): ActionEvent {
  switch (event.event) {
    case 'tool.before': case 'tool.after': return { ...event, ...at.engine.tool(event.name) };
    case 'spawn.before': case 'spawn.after': return { ...event, depth: at.live.info.depth + 1 };
    default: return event;
  }
}

/** Calls that only read or cost money may go on while their record is being synced: the result waits for it. */
function losesNothingEarly(event: ActionEvent): boolean {
  return event.event === 'llm.before' || (event.event === 'tool.before' && event.class === 'read') || (event.event === 'http.before' && /^(GET|HEAD|OPTIONS)$/i.test(event.method));
}

function outcomeOf(event: ActionEvent): ActionOutcome {
  switch (event.event) {
    case 'llm.after': return event.status === 'ok' ? 'done' : event.status === 'aborted' ? 'aborted' : 'failed';
    case 'tool.after': return event.isError ? 'failed' : 'done';
    case 'http.after': return event.error ? 'failed' : 'done';
    case 'exec.after': return event.exitCode === 0 ? 'done' : 'failed';
    case 'spawn.after': return event.outcome === 'completed' ? 'done' : 'failed';
    default: return 'done';
  }
}

const errorOf = (event: ActionEvent): string | undefined => ('error' in event ? event.error : undefined);
