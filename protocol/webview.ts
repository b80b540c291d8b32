// What the run webview and its host say to one another. The key is the message's `type`.

import type { RunEvent } from './run-graph.ts';

export interface ToWebview {
  /** The whole tree so far; replaces what the webview had. */
  snapshot: { readonly run: string; readonly events: readonly RunEvent[] };
  /** New events, in order. */
  events: { readonly events: readonly RunEvent[] };
  /** The feed is lost or back; while lost the picture shows the last known state and says so. */
  connection: { readonly lost: boolean; readonly since: number };
}

export interface FromWebview {
  ready: Record<never, never>;
  decideGate: { readonly gate: string; readonly decision: 'approve' | 'reject' };
  reviewGate: { readonly gate: string };
  openPolicy: { readonly file: string; readonly line: number };
  stopRun: { readonly run: string };
  select: { readonly node: string };
  /** The picture as a document, to be saved where the person says. */
  saveSvg: { readonly name: string; readonly svg: string };
}

export type MessageOf<M> = { [K in keyof M]: { readonly type: K } & M[K] }[keyof M];
