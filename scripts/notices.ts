// The licences of everything that is bundled, read off what esbuild really put in.

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

const root = join(import.meta.dirname, '..');
const PACKAGE = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/** Writes dist/THIRD-PARTY-NOTICES.txt. Throws when a bundled package comes without a licence text and names none. */
export function writeNotices(metafiles: readonly Metafile[]): void {
  const bundled = metafiles.flatMap((meta) => Object.values(meta.outputs).flatMap((output) => Object.keys(output.inputs)));
  const folders = new Set(bundled.flatMap((input) => PACKAGE.exec(input)?.[0] ?? []));
  const notices = [...folders].sort().map(noticeOf);
  writeFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), `Fullarc contains the following packages.\n\n${notices.join(`\n${'-'.repeat(80)}\n\n`)}`);
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { name: string; version: string; license?: string };
  const [file] = globSync('{LICEN[CS]E,licen[cs]e,COPYING}{,.md,.txt,-MIT}', { cwd: join(root, folder) });
  if (!file && !license) throw new Error(`The bundled package ${name} names no licence: leave it out, or find out.`);
  return `${name} ${version} (${license ?? 'see below'})\n\n${file ? readFileSync(join(root, folder, file), 'utf8').trim() : `Licensed under ${license}.`}\n`;
}
