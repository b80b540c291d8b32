// Rules over commands, such as `rm -rf` or `git push --force`: a rule is read as a command line itself, and options are compared as a set, however they are written.

import { compileGlob } from '../globs.ts';
import { programOf, readScript, type Command, type Word } from './shell.ts';

/** `maybe`: what decides is computed when the command runs. */
export type Match = 'yes' | 'maybe' | 'no';

/** What a rule asks for: a program, options that must all be there, and words in their order. */
export interface CommandRule {
  readonly text: string;
  readonly program: (name: string) => boolean;
  readonly options: readonly string[];
  readonly words: readonly ((word: string) => boolean)[];
}

/** Short options that are the same as a long one, where both are usual. */
const SAME: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  rm: { r: 'recursive', R: 'recursive', f: 'force', d: 'dir' }, cp: { r: 'recursive', R: 'recursive', f: 'force' }, mv: { f: 'force' }, chmod: { R: 'recursive' }, chown: { R: 'recursive' }, chgrp: { R: 'recursive' },
  git: { f: 'force', d: 'delete', a: 'all' }, docker: { f: 'force', v: 'volume' }, curl: { k: 'insecure', d: 'data', X: 'request', T: 'upload-file', o: 'output' }, npm: { g: 'global', f: 'force' }, kubectl: { f: 'filename', n: 'namespace' }, sed: { i: 'in-place' }, tar: { x: 'extract', c: 'create', f: 'file' }, grep: { r: 'recursive', R: 'recursive' }, ln: { f: 'force', s: 'symbolic' }, truncate: { s: 'size' }, shred: { u: 'remove' },
};

/** Programs whose options are words after one dash (`find -delete`), and no letters put together. */
const WORD_OPTIONS: ReadonlySet<string> = new Set(['find', 'java', 'go', 'terraform', 'openssl', 'ffmpeg', 'gcc', 'clang', 'dotnet', 'xcodebuild', 'magick', 'convert', 'pwsh', 'powershell']);

/** Reads a rule; undefined when it is not one simple command. Globs may stand in the program and in words. */
export function commandRule(text: string): CommandRule | undefined {
  const { commands, unparsed } = readScript(text);
  const [first] = commands;
  if (!first || unparsed !== undefined || first.redirections.length > 0 || first.assignments.length > 0 || first.words.length === 0) return undefined;
  if (commands.length > 1 && commands.some(({ where }) => where !== 'wrapped' && where !== 'line')) return undefined;
  if (first.words.some(({ text, unknown }) => unknown && /[$`]/.test(text))) return undefined;
  const program = programOf(first.words[0]!.text);
  const { options, words } = partsOf(program, first.words.slice(1));
  return { text, program: compileGlob(program), options: [...options], words: words.map(({ text }) => compileGlob(text)) };
}

/** Whether a command is one that the rule describes. Options that it does not name may be there too. */
export function matchCommand(rule: CommandRule, command: Command): Match {
  const { program, words } = command;
  if (program === undefined) return 'maybe';
  if (!rule.program(program)) return 'no';
  const open = words.slice(1).some(({ unknown }) => unknown === 'whole') && !afterDashes(words);
  const parts = partsOf(program, words.slice(1));
  const missing = rule.options.some((option) => !hasOption(parts, option, program));
  if (missing && !open) return 'no';
  const ordered = inOrder(rule.words, parts.words);
  return ordered === 'no' ? 'no' : missing ? 'maybe' : ordered;
}

/** True when a command has all these options, in whichever spelling: `hasOptions(command, ['r', 'force'])`. */
export function hasOptions({ program = '', words }: Command, options: readonly string[]): boolean {
  const parts = partsOf(program, words.slice(1));
  return options.every((option) => hasOption(parts, SAME[program]?.[option] ?? option, program));
}

interface Parts {
  readonly options: ReadonlySet<string>;
  readonly words: readonly Word[];
}

function partsOf(program: string, given: readonly Word[]): Parts {
  const options = new Set<string>();
  const words: Word[] = [];
  const same = Object.hasOwn(SAME, program) ? SAME[program]! : {};
  let only = false;
  for (const word of given) {
    const { text } = word;
    if (only || word.unknown === 'whole' || !/^[-/]./.test(text)) words.push(word);
    else if (text === '--') only = true;
    else if (text.startsWith('--')) options.add(text.slice(2).replace(/=.*$/s, ''));
    else if (text.startsWith('/')) words.push(word);
    else if (WORD_OPTIONS.has(program)) options.add(text.slice(1).replace(/=.*$/s, ''));
    else for (const letter of text.slice(1).replace(/=.*$/s, '')) options.add(Object.hasOwn(same, letter) ? same[letter]! : letter);
    if (program === 'git' && text.startsWith('+')) options.add('force');
  }
  return { options, words };
}

/** GNU programs take a long option by its beginning: `--recurs` is `--recursive`. */
function hasOption({ options }: Parts, wanted: string, program: string): boolean {
  if (options.has(wanted)) return true;
  if (wanted.length < 2 || WORD_OPTIONS.has(program)) return false;
  for (const option of options) if (option.length > 1 && wanted.startsWith(option)) return true;
  return false;
}

function inOrder(wanted: readonly ((word: string) => boolean)[], words: readonly Word[]): Match {
  let at = 0;
  let sure = true;
  for (const wants of wanted) {
    let found = words.findIndex(({ text, unknown }, index) => index >= at && unknown !== 'whole' && wants(text));
    if (found < 0) {
      found = words.findIndex(({ unknown }, index) => index >= at && unknown !== undefined);
      sure = false;
    }
    if (found < 0) return 'no';
    at = words[found]!.unknown === 'whole' ? found : found + 1;
  }
  return sure ? 'yes' : 'maybe';
}

/** True when everything that is not known stands after `--`, where nothing is an option. */
function afterDashes(words: readonly Word[]): boolean {
  const dashes = words.findIndex(({ text }) => text === '--');
  return dashes >= 0 && words.every(({ unknown }, index) => unknown !== 'whole' || index > dashes);
}
