// Programs that run other programs: which of their words are the command that they run. `sudo`, `env`, `xargs`, `find -exec`, `bash -c`, `ssh` and their like.

import type { Word } from './shell-words.ts';

/** What a wrapper runs: words as they are, a text for a shell to read, or something that cannot be known. */
export type Inner =
  | { readonly kind: 'words'; readonly words: readonly Word[]; readonly assignments?: readonly string[] }
  | { readonly kind: 'script'; readonly words: readonly Word[] }
  | { readonly kind: 'unknown'; readonly why: string };

interface Wrapper {
  /** Options whose value is the next word. */
  readonly takes?: string;
  /** Words of its own before the command. */
  readonly own?: number;
  /** Assignments may stand before the command. */
  readonly assigns?: boolean;
  /** Options with which it runs nothing. */
  readonly idle?: RegExp;
  /** The command is read by a shell. */
  readonly shell?: boolean;
  /** What it reads is added to the command. */
  readonly adds?: boolean;
  /** Only after this sub-command. */
  readonly after?: string;
}

export const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'ash', 'mksh', 'fish', 'rbash']);

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  sudo: { takes: '-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir --chroot --close-from --role --type', assigns: true, idle: /^-(?:l|v|V|k|K)$|^--(?:list|validate|version|remove-timestamp)$/ },
  doas: { takes: '-u -C' },
  env: { takes: '-u -C --unset --chdir', assigns: true },
  nohup: {}, setsid: {}, builtin: {}, caffeinate: { takes: '-t -w' }, chronic: {}, unbuffer: {}, fakeroot: {}, proxychains4: { takes: '-f' }, torsocks: {},
  command: { idle: /^-[vV]$/ },
  exec: { takes: '-a' },
  time: { takes: '-f -o --format --output' },
  nice: { takes: '-n --adjustment' },
  ionice: { takes: '-c -n --class --classdata' },
  taskset: { own: 1 }, chrt: { own: 1 },
  timeout: { takes: '-s -k --signal --kill-after', own: 1 },
  stdbuf: { takes: '-i -o -e --input --output --error' },
  strace: { takes: '-o -e -s -p -E -u -a -I -O -P -S -X' }, ltrace: { takes: '-o -e -s -p -u -a -n' },
  chroot: { own: 1 }, unshare: {}, nsenter: { takes: '-t -S -G' },
  flock: { takes: '-w -E --timeout --conflict-exit-code', own: 1 },
  xargs: { takes: '-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-procs --max-lines --max-chars --replace', adds: true },
  parallel: { takes: '-j -n -N -L -a -I -d --jobs --max-args --arg-file --delimiter --joblog --results --timeout --delay', shell: true, adds: true },
  watch: { takes: '-n --interval', shell: true },
  ssh: { takes: '-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w', own: 1, shell: true },
  eval: { shell: true },
  trap: { shell: true },
  busybox: {}, toybox: {},
  uv: { after: 'run', takes: '--with --python -p --env-file --directory --project --extra --group' }, poetry: { after: 'run' }, pipenv: { after: 'run' }, rye: { after: 'run' }, hatch: { after: 'run' }, pdm: { after: 'run' },
  npm: { after: 'exec' }, pnpm: { after: 'exec' }, yarn: { after: 'exec' }, bundle: { after: 'exec' }, mise: { after: 'exec' },
};

/** The commands that a program with these words runs; none when its words name none. `words[0]` is the program. */
export function innerOf(program: string, words: readonly Word[]): readonly Inner[] {
  if (program === 'find' || program === 'fd' || program === 'fdfind') return ofFind(words);
  const inner = single(program, words);
  return inner ? [inner] : [];
}

