// The extension's settings, read when they are needed, so that a change takes effect without a reload.

import { userInfo } from 'node:os';
import { env, workspace } from 'vscode';
import { SETTINGS } from '../protocol/ids.ts';

export type Notify = 'toast' | 'badge' | 'off';

export const notify = (): Notify => read<Notify>(SETTINGS.notify) ?? 'toast';
export const openRunOnLaunch = (): boolean => read<boolean>(SETTINGS.openRun) ?? true;

/** Environment that names the governor's home: the setting, where it is given, stands above the variable. */
export function homeEnvironment(): NodeJS.ProcessEnv {
  const home = read<string>(SETTINGS.home);
  return home ? { ...process.env, FULLARC_HOME: home } : process.env;
}

/** Who decides and launches here, as gates and records name them. */
export function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return env.machineId.slice(0, 8); // an account without an entry, as in some containers
  }
}

const read = <T>(id: string): T | undefined => workspace.getConfiguration().get<T>(id);
