// Judges one governed call inside one store transaction: what was answered before, the facts, the engine's verdict, the reservation, and what is written down.

import { kindOf, type ActionEvent, type ActionKind, type HttpCall } from '../protocol/action.ts';
import type { After, AfterAnswer, Before, BeforeAnswer } from '../protocol/agent-wire.ts';
import { FullarcError } from '../protocol/control.ts';
import { runNode, type ActionOutcome, type GateView, type RunEvent, type RunFact } from '../protocol/run-graph.ts';
import { proceeds, refusalMessage, type Disposition, type GateTerms, type Reason, type Verdict } from '../protocol/verdict.ts';
import { boundsOf } from './action-bounds.ts';
import type { CallRow, Calls } from './calls.ts';
import type { Gates } from './gates.ts';
import type { Journal } from './journal.ts';
import { effectsOf, uncounted } from './effects.ts';
import type { Incidents } from './incidents.ts';
import { learnedOf, toldIn } from './learned.ts';
import { markOf, sha256 } from './live-run.ts';
import type { MemoryItems } from './memory-items.ts';
import type { ActionLimit, Engine } from './policy/api.ts';
import { canonicalArgs } from './policy/detect/loops.ts';
import type { Facts } from './policy/facts.ts';
import { notingHost } from './policy/recorded-host.ts';
import type { Recordings } from './recordings.ts';
import type { Runs } from './runs.ts';
import { policyScrub } from './scrub.ts';
import { nameOf, shownOf, type Scrub } from './shown.ts';
import { priced, settledEvent, type Situation, type Spending } from './spending.ts';
import type { Tx } from './store/store.ts';
import type { Started, Windows } from './windows.ts';

export interface JudgeParts {
  readonly runs: Runs;
  readonly journal: Journal;
  readonly gates: Gates;
  readonly calls: Calls;
  readonly spending: Spending;
  readonly windows: Windows;
  readonly memory: MemoryItems;
  readonly incidents: Incidents;
  readonly recordings: Recordings;
  readonly scrub: Scrub;
}

/** What a judgement came to: an answer, or a gate that a person has to decide first. `events` are in the journal already. */
export type Judged =
  | { readonly kind: 'answer'; readonly answer: BeforeAnswer; readonly events: readonly RunEvent[]; readonly node: string; /** False when an earlier answer was given again. */ readonly fresh: boolean }
  | { readonly kind: 'wait'; readonly gate: string; readonly message: string; readonly events: readonly RunEvent[] };

/** The key of the call that a run's own start is. No other call may have it. */
export const RUN_KEY = 'run';

/** Terms of a gate whose policy names none. */
const DEFAULT_TERMS: GateTerms = { approvers: [], quorum: 1, timeoutMs: 30 * 60_000, onTimeout: 'block', review: 'full' };

