// Type check and generated files: what must hold before any test is worth running.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const steps = [
  ['types', join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root],
  ['generated files', join(root, 'scripts', 'generate.ts'), '--check'],
] as const;

for (const [what, ...command] of steps) {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`${what}: not in order`);
    process.exit(1);
  }
  console.log(`${what}: in order`);
}
