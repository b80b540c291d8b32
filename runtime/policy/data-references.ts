// Names that domains, signals and tools use: agents and fleets that nobody declares, fields without a class, sources that are no domain.

import type { Finding } from '../../protocol/finding.ts';
import type { DomainDeclaration } from './domain-schema.ts';
import { issueFinding } from './findings.ts';
import { compileGlob, isGlob } from './globs.ts';
import type { Path } from './parse.ts';
import type { Declarations, Declared } from './sections.ts';
import { closest } from './suggest.ts';
import { list, unknownName } from './unknown-name.ts';

type Known = Readonly<Record<'agents' | 'fleets', ReadonlySet<string>>>;

/** Where nothing at all is declared, any name may be right. */
export function dataReferences(declarations: Declarations, known: Known): Finding[] {
  const { domains, signals, tools } = declarations;
  return [
    ...[...domains.values()].flatMap((domain) => [...granteeFindings(domain, known), ...fieldFindings(domain)]),
    ...[...signals.values()].flatMap(({ file, path, value }) => (value.starts && known.agents.size > 0 ? some(unknownName({ file, base: path }, ['starts', 'agent'], value.starts.agent, 'agents', known.agents, 'error')) : [])),
    ...(domains.size > 0 ? [...tools.values()].flatMap((tool) => sourceFindings(tool, new Set(domains.keys()))) : []),
  ];
}

/** A grant to a name that nobody has leaves the domain closed to whom it was meant for. */
function granteeFindings({ file, path, value }: Declared<DomainDeclaration>, known: Known): Finding[] {
  return value.grants.flatMap((grant, at) => (['agents', 'fleets'] as const).flatMap((key) => (known[key].size === 0 ? [] : (grant[key] ?? []).flatMap((name, index) =>
    some(unknownName({ file, base: path }, ['grants', at, key, index], name, key, known[key], 'warning'))))));
}

/** A field that looks like a listed one is a slip; any other only has no class. */
function fieldFindings({ file, path, value }: Declared<DomainDeclaration>): Finding[] {
  const fields = Object.keys(value.fields ?? {});
  if (fields.length === 0) return [];
  return value.grants.flatMap((grant, at) => (['fields', 'redact'] as const).flatMap((key) => (grant[key] ?? []).flatMap((name, index) => fieldFinding({ file, path }, ['grants', at, key, index], name, fields))));
}

function fieldFinding({ file, path: base }: Pick<Declared<unknown>, 'file' | 'path'>, path: Path, name: string, fields: readonly string[]): Finding[] {
  const matches = compileGlob(name);
  if (fields.some((field) => matches(field) || lastOf(field) === name || field === lastOf(name))) return [];
  const near = isGlob(name) ? undefined : closest(name, fields);
  const listed = list(new Set(fields));
  return [issueFinding(file, base, {
    path, on: 'value', code: 'fullarc/reference/unknown-field', severity: near || isGlob(name) ? 'warning' : 'information',
    message: isGlob(name) ? `\`${name}\` matches none of the \`fields:\` of this domain: ${listed}.`
      : near ? `\`fields:\` of this domain has no \`${name}\`. Did you mean \`${near}\`?` : `\`fields:\` of this domain does not list \`${name}\`, so it has no class. Listed: ${listed}.`,
    ...(near && { mend: { title: `Change to \`${near}\``, replace: near } }),
  })];
}

/** The grants of a domain hold for a tool only when the tool names it, or its tables or collections do. */
function sourceFindings({ file, path, value }: Declared<{ readonly is?: string; readonly source?: string; readonly store?: string }>, domains: ReadonlySet<string>): Finding[] {
  const key = value.is === 'data' ? 'source' : value.is === 'retrieval' ? 'store' : undefined;
  const name = key && value[key];
  return key && name !== undefined && !/^args\b/.test(name) ? some(unknownName({ file, base: path }, [key], name, 'domains', domains, 'information')) : [];
}

const lastOf = (field: string): string => field.slice(field.lastIndexOf('.') + 1);
const some = (finding: Finding | undefined): Finding[] => (finding ? [finding] : []);
