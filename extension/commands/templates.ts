// The policies to start from that ship with the extension: read from its folder, and made to fit beside those of the workspace by the command that does so everywhere.

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isForFailure, readTemplate, TEMPLATE_FILE, type Template } from '../../protocol/template.ts';

/** What is built and shipped: `dist/cli.js`, and the folder of the templates. */
export interface Shipped {
  readonly cli: string;
  readonly templates: string;
}

/** Those against failures first, then by title. A file that is no template is left out: an installation that lost one still offers the others. */
export async function shippedTemplates(folder: string): Promise<readonly Template[]> {
  const names = (await readdir(folder)).flatMap((file) => TEMPLATE_FILE.exec(file)?.[1] ?? []);
  const read = await Promise.all(names.map(async (name) => readTemplate(name, await readFile(join(folder, `${name}.fullarc.yaml`), 'utf8'))));
  return read.filter((each) => each !== undefined).sort((a, b) => Number(isForFailure(b)) - Number(isForFailure(a)) || a.title.localeCompare(b.title, 'en'));
}

/** The text with the names that are free in this workspace. Rejects when the command does. */
export async function fittedText({ cli }: Shipped, { name }: Template, workspace: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'policies', 'new', name, '--print', '--workspace', workspace], { env: { ...env, ELECTRON_RUN_AS_NODE: '1' }, windowsHide: true });
  return stdout;
}
