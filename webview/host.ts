// The editor around this webview: typed messages both ways, and a little state that survives a reload.

import type { FromWebview, MessageOf, ToWebview } from '../protocol/webview.ts';

export type Incoming = MessageOf<ToWebview>;
export type Outgoing = MessageOf<FromWebview>;

export interface Host<S> {
  post(message: Outgoing): void;
  /** What was saved last, or undefined in a new view. */
  restore(): S | undefined;
  save(state: S): void;
  /** Calls `hear` for every message from now on. */
  listen(hear: (message: Incoming) => void): void;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** May be called once per page: the editor hands its API out a single time. */
export function connectHost<S>(): Host<S> {
  const api = acquireVsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    restore: () => api.getState() as S | undefined,
    save: (state) => api.setState(state),
    listen: (hear) => addEventListener('message', (event: MessageEvent<Incoming>) => hear(event.data)),
  };
}
