// The server process itself, over stdio, the way an editor talks to it.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import type { Diagnostic, DocumentSymbol, InitializeResult, Location, WorkspaceDiagnosticReport, WorkspaceEdit } from 'vscode-languageserver-protocol';
import { applyTextEdits, Client } from './client.ts';
import type { ClientOptions } from './client.ts';

const running = new Set<Client>();
const folders = new Set<string>();
after(async () => {
  await Promise.all([...running].map((client) => client.stop()));
  await Promise.all([...folders].map((folder) => rm(folder, { recursive: true, force: true })));
});

async function start(options?: ClientOptions): Promise<Client> {
  const client = await Client.start(options);
  running.add(client);
  return client;
}

async function workspace(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fullarc-ls-'));
  folders.add(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

const uriIn = (folder: string, name: string): string => pathToFileURL(join(folder, name)).href;
const codes = (diagnostics: readonly Diagnostic[]): string[] => diagnostics.map(({ code }) => String(code)).sort();
const at = (line: number, character: number) => ({ line, character });
const span = (line: number, from: number, to: number) => ({ start: at(line, from), end: at(line, to) });

const TYPO = 'policies:\n  - name: spend\n    category: cost\n    rules:\n      per_run_cost_limt: 5\n';

test('a session: open, diagnose, fix, complete, hover, say goodbye', async () => {
  const client = await start();
  const uri = 'untitled:new.fullarc.yaml';
  await client.open(uri, TYPO);
  const [typo] = await client.pull(uri);
  assert.equal(typo?.code, 'fullarc/structure/unknown-key');
  assert.deepEqual(typo.range, span(4, 6, 23));

  const [fix] = await client.actions(uri, typo.range);
  assert.equal(fix?.isPreferred, true);
  const edits = fix.edit?.changes?.[uri] ?? [];
  assert.equal(applyTextEdits(TYPO, edits), TYPO.replace('limt', 'limit'));
  await client.change(uri, ...edits.map(({ range, newText }) => ({ range, text: newText })));
  assert.deepEqual(await client.pull(uri), []);

  await client.change(uri, { range: { start: at(2, 14), end: at(2, 18) }, text: '' });
  const offered = await client.complete(uri, at(2, 14));
  const cost = offered.find(({ label }) => label === 'cost');
  assert.ok(cost);
  assert.equal(cost.documentation, undefined);
  assert.match(JSON.stringify((await client.resolve(cost)).documentation), /Operational guardrails/);

  await client.change(uri, { range: { start: at(2, 14), end: at(2, 14) }, text: 'cost' });
  assert.match(JSON.stringify((await client.hover(uri, at(4, 10)))?.contents), /USD/);
  running.delete(client);
  assert.equal(await client.stop(), 0);
});

test('names are unique over all files of a folder, also those that are not open', async () => {
  const folder = await workspace({ '.fullarc/a.yaml': 'policies:\n  - name: spend\n    category: cost\n    rules: { per_run_cost_limit: 5 }\n', 'sub/b.fullarc.yaml': 'agents: { writer: {} }\n', 'node_modules/x/c.fullarc.yaml': 'policies: 7\n', 'other.yaml': 'policies: 7\n' });
  const client = await start({ folders: [pathToFileURL(folder).href] });
  const uri = uriIn(folder, 'new.fullarc.yaml');
  await client.open(uri, 'policies:\n  - name: spend\n    category: cost\n    scope: { agents: [writer] }\n    rules: { per_run_cost_limit: 5 }\n');
  const found = await client.pull(uri);
  assert.deepEqual(codes(found), ['fullarc/structure/duplicate-name']);
  assert.equal(found[0]?.relatedInformation?.[0]?.location.uri, uriIn(folder, '.fullarc/a.yaml'));

  const all = await client.request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds: [] });
  assert.deepEqual(all.items.map((report) => report.uri).sort(), ['.fullarc/a.yaml', 'new.fullarc.yaml', 'sub/b.fullarc.yaml'].map((name) => uriIn(folder, name)).sort());
  const again = await client.request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds: all.items.map(({ uri: each, resultId }) => ({ uri: each, value: resultId ?? '' })) });
  assert.deepEqual([...new Set(again.items.map(({ kind }) => kind))], ['unchanged']);

  const [declared] = await client.request<Location[]>('textDocument/definition', { textDocument: { uri }, position: at(3, 23) });
  assert.deepEqual(declared, { uri: uriIn(folder, 'sub/b.fullarc.yaml'), range: span(0, 10, 16) });
  const edit = await client.request<WorkspaceEdit>('textDocument/rename', { textDocument: { uri }, position: at(3, 23), newName: 'author' });
  assert.deepEqual(Object.keys(edit.changes ?? {}).sort(), [uri, uriIn(folder, 'sub/b.fullarc.yaml')].sort());
});

