// Which addresses a command line names: programs that fetch, and where they are told to go.

import { programOf, readCommandLine, readScript, type Command } from './shell.ts';

/** An address as a program would use it. */
export interface Destination {
  /** As written in the command line. */
  readonly text: string;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
}

const PORTS: Readonly<Record<string, number>> = { http: 80, ws: 80, https: 443, wss: 443, ssh: 22, 'git+ssh': 22, sftp: 22, scp: 22, git: 9418, ftp: 21, ftps: 990 };
const FETCHERS = new Set(['curl', 'wget', 'git', 'http', 'https', 'xh', 'aria2c']);

/** Sub-commands of git that talk to another machine; a URL in a commit's message is no destination. */
const GIT_REMOTE = new Set(['clone', 'fetch', 'pull', 'push', 'ls-remote', 'remote', 'submodule', 'archive']);
/** Options whose value is text or a file, and so no destination, though it may look like one. */
const VALUE_OPTIONS = new Set(('-o -d -H -X -u -A -b -c -e -F -T -w -m -K -E -C -D -r -y -Y -z -P -U -Q -t -O --output --data --data-raw --data-binary --data-urlencode --json --header --request --user '
  + '--user-agent --cookie --cookie-jar --referer --form --form-string --upload-file --write-out --max-time --connect-timeout --config --cert --key --cacert --range --retry --retry-delay --output-document '
  + '--output-file --post-data --post-file --body-data --directory-prefix --load-cookies --save-cookies --tries --timeout --limit-rate --rate --message --branch --depth --dir --out').split(' '));

/**
 * Destinations of the programs known to fetch, those in shell commands included. What a shell computes (`$HOST`, the output of another
 * command) is not known here; it is seen when the request itself leaves.
 */
export function destinations(argv: readonly string[], shellCommand?: string): Destination[] {
  const { commands } = readCommandLine({ command: shellCommand ?? argv[0] ?? '', argv, shell: shellCommand !== undefined });
  return unique(commands.flatMap(ofCommand));
}

/** A fetcher may also stand behind a program that is not known to run others: `docker exec box curl …`. */
function ofCommand({ words }: Command): Destination[] {
  const texts = words.map(({ text }) => text);
  const at = texts.findIndex((text) => FETCHERS.has(programOf(text)));
  if (at < 0) return [];
  return programOf(texts[at]!) === 'git' ? ofGit(texts.slice(at + 1)) : ofFetcher(texts.slice(at + 1));
}

function ofGit(words: readonly string[]): Destination[] {
  const at = words.findIndex((word, index) => !word.startsWith('-') && !/^-[Cc]$/.test(words[index - 1] ?? ''));
  if (at < 0 || !GIT_REMOTE.has(words[at]!)) return [];
  return words.slice(at + 1).flatMap((word) => {
    const secure = /^(?:[\w.-]+@)([\w.-]+):(?!\/\/)/.exec(word);
    return secure ? [{ text: word, protocol: 'ssh', host: secure[1]!, port: 22 }] : withScheme(word);
  });
}

function ofFetcher(words: readonly string[]): Destination[] {
  return words.flatMap((word, at) => {
    const option = /^--?[\w-]+=(.*)$/s.exec(word);
    if (option) return withScheme(option[1]!);
    if (word.startsWith('-') || VALUE_OPTIONS.has(words[at - 1] ?? '')) return [];
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(word) || !isBareHost(word) ? withScheme(word) : withScheme(`http://${word}`, word);
  });
}

/** A host without a scheme, which curl and wget take for HTTP: a name with a dot, a port or a path, an address in any form. */
function isBareHost(word: string): boolean {
  const host = /^(?:\[[0-9a-f:.]+\]|[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.?)(?::\d{1,5})?(?=[/?#]|$)/iu.exec(word)?.[0];
  return host !== undefined && (/[.:]|^localhost$|^(?:0x[0-9a-f]+|\d+)$/i.test(host) || host.length < word.length);
}

function withScheme(url: string, text = url): Destination[] {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@\s]*@)?(\[[^\]]*\]|[^/?#:\s]+)(?::(\d{1,5}))?/i.exec(url);
  if (!scheme || scheme[2]!.includes('$')) return [];
  const protocol = scheme[1]!.toLowerCase();
  return [{ text, protocol, host: scheme[2]!, port: scheme[3] === undefined ? PORTS[protocol] ?? 0 : Number(scheme[3]) }];
}

/** The simple commands of a shell command, as words without quotes: what it runs by itself first, and then what that runs. */
export function simpleCommands(command: string): string[][] {
  return readScript(command).commands.map(({ words }) => words.map(({ text }) => text)).filter((words) => words.length > 0);
}

function unique(found: readonly Destination[]): Destination[] {
  return [...new Map(found.map((each) => [`${each.protocol}\n${each.host}\n${each.port}`, each])).values()];
}
