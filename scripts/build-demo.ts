// Bundles the outreach example into dist/demo as plain JavaScript with everything inside, so that the walkthrough runs where nothing was installed.

import { build, type Metafile } from 'esbuild';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const example = join(root, 'examples', 'outreach');
const demo = join(root, 'dist', 'demo');
/** What the agents read at run time. */
const DATA = ['data', 'conversation.json'];
/** The example names its own files with `.ts`; bundled they are `.mjs`, which every Node runs. */
const asBuilt = (text: string): string => text.replaceAll(/\b(agent|researcher)\.ts\b/g, '$1.mjs');

/** Returns what was bundled. */
export async function buildDemo(): Promise<Metafile> {
  rmSync(demo, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root, entryPoints: { agent: join(example, 'agent.ts'), researcher: join(example, 'researcher.ts') }, outdir: demo, outExtension: { '.js': '.mjs' },
    bundle: true, metafile: true, platform: 'node', format: 'esm', target: 'node20', minify: true, legalComments: 'none', logLevel: 'warning', splitting: true, chunkNames: '[hash]',
    banner: { js: "import { createRequire as demoRequire } from 'node:module'; const require = demoRequire(import.meta.url);" },
    plugins: [{
      name: 'own file names',
      setup: (bundle) => bundle.onLoad({ filter: /examples[\\/]outreach[\\/]\w+\.ts$/ }, ({ path }) => ({ contents: asBuilt(readFileSync(path, 'utf8')).replaceAll(/(from '\.\/\w+)\.mjs'/g, "$1.ts'"), loader: 'ts' })),
    }],
  });
  for (const name of DATA) if (existsSync(join(example, name))) cpSync(join(example, name), join(demo, name), { recursive: true });
  const policies = join(example, '.fullarc');
  mkdirSync(join(demo, '.fullarc'), { recursive: true });
  for (const file of readdirSync(policies)) writeFileSync(join(demo, '.fullarc', file), asBuilt(readFileSync(join(policies, file), 'utf8')));
  return metafile;
}

if (import.meta.main) await buildDemo();
