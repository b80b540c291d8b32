// What the suites share: the workspace, waiting for a condition by its events, and a debug session from its start to its end.

import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { DEBUG_TYPE, EXTENSION_ID } from '../../../protocol/ids.ts';

export const folder = (): vscode.WorkspaceFolder => {
  const first = vscode.workspace.workspaceFolders?.[0];
  if (!first) throw new Error('the tests need a folder');
  return first;
};
export const file = (name: string): vscode.Uri => vscode.Uri.joinPath(folder().uri, name);

export async function activated(): Promise<vscode.Extension<unknown>> {
  const extension = vscode.extensions.getExtension(EXTENSION_ID);
  if (!extension) throw new Error(`${EXTENSION_ID} is not installed`);
  await extension.activate();
  return extension;
}

/** Resolves with the first answer that is not undefined, asking at the start and after every event. */
export function once<T>(event: vscode.Event<unknown>, answer: () => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    const look = (): void => {
      const value = answer();
      if (value === undefined) return;
      subscription.dispose();
      resolve(value);
    };
    const subscription = event(look);
    look();
  });
}

/** Asks until the answer is one. For state of VS Code that has no event. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined> | T | undefined, withinMs = 30_000): Promise<T> {
  for (const deadline = Date.now() + withinMs; ;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export interface Session {
  readonly session: vscode.DebugSession;
  readonly output: DebugProtocol.OutputEvent['body'][];
  text(): string;
  /** Resolves when the console holds the text. */
  says(text: string): Promise<void>;
  readonly exitCode: Promise<number | undefined>;
  dispose(): void;
}

/** Starts a governed agent; undefined when VS Code did not start it. */
export async function start(config: Partial<vscode.DebugConfiguration>): Promise<Session | undefined> {
  const output: DebugProtocol.OutputEvent['body'][] = [];
  const heard = new vscode.EventEmitter<void>();
  let code: number | undefined;
  const ended = Promise.withResolvers<number | undefined>();
  const tracker = vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
    createDebugAdapterTracker: () => ({
      onDidSendMessage(message: DebugProtocol.Event) {
        if (message.type !== 'event') return;
        if (message.event === 'output') output.push(message.body);
        if (message.event === 'exited') code = message.body.exitCode;
        heard.fire();
      },
    }),
  });
  const began = vscode.debug.onDidStartDebugSession((session) => { started.resolve(session); began.dispose(); });
  const started = Promise.withResolvers<vscode.DebugSession>();
  const over = vscode.debug.onDidTerminateDebugSession(() => { ended.resolve(code); over.dispose(); });
  const dispose = (): void => { for (const each of [tracker, began, over, heard]) each.dispose(); };
  if (!await vscode.debug.startDebugging(folder(), { type: DEBUG_TYPE, request: 'launch', name: 'test', agent: 'prober', program: file('agent.mjs').fsPath, openRun: false, ...config })) {
    dispose();
    return undefined;
  }
  const text = (): string => output.map((line) => line.output).join('');
  return { session: await started.promise, output, text, says: (words) => once(heard.event, () => text().includes(words) || undefined).then(() => undefined), exitCode: ended.promise, dispose };
}
