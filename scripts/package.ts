// Packs the extension into a .vsix that installs anywhere: everything bundled, no native module.

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { buildAll } from './build.ts';

const root = join(import.meta.dirname, '..');

/** Builds and packs; returns the path of the package. */
export async function packageExtension(): Promise<string> {
  await buildAll();
  const packagePath = join(root, 'dist', 'fullarc.vsix');
  const vsce = join(root, 'node_modules', '@vscode', 'vsce', 'vsce');
  const { status, stdout, stderr } = spawnSync(process.execPath, [vsce, 'package', '--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--out', packagePath], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The extension was not packed:\n${stdout}${stderr}`);
  return packagePath;
}

if (import.meta.main) {
  const path = await packageExtension();
  console.log(`${path}: ${(statSync(path).size / 1e6).toFixed(2)} MB`);
}
