// The library that parses expressions and checks their types, behind three functions. Its interpreter is not used.

import { Environment } from '@marcbachmann/cel-js';
import type { CelEnvironment, FactFields, FactType } from './expression.ts';
import { LIBRARY_NAMES, type Ast } from './types.ts';

/** Sizes that no condition written by a person reaches. */
const LIMITS = { maxAstNodes: 2_000, maxDepth: 48, maxListElements: 500, maxMapEntries: 100, maxCallArguments: 8 };

export interface LibraryEnvironment {
  readonly environment: Environment;
  /** Fields of each group, by the type name that the library knows it by. */
  readonly groups: ReadonlyMap<string, FactFields>;
}

const prepared = new WeakMap<CelEnvironment, LibraryEnvironment>();

/** The library's own environment for ours; made once for each. */
export function libraryFor(environment: CelEnvironment): LibraryEnvironment {
  let made = prepared.get(environment);
  if (!made) prepared.set(environment, (made = prepare(environment)));
  return made;
}

function prepare({ variables }: CelEnvironment): LibraryEnvironment {
  const environment = new Environment({ limits: LIMITS, homogeneousAggregateLiterals: false });
  const groups = new Map<string, FactFields>();
  const nameOf = (type: FactType, path: string): string => {
    if (typeof type === 'string') return type === 'dyn' ? 'dyn' : LIBRARY_NAMES[type];
    if ('list' in type) return `list<${nameOf(type.list, path)}>`;
    if ('map' in type) return `map<string, ${nameOf(type.map, path)}>`;
    const name = `$${path}`;
    const fields = Object.fromEntries(Object.entries(type.fields).map(([key, field]) => [key, nameOf(field.type, `${path}.${key}`)]));
    environment.registerType({ name, fields });
    groups.set(name, type.fields);
    return name;
  };
  for (const [name, { type }] of Object.entries(variables)) environment.registerVariable(name, nameOf(type, name));
  return { environment, groups };
}

/** Something the library refused. */
export interface Refusal {
  readonly code: string;
  readonly summary: string;
  readonly start: number;
  readonly end: number;
}

export interface Parsed {
  readonly ast: Ast;
  /** Annotates the tree with types; undefined when all is well. */
  check(): Refusal | undefined;
}

export function parseWith({ environment }: LibraryEnvironment, source: string): Parsed | Refusal {
  try {
    const parsed = environment.parse(source);
    return {
      ast: parsed.ast as unknown as Ast,
      check() {
        const { error } = parsed.check();
        return error && refusalOf(error, source);
      },
    };
  } catch (error) {
    return refusalOf(error, source);
  }
}

function refusalOf(error: unknown, source: string): Refusal {
  const { code = 'unknown', summary, message, range } = error as { code?: string; summary?: string; message: string; range?: { start: number; end: number } };
  const start = Math.min(range?.start ?? 0, source.length);
  return { code, summary: summary ?? message, start, end: Math.max(start, Math.min(range?.end ?? source.length, source.length)) };
}
