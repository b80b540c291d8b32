// How the preload is bundled: one CommonJS file that Node 18 to 26 can require before an agent's first line.

import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

export const preloadBundle = {
  entryPoints: [fileURLToPath(new URL('preload.ts', import.meta.url))],
  outfile: fileURLToPath(new URL('../../../dist/preload.cjs', import.meta.url)),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node18',
  minifySyntax: true,
  legalComments: 'eof',
  logLevel: 'warning',
} as const satisfies BuildOptions;
