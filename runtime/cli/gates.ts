// `fullarc gates`: what waits for a person, and the person's answer.

import type { Command } from 'commander';
import { FullarcError, type GateDetails } from '../../protocol/control.ts';
import { osUser, print, refuseToAgents, withControl } from './control.ts';

interface DecideOptions { readonly reason?: string; readonly by?: string; readonly json?: boolean }

export function addGates(program: Command): void {
  const gates = program.command('gates').description('Show and answer what waits for a person.');
  gates.command('list', { isDefault: true }).description('Open gates.')
    .option('--all', 'decided ones as well').option('--json', 'print JSON')
    .action(async (options: { all?: boolean; json?: boolean }) => {
      const list = await withControl((control) => control.call('gates.list', { all: options.all }));
      print(options.json, list, () => (list.length ? list.map(line) : ['Nothing is waiting for you.']));
    });
  gates.command('show').argument('<id>').description('Exactly what would happen.').option('--json', 'print JSON')
    .action(async (id: string, options: { json?: boolean }) => {
      const gate = await find(id);
      print(options.json, gate, () => [line(gate), '', gate.input?.body ?? gate.input?.title ?? '(no content)']);
    });
  for (const decision of ['approve', 'reject'] as const) {
    gates.command(decision).argument('<id>')
      .description(decision === 'approve' ? 'Let it go on.' : 'Refuse it; the reason is told to the agent and its model.')
      .option('--reason <text>', 'why').option('--by <name>', 'who decides', osUser()).option('--json', 'print JSON')
      .action((id: string, options: DecideOptions) => decide(id, decision, options));
  }
}

async function decide(id: string, decision: 'approve' | 'reject', { reason, by = osUser(), json }: DecideOptions): Promise<void> {
  refuseToAgents('decide what waits for a person');
  const { contentHash } = await find(id);
  const result = await withControl((control) => control.call('gates.decide', { gate: id, decision, by, reason, contentHash }));
  print(json, result, () => [result.outcome === 'pending' ? `${by}: counted; more people have to decide` : `${result.outcome} by ${result.by}`]);
}

async function find(id: string): Promise<GateDetails> {
  const all = await withControl((control) => control.call('gates.list', { all: true }));
  const gate = all.find((each) => each.id === id);
  if (!gate) throw new FullarcError('no-such-gate', `there is no gate ${id}`, '`fullarc gates` lists the open ones.');
  return gate;
}

function line(gate: GateDetails): string {
  const state = gate.decision ? `${gate.decision} by ${gate.by}${gate.reason ? ` (${gate.reason})` : ''}` : `waits until ${new Date(gate.expiresAt).toISOString()}`;
  return `${gate.id}  ${gate.path.join(' › ')} wants ${gate.input?.title ?? gate.name}  [${gate.policy}] ${state}`;
}
