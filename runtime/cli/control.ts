// A command's connection to the governor: starts one when none runs, and is gone when the command is done.

import { userInfo } from 'node:os';
import { ENV } from '../../protocol/agent-wire.ts';
import { FullarcError, type ControlNotifications, type ControlRequests } from '../../protocol/control.ts';
import { controlToken, ensureGovernor } from '../governor-process.ts';
import { connectControl, type WireClient } from '../wire/client.ts';
import { home, socketPath } from '../wire/paths.ts';
import type { Listeners } from '../wire/rpc.ts';

/** How long a command waits for a governor that went away, in milliseconds. */
const PATIENCE_MS = 30_000;

/** A governed agent that runs this command must not decide over itself. It can take its identity out of the environment; that is then no accident. */
export function refuseToAgents(what: string): void {
  if (process.env[ENV.run]) throw new FullarcError('not-an-approver', `a governed agent may not ${what}`, `This process belongs to run ${process.env[ENV.run]}. A person does this, in a terminal or editor of their own.`);
}

export async function withControl<T>(work: (control: WireClient<ControlRequests>) => Promise<T>, onNotification?: Listeners<ControlNotifications>): Promise<T> {
  const folder = home();
  await ensureGovernor(folder);
  const control = connectControl({ socket: socketPath(folder), token: controlToken(folder), hello: { client: 'cli' }, patienceMs: PATIENCE_MS, onNotification });
  try {
    return await work(control);
  } finally {
    control.close();
  }
}

/** Who decides and who runs, when nobody is named. */
export const osUser = (): string => userInfo().username;

/** `--json` prints the value, otherwise the lines. */
export function print(json: boolean | undefined, value: unknown, lines: () => readonly string[]): void {
  if (json) console.log(JSON.stringify(value, null, 2));
  else for (const line of lines()) console.log(line);
}
