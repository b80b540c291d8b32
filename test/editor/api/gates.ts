// A gate from the agent's side and from the person's: the agent waits, the review shows what would happen, the answer lets it go on or stops it.

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS, GATE_SCHEME } from '../../../protocol/ids.ts';
import { activated, eventually, start } from './support.ts';

describe('gates', () => {
  before(activated);

  const review = async (): Promise<vscode.TextDocument> => eventually('the review document', async () => {
    await vscode.commands.executeCommand(COMMANDS.reviewNextGate);
    const document = vscode.window.activeTextEditor?.document;
    return document?.uri.scheme === GATE_SCHEME && document.getText().includes('waiting for you') ? document : undefined;
  });
  const close = (): Thenable<unknown> => vscode.commands.executeCommand('workbench.action.closeAllEditors');

  it('an approved call goes on, and its review says who approved', async () => {
    const run = await start({ args: ['program'] });
    assert(run);
    await run.says('waits for a person');
    const document = await review();
    assert.match(document.getText(), /6 \* 7/);
    assert.match(document.getText(), /a-person-allows-programs/);
    const lenses = await eventually('the answers above the content', async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri);
      return found.length ? found : undefined;
    });
    assert.deepEqual(lenses.slice(0, 2).map((lens) => lens.command?.command), [COMMANDS.approveGate, COMMANDS.rejectGate]);
    await vscode.commands.executeCommand(COMMANDS.approveGate, document.uri);
    assert.equal(await run.exitCode, 0);
    assert.match(run.text(), /the program said 42/);
    await eventually('the decision is shown', () => (/approved by/.test(document.getText()) ? true : undefined));
    await close();
    run.dispose();
  });

  it('a rejected call does not happen, and the agent is told why', async () => {
    const run = await start({ args: ['program'] });
    assert(run);
    await run.says('waits for a person');
    await review();
    const rejected = vscode.commands.executeCommand(COMMANDS.rejectGate);
    await eventually('the reason is taken', async () => {
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return Promise.race([rejected.then(() => true), new Promise<undefined>((resolve) => setTimeout(resolve, 100))]);
    });
    await run.exitCode;
    assert.match(run.text(), /refused/);
    assert.doesNotMatch(run.text(), /said 42/);
    await close();
    run.dispose();
  });
});

describe('demo', () => {
  before(activated);

  it('runs without a key, asks before it sends, and ends well once it may', async () => {
    const ended = new Promise<void>((resolve) => { const watch = vscode.debug.onDidTerminateDebugSession(() => { watch.dispose(); resolve(); }); });
    await vscode.commands.executeCommand(COMMANDS.runDemo);
    const document = await eventually('the mail is shown before it is sent', async () => {
      await vscode.commands.executeCommand(COMMANDS.reviewNextGate);
      const shown = vscode.window.activeTextEditor?.document;
      return shown?.uri.scheme === GATE_SCHEME && shown.getText().includes('waiting for you') ? shown : undefined;
    });
    assert.match(document.getText(), /send_email/);
    assert.match(document.getText(), /subject: /);
    await vscode.commands.executeCommand(COMMANDS.approveGate, document.uri);
    await ended;
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });
});
