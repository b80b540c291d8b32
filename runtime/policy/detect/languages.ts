// Which language a piece of code is in, by the program that runs it, the file it is in, or its first line. Never by guessing from the text: what none of them says is unknown.

import type { Word } from './shell-words.ts';

/** Code given to an interpreter. */
export interface Code {
  /** In lower case, as in `allowed_languages`. */
  readonly language: string;
  readonly text: string;
  /** True when the text is computed, so that it cannot be known before it runs. */
  readonly unknown?: boolean;
}

interface Interpreter {
  readonly language: string;
  /** Options whose value is code. */
  readonly code?: RegExp;
  /** Options whose value is no file. */
  readonly takes?: RegExp;
}

const SHELL: Interpreter = { language: 'bash', code: /^-[a-z]*c$/, takes: /^[-+][oO]$|^--(?:rcfile|init-file)$/ };
const PYTHON: Interpreter = { language: 'python', code: /^-[a-zA-Z]*c$/, takes: /^-[WXm]$/ };
const NODE: Interpreter = { language: 'javascript', code: /^(?:-[a-z]*[ep]|--eval|--print)$/, takes: /^(?:-[rC]|--(?:require|import|loader|experimental-loader|conditions|env-file|input-type))$/ };
const SQL: Interpreter = { language: 'sql', code: /^(?:-[a-zA-Z]*[ce]|--command|--execute|--query|-Q|-q)$/ };
const POWERSHELL: Interpreter = { language: 'powershell', code: /^-(?:c|command|e|ec|enc|encodedcommand)$/i };

const INTERPRETERS: Readonly<Record<string, Interpreter>> = {
  sh: SHELL, bash: SHELL, zsh: SHELL, dash: SHELL, ksh: SHELL, ash: SHELL, mksh: SHELL, rbash: SHELL, fish: SHELL,
  python: PYTHON, pypy: PYTHON, ipython: PYTHON, node: NODE, nodejs: NODE, bun: NODE, tsx: { ...NODE, language: 'typescript' }, 'ts-node': { ...NODE, language: 'typescript' }, deno: { ...NODE, language: 'typescript' },
  ruby: { language: 'ruby', code: /^-[a-z]*e$/ }, perl: { language: 'perl', code: /^-[a-zA-Z0-9]*[eE]$/ }, php: { language: 'php', code: /^-[rBRE]$/ }, lua: { language: 'lua', code: /^-e$/ }, luajit: { language: 'lua', code: /^-e$/ },
  rscript: { language: 'r', code: /^-e$/ }, r: { language: 'r', code: /^-e$/ }, julia: { language: 'julia', code: /^(?:-[eE]|--eval|--print)$/ }, elixir: { language: 'elixir', code: /^-e$|^--eval$/ }, groovy: { language: 'groovy', code: /^-e$/ },
  osascript: { language: 'applescript', code: /^-e$/ }, pwsh: POWERSHELL, powershell: POWERSHELL, cmd: { language: 'batch', code: /^\/[ck]$/i }, tclsh: { language: 'tcl' }, java: { language: 'java' }, go: { language: 'go' }, swift: { language: 'swift' }, kotlin: { language: 'kotlin' }, scala: { language: 'scala' }, dotnet: { language: 'csharp' },
  psql: SQL, mysql: SQL, mariadb: SQL, sqlite3: SQL, sqlcmd: SQL, duckdb: SQL, awk: { language: 'awk' }, gawk: { language: 'awk' }, mawk: { language: 'awk' },
};

const EXTENSIONS: Readonly<Record<string, string>> = {
  py: 'python', pyw: 'python', js: 'javascript', mjs: 'javascript', cjs: 'javascript', jsx: 'javascript', ts: 'typescript', mts: 'typescript', cts: 'typescript', tsx: 'typescript', rb: 'ruby', pl: 'perl', pm: 'perl', php: 'php',
  sh: 'bash', bash: 'bash', zsh: 'bash', ksh: 'bash', fish: 'bash', ps1: 'powershell', bat: 'batch', cmd: 'batch', sql: 'sql', r: 'r', jl: 'julia', lua: 'lua', go: 'go', rs: 'rust', java: 'java', kts: 'kotlin', scala: 'scala', swift: 'swift', cs: 'csharp', csx: 'csharp', exs: 'elixir', groovy: 'groovy', scpt: 'applescript', tcl: 'tcl', awk: 'awk',
};

