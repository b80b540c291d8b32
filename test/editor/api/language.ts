// The real language server behind the real client: findings, completion and hover in a governance file.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { activated, file, once } from './support.ts';

const TEXT = `policies:
  - name: spend
    category: cost
    on_violation: blok
    rules:
      per_tree_cost_limit: 1.00
`;

describe('language', () => {
  let document: vscode.TextDocument;
  const findings = (): readonly vscode.Diagnostic[] => vscode.languages.getDiagnostics(document.uri);

  before(async () => {
    await activated();
    const uri = file('wrong.fullarc.yaml');
    await writeFile(uri.fsPath, TEXT);
    document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await vscode.workspace.fs.delete(document.uri);
  });

  it('underlines what is wrong, at its place', async () => {
    const [finding] = await once(vscode.languages.onDidChangeDiagnostics, () => (findings().length ? findings() : undefined));
    assert(finding);
    assert.equal(finding.range.start.line, 3);
    assert.equal(finding.severity, vscode.DiagnosticSeverity.Error);
  });

  it('completes the rules of the category', async () => {
    const { items } = await vscode.commands.executeCommand<vscode.CompletionList>('vscode.executeCompletionItemProvider', document.uri, new vscode.Position(5, 6));
    const labels = items.map((item) => (typeof item.label === 'string' ? item.label : item.label.label));
    assert(labels.includes('warning_threshold_percent'), labels.slice(0, 20).join(', '));
  });

  it('explains a rule', async () => {
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, new vscode.Position(5, 10));
    const text = hovers.flatMap((hover) => hover.contents).map((content) => (typeof content === 'string' ? content : content.value)).join('\n');
    assert.match(text, /per_tree_cost_limit/);
  });

  it('is content once the text is right', async () => {
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, new vscode.Range(3, 18, 3, 22), 'block');
    await vscode.workspace.applyEdit(edit);
    await once(vscode.languages.onDidChangeDiagnostics, () => (findings().some((each) => each.severity === vscode.DiagnosticSeverity.Error) ? undefined : true));
  });
});
