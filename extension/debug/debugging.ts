// Registers the debug type, remembers what this window launched, and takes it up again after a reload.

import * as vscode from 'vscode';
import { DEBUG_TYPE } from '../../protocol/ids.ts';
import { ended } from '../../protocol/run-graph.ts';
import type { Governor } from '../governor.ts';
import type { Live } from '../live.ts';
import type { Package } from '../processes.ts';
import { openRunOnLaunch } from '../settings.ts';
import type { RunPanels } from '../views/run-panel.ts';
import { checkedConfigurations, offeredConfigurations } from './provider.ts';
import { GovernedSession } from './session.ts';

/** Key in the workspace's state: ids of root runs that were launched from here and have not ended. */
const LAUNCHED = 'fullarc.launched';

export interface DebuggingParts {
  readonly context: vscode.ExtensionContext;
  readonly own: Package;
  readonly governor: Governor;
  readonly live: Live;
  readonly panels: RunPanels;
}

export function debugging({ context, own, governor, live, panels }: DebuggingParts): vscode.Disposable {
  const launched = (): readonly string[] => context.workspaceState.get<string[]>(LAUNCHED, []);
  const remember = (runs: readonly string[]): void => void context.workspaceState.update(LAUNCHED, runs);
  const attached = new Set<string>();
  const parts = {
    own, governor,
    onRun(run: string, config: vscode.DebugConfiguration) {
      attached.add(run);
      remember([...new Set([...launched(), run])]);
      if (config.request === 'launch' && openRunOnLaunch() && config['openRun'] !== false) panels.open(run, true, config['agent'] as string);
    },
    onEnd: (run: string) => remember(launched().filter((each) => each !== run)),
  };
  const reattach = live.onDidChange(() => {
    for (const id of launched()) {
      const run = live.run(id);
      if (!run || attached.has(id)) continue;
      attached.add(id);
      if (ended(run.state)) parts.onEnd(id);
      else void attachTo(id, run.agent);
    }
  });
  return vscode.Disposable.from(
    reattach,
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, checkedConfigurations(governor), vscode.DebugConfigurationProviderTriggerKind.Initial),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, offeredConfigurations(governor), vscode.DebugConfigurationProviderTriggerKind.Dynamic),
    vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, {
      createDebugAdapterDescriptor: (session) => new vscode.DebugAdapterInlineImplementation(new GovernedSession(parts, session)),
    }),
  );
}

/** Without moving anything the person is looking at. */
function attachTo(run: string, agent: string): Thenable<boolean> {
  const config = { type: DEBUG_TYPE, request: 'attach', name: vscode.l10n.t('Governed: {0}', agent), run, agent, internalConsoleOptions: 'neverOpen' };
  return vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], config, { suppressSaveBeforeStart: true, suppressDebugView: true });
}
