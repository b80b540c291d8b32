// Compiles the same set of files again and again, as they are edited: what an edit did not touch is not compiled anew.

import type { Finding } from '../../protocol/finding.ts';
import type { Engine, PolicySource } from './api.ts';
import { type GovernanceDocument, openDocument } from './document.ts';
import { type CompileCache, compileDocuments } from './index.ts';

/** As `compilePolicies`, and what it compiled the last time is its own memory. */
export type Compiler = (sources: readonly PolicySource[]) => { readonly engine: Engine; readonly findings: readonly Finding[] };

export function createCompiler(): Compiler {
  const cache: CompileCache = new WeakMap();
  let documents = new Map<string, GovernanceDocument>();
  return (sources) => {
    documents = new Map(sources.map(({ path, text }) => [path, edited(documents.get(path), text)]));
    return compileDocuments([...documents].map(([path, document]) => ({ path, document })), cache);
  };
}

/** The document with its text replaced, as one edit of what lies between the first and the last difference. */
function edited(document: GovernanceDocument | undefined, text: string): GovernanceDocument {
  if (!document) return openDocument(text);
  const { text: before } = document;
  if (before === text) return document;
  const shorter = Math.min(before.length, text.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === text.charCodeAt(start)) start++;
  let same = 0;
  while (same < shorter - start && before.charCodeAt(before.length - 1 - same) === text.charCodeAt(text.length - 1 - same)) same++;
  return document.edit(start, before.length - same, text.slice(start, text.length - same));
}
