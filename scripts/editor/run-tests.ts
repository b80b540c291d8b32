// Runs the API tests inside a real VS Code: on the source tree (with its dist/), or on a packed extension that is installed first.

import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Tally } from '../node-tests.ts';
import { editorHost } from './host.ts';

const root = join(import.meta.dirname, '..', '..');
const api = join(root, 'test', 'editor', 'api');

export interface ApiTests {
  /** Folder of the extension to load from source, or a `.vsix` to install. */
  readonly target: string;
  /** Only tests whose full name matches. */
  readonly grep?: string;
}

/** Resolves with the numbers; a VS Code that did not come to the end counts as one failure. */
export async function runApiTests({ target, grep }: ApiTests): Promise<Tally> {
  const installed = target.endsWith('.vsix');
  const temporary = mkdtempSync(join(tmpdir(), 'fullarc-api-'));
  const workspace = join(temporary, 'workspace');
  const result = join(temporary, 'result.json');
  cpSync(join(api, 'workspace'), workspace, { recursive: true });
  mkdirSync(join(temporary, 'home'), { mode: 0o700 });
  try {
    const { executable } = await editorHost();
    await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: installed ? join(api, 'tester') : target,
      extensionTestsPath: await bundleTests(),
      launchArgs: [workspace, `--user-data-dir=${join(temporary, 'vscode')}`, ...(installed ? [`--install-extension=${target}`] : [])],
      extensionTestsEnv: {
        FULLARC_TEST_RESULT: result, FULLARC_HOME: join(temporary, 'home'), FULLARC_IDLE_MS: '2000',
        FULLARC_TEST_GREP: grep, FULLARC_TEST_INSTALLED: installed ? '1' : undefined,
      },
    }).catch((error: unknown) => console.error(String((error as Error).message)));
    return existsSync(result) ? JSON.parse(readFileSync(result, 'utf8')) as Tally : { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** One CommonJS file, because that is what an extension host loads; mocha stays outside. */
async function bundleTests(): Promise<string> {
  const outfile = join(root, 'test-output', 'editor-api.cjs');
  await build({ entryPoints: [join(api, 'index.ts')], outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node24', external: ['vscode', 'mocha'], logLevel: 'warning', sourcemap: 'inline' });
  return outfile;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ options: { grep: { type: 'string' } }, allowPositionals: true });
  const tally = await runApiTests({ target: positionals[0] ?? root, ...values });
  console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
  process.exitCode = tally.failed ? 1 : 0;
}