export class Judge {
  readonly #parts: JudgeParts;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
  }

  /** Judges a call, or answers a repeat like the first time. A call that is over, or another one under the same key, is judged on its own. */
  async before(tx: Tx, at: Situation, call: Before): Promise<Judged> {
    const { live, engine, now } = at;
    const { calls, gates, spending } = this.#parts;
    const run = live.info.id;
    const row = await calls.find(tx, run, call.key);
    const contentHash = sha256(canonicalArgs(call.event));
    const same = row?.contentHash === contentHash ? row : undefined;
    const again = same && standing(same, engine);
    if (again) return { kind: 'answer', answer: again, events: [], node: same.node, fresh: false };

    const before = row && !same ? await this.#supersede(tx, at, row) : [];
    const held = same?.state === 'held' ? same : undefined;
    const asked = held ? await gates.forCall(tx, run, call.key) : [];
    const accounts = spending.accounts(at, call.event.event === 'llm.before' ? call.event.model : undefined);
    const seenBefore = await this.#seenBefore(tx, at, call.event);
    const found = await spending.facts(tx, at, accounts, grantedBy(asked));
    const { facts, asked: past } = notingHost(seenBefore ? uncounted(found, call.event) : found);
    const event = priced(enriched(call.event, at), engine, facts);
    const node = held?.node ?? (call.event.event === 'run.before' ? runNode(run) : live.nextNode());

    const seen = [event, ...engine.seenAs(event)];
    const refused = refusedAt(asked, engine.version);
    let verdict = refused ?? await at.asking.decided(tx, () => engine.decide(event, facts));
    verdict = (await this.#forgotten(tx, at, facts, seen, verdict)) ?? verdict;
    const unpaid = proceeds(verdict.disposition) && event.event === 'llm.before' ? await spending.reserve(tx, at, accounts, facts, event, node) : undefined;
    verdict = unpaid ?? verdict;

    const written: RunFact[] = [];
    const mark = markOf(event, now);
    const audit = engine.audit(facts);
    await this.#parts.recordings.add(tx, { run, node, event, facts, asked: past, verdict, audit, scrub: this.#scrubOf(event, at, facts), ...(!held && { mark }), ...(refused ? { by: 'person' } : unpaid && { by: 'ledger' }) });
    if (!held) {
      written.push(await this.#proposal(tx, at, call, event, facts, verdict, node));
      live.remember(mark);
      if (event.event !== 'run.before') await this.#parts.runs.add(tx, run, { steps: 1 });
    }
    const effects = proceeds(verdict.disposition) && !seenBefore ? effectsOf(seen) : undefined;
    const told = proceeds(verdict.disposition) && audit.logSteps && audit.logInputs ? toldIn(event, verdict.redactions, this.#scrubOf(event, at, facts)) : undefined;
    written.push({ type: 'action.judged', node, event: event.event, verdict, ...(effects && { effects }), ...(told && { told }) });
    await this.#parts.incidents.add(tx, at, facts, node, event, verdict);
    const entry: CallRow = { run, key: call.key, node, event: event.event, kind: kindOf(event.event), name: nameOf(event), contentHash, policyVersion: engine.version, at: now, state: 'running', mark: JSON.stringify(mark) };
    if (verdict.disposition === 'gate') {
      const waits = await this.#gate(tx, at, verdict, entry, written);
      return { ...waits, events: [...before, ...waits.events] };
    }

    await this.#closeGates(tx, at, asked, node, written);
    const answer = answerOf(verdict, event, engine.limits(facts, event));
    if (answer.go) await this.#begins(tx, at, entry, seen);
    await calls.put(tx, { ...entry, state: answer.go ? 'running' : 'refused', answer: JSON.stringify(answer), ...(event.event === 'llm.before' && { provider: event.provider, hold: node }) });
    if (!answer.go) {
      written.push({ type: 'action.ended', node, outcome: 'refused', error: answer.message });
      await this.#parts.runs.add(tx, run, { refusals: 1 });
    }
    if (held) await this.#resume(tx, at, written);
    const events = await this.#write(tx, at, written, event.event === 'llm.before' ? await spending.balanceFacts(tx, at, accounts, facts) : []);
    return { kind: 'answer', answer, events: [...before, ...events], node, fresh: true };
  }

  /** Takes back that a call may go on, before its caller was told: what it would have started may not. */
  async refuse(tx: Tx, at: Situation, key: string, answer: Extract<BeforeAnswer, { go: false }>): Promise<readonly RunEvent[]> {
    const { calls, runs } = this.#parts;
    const row = await calls.find(tx, at.live.info.id, key);
    if (row?.state !== 'running') return [];
    await calls.update(tx, row.run, key, { state: 'refused', answer: JSON.stringify(answer) });
    await this.#parts.windows.takenBack(tx, at.live.info, startedAt(row));
    await runs.add(tx, row.run, { refusals: 1 });
    return this.#write(tx, at, [{ type: 'action.ended', node: row.node, outcome: 'refused', error: answer.message }]);
  }

  /** Takes in how a call ended. Errors: `no-such-call` for one that was never allowed, `bad-message` for a report that is about something else. */
  async after(tx: Tx, at: Situation, call: After): Promise<{ readonly answer: AfterAnswer; readonly events: readonly RunEvent[] }> {
    const row = await this.#parts.calls.find(tx, at.live.info.id, call.key);
    if (!row || row.state === 'held' || row.state === 'refused') throw new FullarcError('no-such-call', `the call ${call.key} ended but was never allowed`, 'Only calls that were allowed can end; start the agent again under Fullarc.');
    if (row.kind !== kindOf(call.event.event)) throw new FullarcError('bad-message', `the call ${call.key} began as ${row.event} and cannot end as ${call.event.event}`, 'The process and the governor are of different versions; restart both.');
    if (row.afterAnswer) return { answer: JSON.parse(row.afterAnswer) as AfterAnswer, events: [] };
    for (const [id, judgement] of Object.entries(call.judgements ?? {})) at.asking.judgements.set(id, judgement);
    return this.#ended(tx, at, row, call.event);
  }

  /** Ends whatever the run left open, and then the run itself. */
  async close(tx: Tx, at: Situation, event: ActionEvent & { event: 'run.after' }): Promise<readonly RunEvent[]> {
    const { calls, gates } = this.#parts;
    const run = at.live.info.id;
    const events: RunEvent[] = [];
    for (const call of await calls.open(tx, run)) if (call.key !== RUN_KEY) events.push(...await this.abandon(tx, at, call.key, 'cut-off'));
    const own = await calls.find(tx, run, RUN_KEY);
    if (!own || own.state === 'refused') return events;
    const written: RunFact[] = [];
    await this.#closeGates(tx, at, await gates.forCall(tx, run, RUN_KEY), own.node, written);
    events.push(...await this.#write(tx, at, written));
    return [...events, ...(await this.#ended(tx, at, own, event)).events];
  }

  /**
   * Ends a call that has not reported, and withdraws its gates. `not-sent`: it will not happen, so its reservation is returned.
   * `cut-off`: nobody knows how far it came, so what it reserved counts as spent.
   */
  async abandon(tx: Tx, at: Situation, key: string, why: 'not-sent' | 'cut-off'): Promise<readonly RunEvent[]> {
    const { calls, gates, spending } = this.#parts;
    const run = at.live.info.id;
    const row = await calls.find(tx, run, key);
    if (!row || row.state === 'done' || row.state === 'refused') return [];
    const written: RunFact[] = [];
    await this.#closeGates(tx, at, await gates.forCall(tx, run, key), row.node, written);
    if (row.hold) await (why === 'not-sent' ? spending.release(tx, row.hold) : spending.settle(tx, row.hold, undefined, undefined));
    await calls.update(tx, run, key, { state: 'done', outcome: 'aborted' });
    this.#parts.windows.ended(at.live.info, startedAt(row));
    written.push({ type: 'action.ended', node: row.node, outcome: 'aborted' });
    if (row.state === 'held') await this.#resume(tx, at, written);
    return this.#write(tx, at, written, row.hold ? await this.#balances(tx, at, row.name) : []);
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

  /** Another call came under the key of one that is not over: the first gets no answer that the second could use. */
  async #supersede(tx: Tx, at: Situation, { key, event }: CallRow): Promise<readonly RunEvent[]> {
    if (key === RUN_KEY) throw new FullarcError('bad-message', `${RUN_KEY} is the key of the run's own start, and this is another call`, 'Give each call a key of its own.');
    return this.abandon(tx, at, key, event === 'llm.before' ? 'cut-off' : 'not-sent');
  }

  async #ended(tx: Tx, at: Situation, row: CallRow, reported: ActionEvent): Promise<{ readonly answer: AfterAnswer; readonly events: readonly RunEvent[] }> {
    const { live, engine } = at;
    const { calls, spending } = this.#parts;
    const run = live.info.id;
    const event = settledEvent(enriched(reported, at), row.provider ?? '');
    const accounts = spending.accounts(at, event.event === 'llm.after' ? row.name : undefined);
    const { facts, asked } = notingHost(await spending.facts(tx, at, accounts));
    const seen = [event, ...engine.seenAs(event)];
    const verdict = await at.asking.decided(tx, () => engine.decide(event, facts));
    const audit = engine.audit(facts);
    await this.#parts.recordings.add(tx, { run, node: row.node, event, facts, asked, verdict, audit, scrub: policyScrub(engine, facts, this.#parts.scrub) });
    const answer: AfterAnswer = proceeds(verdict.disposition)
      ? { go: true, redactions: verdict.redactions }
      : { go: false, disposition: verdict.disposition, message: refusalMessage(verdict) };
    const outcome = outcomeOf(event);
    const tokens = event.event === 'llm.after' && event.usage ? event.usage.input + event.usage.output : undefined;
    const cost = event.event === 'llm.after' ? event.cost : undefined;
    if (row.hold && row.state === 'running') await spending.settle(tx, row.hold, cost, tokens);
    else if (row.hold && cost !== undefined && tokens !== undefined) await spending.settleReturned(tx, at, accounts, row.hold, cost, tokens);
    await calls.update(tx, run, row.key, { state: 'done', outcome, afterAnswer: JSON.stringify(answer) });
    await this.#parts.runs.add(tx, run, { cost: cost ?? 0, refusals: answer.go ? 0 : 1 });
    await this.#parts.incidents.add(tx, at, facts, row.node, event, verdict);
    this.#parts.windows.ended(live.info, startedAt(row));
    const effects = effectsOf(seen);
    const learned = answer.go && audit.logSteps && audit.logOutputs ? learnedOf(seen, verdict.redactions, this.#scrubOf(event, at, facts)) : undefined;

    const written: RunFact[] = verdict.reasons.length ? [{ type: 'action.judged', node: row.node, event: event.event, verdict }] : [];
    written.push({
      type: 'action.ended', node: row.node, outcome: answer.go ? outcome : 'refused',
      output: shownOf(event, verdict.redactions, audit, this.#scrubOf(event, at, facts)), ...(effects && { effects }), ...(learned && { learned }),
      ...(event.event === 'llm.after' && { usage: event.usage, cost, costKnown: cost !== undefined }),
      error: answer.go ? this.#scrubbed(errorOf(event), at, facts) : answer.message,
    });
    return { answer, events: await this.#write(tx, at, written, row.hold ? await this.#balances(tx, at, row.name) : []) };
  }

  /** A request, program or file of the tool that is running and that was judged as just that: one action, seen at two places, counts once. */
  async #seenBefore(tx: Tx, { live, engine }: Situation, event: ActionEvent): Promise<boolean> {
    if (!SEEN_TWICE.has(event.event)) return false;
    const tool = await this.#parts.calls.onlyRunningTool(tx, live.info.id);
    return tool !== undefined && engine.meaning(tool.name) === kindOf(event.event);
  }

  /** An action may go on: it counts from now on, and what it remembers is noted. */
  async #begins(tx: Tx, { live, now }: Situation, entry: CallRow, seen: readonly ActionEvent[]): Promise<void> {
    await this.#parts.windows.started(tx, live.info, startedAt({ ...entry, at: now }));
    for (const event of seen) if (event.event === 'memory.before') await this.#parts.memory.note(tx, live.info, event, now);
  }

  /** A remembered item that was purged or is too old must not be read, whatever still holds it. */
  async #forgotten(tx: Tx, { live, engine, now }: Situation, facts: Facts, seen: readonly ActionEvent[], verdict: Verdict): Promise<Verdict | undefined> {
    const read = seen.find((event) => event.event === 'memory.before' && event.operation === 'read');
    const rules = read && proceeds(verdict.disposition) ? engine.memory(facts) : [];
    if (!read || read.event !== 'memory.before' || rules.length === 0 || !await this.#parts.memory.gone(tx, live.info, read, rules, now)) return undefined;
    const reason: Reason = { policy: rules[0]!.policy, category: 'memory', disposition: 'block', field: 'memory_retention_hours', message: 'This item was purged: its time is over, or the run that wrote it has ended.', remedy: 'Do without it.' };
    return { ...verdict, disposition: 'block', reasons: [reason, ...verdict.reasons] };
  }

  /** Texts of models and tools were redacted span by span already. */
  #scrubOf({ event }: ActionEvent, { engine }: Situation, facts: Facts): Scrub {
    const { scrub } = this.#parts;
    return REDACTED_BY_SPAN.has(kindOf(event)) ? scrub : policyScrub(engine, facts, scrub);
  }

  #scrubbed(text: string | undefined, { engine }: Situation, facts: Facts): string | undefined {
    return text && policyScrub(engine, facts, this.#parts.scrub)(text);
  }

  async #balances(tx: Tx, at: Situation, model: string): Promise<RunFact[]> {
    const accounts = this.#parts.spending.accounts(at, model);
    return this.#parts.spending.balanceFacts(tx, at, accounts, await this.#parts.spending.facts(tx, at, accounts));
  }

  async #proposal(tx: Tx, at: Situation, call: Before, event: ActionEvent, facts: Facts, verdict: Verdict, node: string): Promise<RunFact> {
    return {
      type: 'action.proposed', node, kind: kindOf(event.event), name: nameOf(event), causes: await this.#causes(tx, at.live.info.id, call),
      input: shownOf(event, verdict.redactions, at.engine.audit(facts), this.#scrubOf(event, at, facts), verdict.disposition === 'gate'),
      ...(event.event === 'llm.before' && { estimate: event.estimatedCost }),
    };
  }

  /** Nodes that led to this call. A request or process of the agent belongs to the one tool that is running; with several at once nobody can tell. */
  async #causes(tx: Tx, run: string, call: Before): Promise<string[]> {
    if (!call.causes) {
      const tool = await this.#parts.calls.onlyRunningTool(tx, run);
      return tool ? [tool.node] : [];
    }
    const rows = [];
    for (const key of call.causes) rows.push(await this.#parts.calls.find(tx, run, key));
    return rows.flatMap((row) => row?.node ?? []);
  }

  async #gate(tx: Tx, at: Situation, verdict: Verdict, entry: CallRow, written: RunFact[]): Promise<Extract<Judged, { kind: 'wait' }>> {
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
    if (await this.#parts.runs.setState(tx, at.live.info.id, 'running', at.now)) written.push({ type: 'run.state', state: 'running' });
  }

  /** Appends to the run's journal, and balances to the root's: they are the tree's. */
  async #write(tx: Tx, at: Situation, facts: readonly RunFact[], balances: readonly RunFact[] = []): Promise<RunEvent[]> {
    const { id, root } = at.live.info;
    const append = (run: string, written: readonly RunFact[]): Promise<RunEvent[]> | [] => (written.length ? this.#parts.journal.append(tx, run, at.now, written) : []);
    const own = await append(id, id === root ? [...facts, ...balances] : facts);
    for (const event of own) at.live.apply(event);
    return id === root ? own : [...own, ...await append(root, balances)];
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

/** Actions of a tool that are intercepted once more where they happen. */
const SEEN_TWICE: ReadonlySet<string> = new Set(['http.before', 'exec.before', 'file.before', 'data.before']);

const REDACTED_BY_SPAN: ReadonlySet<ActionKind> = new Set(['llm', 'tool', 'output']);

/** A call as it is counted. */
const startedAt = ({ node, kind, name, at }: CallRow): Started => ({ node, kind, name, at });

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

function answerOf(verdict: Verdict, event: ActionEvent, limits: readonly ActionLimit[]): BeforeAnswer {
  if (proceeds(verdict.disposition)) return { go: true, redactions: verdict.redactions, ...boundsOf(limits, kindOf(event.event)), ...(event.event === 'llm.before' && { maxOutputTokens: event.maxOutputTokens }) };
  const retryAfterMs = verdict.reasons.find((reason) => reason.retryAfterMs !== undefined && !reason.shadow)?.retryAfterMs;
  return { go: false, disposition: verdict.disposition, message: refusalMessage(verdict), ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Puts in what only the governor knows, over whatever the process says about it. */
function enriched(event: ActionEvent, at: Situation): ActionEvent {
  switch (event.event) {
    case 'tool.before': case 'tool.after': return { ...event, risk: undefined, ...at.engine.tool(event.name) };
    case 'spawn.before': case 'spawn.after': return { ...event, depth: at.live.info.depth + 1 };
    case 'http.before': case 'http.after': return { ...event, ...addressOf(event.url) };
    case 'llm.after': return { ...event, cost: undefined };
    default: return event;
  }
}

/** What a request's URL says of where it goes, so that it cannot be judged as going elsewhere. */
function addressOf(text: string): Partial<HttpCall> {
  if (!URL.canParse(text)) return {};
  const { protocol, hostname, port } = new URL(text);
  const scheme = protocol.slice(0, -1);
  return { protocol: scheme, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (scheme === 'https' || scheme === 'wss' ? 443 : 80) };
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
