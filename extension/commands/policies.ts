// Commands on policies: go to one, and begin a new one that can be saved as it stands.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS } from '../../protocol/ids.ts';
import type { Live } from '../live.ts';
import { placeOf, type PolicyRow } from '../views/policies.ts';
import { openAt } from '../views/run-panel.ts';
import { STARTERS, type Starter } from './starters.ts';

export function policyCommands(live: Live) {
  return {
    [COMMANDS.openPolicy]: async (argument: unknown) => {
      const place = placeGiven(argument, live) ?? await pickPolicy(live);
      if (place) await openAt(place.file, place.line);
    },
    [COMMANDS.newPolicy]: async (argument: unknown) => {
      const folder = vscode.workspace.workspaceFolders?.[0];
      if (!folder) return void vscode.window.showInformationMessage(vscode.l10n.t('Open a folder first: policies belong to one.'));
      const starter = typeof argument === 'string' ? STARTERS[argument] : await pickStarter();
      if (starter) await write(starter, folder);
    },
  };
}

interface Place { readonly file: string; readonly line: number }

/** A row of the Policies view, or a gate, whose policy is meant. */
function placeGiven(argument: unknown, live: Live): Place | undefined {
  if (typeof argument !== 'object' || argument === null) return undefined;
  if ('kind' in argument && 'status' in argument) return placeOf(argument as PolicyRow);
  return 'policy' in argument && typeof argument.policy === 'string' ? places(live).find(({ name }) => name === argument.policy) : undefined;
}

const places = (live: Live) => live.policies.flatMap((status) => status.policies.map((policy) => ({ name: policy.name, category: policy.category, file: join(status.workspace, policy.file), line: policy.line })));

async function pickPolicy(live: Live): Promise<Place | undefined> {
  const all = places(live);
  if (all.length === 0) return void vscode.window.showInformationMessage(vscode.l10n.t('No policies are in force here.'));
  return vscode.window.showQuickPick(all.map((place) => ({ ...place, label: place.name, description: place.category })), { title: vscode.l10n.t('Open Policy') });
}

async function pickStarter(): Promise<Starter | undefined> {
  const picked = await vscode.window.showQuickPick(Object.entries(STARTERS).map(([id, starter]) => ({ label: starter.title(), detail: starter.about(), id })), { title: vscode.l10n.t('New Policy') });
  return picked && STARTERS[picked.id];
}

/** An unsaved file with the text as a snippet: nothing is governed by it before it is saved. */
async function write(starter: Starter, folder: vscode.WorkspaceFolder): Promise<void> {
  const file = freeName(join(folder.uri.fsPath, '.fullarc'), starter.file);
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file).with({ scheme: 'untitled' }));
  const editor = await vscode.window.showTextDocument(document);
  await editor.insertSnippet(new vscode.SnippetString(starter.snippet));
}

function freeName(folder: string, name: string): string {
  for (let number = 1; ; number++) {
    const path = join(folder, `${name}${number === 1 ? '' : `-${number}`}.yaml`);
    if (!existsSync(path)) return path;
  }
}
