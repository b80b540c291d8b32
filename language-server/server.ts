// The language server: what each request is answered with. Every answer comes from a pure feature over the workspace's documents.

import { DidChangeWatchedFilesNotification, DocumentDiagnosticReportKind, TextDocumentSyncKind } from 'vscode-languageserver';
import type { CodeAction, CompletionItem, Connection, InitializeParams, InitializeResult, Position, WorkspaceDocumentDiagnosticReport } from 'vscode-languageserver';
import { isGovernanceFile } from '../protocol/ids.ts';
import { openDocument } from '../runtime/policy/document.ts';
import { addressOf, pathOf, uriOfPath } from './addresses.ts';
import type { Disk } from './disk.ts';
import { applyChanges, offsetAt } from './documents.ts';
import { codeActions, fixAll } from './features/code-actions.ts';
import { complete, explainTopic } from './features/completion.ts';
import { hover } from './features/hover.ts';
import { definitions, references, rename, renameRange } from './features/navigation.ts';
import type { Location } from './features/navigation.ts';
import { documentSymbols, matchingSymbols } from './features/symbols.ts';
import { Published } from './published.ts';
import { fromRange, toCodeAction, toCompletionItem, toDiagnostic, toDocumentSymbol, toEdits, toHover, toMarkup, toRange, toWorkspaceSymbol } from './to-lsp.ts';
import { Workspace } from './workspace.ts';
import type { KnownFile } from './workspace.ts';

