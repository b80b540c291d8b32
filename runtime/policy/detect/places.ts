// Patterns over data sources, their tables, and paths: what a call touches, held against what a policy names.

import { compileGlob, isGlob } from '../globs.ts';

/** Patterns over `source`, `source.table` and `source.schema.table`. */
export interface SourcePatterns {
  /** The pattern under which all that is touched falls: the source itself, or each of its tables. Undefined tables may be any. */
  covers(source: string, tables: readonly string[] | undefined): boolean;
  /** The first pattern that something touched falls under, or may fall under when the tables are not known. */
  touches(source: string, tables: readonly string[] | undefined): string | undefined;
}

/** Compared in lower case, because databases do. */
export function sourcePatterns(patterns: readonly string[]): SourcePatterns {
  const compiled = patterns.map((pattern) => ({ pattern, matches: compileGlob(pattern.toLowerCase()) }));
  const listed = (name: string): boolean => compiled.some(({ matches }) => matches(name));
  return {
    covers(source, tables) {
      const name = source.toLowerCase();
      if (listed(name)) return true;
      if (tables === undefined) return false;
      if (tables.length === 0) return compiled.some(({ pattern }) => reachesBelow(pattern.toLowerCase(), `${name}.`));
      return tables.every((table) => ownNames(table).some((each) => listed(`${name}.${each}`)));
    },
    touches(source, tables) {
      const name = source.toLowerCase();
      return compiled.find(({ pattern, matches }) => matches(name) || (tables === undefined
        ? reachesBelow(pattern.toLowerCase(), `${name}.`)
        : tables.some((table) => anyNames(table).some((each) => matches(`${name}.${each}`)))))?.pattern;
    },
  };
}

/** Schemas that a table without one is looked for in: PostgreSQL's, SQLite's, SQL Server's. */
const USUAL_SCHEMAS = new Set(['public', 'main', 'dbo']);

/** A table of another schema is another table. */
function ownNames(table: string): readonly string[] {
  const dot = table.lastIndexOf('.');
  return dot >= 0 && USUAL_SCHEMAS.has(table.slice(0, dot)) ? [table, table.slice(dot + 1)] : [table];
}

/** What is forbidden is so in every schema. */
function anyNames(table: string): readonly string[] {
  const dot = table.lastIndexOf('.');
  return dot < 0 ? [table] : [table, table.slice(dot + 1)];
}

/** True when the pattern matches some name that begins with `prefix`: when one of its beginnings matches the prefix, what is left of it matches something. */
function reachesBelow(pattern: string, prefix: string): boolean {
  for (let end = 1; end <= pattern.length; end++) if (compileGlob(pattern.slice(0, end))(prefix)) return true;
  return false;
}

/** True for a pattern over paths; `*` is one over everything. */
export function isPathPattern(pattern: string): boolean {
  return /[/\\]/.test(pattern) || /^\*+$/.test(pattern);
}

/**
 * Returns the pattern that a path falls under: a directory covers what is below it, globs match whole paths. With `anyCase`, letters
 * are compared as file systems without case do: for what is forbidden.
 */
export function pathMatcher(patterns: readonly string[], anyCase = false): (path: string) => string | undefined {
  const spelled = (path: string): string => (anyCase ? pathSpelling(path).toLowerCase() : pathSpelling(path));
  const compiled = patterns.map((pattern) => ({ pattern, ...(isGlob(pattern) ? { matches: compileGlob(spelled(pattern)) } : { matches: below(spelled(pattern).replace(/(?<=.)\/$/, '')) }) }));
  return (path) => {
    const name = spelled(path);
    return compiled.find(({ matches }) => matches(name))?.pattern;
  };
}

function below(directory: string): (path: string) => boolean {
  const prefix = directory.endsWith('/') ? directory : `${directory}/`;
  return (path) => path === directory || path.startsWith(prefix);
}

/** Paths of Windows with `/` and in lower case; others as they are. */
function pathSpelling(path: string): string {
  return /^(?:[a-z]:|\\\\)/i.test(path) ? path.replaceAll('\\', '/').toLowerCase() : path;
}
