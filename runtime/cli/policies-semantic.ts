// What two policy sets judge differently, as lines for people and as JSON.

import type { ActionEvent } from '../../protocol/action.ts';
import { formatUsd } from '../../protocol/money.ts';
import { printable } from '../../protocol/printable.ts';
import type { SemanticDiff, Shown } from '../policy/analyse/semantic-diff.ts';
import type { Facts } from '../policy/facts.ts';

export function semanticLines(diff: SemanticDiff): readonly string[] {
  const { newlyAllowed, newlyRefused, otherwise, undecided } = diff;
  const none = newlyAllowed.length + newlyRefused.length + otherwise.length + undecided.length === 0;
  return none ? ['every action is judged as before'] : [
    ...part('newly allowed', newlyAllowed), ...part('newly refused', newlyRefused), ...part('judged otherwise', otherwise),
    ...(undecided.length > 0 ? ['undecided:', ...undecided.map(({ policy, why }) => `  ${printable(policy)}: ${printable(why)}`)] : []),
  ];
}

/** Witnesses with what their facts say that matters; hosts and sets do not travel as JSON. */
export function semanticJson({ newlyAllowed, newlyRefused, otherwise, undecided }: SemanticDiff) {
  const plain = ({ policy, event, facts, before, after }: Shown) => ({ policy, event, facts: about(facts), before, after });
  return { newlyAllowed: newlyAllowed.map(plain), newlyRefused: newlyRefused.map(plain), otherwise: otherwise.map(plain), undecided };
}

const about = ({ agent, fleet, workflow, user, plane, run, spend }: Facts) => ({ agent, fleet, workflow, user, plane, run, spend: { run: spend.run, tree: spend.tree } });

const part = (head: string, shown: readonly Shown[]): string[] => (shown.length > 0 ? [`${head}:`, ...shown.flatMap(lineOf)] : []);

function lineOf({ policy, event, facts, before, after }: Shown): string[] {
  return [`  ${printable(policy)}: ${before.disposition} → ${after.disposition}, for example ${printable([describe(event), ...circumstances(facts)].join(', '))}`];
}

function describe(event: ActionEvent): string {
  switch (event.event) {
    case 'tool.before': return `tool ${event.server === undefined ? '' : `${event.server}/`}${event.name}${event.risk ? ` of ${event.risk} risk` : ''}`;
    case 'llm.before': return `model ${event.model} of ${event.provider}, ${event.inputTokens} tokens${event.temperature === undefined ? '' : `, temperature ${event.temperature}`}${event.hasSystemPrompt ? '' : ', no system prompt'}`;
    default: return event.event;
  }
}

/** What is not as in a run that has done nothing yet. */
function circumstances({ agent, fleet, workflow, user, plane, run, spend }: Facts): string[] {
  const { run: own, tree } = spend;
  return [
    `agent ${agent}`, ...(fleet === undefined ? [] : [`fleet ${fleet}`]), ...(workflow === undefined ? [] : [`workflow ${workflow}`]), ...(user === 'user' ? [] : [`user ${user}`]), ...(plane === undefined ? [] : [`plane ${plane}`]),
    ...(run.steps ? [`after ${run.steps} steps`] : []), ...(run.toolCalls ? [`after ${run.toolCalls} tool calls`] : []), ...(run.retries ? [`after ${run.retries} failures in a row`] : []), ...(run.tokens ? [`after ${run.tokens} tokens`] : []),
    ...(own.cost.spent ? [`run at ${formatUsd(own.cost.spent)}`] : []), ...(tree.cost.spent ? [`tree at ${formatUsd(tree.cost.spent)}`] : []), ...(own.tokens.spent ? [`run at ${own.tokens.spent} tokens`] : []), ...(tree.tokens.spent ? [`tree at ${tree.tokens.spent} tokens`] : []),
  ];
}
