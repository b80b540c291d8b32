// The agent of the editor's tests: its first argument says what it does. Knows nothing of who governs it.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const deeds = {
  async print() {
    console.log('hello from the agent');
    console.error('and from its standard error');
    process.exitCode = 3;
  },
  async reach() {
    await fetch('https://blocked.example/').catch((error) => console.log(`refused: ${error.cause?.message ?? error.message}`));
  },
  async program() {
    const { stdout } = await promisify(execFile)(process.execPath, ['--print', '6 * 7']).catch((error) => ({ stdout: `refused: ${error.message}` }));
    console.log(`the program said ${stdout.trim()}`);
  },
  async wait() {
    console.log('waiting');
    await new Promise(() => setInterval(() => {}, 1000));
  },
};

await deeds[process.argv[2] ?? 'print']();
