// `fullarc runs`: the runs that are known here, one of them as a tree, and whether their journals are whole.

import { InvalidArgumentError, type Command } from 'commander';
import { formatUsd } from '../../protocol/money.ts';
import type { RunGraph, RunSummary } from '../../protocol/run-graph.ts';
import { describeTree } from '../../protocol/describe-graph.ts';
import { graphOf } from '../../protocol/reduce.ts';
import { osUser, print, refuseToAgents, withControl } from './control.ts';

export function addRuns(program: Command): void {
  const runs = program.command('runs').description('Show, stop and verify runs.');
  runs.command('list', { isDefault: true }).description('Newest first.').option('--limit <n>', 'how many', count, 20).option('--json', 'print JSON')
    .action(async (options: { limit: number; json?: boolean }) => {
      const list = await withControl((control) => control.call('runs.list', { limit: options.limit }));
      print(options.json, list, () => (list.length ? list.map(line) : ['No governed runs yet. Start one: fullarc run --agent <name> -- <command>']));
    });
  runs.command('show').argument('<run>').description('The tree of one run, with verdicts and costs.').option('--json', 'print the run graph as JSON')
    .action(async (run: string, options: { json?: boolean }) => {
      const graph = graphOf(await withControl((control) => control.call('runs.events', { run })));
      print(options.json, graphJson(graph), () => describeTree(graph).split('\n'));
    });
  runs.command('stop').argument('<run>').description('The kill switch for one run and everything below it.').option('--reason <text>', 'why', 'stopped from the command line').option('--by <name>', 'who', osUser())
    .action(async (run: string, options: { reason: string; by: string }) => {
      refuseToAgents('stop runs');
      await withControl((control) => control.call('runs.kill', { run, reason: options.reason, by: options.by }));
      console.log(`${run} is told to stop`);
    });
  runs.command('verify').argument('[run]').description('Check the hash chain of one run, or of all.').option('--json', 'print JSON')
    .action(async (run: string | undefined, options: { json?: boolean }) => {
      const result = await withControl((control) => control.call('audit.verify', { run }));
      print(options.json, result, () => [`${result.runs} runs, ${result.events} events, ${result.broken.length} broken`, ...result.broken.map((each) => `${each.run} at ${each.seq}: ${each.message}`)]);
      if (result.broken.length) process.exitCode = 1;
    });
}

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1 on.');
  return Number(text);
}

/** The graph with its maps as arrays, in order. */
export function graphJson(graph: RunGraph) {
  return { runs: [...graph.runs.values()], nodes: [...graph.nodes.values()], edges: graph.edges, gates: [...graph.gates.values()], balances: [...graph.balances.values()], policyVersion: graph.policyVersion };
}

function line(run: RunSummary): string {
  const notes = [formatUsd(run.cost), `${run.steps} steps`, ...(run.refusals ? [`${run.refusals} refused`] : []), ...(run.openGates ? [`${run.openGates} waiting`] : [])];
  return `${run.id}  ${new Date(run.startedAt).toISOString()}  ${run.state.padEnd(9)}  ${'  '.repeat(run.depth)}${run.agent}  ${notes.join(' · ')}${run.reason ? `  ${run.reason}` : ''}`;
}
