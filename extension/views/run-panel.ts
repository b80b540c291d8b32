// The run panels: one editor tab per tree of runs, fed in batches, restored after a reload.

import { randomBytes } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS, CONTEXTS, WEBVIEWS } from '../../protocol/ids.ts';
import type { RunEvent } from '../../protocol/run-graph.ts';
import { runHtml } from '../../protocol/webview-html.ts';
import type { FromWebview, MessageOf, ToWebview } from '../../protocol/webview.ts';
import { followTree } from '../feed.ts';
import type { Governor } from '../governor.ts';
import type { Live } from '../live.ts';

/** At most ten batches a second reach a panel, however busy the run. */
const BATCH_MS = 100;

interface Panel {
  readonly view: vscode.WebviewPanel;
  readonly root: string;
}

export class RunPanels implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #governor: Governor;
  readonly #live: Live;
  readonly #log: vscode.LogOutputChannel;
  readonly #panels = new Map<string, Panel>();
  readonly #serializer: vscode.Disposable;

  constructor(context: vscode.ExtensionContext, governor: Governor, live: Live, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#governor = governor;
    this.#live = live;
    this.#log = log;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(WEBVIEWS.run, {
      deserializeWebviewPanel: async (view, state: unknown) => {
        const run = runOf(state);
        if (run) this.#attach(view, run);
        else view.dispose();
      },
    });
  }

  /** Root run of the panel in front. */
  get focused(): string | undefined {
    return [...this.#panels.values()].find(({ view }) => view.active)?.root;
  }

  /** Shows the tree of `root` beside the editor; a panel that is open already is brought forward. */
  open(root: string, preserveFocus: boolean, agent = this.#live.run(root)?.agent): void {
    const open = this.#panels.get(root);
    if (open) return open.view.reveal(undefined, preserveFocus);
    const view = vscode.window.createWebviewPanel(WEBVIEWS.run, vscode.l10n.t('Run: {0}', agent ?? root), { viewColumn: vscode.ViewColumn.Beside, preserveFocus }, { enableScripts: true, localResourceRoots: [this.#resources] });
    this.#attach(view, root);
  }

  dispose(): void {
    this.#serializer.dispose();
    for (const { view } of this.#panels.values()) view.dispose();
  }

  get #resources(): vscode.Uri {
    return vscode.Uri.joinPath(this.#context.extensionUri, 'dist', 'webview');
  }

  #attach(view: vscode.WebviewPanel, root: string): void {
    this.#panels.set(root, { view, root });
    view.iconPath = new vscode.ThemeIcon('graph');
    view.webview.options = { enableScripts: true, localResourceRoots: [this.#resources] };
    const feed = feedPanel(view, root, this.#governor, this.#log);
    const focus = (): void => void vscode.commands.executeCommand('setContext', CONTEXTS.runFocused, this.focused !== undefined);
    const messages = view.webview.onDidReceiveMessage((message: MessageOf<FromWebview>) => {
      if (message.type === 'ready') feed.start();
      else void this.#handle(message, root).catch((error: unknown) => void vscode.window.showErrorMessage((error as Error).message));
    });
    const focusing = view.onDidChangeViewState(focus);
    view.onDidDispose(() => {
      for (const each of [feed, messages, focusing]) each.dispose();
      this.#panels.delete(root);
      focus();
    });
    view.webview.html = this.#html(view.webview);
    focus();
  }

  #html(webview: vscode.Webview): string {
    const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(this.#resources, name)).toString();
    return runHtml({ script: file('runs.js'), style: file('runs.css'), cspSource: webview.cspSource, nonce: randomBytes(18).toString('base64') });
  }

  async #handle(message: Exclude<MessageOf<FromWebview>, { type: 'ready' }>, root: string): Promise<void> {
    if (message.type === 'reviewGate') await vscode.commands.executeCommand(COMMANDS.reviewGate, message.gate);
    else if (message.type === 'decideGate') await vscode.commands.executeCommand(message.decision === 'approve' ? COMMANDS.approveGate : COMMANDS.rejectGate, message.gate);
    else if (message.type === 'stopRun') await vscode.commands.executeCommand(COMMANDS.stopRun, message.run);
    else if (message.type === 'saveSvg') await saveAs(message.name, message.svg);
    else if (message.type === 'openPolicy') await openAt(message.file, message.line, this.#live.run(root)?.workspace);
  }
}

/** Asks where, then writes the picture. */
async function saveAs(name: string, svg: string): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({ ...(folder && { defaultUri: vscode.Uri.joinPath(folder, name) }), filters: { [vscode.l10n.t('Picture')]: ['svg'] } });
  if (target) await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(svg));
}

/** Opens a policy's file at a line (from 1); a relative path is of the workspace. */
export async function openAt(file: string, line: number, workspace?: string): Promise<void> {
  const path = isAbsolute(file) || !workspace ? file : join(workspace, file);
  const at = new vscode.Position(Math.max(0, line - 1), 0);
  await vscode.window.showTextDocument(vscode.Uri.file(path), { selection: new vscode.Range(at, at), viewColumn: vscode.ViewColumn.One });
}

/** Sends the tree to a panel: a snapshot when it is ready, then batches. Nothing is sent before `start`, nor to a hidden panel, which asks again when it is shown. */
function feedPanel(view: vscode.WebviewPanel, root: string, governor: Governor, log: vscode.LogOutputChannel): vscode.Disposable & { start(): void } {
  let feed: vscode.Disposable | undefined;
  let batch: RunEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  const send = (message: MessageOf<ToWebview>): void => void view.webview.postMessage(message);
  const flush = (): void => {
    timer = undefined;
    send({ type: 'events', events: batch });
    batch = [];
  };
  const drop = (): void => {
    clearTimeout(timer);
    timer = undefined;
    batch = [];
  };
  const connection = governor.onState((state) => {
    if (state === 'lost' || state === 'connected') send({ type: 'connection', lost: state === 'lost', since: Date.now() });
  });
  return {
    start() {
      feed?.dispose();
      drop();
      feed = followTree(governor, root, {
        snapshot(events) { drop(); send({ type: 'snapshot', run: root, events }); },
        event(event) { batch.push(event); timer ??= setTimeout(flush, BATCH_MS); },
        failed(error) {
          log.warn(`run ${root}: ${error.message}`);
          send({ type: 'connection', lost: true, since: Date.now() });
        },
      });
    },
    dispose() { drop(); feed?.dispose(); connection.dispose(); },
  };
}

/** What a panel kept over a reload; its webview stores `{ run }`. */
function runOf(state: unknown): string | undefined {
  const run = typeof state === 'object' && state !== null && 'run' in state ? state.run : undefined;
  return typeof run === 'string' ? run : undefined;
}
