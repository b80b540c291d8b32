// Runs inside the extension host of a real VS Code: mocha over the suites, results to the file that FULLARC_TEST_RESULT names.

import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, color: false, ...(process.env['FULLARC_TEST_GREP'] ? { grep: process.env['FULLARC_TEST_GREP'] } : {}) });
  mocha.suite.emit('pre-require', globalThis, 'fullarc', mocha);
  await import('./activation.ts');
  await import('./language.ts');
  await import('./debugging.ts');
  await import('./gates.ts');
  await import('./templates.ts');
  const tally = { passed: 0, failed: 0, skipped: 0 };
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on('pass', () => { tally.passed++; });
    runner.on('fail', () => { tally.failed++; });
    runner.on('pending', () => { tally.skipped++; });
  });
  const file = process.env['FULLARC_TEST_RESULT'];
  if (file) writeFileSync(file, JSON.stringify(tally));
  if (tally.failed) throw new Error(`${tally.failed} tests failed`);
}
