// From a name to where it is declared, to everywhere it is used, and to another name.

import type { TextRange } from '../../protocol/finding.ts';
import type { GovernanceDocument, Span } from '../../runtime/policy/document.ts';
import { compileGlob, isGlob } from '../../runtime/policy/globs.ts';
import type { NameKind } from '../names.ts';
import type { Scope } from '../scope.ts';

export interface Location extends TextRange {
  readonly file: string;
}

/** Declarations of the name under the cursor; of every name that matches, when it is a glob. */
export function definitions(document: GovernanceDocument, offset: number, scope: Scope): readonly Location[] {
  const found = nameAt(document, offset, scope);
  return found ? scope.declared(found.kind).filter(({ name }) => compileGlob(found.name)(name)).map(({ file, range }) => ({ file, ...range })) : [];
}

/** The declaration and every use of the name under the cursor, in all files; a glob that matches it is a use. */
export function references(document: GovernanceDocument, offset: number, scope: Scope): readonly Location[] {
  const found = nameAt(document, offset, scope);
  if (!found) return [];
  const uses = scope.uses(found.kind).filter((use) => use.name === found.name || compileGlob(use.name)(found.name));
  return [...scope.declared(found.kind).filter(({ name }) => name === found.name), ...uses].map(({ file, range }) => ({ file, ...range }));
}

/** Range of the name that would be renamed; undefined when nothing here can be. */
export function renameRange(document: GovernanceDocument, offset: number, scope: Scope): TextRange | undefined {
  const found = nameAt(document, offset, scope);
  return found && !isGlob(found.name) && scope.declared(found.kind).some(({ name }) => name === found.name) ? document.range(found.at) : undefined;
}

/** The edits that give the declaration and all exact uses another name. None when the new name could not be written as it is. */
export function rename(document: GovernanceDocument, offset: number, scope: Scope, newName: string): readonly (Location & { readonly text: string })[] {
  const found = nameAt(document, offset, scope);
  if (!found || !renameRange(document, offset, scope) || !/^[A-Za-z][\w.-]*$/.test(newName)) return [];
  return [...scope.declared(found.kind), ...scope.uses(found.kind)].filter(({ name }) => name === found.name).map(({ file, range }) => ({ file, ...range, text: newName }));
}

interface Found {
  readonly kind: NameKind;
  readonly name: string;
  readonly at: Span;
}

/** The name whose text holds the offset, its end included. A name over several lines is a quote that was not closed, and no name. */
export function nameAt(document: GovernanceDocument, offset: number, scope: Scope): Found | undefined {
  const { declarations, uses } = scope.namesOf(document);
  return [...declarations, ...uses].find(({ at }) => at.start <= offset && offset <= at.end && !document.text.slice(at.start, at.end).includes('\n'));
}
