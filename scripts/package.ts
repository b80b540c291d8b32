// Packs the extension into a .vsix that installs anywhere: everything bundled, no native module.

import { createVSIX } from '@vscode/vsce';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { buildAll } from './build.ts';

const root = join(import.meta.dirname, '..');

/** Builds and packs; returns the path of the package. */
export async function packageExtension(): Promise<string> {
  await buildAll();
  const packagePath = join(root, 'dist', 'fullarc.vsix');
  await createVSIX({ cwd: root, packagePath, dependencies: false, allowMissingRepository: true, rewriteRelativeLinks: false });
  return packagePath;
}

if (import.meta.main) {
  const path = await packageExtension();
  console.log(`${path}: ${(statSync(path).size / 1e6).toFixed(2)} MB`);
}
