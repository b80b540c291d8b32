// How a person has set the view up: what is kept over a reload of the webview, and what a fresh view starts with.

import type { Axis } from './layout.ts';
import { ZOOM } from './layout.ts';

export interface ViewState {
  readonly form: 'lanes' | 'table';
  readonly axis: Axis;
  readonly zoom: number;
  readonly selected?: string;
  readonly folded: readonly string[];
  readonly follow: boolean;
}

/** What the editor keeps for us; less than 2 kB whatever the run. */
export interface Saved extends ViewState {
  readonly run: string;
}

export const FRESH: ViewState = { form: 'lanes', axis: 'step', zoom: 1, folded: [], follow: true };

/** Folds that are kept: enough for a person's own, not for all of a huge tree. */
const KEPT_FOLDS = 24;

export function toSaved(run: string, view: ViewState): Saved {
  return { run, form: view.form, axis: view.axis, zoom: view.zoom, selected: view.selected?.slice(0, 200), folded: view.folded.slice(0, KEPT_FOLDS), follow: view.follow };
}

/** The saved view when it is one of this run and makes sense, else the fresh one. */
export function fromSaved(run: string, saved: Partial<Saved> | undefined, fresh: ViewState): ViewState {
  if (saved?.run !== run) return fresh;
  return {
    form: saved.form === 'table' ? 'table' : 'lanes',
    axis: saved.axis === 'time' ? 'time' : 'step',
    zoom: clampZoom(Number(saved.zoom) || 1),
    selected: typeof saved.selected === 'string' ? saved.selected : undefined,
    folded: Array.isArray(saved.folded) ? saved.folded.filter((id) => typeof id === 'string') : [],
    follow: saved.follow !== false,
  };
}

export function clampZoom(zoom: number): number {
  return Math.min(ZOOM.most, Math.max(ZOOM.least, zoom));
}
