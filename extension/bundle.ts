// How the extension is bundled: one CommonJS file for the extension host, with `vscode` left to the host.

import type { BuildOptions } from 'esbuild';

export const extensionBundle: BuildOptions = {
  entryPoints: { extension: 'extension/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  external: ['vscode'],
  mainFields: ['module', 'main'],
  conditions: ['node'],
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
};