test('what changes on disk counts as soon as the client says so, and the open text rules over the disk', async () => {
  const folder = await workspace({ 'a.fullarc.yaml': TYPO, 'agents.fullarc.yaml': 'agents: { writer: {} }\n' });
  const client = await start({ folders: [pathToFileURL(folder).href], pull: false });
  const [a, agents] = [uriIn(folder, 'a.fullarc.yaml'), uriIn(folder, 'agents.fullarc.yaml')];
  assert.deepEqual(codes(await client.pushed(a, (found) => found.length > 0)), ['fullarc/structure/unknown-key']);

  await client.open(a, TYPO.replace('limt', 'limit'));
  assert.deepEqual(await client.pushed(a, (found) => found.length === 0), []);
  await writeFile(join(folder, 'agents.fullarc.yaml'), 'agents: [writer]\n');
  await client.changedOnDisk(agents, 2);
  await client.pushed(agents, (found) => found.length > 0);
  await rm(join(folder, 'agents.fullarc.yaml'));
  await client.changedOnDisk(agents, 3);
  await client.pushed(agents, (found) => found.length === 0);
  await client.close(a);
  assert.deepEqual(codes(await client.pushed(a, (found) => found.length > 0)), ['fullarc/structure/unknown-key']);
});

test('a client that watches is asked to watch, and to ask again when files changed outside of it', async () => {
  const folder = await workspace({ 'a.fullarc.yaml': TYPO });
  const client = await start({ folders: [pathToFileURL(folder).href] });
  await client.request('workspace/diagnostic', { previousResultIds: [] });
  await client.changedOnDisk(uriIn(folder, 'a.fullarc.yaml'), 2);
  await client.request('workspace/diagnostic', { previousResultIds: [] });
  assert.ok(client.asked.includes('client/registerCapability'));
  assert.ok(client.asked.includes('workspace/diagnostic/refresh'));
});

test('several changes in one message are applied in order, past the end as well', async () => {
  const client = await start();
  const uri = 'untitled:edits.fullarc.yaml';
  await client.open(uri, '');
  await client.change(uri, { text: 'policies:\n' }, { range: span(1, 0, 0), text: '  - name: one\n' }, { range: { start: at(9, 0), end: at(99, 7) }, text: '    category: llm\n' }, { range: span(1, 10, 13), text: 'two' });
  const symbols = await client.request<DocumentSymbol[]>('textDocument/documentSymbol', { textDocument: { uri } });
  assert.deepEqual(symbols.map(({ name, detail }) => `${name} ${detail}`), ['two llm']);
});

test('everything that has one answer is fixed on save', async () => {
  const client = await start();
  const uri = 'untitled:all.fullarc.yaml';
  const text = `${TYPO}  - name: Two\n    category: cots\n    rules: { per_run_cost_limt: 5 }\n`;
  await client.open(uri, text);
  const [action] = await client.actions(uri, span(0, 0, 0), ['source.fixAll']);
  assert.equal(action?.kind, 'source.fixAll');
  const fixed = applyTextEdits(text, action.edit?.changes?.[uri] ?? []);
  assert.match(fixed, /limit: 5[^]*name: two\n    category: cost/);
});

test('the IPC channel of vscode-languageclient is spoken as well', async () => {
  const server = fork(fileURLToPath(new URL('../../language-server/main.ts', import.meta.url)), ['--node-ipc', `--clientProcessId=${process.pid}`]);
  const exit = once(server, 'exit');
  const connection = createMessageConnection(new IPCMessageReader(server), new IPCMessageWriter(server));
  connection.listen();
  const { capabilities } = await connection.sendRequest<InitializeResult>('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  assert.equal(capabilities.hoverProvider, true);
  assert.equal(capabilities.diagnosticProvider, undefined, 'a client that cannot ask is told instead');
  await connection.sendRequest('shutdown');
  await connection.sendNotification('exit');
  assert.deepEqual(await exit, [0, null]);
  connection.dispose();
});

test('a request about a file nobody opened is answered with nothing', async () => {
  const client = await start();
  const uri = 'untitled:nowhere';
  assert.deepEqual(await client.pull(uri), []);
  assert.deepEqual(await client.complete(uri, at(3, 3)), []);
  assert.equal(await client.hover(uri, at(3, 3)), null);
  assert.deepEqual(await client.actions(uri, span(3, 0, 1)), []);
});
