// What a feature may ask of the set that a document belongs to.

import type { TextRange } from '../protocol/finding.ts';
import type { GovernanceDocument } from '../runtime/policy/document.ts';
import type { Declaration, FileNames, NameKind, Use } from './names.ts';

/** A declaration or a use, and where it is. */
export type Placed<T> = T & { readonly file: string; readonly range: TextRange };

export interface Scope {
  declared(kind: NameKind): readonly Placed<Declaration>[];
  uses(kind: NameKind): readonly Placed<Use>[];
  namesOf(document: GovernanceDocument): FileNames;
}
