// Names that the manifest, the extension, the webviews and the tests share, once.

export const EXTENSION_ID = 'fullarc.fullarc';
export const LANGUAGE_ID = 'fullarc-policy';
export const DEBUG_TYPE = 'governed-agent';

export const COMMANDS = {
  openRun: 'fullarc.openRun',
  stopRun: 'fullarc.stopRun',
  stopAll: 'fullarc.stopAllRuns',
  reviewGate: 'fullarc.reviewGate',
  reviewNextGate: 'fullarc.reviewNextGate',
  approveGate: 'fullarc.approveGate',
  rejectGate: 'fullarc.rejectGate',
  openPolicy: 'fullarc.openPolicy',
  newPolicy: 'fullarc.newPolicy',
  runDemo: 'fullarc.runDemoAgent',
  copyRunId: 'fullarc.copyRunId',
  restartGovernor: 'fullarc.restartGovernor',
  showLog: 'fullarc.showLog',
  openWalkthrough: 'fullarc.openWalkthrough',
  debugAgent: 'fullarc.debugAgent',
  showStatus: 'fullarc.showStatus',
} as const;

export const VIEWS = { container: 'fullarc', gates: 'fullarc.gates', runs: 'fullarc.runs', budgets: 'fullarc.budgets', policies: 'fullarc.policies' } as const;
export const WEBVIEWS = { run: 'fullarc.run' } as const;
export const CONTEXTS = { hasRuns: 'fullarc.hasRuns', hasGates: 'fullarc.hasGates', gateAnswered: 'fullarc.gateAnswered', runFocused: 'fullarc.runFocused', /** The gate in front is open, and has been in view long enough to be read. */ gateReady: 'fullarc.gateReady' } as const;
export const SETTINGS = { notify: 'fullarc.gates.notify', openRun: 'fullarc.openRun', home: 'fullarc.home', trace: 'fullarc.trace.server' } as const;

/** Virtual document of a gate's content, for the native diff of a review. */
export const GATE_SCHEME = 'fullarc-gate';

/** Folders that are never searched for governance files. */
export const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(['node_modules', '.git', 'dist', '.vscode-host']);

/** True for a path that holds governance: `*.fullarc.yaml`, or any YAML file under `.fullarc/`. */
export function isGovernanceFile(path: string): boolean {
  const unix = path.replaceAll('\\', '/');
  return /\.fullarc\.ya?ml$/.test(unix) || /(^|\/)\.fullarc\/.*\.ya?ml$/.test(unix);
}
