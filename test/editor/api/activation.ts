// The extension comes up, quickly, and everything that the manifest promises is there.

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS, EXTENSION_ID, LANGUAGE_ID } from '../../../protocol/ids.ts';
import { activated, file } from './support.ts';

describe('activation', () => {
  it('activates, from the installed package when there is one', async () => {
    const extension = await activated();
    assert(extension.isActive);
    if (process.env['FULLARC_TEST_INSTALLED']) assert.match(extension.extensionPath, /extensions[\\/]fullarc\.fullarc-\d/);
  });

  it('registers every command that the names list and the manifest declares', async () => {
    await activated();
    const registered = await vscode.commands.getCommands(true);
    const manifest = vscode.extensions.getExtension(EXTENSION_ID)?.packageJSON.contributes.commands.map((each: { command: string }) => each.command) as string[];
    for (const command of Object.values(COMMANDS)) {
      assert(registered.includes(command), `${command} is not registered`);
      assert(manifest.includes(command), `${command} is not in the manifest`);
    }
    assert.equal(manifest.length, Object.keys(COMMANDS).length);
  });

  it('knows governance files by their names', async () => {
    const document = await vscode.workspace.openTextDocument(file('.fullarc/policies.yaml'));
    assert.equal(document.languageId, LANGUAGE_ID);
  });
});
