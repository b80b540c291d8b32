// A name that nothing declares, or a glob that matches none of the declared names: what is said of it, and what was probably meant.

import type { Finding, Severity } from '../../protocol/finding.ts';
import { issueFinding, type PolicyFile } from './findings.ts';
import { compileGlob, isGlob } from './globs.ts';
import type { Code } from './issues.ts';
import type { Path } from './parse.ts';
import { closest } from './suggest.ts';

/** Sections whose names are referred to. */
export type NamedSection = 'agents' | 'fleets' | 'domains';

const CODE: Readonly<Record<NamedSection, Code>> = { agents: 'fullarc/reference/unknown-agent', fleets: 'fullarc/reference/unknown-fleet', domains: 'fullarc/reference/unknown-domain' };

/** Undefined when the name is known, or the glob matches. `path` continues `base`, which counts from the top of the file. */
export function unknownName({ file, base }: { readonly file: PolicyFile; readonly base: Path }, path: Path, name: string, key: NamedSection, known: ReadonlySet<string>, severity: Severity): Finding | undefined {
  if (isGlob(name)) {
    const match = compileGlob(name);
    if ([...known].some(match)) return undefined;
    return issueFinding(file, base, { path, on: 'value', code: 'fullarc/reference/glob-matches-nothing', severity: 'warning', message: `\`${name}\` matches none of the declared ${key}: ${list(known)}.` });
  }
  if (known.has(name)) return undefined;
  const near = closest(name, known);
  return issueFinding(file, base, {
    path, on: 'value', code: CODE[key], severity,
    message: `No ${key.slice(0, -1)} \`${name}\` is declared under \`${key}:\`. ${near ? `Did you mean \`${near}\`?` : `Declared: ${list(known)}.`}`,
    ...(near && { mend: { title: `Change to \`${near}\``, replace: near } }),
  });
}

/** Names in the order of the alphabet, not too many of them. */
export function list(names: ReadonlySet<string>): string {
  const shown = [...names].sort().slice(0, 12);
  return shown.join(', ') + (names.size > shown.length ? ` and ${names.size - shown.length} more` : '');
}
