// Where the built files of this installation are, whether we run from the bundle or from the sources.

import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { FullarcError } from '../protocol/control.ts';

const here = import.meta.dirname;
const bundled = here.lastIndexOf(`${sep}dist`);
const dist = bundled < 0 ? join(here, '..', 'dist') : here.slice(0, bundled + `${sep}dist`.length);

/** The file that a governed Node process loads first. */
export function preloadPath(): string {
  return built('preload.cjs');
}

/** The `fullarc` command. */
export function cliPath(): string {
  return built('cli.js');
}

function built(name: string): string {
  const path = join(dist, name);
  if (!existsSync(path)) throw new FullarcError('internal', `${path} is missing`, 'This installation is not complete: install it again, or run `npm run build` in a checkout.');
  return path;
}
