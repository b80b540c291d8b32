// What a command line really runs: every simple command in it, through pipes, substitutions and the programs that run others. Nothing is run, and nothing that is not known is guessed.

import { forEachChild, parse, type Command as CommandNode, type ParsedScript, type Redirection as RedirectionNode, type SyntaxNode } from 'unbash';
import { inlineCode, type Code } from './languages.ts';
import { constantsOf, expandWord, oneWord, type Constants, type Word } from './shell-words.ts';
import { innerOf, SHELLS } from './shell-wrappers.ts';

export type { Word } from './shell-words.ts';
export type { Code } from './languages.ts';

/** How a command stands to the line it was found in. */
export type Where = 'line' | 'pipe' | 'substitution' | 'background' | 'wrapped';

/** A file that a command reads or writes by redirection. */
export interface Redirection {
  readonly operator: string;
  readonly file: Word;
}

/** One program that is run. */
export interface Command {
  /** Last part of its path, in lower case, without `.exe`; undefined when it is computed. */
  readonly program?: string;
  /** The program as written, then what it is given. */
  readonly words: readonly Word[];
  /** `NAME=value` before the program, or given by `env` and its like. */
  readonly assignments: readonly string[];
  readonly redirections: readonly Redirection[];
  readonly where: Where;
  /** Code that it is given to run, in its words or on its standard input. */
  readonly code?: Code;
}

export interface CommandLine {
  /** In the order in which they are found, wrappers before what they run. */
  readonly commands: readonly Command[];
  /** Why there may be more commands than these. Whoever forbids commands must then refuse. */
  readonly unparsed?: string;
}

/** Longest text that is read, in UTF-16 code units; far above what an agent writes, and a bound on the time taken. */
const LONGEST = 65_536;
const MOST_COMMANDS = 512;
const DEEPEST = 8;

/** What a program started with these arguments runs. With `shell`, `command` is a text that a shell reads. Never throws; time is linear in the text, which is bounded. */
export function readCommandLine({ command, argv, shell }: { readonly command: string; readonly argv: readonly string[]; readonly shell: boolean }): CommandLine {
  const reader = new Reader();
  const words = argv.map((text): Word => ({ text }));
  const isShell = words.length > 0 && (SHELLS.has(programOf(argv[0]!)) || programOf(argv[0]!) === 'cmd');
  if (words.length > 0 && !(shell && isShell && argv.includes(command))) reader.guarded(() => reader.run(words, [], [], 'line', 0));
  if (shell) reader.guarded(() => reader.script(command, 'line', 0));
  return reader.found();
}

/** What a shell does with a text. Never throws. */
export function readScript(text: string): CommandLine {
  const reader = new Reader();
  reader.guarded(() => reader.script(text, 'line', 0));
  return reader.found();
}

/** `git` for `/usr/bin/git` and `C:\\bin\\Git.EXE`. */
export function programOf(word: string): string {
  return word.slice(Math.max(word.lastIndexOf('/'), word.lastIndexOf('\\')) + 1).replace(/\.(?:exe|cmd|bat)$/i, '').toLowerCase();
}

/** What stands on the standard input of a command: a text, or something computed. */
type Input = { readonly text: string } | 'computed' | undefined;

/** Collects the commands of one line. Lives as long as the reading of it. */
class Reader {
  readonly #commands: Command[] = [];
  #unparsed: string | undefined;
  #left = LONGEST;

