// Commands on policies: go to one, and begin a new one, from a few lines or from a template, that can be saved as it stands.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS } from '../../protocol/ids.ts';
import { isForFailure, type Template } from '../../protocol/template.ts';
import type { Live } from '../live.ts';
import { homeEnvironment } from '../settings.ts';
import { placeOf, type PolicyRow } from '../views/policies.ts';
import { openAt } from '../views/run-panel.ts';
import { STARTERS } from './starters.ts';
import { fittedText, shippedTemplates, type Shipped } from './templates.ts';

/** `shipped` is where the templates are. Of the new policy, the argument names a starter or a template; without one a person picks. */
export function policyCommands(live: Live, shipped: Shipped) {
  return {
    [COMMANDS.openPolicy]: async (argument: unknown) => {
      const place = placeGiven(argument, live) ?? await pickPolicy(live);
      if (place) await openAt(place.file, place.line);
    },
    [COMMANDS.newPolicy]: async (argument: unknown) => {
      const folder = vscode.workspace.workspaceFolders?.[0];
      if (!folder) return void vscode.window.showInformationMessage(vscode.l10n.t('Open a folder first: policies belong to one.'));
      const choices = await choicesOf(shipped);
      const choice = typeof argument === 'string' ? choices.find(({ id }) => id === argument) : await pick(choices);
      if (choice) await write(choice, await choice.text(folder.uri.fsPath), folder);
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

/** What a new policy can begin as. */
interface Choice {
  /** Id of a starter, or name of a template. */
  readonly id: string;
  readonly group: string;
  readonly label: string;
  readonly detail: string;
  /** Name of the file under `.fullarc/`: what stands before and after the number of a second one. */
  readonly file: readonly [string, string];
  readonly text: (workspace: string) => Promise<vscode.SnippetString>;
}

/** The starters, which a few keys complete, then the templates. Where the templates cannot be read, the starters alone. */
async function choicesOf(shipped: Shipped): Promise<readonly Choice[]> {
  const starters = Object.entries(STARTERS).map(([id, { title, about, file, snippet }]): Choice => ({
    id, group: vscode.l10n.t('A few lines'), label: title(), detail: about(), file: [file, '.yaml'], text: async () => new vscode.SnippetString(snippet),
  }));
  const templates = await shippedTemplates(shipped.templates).catch(() => []);
  return [...starters, ...templates.map((template) => choiceOf(template, shipped))];
}

function choiceOf(template: Template, shipped: Shipped): Choice {
  const { name, title, about, text } = template;
  return {
    id: name, label: title, detail: about, file: [name, '.fullarc.yaml'],
    group: isForFailure(template) ? vscode.l10n.t('Templates against failures') : vscode.l10n.t('Templates by category'),
    text: async (workspace) => new vscode.SnippetString().appendText(await fittedText(shipped, template, workspace, homeEnvironment()).catch(() => text)),
  };
}

async function pick(choices: readonly Choice[]): Promise<Choice | undefined> {
  const items = choices.flatMap((choice, index): (vscode.QuickPickItem & { readonly choice?: Choice })[] => [
    ...(choice.group === choices[index - 1]?.group ? [] : [{ label: choice.group, kind: vscode.QuickPickItemKind.Separator }]),
    { label: choice.label, detail: choice.detail, choice },
  ]);
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('New Policy'), matchOnDetail: true }))?.choice;
}

/** An unsaved file with the text as a snippet: nothing is governed by it before it is saved. */
async function write({ file: [name, ending] }: Choice, text: vscode.SnippetString, folder: vscode.WorkspaceFolder): Promise<void> {
  const file = freeName(join(folder.uri.fsPath, '.fullarc'), name, ending);
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file).with({ scheme: 'untitled' }));
  const editor = await vscode.window.showTextDocument(document);
  await editor.insertSnippet(text);
}

function freeName(folder: string, name: string, ending: string): string {
  for (let number = 1; ; number++) {
    const path = join(folder, `${name}${number === 1 ? '' : `-${number}`}${ending}`);
    if (!existsSync(path)) return path;
  }
}
