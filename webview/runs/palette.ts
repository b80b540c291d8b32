// The colours of the current theme, read from the editor's variables once and again whenever the theme changes.

import type { Ink } from './outcome.ts';

export type Palette = Readonly<Record<Ink, string>> & { readonly contrast: boolean; readonly font: string };

/** For each ink the editor's variables that may give it, best first. */
const VARIABLES = {
  text: ['foreground', 'editor-foreground'],
  muted: ['descriptionForeground', 'foreground'],
  ground: ['editor-background'],
  panel: ['editorWidget-background', 'editor-background'],
  line: ['editorIndentGuide-activeBackground1', 'descriptionForeground'],
  grid: ['panel-border', 'contrastBorder', 'editorIndentGuide-background1'],
  allow: ['charts-green', 'testing-iconPassed'],
  warn: ['charts-yellow', 'editorWarning-foreground'],
  redact: ['charts-purple', 'symbolIcon-propertyForeground'],
  deny: ['charts-red', 'errorForeground'],
  gate: ['charts-orange', 'editorWarning-foreground'],
  active: ['charts-blue', 'progressBar-background'],
  select: ['list-inactiveSelectionBackground', 'editor-selectionBackground', 'focusBorder'],
  accent: ['focusBorder', 'charts-blue'],
} as const satisfies Record<Ink, readonly string[]>;

/** Reads a theme: `read` gives the value of a CSS variable of the document, empty when it has none. */
export function paletteOf(read: (variable: string) => string, contrast: boolean): Palette {
  const first = (names: readonly string[]): string => names.map((name) => read(`--vscode-${name}`).trim()).find(Boolean) ?? 'currentcolor';
  const inks = Object.fromEntries(Object.entries(VARIABLES).map(([ink, names]) => [ink, first(names)])) as Record<Ink, string>;
  // In high contrast every fill is the ground and every outline the contrast border, so that shapes alone tell outcomes apart where inks agree.
  const high = contrast ? { panel: inks.ground, grid: first(['contrastBorder', 'foreground']), line: inks.text, muted: inks.text } : {};
  return { ...inks, ...high, contrast, font: read('--vscode-font-family').trim() || 'sans-serif' };
}

/** The palette of this document. */
export function currentPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return paletteOf((name) => style.getPropertyValue(name), document.body.classList.contains('vscode-high-contrast') || document.body.classList.contains('vscode-high-contrast-light'));
}

/** Calls `changed` when the editor switches its theme. Returns how to stop. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  return () => observer.disconnect();
}
