// The paths of `code-execution`: what the commands of a line name, and whether it lies where it may.

import type { Violation } from '../category.ts';
import { homeSpelling, isInside, resolvePath } from '../detect/paths.ts';
import { hasOptions } from '../detect/shell-match.ts';
import type { Command, CommandLine, Word } from '../detect/shell.ts';
import { compileGlob } from '../globs.ts';

/** Programs that only print what they are given. */
const PRINTERS = new Set(['echo', 'printf', 'test', '[', ':', 'true', 'false', 'export', 'return', 'exit']);
/** Programs that go down into folders without being told to. */
const DESCENDS = new Set(['find', 'fd', 'rg', 'tar', 'zip', 'rsync', 'mv', 'du', 'tree', 'ag']);
/** Programs whose first word is a pattern or a program of their own. */
const PATTERNS = new Set(['sed', 'awk', 'gawk', 'grep', 'egrep', 'fgrep', 'rg', 'ag', 'jq', 'yq']);
const DEVICES = /^\/dev\/(?:null|zero|std(?:in|out|err)|tty|u?random|fd(?:\/\d+)?)$/;

interface Named {
  readonly word: Word;
  /** True when it may be no path at all, so that only forbidden places count. */
  readonly loose: boolean;
}

/** A check over all paths of a line. Relative ones are judged from the working directory and from every folder that a `cd` before them leads to. */
export function pathCheck(blocked: readonly string[], allowed: readonly string[] | undefined): (line: CommandLine, cwd: string) => Violation | undefined {
  const closed = blocked.map((path) => ({ path, folder: homeSpelling(resolvePath(path, '/')).toLowerCase(), raw: resolvePath(path, '/').toLowerCase() }));
  const open = allowed?.map((path) => homeSpelling(resolvePath(path, '/')));
  const inOpen = (path: string): boolean => open === undefined || DEVICES.test(path) || open.some((folder) => isInside(homeSpelling(path), folder));
  const judge = (path: string, loose: boolean, descends: boolean): Violation | undefined => {
    const lower = path.toLowerCase();
    const hit = closed.find(({ folder, raw }) => reaches(lower, raw, descends) || reaches(homeSpelling(path).toLowerCase(), folder, descends));
    if (hit) return refused('blocked_paths', `${path} may not be touched: ${hit.path} is closed to commands. Do without it.`, hit.path, path);
    return loose || inOpen(path) ? undefined : refused('allowed_paths', `${path} is outside the folders that commands may use: ${allowed!.join(', ')}.`, allowed, path);
  };
  return (line, cwd) => {
    const folders = [resolvePath(cwd, '/')];
    if (!inOpen(folders[0]!)) return refused('allowed_paths', `Commands may not work in ${folders[0]}. Work in one of: ${allowed!.join(', ')}.`, allowed, folders[0]);
    for (const command of line.commands) {
      const descends = DESCENDS.has(command.program ?? '') || ['r', 'R', 'recursive'].some((option) => hasOptions(command, [option]));
      for (const { word, loose } of namedBy(command)) {
        if (word.unknown === 'whole') {
          if (loose) continue;
          return refused(closed.length > 0 ? 'blocked_paths' : 'allowed_paths', `Which file ${word.text} is, is only computed when it runs. Write its path out.`, allowed ?? blocked, 'unknown');
        }
        for (const folder of folders) {
          const violation = judge(resolvePath(word.text, folder), loose, descends);
          if (violation) return violation;
        }
      }
      if (command.program === 'cd' || command.program === 'pushd') folders.push(...folders.map((folder) => resolvePath(command.words[1]?.text ?? '~', folder)));
      if (folders.length > 64) return refused(closed.length > 0 ? 'blocked_paths' : 'allowed_paths', 'This line changes its folder too often to know where its paths lead. Split it.', allowed ?? blocked, 'unknown');
    }
    return undefined;
  };
}

/** Inside a folder, or above it for a program that goes down into folders, or a glob that may come out there. */
function reaches(path: string, folder: string, descends: boolean): boolean {
  if (isInside(path, folder) || (descends && isInside(folder, path))) return true;
  if (!/[*?[]/.test(path)) return false;
  const parts = path.split('/');
  return folder.split('/').every((part, index) => parts[index] !== undefined && compileGlob(parts[index].replace(/\[[^\]]*\]/g, '?'))(part));
}

function namedBy({ program, words, redirections, code, assignments }: Command): Named[] {
  const found: Named[] = redirections.map(({ file }) => ({ word: file, loose: false }));
  const prints = PRINTERS.has(program ?? '');
  let pattern = PATTERNS.has(program ?? '');
  for (const word of words.slice(1)) {
    const { text, unknown } = word;
    if (code && text === code.text) continue;
    const value = /^(?:--?[\w-]+=|[A-Za-z_]\w*=|-[A-Za-z](?=[/~.]))(.+)$/s.exec(text)?.[1];
    if (value !== undefined) found.push({ word: { text: value, ...(unknown && { unknown }) }, loose: prints });
    else if (text.startsWith('-') && unknown !== 'whole') continue;
    else if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && !/^file:/i.test(text)) continue;
    else {
      found.push({ word, loose: prints || pattern });
      pattern = false;
    }
    if (/\s/.test(text)) found.push(...pathsIn(text));
  }
  if (words[0] && /[/\\]/.test(words[0].text)) found.push({ word: words[0], loose: true });
  if (code && !code.unknown) found.push(...pathsIn(code.text));
  return [...found, ...assignments.flatMap((each) => pathsIn(` ${each.replace(/^[^=]*=/, '')}`))];
}

/** Absolute paths inside a longer text, such as code. Only forbidden places count there. */
function pathsIn(text: string): Named[] {
  return [...text.matchAll(/(?<![\w./:~-])(?:~|\$HOME|\.\.)?\/[^\s'"`,;:)(\]}<>|&]+/g)].slice(0, 256).map(([path]) => ({ word: { text: path }, loose: true }));
}

function refused(field: string, message: string, limit: unknown, value: unknown): Violation {
  return { field, message, limit, fact: 'path', value, remedy: 'Use a path that is open to commands.' };
}
