// A client of the real server process, over stdio, as small as an editor can be.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import type { CodeAction, CompletionItem, CompletionList, Diagnostic, DocumentDiagnosticReport, Hover, InitializeResult, Position, PublishDiagnosticsParams, Range, TextEdit } from 'vscode-languageserver-protocol';

const MAIN = fileURLToPath(new URL('../../language-server/main.ts', import.meta.url));

export interface ClientOptions {
  readonly folders?: readonly string[];
  /** False for a client that only takes what is pushed to it. */
  readonly pull?: boolean;
}

export class Client {
  readonly connection: MessageConnection;
  readonly abilities: InitializeResult['capabilities'];
  /** Requests of the server to register or refresh something, in order. */
  readonly asked: string[];
  readonly #stop: () => Promise<number | null>;
  readonly #pushed = new Map<string, PublishDiagnosticsParams>();
  #waiting: (() => void)[] = [];
  #version = 0;

  /** Starts the server and shakes hands with it. */
  static async start({ folders = [], pull = true }: ClientOptions = {}): Promise<Client> {
    const server = spawn(process.execPath, [MAIN, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const connection = createMessageConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
    const asked: string[] = [];
    for (const method of ['client/registerCapability', 'workspace/diagnostic/refresh']) connection.onRequest(method, () => { asked.push(method); return null; });
    connection.listen();
    const { capabilities } = await connection.sendRequest<InitializeResult>('initialize', {
      processId: process.pid,
      rootUri: null,
      workspaceFolders: folders.map((uri) => ({ uri, name: uri })),
      capabilities: {
        textDocument: { ...(pull ? { diagnostic: {} } : {}), completion: { completionItem: { snippetSupport: true } } },
        workspace: { diagnostics: { refreshSupport: true }, didChangeWatchedFiles: { dynamicRegistration: true }, workspaceFolders: true },
      },
    });
    await connection.sendNotification('initialized', {});
    return new Client(connection, capabilities, asked, async () => {
      const exit = once(server, 'exit') as Promise<[number | null]>;
      await connection.sendRequest('shutdown');
      await connection.sendNotification('exit');
      const [code] = await exit;
      connection.dispose();
      return code;
    });
  }

  private constructor(connection: MessageConnection, abilities: InitializeResult['capabilities'], asked: string[], stop: () => Promise<number | null>) {
    this.connection = connection;
    this.abilities = abilities;
    this.asked = asked;
    this.#stop = stop;
    connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      this.#pushed.set(params.uri, params);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    });
  }

  open(uri: string, text: string): Promise<void> {
    return this.connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'fullarc-policy', version: ++this.#version, text } });
  }

  change(uri: string, ...contentChanges: readonly { readonly range?: Range; readonly text: string }[]): Promise<void> {
    return this.connection.sendNotification('textDocument/didChange', { textDocument: { uri, version: ++this.#version }, contentChanges });
  }

  close(uri: string): Promise<void> {
    return this.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  }

  changedOnDisk(uri: string, type: 1 | 2 | 3): Promise<void> {
    return this.connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [{ uri, type }] });
  }

  /** Diagnostics asked for. */
  async pull(uri: string): Promise<readonly Diagnostic[]> {
    const report = await this.connection.sendRequest<DocumentDiagnosticReport>('textDocument/diagnostic', { textDocument: { uri } });
    return report.kind === 'full' ? report.items : [];
  }

  /** The next pushed diagnostics of a file that satisfy the condition, or the last ones if they do already. */
  async pushed(uri: string, holds: (diagnostics: readonly Diagnostic[]) => boolean): Promise<readonly Diagnostic[]> {
    for (;;) {
      const last = this.#pushed.get(uri);
      if (last && holds(last.diagnostics)) return last.diagnostics;
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }

  async complete(uri: string, position: Position): Promise<readonly CompletionItem[]> {
    return (await this.connection.sendRequest<CompletionList>('textDocument/completion', { textDocument: { uri }, position })).items;
  }

  resolve(item: CompletionItem): Promise<CompletionItem> {
    return this.connection.sendRequest('completionItem/resolve', item);
  }

  hover(uri: string, position: Position): Promise<Hover | null> {
    return this.connection.sendRequest('textDocument/hover', { textDocument: { uri }, position });
  }

  actions(uri: string, range: Range, only?: readonly string[]): Promise<readonly CodeAction[]> {
    return this.connection.sendRequest('textDocument/codeAction', { textDocument: { uri }, range, context: { diagnostics: [], ...(only ? { only } : {}) } });
  }

  request<T>(method: string, params: unknown): Promise<T> {
    return this.connection.sendRequest<T>(method, params);
  }

  /** Exit code of the server after an orderly goodbye. */
  stop(): Promise<number | null> {
    return this.#stop();
  }
}

/** The text after edits that do not overlap. */
export function applyTextEdits(text: string, edits: readonly TextEdit[]): string {
  const starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  const offset = ({ line, character }: Position): number => Math.min((starts[line] ?? text.length) + character, text.length);
  return [...edits].sort((a, b) => offset(b.range.start) - offset(a.range.start)).reduce((result, { range, newText }) => result.slice(0, offset(range.start)) + newText + result.slice(offset(range.end)), text);
}