  found(): CommandLine {
    return { commands: this.#commands, ...(this.#unparsed !== undefined && { unparsed: this.#unparsed }) };
  }

  /** A parser that fails, or nesting that exhausts the stack, is a text that was not read. */
  guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#refuse(`it cannot be read (${error instanceof Error ? error.message : String(error)})`);
    }
  }

  script(text: string, where: Where, depth: number): void {
    this.#left -= text.length;
    if (this.#left < 0) return this.#refuse(`it is longer than ${LONGEST} characters`);
    if (depth > DEEPEST) return this.#refuse(`commands are nested deeper than ${DEEPEST}`);
    if (text.includes('\0')) return this.#refuse('it holds a NUL character');
    const script = parse(text);
    this.#visit(script, { where, depth, constants: constantsOf(script, text) });
  }

  #visit(node: SyntaxNode, at: Place, input?: Input): void {
    switch (node.type) {
      case 'Script': {
        const error = (node as ParsedScript).errors?.[0];
        if (error) this.#refuse(error.message);
        return this.#children(node, at);
      }
      case 'CommandExpansion': case 'ProcessSubstitution':
        if (!node.script) this.#refuse('a substitution cannot be read');
        return this.#children(node, { ...at, where: 'substitution' });
      case 'Statement': return this.#children(node, node.background ? { ...at, where: 'background' } : at);
      case 'Pipeline': {
        let previous: Input;
        for (const command of node.commands) {
          this.#visit(command, node.commands.length > 1 ? { ...at, where: 'pipe' } : at, previous);
          previous = printed(command, at.constants) ?? 'computed';
        }
        return undefined;
      }
      case 'Command': return this.#simple(node, at, input);
      default: return this.#children(node, at, input);
    }
  }

  #children(node: SyntaxNode, at: Place, input?: Input): void {
    forEachChild(node, (child) => this.#visit(child, at, input));
  }

  #simple(node: CommandNode, at: Place, piped: Input): void {
    const words = wordsOf(node, at.constants);
    const assignments = node.prefix.filter((each) => each.type === 'Assignment').map((each) => each.text);
    const redirections = node.redirects.flatMap((each) => redirection(each, at.constants));
    const input = node.redirects.map((each) => inputOf(each, at.constants)).findLast((each) => each !== undefined) ?? piped;
    if (words.length > 0 || redirections.length > 0) this.run(words, assignments, redirections, at.where, at.depth, input);
    this.#children(node, at);
  }

  /** Notes one command, and then what it runs. */
  run(words: readonly Word[], assignments: readonly string[], redirections: readonly Redirection[], where: Where, depth: number, input?: Input): void {
    if (this.#commands.length >= MOST_COMMANDS) return this.#refuse(`it runs more than ${MOST_COMMANDS} commands`);
    if (depth > DEEPEST) return this.#refuse(`commands are nested deeper than ${DEEPEST}`);
    const first = words[0];
    const program = first && !first.unknown ? programOf(first.text) : undefined;
    const code = program === undefined ? undefined : inlineCode(program, words) ?? standardInput(program, words, input);
    this.#commands.push({ ...(program !== undefined && { program }), words, assignments, redirections, where, ...(code && { code }) });
    if (program === undefined) return;
    if (code && SHELLS.has(program) && input !== undefined) {
      if (code.unknown) this.#refuse(`what ${program} reads is computed when it runs`);
      else this.script(code.text, 'wrapped', depth + 1);
    }
    for (const inner of innerOf(program, words)) {
      if (inner.kind === 'unknown') this.#refuse(inner.why);
      else if (inner.kind === 'words') this.run(inner.words, inner.assignments ?? [], [], 'wrapped', depth + 1, input);
      else this.#inner(program, inner.words, depth);
    }
  }

  /** A text put together from words. Where one is not known, the rest is read nevertheless, and said to be not all. */
  #inner(program: string, words: readonly Word[], depth: number): void {
    if (words.some(({ unknown, text }) => unknown && /[$`<>]/.test(text.replace(/\$(?:HOME|PWD|@)(?!\w)/g, '')))) this.#refuse(`what ${program} is told to run is computed when it runs`);
    this.script(words.map(({ text }) => text).join(' '), 'wrapped', depth + 1);
  }

  #refuse(why: string): void {
    this.#unparsed ??= why;
  }
}

interface Place {
  readonly where: Where;
  readonly depth: number;
  readonly constants: Constants;
}

function wordsOf(node: CommandNode, constants: Constants): Word[] {
  return [...(node.name ? [node.name] : []), ...node.args].flatMap((each) => {
    if (each.type === 'Word') return expandWord(each, constants);
    if (each.value.type !== 'Word') return [{ text: each.text, unknown: 'part' } as const];
    const value = oneWord(each.value, constants);
    return [{ text: `${each.name}=${value.text}`, ...(value.unknown && { unknown: 'part' as const }) }];
  });
}

function redirection(node: RedirectionNode, constants: Constants): Redirection[] {
  if (node.type !== 'Redirect' || !node.target) return [];
  const file = oneWord(node.target, constants);
  return /^[<>]&$/.test(node.operator) && /^\d*-?$/.test(file.text) ? [] : [{ operator: node.operator, file }];
}

function inputOf(node: RedirectionNode, constants: Constants): Input {
  if (node.descriptor?.type === 'FileDescriptor' && node.descriptor.value !== 0) return undefined;
  if (node.type === 'HereDoc') return !node.delimiter?.quoted && node.body.parts?.some((part) => part.type !== 'Literal') ? 'computed' : { text: node.body.text };
  if (node.type === 'HereString') {
    const word = node.target && oneWord(node.target, constants);
    return !word || word.unknown ? 'computed' : { text: word.text };
  }
  return node.operator === '<' || node.operator === '<>' ? 'computed' : undefined;
}

/** What `echo` and `printf` with nothing to fill in write, and `cat` of a text that stands in the line. */
function printed(node: SyntaxNode, constants: Constants): Input {
  if (node.type !== 'Command' || !node.name) return undefined;
  const [name, ...rest] = wordsOf(node, constants);
  if (name?.text === 'cat' && rest.length === 0) return node.redirects.map((each) => inputOf(each, constants)).findLast((each) => each !== undefined);
  const plain = rest.every(({ text, unknown }) => !unknown && !text.includes('\\') && !text.includes('%'));
  if (!plain || (name?.text !== 'echo' && (name?.text !== 'printf' || rest.length !== 1))) return undefined;
  return { text: rest.map(({ text }) => text).filter((text, index) => index > 0 || text !== '-n').join(' ') };
}

/** Code that an interpreter without a file reads from its standard input. */
function standardInput(program: string, words: readonly Word[], input: Input): Code | undefined {
  if (input === undefined) return undefined;
  const asked = SHELLS.has(program) && words.some(({ text }) => /^-[a-z]*s$/.test(text));
  if (!asked && words.slice(1).some(({ text }) => (text !== '-' && !text.startsWith('-')) || /^-[a-z]*c$/.test(text))) return undefined;
  const language = inlineCode(program, [words[0]!, { text: '-' }])?.language;
  if (language === undefined) return undefined;
  return input === 'computed' ? { language, text: '', unknown: true } : { language, text: input.text };
}
