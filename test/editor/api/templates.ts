// New policies in the editor: a template by its name, unsaved, with names that are free; the short texts as before.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS, LANGUAGE_ID } from '../../../protocol/ids.ts';
import { activated, file } from './support.ts';

describe('new policies', () => {
  const begun = async (name: string): Promise<vscode.TextDocument> => {
    await vscode.commands.executeCommand(COMMANDS.newPolicy, name);
    return vscode.window.activeTextEditor!.document;
  };
  afterEach(() => vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor'));

  it('begin as a template, whole, unsaved and in its place', async () => {
    const { extensionPath } = await activated();
    const document = await begun('failure-runaway-loop');
    assert.equal(document.getText(), readFileSync(join(extensionPath, 'templates', 'failure-runaway-loop.fullarc.yaml'), 'utf8'));
    assert(document.isUntitled);
    assert.equal(document.uri.fsPath, file('.fullarc/failure-runaway-loop.fullarc.yaml').fsPath);
    assert.equal(document.languageId, LANGUAGE_ID);
  });

  it('get names that the workspace does not have yet', async () => {
    const own = file('own.fullarc.yaml');
    await vscode.workspace.fs.writeFile(own, new TextEncoder().encode('policies:\n  - name: creep-data\n    category: audit\n'));
    try {
      assert.match((await begun('failure-scope-creep')).getText(), /- name: creep-data-2\n/);
    } finally {
      await vscode.workspace.fs.delete(own);
    }
  });

  it('begin as a few lines where that is asked for', async () => {
    await activated();
    const document = await begun('cost');
    assert.match(document.getText(), /- name: run-spend\n/);
    assert.equal(document.uri.fsPath, file('.fullarc/spend.yaml').fsPath);
  });
});
