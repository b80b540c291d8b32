// Bundles everything that ships into dist/. Each part says in its own bundle.ts how it is bundled; this runs them all.

import { build, type BuildOptions } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildDemo } from './build-demo.ts';
import { extensionBundle } from '../extension/bundle.ts';
import { preloadBundle } from '../runtime/planes/node/bundle.ts';
import { webviewBundle } from '../webview/bundle.ts';
import { writeNotices } from './notices.ts';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** ES modules for Node. CommonJS packages inside still want `require`, which the banner gives them. */
const node: BuildOptions = {
  bundle: true, platform: 'node', format: 'esm', mainFields: ['module', 'main'], target: 'node24', outdir: 'dist', minifySyntax: true, minifyWhitespace: true, legalComments: 'none',
  banner: { js: "import { createRequire as fullarcRequire } from 'node:module'; const require = fullarcRequire(import.meta.url);" },
  define: { FULLARC_VERSION: JSON.stringify(version) },
};
const nodeBundle: BuildOptions = { ...node, entryPoints: { cli: 'runtime/cli.ts', 'language-server': 'language-server/main.ts' }, splitting: true, chunkNames: 'chunks/[name]-[hash]' };
const policyBundle: BuildOptions = { ...node, entryPoints: { policy: 'runtime/policy/index.ts' }, banner: {}, platform: 'neutral', mainFields: ['module', 'main'] };

/** Builds all bundles; throws with esbuild's message when one fails. What an earlier build left under other names is removed afterwards. */
export async function buildAll(): Promise<void> {
  const results = await Promise.all([nodeBundle, policyBundle, extensionBundle, preloadBundle, webviewBundle].map((options) => build({ absWorkingDir: root, logLevel: 'warning', ...options, metafile: true })));
  const written = new Set(results.flatMap((result) => Object.keys(result.metafile.outputs)));
  for (const file of globSync('dist/{*.js,*.cjs,*.map,chunks/*}', { cwd: root })) if (!written.has(file.replaceAll('\\', '/'))) rmSync(join(root, file), { force: true });
  writeNotices([...results.map((result) => result.metafile), await buildDemo()]);
  declareTypes();
}

/** Declarations of what the npm package exports. */
function declareTypes(): void {
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(root, 'tsconfig.types.json')], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The declarations were not written:\n${stdout}`);
}

if (import.meta.main) await buildAll();
