// Compiles the same set of files again and again, as they are edited: what an edit did not touch is not compiled anew.

import type { Finding } from '../../protocol/finding.ts';
import type { Engine, PolicySource } from './api.ts';
import { type GovernanceDocument, openDocument } from './document.ts';
import { createEngine } from './engine.ts';
import type { PolicyFile } from './findings.ts';
import { type CompileCache, compileSet, inOrder } from './index.ts';
import { StandingSet } from './standing-set.ts';
import type { DigestCache } from './version.ts';

/** As `compilePolicies`, and what it compiled the last time is its own memory. */
export type Compiler = (sources: readonly PolicySource[]) => Compiled;

/** As `compileDocuments`, with such a memory. */
export type DocumentCompiler = (files: readonly PolicyFile[]) => Compiled;

interface Compiled {
  readonly engine: Engine;
  readonly findings: readonly Finding[];
}

export function createCompiler(): Compiler {
  const compile = createDocumentCompiler();
  let documents = new Map<string, GovernanceDocument>();
  return (sources) => {
    documents = new Map(sources.map(({ path, text }) => [path, edited(documents.get(path), text)]));
    return compile([...documents].map(([path, document]) => ({ path, document })));
  };
}

export function createDocumentCompiler(): DocumentCompiler {
  const cache: CompileCache = new WeakMap();
  const digests: DigestCache = new WeakMap();
  let standing: StandingSet | undefined;
  return (files) => {
    const sorted = inOrder(files);
    if (standing?.become(sorted)) return { engine: createEngine(standing.parts, standing.index), findings: [] };
    const set = compileSet(sorted, cache, digests);
    standing = StandingSet.of(sorted, set, cache, digests);
    return { engine: createEngine(set.parts, standing?.index), findings: set.findings };
  };
}

/** So many characters are compared at once where texts agree. */
const STRIDE = 4_096;

/** The document with its text replaced, as one edit of what lies between the first and the last difference. */
function edited(document: GovernanceDocument | undefined, text: string): GovernanceDocument {
  if (!document) return openDocument(text);
  const { text: before } = document;
  if (before === text) return document;
  const shorter = Math.min(before.length, text.length);
  let start = 0;
  while (start + STRIDE <= shorter && before.slice(start, start + STRIDE) === text.slice(start, start + STRIDE)) start += STRIDE;
  while (start < shorter && before.charCodeAt(start) === text.charCodeAt(start)) start++;
  let same = 0;
  while (same + STRIDE <= shorter - start && before.slice(before.length - same - STRIDE, before.length - same) === text.slice(text.length - same - STRIDE, text.length - same)) same += STRIDE;
  while (same < shorter - start && before.charCodeAt(before.length - 1 - same) === text.charCodeAt(text.length - 1 - same)) same++;
  return document.edit(start, before.length - same, text.slice(start, text.length - same));
}
