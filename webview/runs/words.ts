// The run in the words a person would use: captions, summaries of a node, spoken names. Pure, and the same for screen and screen reader.

import { plural, valueText } from '../../protocol/describe-graph.ts';
import { formatUsd } from '../../protocol/money.ts';
import { printable } from '../../protocol/printable.ts';
import type { RunGraph, RunNode, RunSummary } from '../../protocol/run-graph.ts';
import type { Reason } from '../../protocol/verdict.ts';
import { OUTCOMES, outcomeOf } from './outcome.ts';

/** The second line of a node: how it came out when that matters, else what it cost or how long it took. */
export function captionOf(node: RunNode): string {
  const outcome = outcomeOf(node);
  const cost = node.cost ? formatUsd(node.cost) : '';
  const took = node.endedAt === undefined ? '' : durationText(node.endedAt - node.startedAt);
  if (node.kind === 'run') return outcome === 'done' ? 'completed' : OUTCOMES[outcome].word;
  if (outcome !== 'done') return [OUTCOMES[outcome].word, cost].filter(Boolean).join(' · ');
  return node.kind === 'llm' ? cost || took : [node.kind, cost || took].filter(Boolean).join(' · ');
}

/** What a node is called when it stands alone. */
export function titleOf(node: RunNode): string {
  const name = printable(node.name);
  if (node.kind === 'run') return `agent ${name}`;
  if (node.kind === 'gate') return `gate of policy ${name}`;
  return `${KINDS[node.kind] ?? node.kind} ${name}`;
}

const KINDS: Readonly<Partial<Record<RunNode['kind'], string>>> = {
  llm: 'model call', tool: 'tool', http: 'request to', exec: 'command', spawn: 'spawn of', file: 'file', output: 'output', message: 'message',
};

/** One sentence that says who wanted what, what was decided and why. */
export function summaryOf(graph: RunGraph, node: RunNode): string {
  const agent = printable(graph.runs.get(node.run)?.agent ?? 'the agent');
  if (node.kind === 'run') return runSentence(graph.runs.get(node.run), agent);
  if (node.kind === 'gate') return gateSentence(graph, node, agent);
  const reason = decidingReason(node);
  const because = reason ? ` Policy ${reason.policy} said ${reason.disposition}: ${printable(reason.message)}` : '';
  return `${agent} ${WANTED[node.kind] ?? `wanted to use ${node.kind}`} ${printable(node.name)}; ${resultOf(node)}.${because}`;
}

const WANTED: Readonly<Partial<Record<RunNode['kind'], string>>> = {
  llm: 'asked the model', tool: 'wanted to call the tool', http: 'wanted to reach', exec: 'wanted to run the command', spawn: 'wanted to start the agent', file: 'wanted the file',
};

function resultOf(node: RunNode): string {
  const took = node.endedAt === undefined ? '' : ` in ${durationText(node.endedAt - node.startedAt)}`;
  switch (outcomeOf(node)) {
    case 'proposed': return 'it is being judged';
    case 'running': return 'it may, and is under way';
    case 'waiting': return 'it waits for a person';
    case 'done': return `it went through${took}`;
    case 'warned': return `it went through with a warning${took}`;
    case 'redacted': return `it went through with parts taken out${took}`;
    case 'refused': return node.state === 'done' ? 'it ran, and its result was withheld' : 'it was refused';
    case 'budget': return 'it was refused for lack of budget';
    case 'failed': return `it failed${took}${node.error ? `: ${printable(node.error)}` : ''}`;
    case 'aborted': return 'it was cut off';
    case 'in-doubt': return 'nobody knows whether it took effect';
    case 'approved': case 'rejected': return OUTCOMES[outcomeOf(node)].word;
  }
}

function runSentence(run: RunSummary | undefined, agent: string): string {
  if (!run) return agent;
  const own = `${plural(run.steps, 'action')}, ${formatUsd(run.cost)} of its own`;
  const trouble = run.refusals ? `, ${run.refusals} refused` : '';
  return `${agent} is ${run.state}${run.reason ? `: ${printable(run.reason)}` : ''}. ${own}${trouble}.`;
}

function gateSentence(graph: RunGraph, node: RunNode, agent: string): string {
  const gate = [...graph.gates.values()].find((each) => `${each.id}/gate` === node.id);
  if (!gate) return `A gate of ${agent}.`;
  const action = graph.nodes.get(gate.node);
  const answer = gate.decision === undefined
    ? `Without an answer it will be ${gate.terms.onTimeout === 'block' ? 'refused' : 'allowed'}.`
    : `It was ${gate.decision.startsWith('expired') ? 'not answered in time' : gate.decision}${gate.by ? ` by ${printable(gate.by)}` : ''}${gate.reason ? `: ${printable(gate.reason)}` : ''}.`;
  return `${agent} asks for ${action ? printable(action.name) : 'an action'}: ${printable(gate.message)} ${answer}`;
}

/** The strongest reason with an effect. */
export function decidingReason(node: RunNode): Reason | undefined {
  return node.verdicts.flatMap(({ verdict }) => verdict.reasons).find((reason) => !reason.shadow && reason.disposition === node.disposition);
}

/** The rule of a reason beside the fact it met: `per_minute 8, calls in the last minute 9`. */
export function comparisonOf(reason: Reason): string {
  const rule = reason.limit === undefined ? reason.field : `${reason.field}: ${valueText(reason.limit)}`;
  return printable(reason.value === undefined ? rule : `${rule}; ${reason.fact ?? 'found'}: ${valueText(reason.value)}`);
}

/** How a node is told by a screen reader. */
export function spoken(graph: RunGraph, node: RunNode): string {
  const agent = printable(graph.runs.get(node.run)?.agent ?? '');
  const cost = node.cost === undefined ? '' : `, ${formatUsd(node.cost)}`;
  return `${titleOf(node)}, ${OUTCOMES[outcomeOf(node)].word}${cost}, step ${node.step}, agent ${agent}`;
}

/** The whole picture in a sentence. */
export function pictureText(graph: RunGraph): string {
  let refusals = 0;
  let gates = 0;
  for (const run of graph.runs.values()) {
    refusals += run.refusals;
    gates += run.openGates;
  }
  return `Run with ${plural(graph.runs.size, 'agent')} and ${plural(graph.nodes.size, 'node')}, ${plural(refusals, 'refusal')}, ${plural(gates, 'open gate')}.`;
}

/** `0.4 s`, `2 min 5 s`, `1 h 3 min`. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `02:41`, as a clock that runs. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return (parts[0] ? parts : parts.slice(1)).map((part) => String(part).padStart(2, '0')).join(':');
}
