// Reviewing a gate in the editor: the document, the comparison with an earlier request, and the two answers above it.

import * as vscode from 'vscode';
import type { GateDetails } from '../../protocol/control.ts';
import { COMMANDS, CONTEXTS, GATE_SCHEME } from '../../protocol/ids.ts';
import type { Governor } from '../governor.ts';
import type { Live } from '../live.ts';
import { gateOf, gateText, gateUri, stateOf } from './document.ts';

/** The answers appear this long after the content, so that no click meant for something else decides. */
const READABLE_AFTER_MS = 750;

export class Reviews implements vscode.Disposable {
  readonly #governor: Governor;
  readonly #gates = new Map<string, GateDetails>();
  readonly #texts = new vscode.EventEmitter<vscode.Uri>();
  readonly #lenses = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[] = [];
  #ready: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(governor: Governor, live: Live) {
    this.#governor = governor;
    this.#disposables.push(
      this.#texts, this.#lenses,
      vscode.workspace.registerTextDocumentContentProvider(GATE_SCHEME, { onDidChange: this.#texts.event, provideTextDocumentContent: (uri) => this.#text(uri) }),
      vscode.languages.registerCodeLensProvider({ scheme: GATE_SCHEME }, { onDidChangeCodeLenses: this.#lenses.event, provideCodeLenses: (document) => this.#lensesOf(document.uri) }),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.#inFront(editor)),
      live.onDidDecideGate((gate) => void this.#decided(gate)),
    );
    this.#inFront(vscode.window.activeTextEditor);
  }

  /** Shows what the gate holds; beside an earlier request for the same action in the same tree, when there was one. */
  async open(id: string): Promise<void> {
    const all = await this.#load();
    const gate = all.find((each) => each.id === id);
    if (!gate) throw new Error(vscode.l10n.t('There is no gate {0}.', id));
    const uri = gateUri(gate);
    const earlier = all.filter((each) => each.root === gate.root && each.name === gate.name && each.kind === gate.kind && each.openedAt < gate.openedAt).sort((a, b) => b.openedAt - a.openedAt)[0];
    const options = { preview: true, preserveFocus: false };
    if (!earlier) return void await vscode.window.showTextDocument(uri, options);
    await vscode.commands.executeCommand('vscode.diff', gateUri(earlier), uri, vscode.l10n.t('{0}: earlier request ↔ this request', gate.name), options);
  }

  /** The gate as last read. */
  get(id: string): GateDetails | undefined {
    return this.#gates.get(id);
  }

  /** Gate of the document in front. */
  get focused(): string | undefined {
    return gateOf(vscode.window.activeTextEditor?.document.uri);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const each of this.#disposables) each.dispose();
  }

  async #load(): Promise<readonly GateDetails[]> {
    const gates = await this.#governor.request('gates.list', { all: true });
    for (const gate of gates) this.#gates.set(gate.id, gate);
    return gates;
  }

  async #text(uri: vscode.Uri): Promise<string> {
    const id = gateOf(uri) ?? '';
    if (!this.#gates.has(id)) await this.#load();
    const gate = this.#gates.get(id);
    return gate ? gateText(gate) : vscode.l10n.t('There is no gate {0}.', id);
  }

  #lensesOf(uri: vscode.Uri): vscode.CodeLens[] {
    const id = gateOf(uri);
    const gate = id === undefined ? undefined : this.#gates.get(id);
    if (!gate) return [];
    const top = new vscode.Range(0, 0, 0, 0);
    if (gate.decision) return [new vscode.CodeLens(top, { title: stateOf(gate), command: '' })];
    if (this.#ready !== gate.id) return [];
    return [
      new vscode.CodeLens(top, { title: `$(check) ${vscode.l10n.t('Approve')}`, command: COMMANDS.approveGate, arguments: [gate.id] }),
      new vscode.CodeLens(top, { title: `$(x) ${vscode.l10n.t('Reject…')}`, command: COMMANDS.rejectGate, arguments: [gate.id] }),
      new vscode.CodeLens(top, { title: `$(graph) ${vscode.l10n.t('Open Run')}`, command: COMMANDS.openRun, arguments: [gate.root] }),
    ];
  }

  #inFront(editor: vscode.TextEditor | undefined): void {
    clearTimeout(this.#timer);
    this.#setReady(undefined);
    const id = gateOf(editor?.document.uri);
    if (id !== undefined) this.#timer = setTimeout(() => this.#setReady(this.#gates.get(id)?.decision ? undefined : id), READABLE_AFTER_MS);
  }

  #setReady(id: string | undefined): void {
    if (this.#ready === id) return;
    this.#ready = id;
    this.#lenses.fire();
    void vscode.commands.executeCommand('setContext', CONTEXTS.gateReady, id !== undefined);
  }

  /** Shows in the open documents who decided, wherever that was. */
  async #decided(id: string): Promise<void> {
    const open = vscode.workspace.textDocuments.filter((document) => gateOf(document.uri) === id);
    if (open.length === 0 && !this.#gates.has(id)) return;
    await this.#load();
    if (this.#ready === id) this.#setReady(undefined);
    for (const document of open) this.#texts.fire(document.uri);
    this.#lenses.fire();
  }
}