/** Answers the client on this connection until it exits. Files that the client does not hold open are read from `disk`. */
export function serve(connection: Connection, disk: Disk): void {
  const workspace = new Workspace(addressOf);
  const published = new Published();
  const loading: { done: Promise<void> } = { done: Promise.resolve() };
  let client: InitializeParams['capabilities'] = {};
  let folders: readonly string[] = [];
  const pulls = (): boolean => client.textDocument?.diagnostic !== undefined;

  connection.onInitialize((params) => {
    client = params.capabilities;
    folders = params.workspaceFolders?.map((folder) => folder.uri) ?? (params.rootUri ? [params.rootUri] : []);
    for (const folder of folders) workspace.addFolder(folder);
    loading.done = Promise.all(folders.map(load)).then(() => undefined);
    return abilities(pulls());
  });

  connection.onInitialized(async () => {
    void loading.done.then(changedOutside);
    if (client.workspace?.didChangeWatchedFiles?.dynamicRegistration) await connection.client.register(DidChangeWatchedFilesNotification.type, { watchers: WATCHED.map((globPattern) => ({ globPattern })) });
    if (client.workspace?.workspaceFolders) connection.workspace.onDidChangeWorkspaceFolders(async ({ added, removed }) => {
      for (const folder of removed) workspace.removeFolder(folder.uri);
      for (const folder of added) workspace.addFolder(folder.uri);
      await Promise.all(added.map((folder) => load(folder.uri)));
      changedOutside();
    });
  });

  async function load(folder: string): Promise<void> {
    const root = pathOf(folder);
    if (root === undefined) return;
    await Promise.all((await disk.list(root)).map((path) => reread(uriOfPath(path))));
  }

  async function reread(uri: string): Promise<void> {
    const path = pathOf(uri);
    workspace.fromDisk(uri, path === undefined ? undefined : await disk.read(path));
  }

  /** Something changed that the client did not type: it does not know that its findings are old. */
  function changedOutside(): void {
    if (!pulls()) schedulePush();
    else if (client.workspace?.diagnostics?.refreshSupport) connection.languages.diagnostics.refresh().catch((error: unknown) => connection.console.warn(`The client did not take the request to ask for diagnostics again: ${String(error)}`));
  }

  let scheduled = false;
  function schedulePush(): void {
    if (pulls() || scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      for (const file of workspace.files) push(file);
    });
  }

  function push(file: KnownFile): void {
    const { items, changed } = published.report(file.uri, diagnosticsOf(file));
    if (changed) void connection.sendDiagnostics({ uri: file.uri, diagnostics: [...items], ...(file.version === undefined ? {} : { version: file.version }) });
  }

  const diagnosticsOf = (file: KnownFile) => file.set.findings(file.name).map((finding) => toDiagnostic(finding, (name) => workspace.uriOf(file.set, name)));

  connection.onDidOpenTextDocument(({ textDocument: { uri, version, text } }) => {
    workspace.edit(uri, version, () => openDocument(text));
    schedulePush();
  });
  connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
    workspace.edit(uri, version, (document) => applyChanges(document ?? openDocument(''), contentChanges));
    schedulePush();
  });
  connection.onDidCloseTextDocument(async ({ textDocument: { uri } }) => {
    workspace.close(uri);
    if (pathOf(uri) === undefined || !isGovernanceFile(uri)) workspace.fromDisk(uri, undefined);
    else await reread(uri);
    await clearIfGone(uri);
    changedOutside();
  });
  connection.onDidChangeWatchedFiles(async ({ changes }) => {
    await Promise.all(changes.filter(({ uri }) => isGovernanceFile(uri)).map(({ uri }) => reread(uri)));
    await Promise.all(changes.map(({ uri }) => clearIfGone(uri)));
    changedOutside();
  });

  async function clearIfGone(uri: string): Promise<void> {
    if (workspace.find(uri)) return;
    published.forget(uri);
    if (!pulls()) await connection.sendDiagnostics({ uri, diagnostics: [] });
  }

  connection.languages.diagnostics.on(async ({ textDocument: { uri }, previousResultId }) => {
    await loading.done;
    const file = workspace.find(uri);
    if (!file) return { kind: DocumentDiagnosticReportKind.Full, items: [] };
    const { items, id } = published.report(file.uri, diagnosticsOf(file));
    return id === previousResultId ? { kind: DocumentDiagnosticReportKind.Unchanged, resultId: id } : { kind: DocumentDiagnosticReportKind.Full, resultId: id, items: [...items] };
  });
  connection.languages.diagnostics.onWorkspace(async ({ previousResultIds }) => {
    await loading.done;
    const known = new Map(previousResultIds.map(({ uri, value }) => [addressOf(uri), value]));
    return { items: workspace.files.map((file) => workspaceReport(file, known.get(addressOf(file.uri)))) };
  });

  function workspaceReport(file: KnownFile, previous: string | undefined): WorkspaceDocumentDiagnosticReport {
    const { items, id } = published.report(file.uri, diagnosticsOf(file));
    const place = { uri: file.uri, version: file.version ?? null, resultId: id };
    return id === previous ? { ...place, kind: DocumentDiagnosticReportKind.Unchanged } : { ...place, kind: DocumentDiagnosticReportKind.Full, items: [...items] };
  }

  connection.onCompletion(({ textDocument, position }) => {
    const found = at(textDocument.uri, position);
    return { isIncomplete: false, items: found ? complete(found.file.document, found.offset, found.file.set).map(toCompletionItem) : [] };
  });
  connection.onCompletionResolve((item): CompletionItem => {
    const markdown = explainTopic(item.data);
    return markdown === undefined ? item : { ...item, documentation: toMarkup(markdown) };
  });
  connection.onHover(({ textDocument, position }) => {
    const found = at(textDocument.uri, position);
    const info = found && hover(found.file.document, found.offset, found.file.set);
    return info ? toHover(info) : null;
  });
  connection.onCodeAction(({ textDocument: { uri }, range, context }): CodeAction[] => {
    const file = workspace.find(uri);
    if (!file) return [];
    const findings = file.set.findings(file.name);
    const everything = context.only?.some((kind) => kind.startsWith('source')) ? fixAll(findings) : undefined;
    const actions = context.only && !context.only.some((kind) => 'quickfix'.startsWith(kind)) ? [] : codeActions(findings, fromRange(range));
    return [...actions, ...(everything ? [everything] : [])].map((action) => toCodeAction(action, uri, (name) => workspace.uriOf(file.set, name)));
  });
  connection.onDocumentSymbol(({ textDocument: { uri } }) => {
    const file = workspace.find(uri);
    return file ? documentSymbols(file.document).map(toDocumentSymbol) : [];
  });
  connection.onWorkspaceSymbol(({ query }) => workspace.files.flatMap((file) => matchingSymbols(file.document, query).map((symbol) => toWorkspaceSymbol(symbol, file.uri))));

  connection.onDefinition(({ textDocument, position }) => locations(textDocument.uri, position, definitions));
  connection.onReferences(({ textDocument, position }) => locations(textDocument.uri, position, references));
  connection.onPrepareRename(({ textDocument, position }) => {
    const found = at(textDocument.uri, position);
    const range = found && renameRange(found.file.document, found.offset, found.file.set);
    return range ? toRange(range) : null;
  });
  connection.onRenameRequest(({ textDocument, position, newName }) => {
    const found = at(textDocument.uri, position);
    if (!found) return null;
    const changes = Object.groupBy(rename(found.file.document, found.offset, found.file.set, newName), (edit) => workspace.uriOf(found.file.set, edit.file));
    return { changes: Object.fromEntries(Object.entries(changes).map(([uri, edits]) => [uri, toEdits(edits ?? [])])) };
  });

  function locations(uri: string, position: Position, feature: (document: KnownFile['document'], offset: number, set: KnownFile['set']) => readonly Location[]) {
    const found = at(uri, position);
    if (!found) return [];
    return feature(found.file.document, found.offset, found.file.set).map((place) => ({ uri: workspace.uriOf(found.file.set, place.file), range: toRange(place) }));
  }

  function at(uri: string, position: Position): { readonly file: KnownFile; readonly offset: number } | undefined {
    const file = workspace.find(uri);
    return file && { file, offset: offsetAt(file.document, position) };
  }
}

const WATCHED = ['**/*.fullarc.{yaml,yml}', '**/.fullarc/**/*.{yaml,yml}'] as const;

function abilities(pulls: boolean): InitializeResult {
  return {
    serverInfo: { name: 'fullarc' },
    capabilities: {
      textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
      ...(pulls ? { diagnosticProvider: { identifier: 'fullarc', interFileDependencies: true, workspaceDiagnostics: true } } : {}),
      completionProvider: { triggerCharacters: [':', ' ', '-', '[', '{', ',', '"', '.', '('], resolveProvider: true },
      hoverProvider: true,
      codeActionProvider: { codeActionKinds: ['quickfix', 'source.fixAll.fullarc'] },
      documentSymbolProvider: true,
      workspaceSymbolProvider: true,
      definitionProvider: true,
      referencesProvider: true,
      renameProvider: { prepareProvider: true },
      workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    },
  };
}
