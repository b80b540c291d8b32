// A process about to start, read from Node's own options: what is run, and whether it is a declared agent.

import { basename, isAbsolute, resolve, sep } from 'node:path';
import picomatch from 'picomatch';
import type { ExecCall } from '../../../protocol/action.ts';

/** Name to globs, as `HelloAnswer.entries` gives them. */
export type Entries = Readonly<Record<string, readonly string[]>>;

/** `argv` is what the system gets: for a shell, the shell, its switch and the command line. */
export function execCall(file: string, args: readonly string[], shell: boolean, cwd: string | URL | undefined): ExecCall {
  const argv = [file, ...args];
  return { command: shell ? (args.at(-1) ?? file) : argv.join(' '), argv, shell, cwd: cwd instanceof URL ? cwd.pathname : resolve(cwd ?? '.') };
}

/** The agent whose entry point this command starts; undefined for any other process. */
export function agentOf(call: ExecCall, entries: Entries): string | undefined {
  const words = call.shell ? simpleWords(call.command) : call.argv;
  const script = words && scriptOf(words);
  if (!script) return undefined;
  const path = (isAbsolute(script) ? script : resolve(call.cwd, script)).split(sep).join('/');
  return Object.keys(entries).find((agent) => entries[agent]?.some((glob) => matches(path, glob)));
}

/** Entry points are relative to the workspace, which a process does not know: it may be any folder above the script. */
function matches(path: string, glob: string): boolean {
  const unix = glob.replace(/^\.\//, '');
  return picomatch.isMatch(path, isAbsolute(unix) ? unix : `**/${unix}`, { dot: true });
}

const INTERPRETER = /^(?:node|nodejs|bun|deno|tsx|ts-node|python[\d.]*|pypy[\d.]*|uv|npx)(?:\.exe|\.cmd)?$/i;
/** Options of these interpreters whose value is the next word. */
const TAKES_VALUE = new Set(['-r', '--require', '--import', '--loader', '--experimental-loader', '--env-file', '-C', '--conditions', '-X', '-W', '--tsconfig']);
/** Options after which there is no script at all. */
const NO_SCRIPT = new Set(['-e', '--eval', '-p', '--print', '-c', '-m']);

/** The script that a command line runs: the first plain word after an interpreter, else the program itself. */
function scriptOf([program = '', ...args]: readonly string[]): string | undefined {
  if (program !== process.execPath && !INTERPRETER.test(basename(program))) return program || undefined;
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? '';
    if (NO_SCRIPT.has(word)) return undefined;
    if (TAKES_VALUE.has(word)) index += 1;
    else if (!word.startsWith('-') && word !== 'run') return word;
  }
  return undefined;
}

/** Words of a shell command line that is one plain command; undefined when the shell would do more than start it. */
function simpleWords(line: string): string[] | undefined {
  if (/[;&|<>()$`\n\\*?{}~#!]/.test(line)) return undefined;
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|([^\s"']+)/g)].map(([, double, single, plain]) => double ?? single ?? plain ?? '');
}
