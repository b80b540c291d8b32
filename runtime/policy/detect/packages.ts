// Which packages a command installs, by the package managers that agents use.

import type { Word } from './shell-words.ts';

/** What one command would install. */
export interface Install {
  /** The package manager, as written. */
  readonly manager: string;
  /** Names without versions, in lower case. Empty when everything a manifest lists is installed. */
  readonly packages: readonly string[];
  /** True when something is installed whose name is not known: a file, an address, an expansion, a requirements file. */
  readonly unknown: boolean;
}

interface Installer {
  /** Sub-commands that install. */
  readonly verbs: RegExp;
  /** Options whose value is the next word, and no package. */
  readonly takes: RegExp;
  /** Options whose value says what to install, and is not known here. */
  readonly lists?: RegExp;
  /** Only the first word after the verb is a package: the rest are words of the program that is run. */
  readonly one?: boolean;
}

const NPM_TAKES = /^(?:-C|-w|--(?:prefix|workspace|registry|filter|loglevel|cwd|dir|tag))$/;
const PIP_TAKES = /^(?:-[itdbp]|--(?:index-url|extra-index-url|target|find-links|prefix|root|python|constraint|trusted-host|timeout|proxy|cert|platform|group|extra|directory|project))$|^-c$/;
const OS_TAKES = /^(?:-[toc]|--(?:target-release|option|config-file|repository|root))$/;

const INSTALLERS: Readonly<Record<string, Installer>> = {
  npm: { verbs: /^(?:i|in|ins|inst|insta|instal|isnt|isnta|isntal|isntall|install|add|install-test|it|ci|clean-install|update|up|upgrade)$/, takes: NPM_TAKES },
  'npm exec': { verbs: /^(?:exec|x|init|create)$/, takes: NPM_TAKES, one: true },
  npx: { verbs: /^/, takes: NPM_TAKES, one: true }, bunx: { verbs: /^/, takes: NPM_TAKES, one: true }, uvx: { verbs: /^/, takes: PIP_TAKES, one: true }, pnpx: { verbs: /^/, takes: NPM_TAKES, one: true },
  pnpm: { verbs: /^(?:i|install|add|update|up|upgrade)$/, takes: NPM_TAKES }, 'pnpm exec': { verbs: /^(?:dlx|create)$/, takes: NPM_TAKES, one: true },
  yarn: { verbs: /^(?:add|install|up|upgrade)$/, takes: NPM_TAKES }, 'yarn exec': { verbs: /^(?:dlx|create)$/, takes: NPM_TAKES, one: true },
  bun: { verbs: /^(?:i|install|add|update)$/, takes: NPM_TAKES }, 'bun exec': { verbs: /^(?:x|create)$/, takes: NPM_TAKES, one: true },
  deno: { verbs: /^(?:add|install|i)$/, takes: /^$/ },
  pip: { verbs: /^(?:install|download|wheel)$/, takes: PIP_TAKES, lists: /^(?:-r|--requirement|-e|--editable)$/ },
  pipx: { verbs: /^(?:install|inject|run)$/, takes: PIP_TAKES }, uv: { verbs: /^(?:add|install|sync)$/, takes: PIP_TAKES, lists: /^(?:-r|--requirements?|-e|--editable)$/ },
  poetry: { verbs: /^(?:add|install|update)$/, takes: /^(?:-G|--group|--source|-E|--extras)$/ }, pipenv: { verbs: /^(?:install|update|sync)$/, takes: /^$/, lists: /^-r$/ }, pdm: { verbs: /^(?:add|install|update|sync)$/, takes: /^-G$/ },
  conda: { verbs: /^(?:install|create|update)$/, takes: /^(?:-[ncp]|--(?:name|channel|prefix))$/, lists: /^(?:-f|--file)$/ }, mamba: { verbs: /^(?:install|create|update)$/, takes: /^(?:-[ncp]|--(?:name|channel|prefix))$/, lists: /^(?:-f|--file)$/ },
  apt: { verbs: /^(?:install|reinstall|upgrade|full-upgrade|dist-upgrade|build-dep)$/, takes: OS_TAKES }, 'apt-get': { verbs: /^(?:install|reinstall|upgrade|dist-upgrade|build-dep)$/, takes: OS_TAKES }, aptitude: { verbs: /^(?:install|upgrade|full-upgrade)$/, takes: OS_TAKES },
  yum: { verbs: /^(?:install|localinstall|update|upgrade|groupinstall)$/, takes: OS_TAKES }, dnf: { verbs: /^(?:install|update|upgrade|groupinstall)$/, takes: OS_TAKES }, apk: { verbs: /^(?:add|upgrade)$/, takes: OS_TAKES }, zypper: { verbs: /^(?:install|in|update|up)$/, takes: OS_TAKES },
  pacman: { verbs: /^-[A-Za-z]*[SU][A-Za-z]*$|^--(?:sync|upgrade)$/, takes: OS_TAKES }, dpkg: { verbs: /^(?:-i|--install)$/, takes: OS_TAKES }, rpm: { verbs: /^(?:-[a-z]*[iUF][a-z]*|--install|--upgrade)$/, takes: OS_TAKES }, snap: { verbs: /^(?:install|refresh)$/, takes: /^--channel$/ },
  brew: { verbs: /^(?:install|reinstall|upgrade|tap|bundle)$/, takes: /^$/ }, port: { verbs: /^install$/, takes: /^$/ }, choco: { verbs: /^(?:install|upgrade)$/, takes: /^(?:-s|--source|--version)$/ }, winget: { verbs: /^(?:install|add|upgrade)$/, takes: /^(?:-s|-v|--source|--version)$/ }, scoop: { verbs: /^install$/, takes: /^$/ },
  cargo: { verbs: /^(?:install|add|binstall)$/, takes: /^(?:-F|--(?:features|version|root|registry|index|target|profile|branch|tag|rev|path))$/, lists: /^--git$/ }, gem: { verbs: /^(?:install|i|update)$/, takes: /^(?:-[vins]|--(?:version|source|install-dir|bindir))$/ }, bundle: { verbs: /^(?:install|add|update)$/, takes: /^(?:-v|--version|--group)$/ },
  go: { verbs: /^(?:install|get)$/, takes: /^(?:-C|-tags|-ldflags)$/ }, composer: { verbs: /^(?:require|install|update|create-project)$/, takes: /^-d$/ }, cpan: { verbs: /^/, takes: /^$/ }, cpanm: { verbs: /^/, takes: /^-l$/ }, luarocks: { verbs: /^(?:install|make)$/, takes: /^$/ }, easy_install: { verbs: /^/, takes: /^$/ },
};

