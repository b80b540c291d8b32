#!/usr/bin/env node
// The `fullarc` command: reads its arguments and hands over. One file per command under cli/.

import { Command } from 'commander';
import { FullarcError } from '../protocol/control.ts';
import { home } from './wire/paths.ts';
import { addCheck } from './cli/check.ts';
import { addExplain } from './cli/explain.ts';
import { addGates } from './cli/gates.ts';
import { addPolicies } from './cli/policies.ts';
import { addReplay } from './cli/replay.ts';
import { addRun } from './cli/run.ts';
import { addRuns } from './cli/runs.ts';
import { addTest } from './cli/test.ts';

declare const FULLARC_VERSION: string | undefined;

const program = new Command('fullarc')
  .description('Governs AI agents: before, during and after every action.')
  .version(typeof FULLARC_VERSION === 'string' ? FULLARC_VERSION : 'source')
  .enablePositionalOptions()
  .showHelpAfterError('(`fullarc help <command>` shows what it takes)')
  .addHelpText('after', `
Exit codes: 0 success · 1 the check, the run or the command failed · 2 wrong usage · otherwise the agent's own, or 128 and the number of the signal that ended it.
The governor keeps its data in FULLARC_HOME, else the platform's folder for program state (${home()}).`)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

addRun(program);
addCheck(program);
addGates(program);
addRuns(program);
addExplain(program);
addPolicies(program);
addTest(program);
addReplay(program);
program.command('governor', { hidden: true }).description('Runs the governor in this process; started by whoever needs it.').action(async () => {
  const { runGovernor } = await import('./governor-process.ts');
  const mine = await runGovernor(home(), (message) => console.error(message));
  if (!mine) console.error('another governor holds this folder');
});

try {
  await program.parseAsync();
} catch (error) {
  const { code, message, remedy } = error instanceof FullarcError ? error
    : new FullarcError('internal', error instanceof Error ? error.message : String(error), 'This is a bug in Fullarc; please report it, with what FULLARC_TRACE=1 prints.');
  if (ownArguments().includes('--json')) console.log(JSON.stringify({ type: 'error', code, message, remedy }));
  else console.error(`fullarc: ${message}\n${remedy}`);
  if (process.env.FULLARC_TRACE) console.error(error);
  process.exitCode = 1;
}

/** Those before `--`: what follows are the agent's. */
function ownArguments(): readonly string[] {
  const end = process.argv.indexOf('--');
  return end < 0 ? process.argv : process.argv.slice(0, end);
}