function single(program: string, words: readonly Word[]): Inner | undefined {
  if (SHELLS.has(program)) return ofShell(words);
  if (program === 'su' || program === 'script' || program === 'runuser') return afterOption(words, /^-[a-z]*c$|^--(?:session-)?command$/);
  if (program === 'cmd') return afterOption(words, /^\/[ck]$/i, true);
  if (program === 'alias') return { kind: 'script', words: words.slice(1).map((word) => ({ ...word, text: `${word.text.replace(/^[^=]*=/, '')};` })) };
  const wrapper = Object.hasOwn(WRAPPERS, program) ? WRAPPERS[program] : undefined;
  if (!wrapper) return undefined;
  if (wrapper.after === undefined) return (program === 'env' && splitString(words)) || skipped(words, wrapper);
  const at = words.findIndex(({ text }) => text === wrapper.after);
  return at < 0 || at > 4 ? undefined : skipped(words.slice(at), wrapper);
}

function skipped(words: readonly Word[], { takes = '', own = 0, assigns, idle, shell, adds }: Wrapper): Inner | undefined {
  const valued = new Set(takes.split(' '));
  const assignments: string[] = [];
  let at = 1;
  let left = own;
  for (; at < words.length; at++) {
    const { text, unknown } = words[at]!;
    if (unknown === 'whole') {
      if (left > 0) {
        left--;
        continue;
      }
      break;
    }
    if (text === '--') {
      at++;
      break;
    }
    if (idle?.test(text)) return undefined;
    if (/^[-+]./.test(text)) {
      if (valued.has(text)) at++;
    } else if (assigns && /^[A-Za-z_]\w*=/.test(text)) assignments.push(text);
    else if (left-- <= 0) break;
  }
  const rest = words.slice(at);
  if (rest.length === 0) return undefined;
  const all = adds ? [...rest, { text: '$@', unknown: 'whole' } as const] : rest;
  return shell ? { kind: 'script', words: all } : { kind: 'words', words: all, ...(assignments.length > 0 && { assignments }) };
}

/** `sh -c text`, also `-lc` and `-c` after other options. A file that it runs is no command of this line. */
function ofShell(words: readonly Word[]): Inner | undefined {
  for (let at = 1; at < words.length; at++) {
    const { text, unknown } = words[at]!;
    if (unknown === 'whole') return { kind: 'unknown', why: `what ${words[0]!.text} is told to run is computed when it runs` };
    if (/^-[a-z]*c[a-z]*$/i.test(text) && !text.startsWith('--')) {
      const script = words.slice(at + 1).find((word) => !/^[-+]/.test(word.text));
      return script && { kind: 'script', words: [script] };
    }
    if (/^[-+][oO]$/.test(text) || text === '--rcfile' || text === '--init-file') at++;
    else if (!/^[-+]/.test(text)) return undefined;
  }
  return undefined;
}

function afterOption(words: readonly Word[], option: RegExp, all = false): Inner | undefined {
  const at = words.findIndex(({ text }) => option.test(text));
  if (at < 0 || at + 1 >= words.length) return undefined;
  return { kind: 'script', words: all ? words.slice(at + 1) : [words[at + 1]!] };
}

/** `env -S 'cmd args'`, which splits a text as a shell would. */
function splitString(words: readonly Word[]): Inner | undefined {
  const at = words.findIndex(({ text }) => /^(?:-[a-zA-Z0-9]*S|--split-string(?:=|$))/.test(text));
  if (at < 0) return undefined;
  const glued = words[at]!.text.replace(/^(?:-[a-zA-Z0-9]*?S|--split-string=?)/, '');
  return { kind: 'script', words: [...(glued === '' ? [] : [{ ...words[at]!, text: glued }]), ...words.slice(at + 1)] };
}

/** Every command after `-exec` and its like. A name that was found stands for `{}`: it begins with the folder, so it is no option. */
function ofFind(words: readonly Word[]): Inner[] {
  const found: Inner[] = [];
  for (let at = 0; at < words.length; at++) {
    if (!/^(?:-(?:exec|execdir|ok|okdir|x|X)|--exec(?:-batch)?)$/.test(words[at]!.text)) continue;
    const rest = words.slice(at + 1);
    const end = rest.findIndex(({ text }) => text === ';' || text === '+');
    const own = end < 0 ? rest : rest.slice(0, end);
    if (own.length > 0) found.push({ kind: 'words', words: own.map((word) => (word.text.includes('{}') ? { text: word.text, unknown: 'part' } : word)) });
    at += own.length;
  }
  return found;
}