const ALIASES: Readonly<Record<string, string>> = { js: 'javascript', node: 'javascript', nodejs: 'javascript', ecmascript: 'javascript', ts: 'typescript', py: 'python', python3: 'python', rb: 'ruby', shell: 'bash', sh: 'bash', zsh: 'bash', 'shell script': 'bash', pwsh: 'powershell', ps1: 'powershell', postgresql: 'sql', mysql: 'sql', sqlite: 'sql', golang: 'go', 'c#': 'csharp', cmd: 'batch' };

/** One name per language: `python` for `Python3`, `javascript` for `node`. */
export function languageName(name: string): string {
  const lower = name.trim().toLowerCase();
  return Object.hasOwn(ALIASES, lower) ? ALIASES[lower]! : lower;
}

/** The language that a program runs: `python` for `python3.12`; undefined for a program that runs no code of others. */
export function languageOfProgram(program: string): string | undefined {
  return interpreter(program)?.language;
}

/** By the extension; undefined when it says nothing. */
export function languageOfFile(path: string): string | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase();
  return extension !== undefined && Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
}

/** By a first line such as `#!/usr/bin/env python3`. */
export function languageOfShebang(text: string): string | undefined {
  const line = /^#!\s*(\S+)(?:[ \t]+(?:-S[ \t]+)?(\S+))?/.exec(text.slice(0, 256));
  if (!line) return undefined;
  const path = /(?:^|\/)env$/.test(line[1]!) ? line[2] : line[1];
  return path === undefined ? undefined : languageOfProgram(path.slice(path.lastIndexOf('/') + 1).toLowerCase());
}

/** The language of what a command runs: of its interpreter, or of the script that it names (`./deploy.py`). A compiler or a package's own program says nothing. */
export function languageOfCommand(program: string, words: readonly Word[]): string | undefined {
  const known = interpreter(program);
  if (!known) return languageOfFile(words[0]!.text);
  if (known === NODE || known.language === 'typescript') return languageOfFile(fileOf(known, words) ?? '') ?? known.language;
  return known.language;
}

/** The code in the words of a command: `python -c '…'`, `node -e '…'`, `-` for standard input. */
export function inlineCode(program: string, words: readonly Word[]): Code | undefined {
  const known = interpreter(program);
  if (!known) return undefined;
  const { language, code, takes } = known;
  for (let at = 1; at < words.length; at++) {
    const { text } = words[at]!;
    if (text === '-') return { language, text: '', unknown: true };
    const glued = /^(--[a-z-]+)=(.*)$/s.exec(text);
    if (glued && code?.test(glued[1]!)) return made(language, { ...words[at]!, text: glued[2]! });
    if (code?.test(text)) return words[at + 1] && made(language, words[at + 1]!);
    const short = language === 'python' || language === 'perl' || language === 'ruby' ? /^-([ce])(.+)$/s.exec(text) : null;
    if (short && code?.test(`-${short[1]!}`)) return made(language, { ...words[at]!, text: short[2]! });
    if (takes?.test(text)) at++;
    else if (program === 'deno' && text === 'eval') return words[at + 1] && made(language, words[at + 1]!);
    else if (program === 'sqlite3' && !text.startsWith('-')) return words[at + 1] && made(language, words[at + 1]!);
    else if ((program === 'awk' || program === 'gawk' || program === 'mawk') && !text.startsWith('-')) return made(language, words[at]!);
    else if (!text.startsWith('-') && language !== 'sql') return undefined;
  }
  return undefined;
}

function made(language: string, { text, unknown }: Word): Code {
  return { language, text, ...(unknown && { unknown: true }) };
}

function fileOf({ takes }: Interpreter, words: readonly Word[]): string | undefined {
  return words.slice(1).find(({ text }, index) => !text.startsWith('-') && text !== 'run' && !takes?.test(words[index]!.text))?.text;
}

function interpreter(program: string): Interpreter | undefined {
  const bare = program.replace(/(?<=[a-z])[\d.]+$/, '');
  if (Object.hasOwn(INTERPRETERS, program)) return INTERPRETERS[program];
  return Object.hasOwn(INTERPRETERS, bare) ? INTERPRETERS[bare] : undefined;
}
