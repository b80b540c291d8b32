// The thread that asks about processes while the program's own thread may be blocked.

import type { ActionEvent, ExecCall } from '../../../protocol/action.ts';
import { agentOf } from './command.ts';
import { openGovernor } from './governor.ts';
import type { Ended, FromThread, ThreadData, ToThread } from './sync-wire.ts';

/** How long an asker that can also wait asynchronously is kept, in milliseconds: an immediate governor answers in a fraction of one. */
const IMPATIENCE_MS = 1000;

interface Started {
  readonly agent: string | undefined;
  readonly call: ExecCall;
}

export function serveSyncThread({ identity, bell, port }: ThreadData): void {
  const held = new Map<string, () => void>();
  const cancels = new Map<string, AbortController>();
  const started = new Map<string, Started>();
  const governor = openGovernor(identity, { onHeld: (key) => held.get(key)?.() });

  const say = (message: FromThread): void => {
    port.postMessage(message);
    Atomics.store(bell, 0, 1);
    Atomics.notify(bell, 0);
  };

  async function start(key: string, call: ExecCall, patient: boolean): Promise<void> {
    const cancel = new AbortController();
    cancels.set(key, cancel);
    const later = patient ? undefined : impatience(() => say({ key, say: 'later' }));
    if (later) held.set(key, later.now);
    let what: Started = { agent: undefined, call };
    const answer = await governor.before(key, ({ entries }) => beforeEvent(what = { agent: agentOf(call, entries), call }), cancel.signal);
    later?.never();
    held.delete(key);
    cancels.delete(key);
    if (answer.go) started.set(key, what);
    say({ key, say: 'answer', answer });
  }

  async function ended(key: string, how: Ended): Promise<void> {
    const what = started.get(key);
    started.delete(key);
    if (what) await governor.after(key, afterEvent(what, how));
    say({ key, say: 'recorded' });
  }

  port.on('message', (message: ToThread) => {
    switch (message.ask) {
      case 'start': return void start(message.key, message.call, message.patient);
      case 'ended': return void ended(message.key, message.ended);
      case 'cancel': return cancels.get(message.key)?.abort(new Error('the program ended the process before it was allowed to start'));
    }
  });
}

/** Calls `tell` once: after a while, or `now`; or `never`. */
function impatience(tell: () => void): { readonly now: () => void; readonly never: () => void } {
  const timer = setTimeout(() => now(), IMPATIENCE_MS);
  let told = false;
  const never = (): void => {
    told = true;
    clearTimeout(timer);
  };
  const now = (): void => {
    if (!told) tell();
    never();
  };
  return { now, never };
}

/** The depth of a child is filled in by the governor, which knows the tree. */
function beforeEvent({ agent, call }: Started): ActionEvent {
  return agent === undefined ? { event: 'exec.before', ...call } : { event: 'spawn.before', agent, command: call.argv, depth: 0 };
}

function afterEvent({ agent, call }: Started, { outcome, exitCode, signal, stopped }: Ended): ActionEvent {
  if (agent !== undefined) return { event: 'spawn.after', agent, command: call.argv, depth: 0, outcome };
  return { event: 'exec.after', ...call, ...(exitCode !== undefined && { exitCode }), ...(signal !== undefined && { signal }), ...(stopped && { stopped }) };
}
