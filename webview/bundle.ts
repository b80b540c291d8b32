// How the webviews are built: esbuild options that the build, the tests and the benchmarks share.

import { join } from 'node:path';
import type { BuildOptions } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** Largest size of a webview's script, minified, in bytes. A test holds it. */
export const SCRIPT_LIMIT = 250_000;

/** Writes `runs.js`, `runs.css` and `codicon.ttf`. Set `outdir` to build elsewhere. */
export const webviewBundle = {
  absWorkingDir: root,
  entryPoints: { runs: 'webview/runs/main.tsx' },
  outdir: join(root, 'dist/webview'),
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'chrome130',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.ttf': 'file' },
  assetNames: '[name]',
  legalComments: 'eof',
} as const satisfies BuildOptions;
