// A native tree over a function: asks for the children of an element when something changed, and holds nothing itself.

import * as vscode from 'vscode';
import type { Live } from '../live.ts';

export interface TreeParts<T> {
  /** What the rows are made from; the tree is drawn again only when it differs. */
  state(): unknown;
  /** Children of an element; of the root when absent. */
  children(element?: T): readonly T[];
  item(element: T): vscode.TreeItem;
  parent?(element: T): T | undefined;
}

/** Creates the view and keeps it up to date. */
export function liveTree<T>(id: string, live: Live, parts: TreeParts<T>): vscode.TreeView<T> {
  const changed = new vscode.EventEmitter<void>();
  let drawn = '';
  live.onDidChange(() => {
    const state = JSON.stringify(parts.state());
    if (state === drawn) return;
    drawn = state;
    changed.fire();
  });
  const treeDataProvider: vscode.TreeDataProvider<T> = {
    onDidChangeTreeData: changed.event,
    getChildren: (element) => [...parts.children(element)],
    getTreeItem: (element) => parts.item(element),
    getParent: (element) => parts.parent?.(element),
  };
  return vscode.window.createTreeView(id, { treeDataProvider });
}

/** A hover text whose parts may come from an agent: nothing in it is a link, an image or HTML. */
export function facts(rows: readonly (readonly [string, string])[]): vscode.MarkdownString {
  const text = new vscode.MarkdownString('', true);
  for (const [name, value] of rows) text.appendMarkdown('**').appendText(name).appendMarkdown('** ').appendText(value).appendMarkdown('  \n');
  return text;
}
