// What the governor says when it cannot do what it is asked: one message each, with what to do.

import { FullarcError } from '../protocol/control.ts';
import { closest } from './policy/suggest.ts';

export const runEnded = (run: string): FullarcError => new FullarcError('run-ended', `the run ${run} has ended`, 'Start a new run.');

export const noRun = (run: string): FullarcError => new FullarcError('no-such-run', `there is no run ${run}`, '`fullarc runs` lists the runs that are known here.');

export const startRefused = (run: string, why: string): FullarcError =>
  new FullarcError('run-refused', `the run may not start: ${why}`, `See \`fullarc explain ${run}\` for the policy and what it compared.`);

export function unknownAgent(name: string, known: Iterable<string>): FullarcError {
  const names = [...known];
  const near = closest(name, names);
  return new FullarcError('agent-unknown', `no agent ${name} is declared${near ? `; did you mean ${near}?` : ''}`, `Declare it under \`agents:\`, or use one of: ${names.join(', ') || 'none is declared'}.`);
}
