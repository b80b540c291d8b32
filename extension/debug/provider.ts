// Launch configurations of the `governed-agent` type: offered without a launch.json, and refused with a reason before anything starts.

import * as vscode from 'vscode';
import { FullarcError, type PolicyStatus } from '../../protocol/control.ts';
import type { Governor } from '../governor.ts';
import { configurationFor, wrongWith } from './configuration.ts';

const IGNORED = '**/{node_modules,.git,dist}/**';
/** Files that one entry glob may offer. */
const PER_ENTRY = 20;

/** Configurations for every declared agent's entry points. */
export function offeredConfigurations(governor: Governor): vscode.DebugConfigurationProvider {
  return { provideDebugConfigurations: (folder) => entryPoints(governor, folder) };
}

/** Checks a configuration against the policies in force; completes an empty one by asking which agent. */
export function checkedConfigurations(governor: Governor): vscode.DebugConfigurationProvider {
  return {
    provideDebugConfigurations: (folder) => entryPoints(governor, folder),
    resolveDebugConfiguration: async (folder, config) => (config.type ? config : pick(await entryPoints(governor, folder))),
    resolveDebugConfigurationWithSubstitutedVariables: (folder, config) => check(governor, folder, config),
  };
}

export async function entryPoints(governor: Governor, folder: vscode.WorkspaceFolder | undefined): Promise<vscode.DebugConfiguration[]> {
  const at = folder ?? vscode.workspace.workspaceFolders?.[0];
  if (!at || !vscode.workspace.isTrusted) return [];
  const { agents = [] } = await governor.request('policies.status', { workspace: at.uri.fsPath });
  const found = await Promise.all(agents.flatMap(({ name, entry }) => entry.map(async (glob) => {
    const files = await vscode.workspace.findFiles(new vscode.RelativePattern(at, glob.replace(/^\.\//, '')), IGNORED, PER_ENTRY);
    return files.map((file) => configurationFor(name, `\${workspaceFolder}/${vscode.workspace.asRelativePath(file, false)}`));
  })));
  return found.flat();
}

export async function pick(configs: readonly vscode.DebugConfiguration[]): Promise<vscode.DebugConfiguration | undefined> {
  if (configs.length <= 1) return configs[0];
  const picked = await vscode.window.showQuickPick(configs.map((config) => ({ label: config['agent'] as string, description: config['program'] as string, config })), { title: vscode.l10n.t('Run Agent Governed') });
  return picked?.config;
}

/** Undefined stops the launch; the reason has been said then. The agent does not start ungoverned. */
async function check(governor: Governor, folder: vscode.WorkspaceFolder | undefined, config: vscode.DebugConfiguration): Promise<vscode.DebugConfiguration | undefined> {
  const wrong = wrongWith(config);
  if (wrong) return refuse(vscode.l10n.t('The configuration "{0}" cannot be launched: {1}.', config.name, wrong.message));
  if (config.request === 'attach') return config;
  const workspace = (config['workspace'] as string | undefined) ?? (folder ?? vscode.workspace.workspaceFolders?.[0])?.uri.fsPath;
  if (!workspace) return refuse(vscode.l10n.t('No folder is open, so there are no policies to govern by. Open the folder of the agent and start again.'));
  try {
    const status = await governor.request('policies.reload', { workspace });
    return await sound(status) && await declared(status, config) ? config : undefined;
  } catch (error) {
    if (!(error instanceof FullarcError)) throw error;
    return refuse(vscode.l10n.t('The agent was not started, because it could not be governed: {0} {1}', error.message, error.remedy));
  }
}

async function sound({ findings, workspace }: PolicyStatus): Promise<boolean> {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const first = errors[0];
  if (!first) return true;
  const go = vscode.l10n.t('Go to Error');
  const text = vscode.l10n.t('The agent was not started, because the policies do not compile: {0}:{1} {2}', first.file, first.line, first.message);
  if (await vscode.window.showErrorMessage(errors.length > 1 ? `${text} ${vscode.l10n.t('(and {0} more)', errors.length - 1)}` : text, go) === go) {
    const at = new vscode.Position(first.line - 1, first.column - 1);
    await vscode.window.showTextDocument(vscode.Uri.joinPath(vscode.Uri.file(workspace), first.file), { selection: new vscode.Range(at, at) });
  }
  return false;
}

async function declared({ agents }: PolicyStatus, config: vscode.DebugConfiguration): Promise<boolean> {
  if (!agents || agents.some((agent) => agent.name === config['agent'])) return true;
  const known = agents.length ? vscode.l10n.t('Declared are: {0}.', agents.map((agent) => agent.name).join(', ')) : vscode.l10n.t('No agent is declared.');
  await refuse(vscode.l10n.t('The agent "{0}" was not started: no governance file declares it under "agents:". {1}', String(config['agent']), known));
  return false;
}

function refuse(message: string): undefined {
  void vscode.window.showErrorMessage(message);
  return undefined;
}

