// `fullarc explain`: why something was decided as it was.

import type { Command } from 'commander';
import { FullarcError } from '../../protocol/control.ts';
import type { RunNode } from '../../protocol/run-graph.ts';
import { graphOf } from '../../protocol/reduce.ts';
import type { Reason } from '../../protocol/verdict.ts';
import { print, withControl } from './control.ts';

export function addExplain(program: Command): void {
  program.command('explain').argument('<run>').argument('[node]', 'one node; without it, every node that was not plainly allowed')
    .description('The policies that decided, with the rule, the value they saw, their line, and what would have had to differ.')
    .option('--json', 'print JSON')
    .action(async (run: string, id: string | undefined, options: { json?: boolean }) => {
      const graph = graphOf(await withControl((control) => control.call('runs.events', { run })));
      const nodes = [...graph.nodes.values()].filter((node) => (id ? node.id === id || node.id === `${run}/${id}` : node.verdicts.some(({ verdict }) => verdict.reasons.length)));
      if (id && !nodes.length) throw new FullarcError('no-such-call', `run ${run} has no node ${id}`, '`fullarc runs show` prints the nodes.');
      print(options.json, nodes, () => (nodes.length ? nodes.flatMap(explain) : ['Every action was plainly allowed.']));
    });
}

function explain(node: RunNode): string[] {
  const head = `${node.id}  ${node.kind} ${node.name}: ${node.state}`;
  const verdicts = node.verdicts.flatMap(({ event, verdict }) => [`  ${event}: ${verdict.disposition}  (policies ${verdict.policyVersion})`, ...verdict.reasons.flatMap(because)]);
  return [head, ...(verdicts.length ? verdicts : ['  no policy looked at it'])];
}

function because(reason: Reason): string[] {
  const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return [
    `    ${reason.policy} (${reason.category})${reason.shadow ? ' in shadow' : ''} → ${reason.disposition}: ${reason.message}`,
    ...(reason.fact ? [`      ${reason.fact} = ${shown(reason.value)}${reason.limit === undefined ? '' : `, ${reason.field} = ${shown(reason.limit)}`}`] : []),
    ...(reason.remedy ? [`      would pass: ${reason.remedy}`] : []),
    ...(reason.place ? [`      ${reason.place.file}:${reason.place.line}:${reason.place.column}`] : []),
  ];
}
