// The files that are read as one set: their findings and their names. What an edit does not touch is remembered.

import type { Finding } from '../protocol/finding.ts';
import type { GovernanceDocument } from '../runtime/policy/document.ts';
import { compileDocuments } from '../runtime/policy/index.ts';
import type { CompileCache } from '../runtime/policy/index.ts';
import { lint } from './lints/index.ts';
import { NameReader } from './names.ts';
import type { Declaration, FileNames, NameKind, Use } from './names.ts';
import type { Placed, Scope } from './scope.ts';

export class PolicySet implements Scope {
  readonly #documents = new Map<string, GovernanceDocument>();
  readonly #reader = new NameReader();
  readonly #names = new WeakMap<GovernanceDocument, FileNames>();
  readonly #compiled: CompileCache = new WeakMap();
  readonly #clean = new WeakSet<object>();
  #findings: ReadonlyMap<string, readonly Finding[]> | undefined;

  put(file: string, document: GovernanceDocument): void {
    this.#documents.set(file, document);
    this.#findings = undefined;
  }

  remove(file: string): void {
    this.#documents.delete(file);
    this.#findings = undefined;
  }

  /** What is wrong in a file, in the order of its text. */
  findings(file: string): readonly Finding[] {
    this.#findings ??= this.#check();
    return this.#findings.get(file) ?? [];
  }

  declared(kind: NameKind): readonly Placed<Declaration>[] {
    return this.#placed((names) => names.declarations.filter((each) => each.kind === kind));
  }

  uses(kind: NameKind): readonly Placed<Use>[] {
    return this.#placed((names) => names.uses.filter((each) => each.kind === kind));
  }

  namesOf(document: GovernanceDocument): FileNames {
    const known = this.#names.get(document) ?? this.#reader.read(document);
    this.#names.set(document, known);
    return known;
  }

  #check(): ReadonlyMap<string, readonly Finding[]> {
    const files = [...this.#documents].map(([path, document]) => ({ path, document }));
    const { findings } = compileDocuments(files, this.#compiled);
    return Map.groupBy([...findings, ...lint(files, this.#clean)].sort((a, b) => a.line - b.line || a.column - b.column), (finding) => finding.file);
  }

  #placed<T extends Declaration | Use>(pick: (names: FileNames) => readonly T[]): readonly Placed<T>[] {
    return [...this.#documents].flatMap(([file, document]) => pick(this.namesOf(document)).map((each) => ({ ...each, file, range: document.range(each.at) })));
  }
}