/** What a command installs; undefined when it installs nothing. `words[0]` is the program. */
export function installOf(program: string, words: readonly Word[]): Install | undefined {
  const own = module(program, words);
  if (own) return installOf('pip', own);
  const name = /^pip[\d.]*$/.test(program) ? 'pip' : program;
  return read(program, name, words) ?? read(program, `${name} exec`, words);
}

/** The words of `python -m pip …`, from `pip` on; also of `uv pip …` and `uv tool …`. */
function module(program: string, words: readonly Word[]): readonly Word[] | undefined {
  const option = /^(?:python|pypy)[\d.]*$/.test(program) ? words.findIndex(({ text }, at) => text === 'pip' && words[at - 1]?.text === '-m') : program === 'uv' ? words.findIndex(({ text }) => text === 'pip' || text === 'tool') : -1;
  return option < 0 ? undefined : words.slice(option);
}

function read(manager: string, name: string, words: readonly Word[]): Install | undefined {
  const installer = Object.hasOwn(INSTALLERS, name) ? INSTALLERS[name]! : undefined;
  if (!installer) return undefined;
  const verb = installer.verbs.source === '^' ? 0 : verbAt(installer, words);
  if (verb < 0) return name === 'yarn' && words.length === 1 ? { manager, packages: [], unknown: false } : undefined;
  return { manager, ...packagesOf(installer, words.slice(verb + 1)) };
}

/** Where the sub-command is: the first word that is no option, or an option that is one itself (`pacman -S`). Unknown words may be it. */
function verbAt({ verbs, takes }: Installer, words: readonly Word[]): number {
  for (let at = 1; at < words.length; at++) {
    const { text, unknown } = words[at]!;
    if (unknown === 'whole' || verbs.test(text)) return at;
    if (takes.test(text)) at++;
    else if (!/^[-+]/.test(text) && text !== 'global') return -1;
  }
  return -1;
}

function packagesOf({ takes, lists, one }: Installer, words: readonly Word[]): Pick<Install, 'packages' | 'unknown'> {
  const packages = new Set<string>();
  let unknown = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (one && /^(?:-p|--package|--from|--with)$/.test(word.text)) continue;
    if (lists?.test(word.text) || (lists && /^(?:-r\S|--requirement)/.test(word.text))) {
      unknown = true;
      at++;
    } else if (takes.test(word.text)) at++;
    else if (word.unknown && !/^[\w.-]+\[[\w,-]*\][\w.=<>!~]*$/.test(word.text)) unknown = true;
    else if (!/^-/.test(word.text)) {
      const name = packageName(word.text);
      if (name === undefined) unknown = true;
      else packages.add(name);
      if (one && !/^(?:-p|--package|--from|--with)$/.test(words[at - 1]?.text ?? '')) break;
    } else if (one && /^--(?:package|from|with)=/.test(word.text)) packages.add(word.text.replace(/^[^=]*=/, '').toLowerCase());
  }
  return { packages: [...packages], unknown };
}

/** A name without version, extras or tag; undefined for a file, an address or a repository. */
function packageName(spec: string): string | undefined {
  if (/^[.~/\\]|:|^[A-Za-z]:|\.(?:whl|tgz|tar\.gz|zip|deb|rpm|apk)$/.test(spec) && !/^npm:/.test(spec)) return spec.startsWith('npm:') ? spec : undefined;
  const bare = spec.replace(/^npm:/, '');
  const name = /^@?[^@=<>!~[\];\s]+/.exec(bare)?.[0];
  return name === undefined || name === '' ? undefined : name.toLowerCase();
}
