// Fixtures as strings: `$0` is the cursor, `# file: name` starts a further file, and a comment `#   ^^^ error[code]: text` under a line is a finding expected there.

import assert from 'node:assert/strict';

export interface FixtureFile {
  readonly path: string;
  readonly text: string;
}

/** Line and column count from 0, in UTF-16 code units. */
export interface FixtureCursor {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

export interface Fixture {
  readonly files: readonly FixtureFile[];
  /** Throws when the fixture holds no `$0`. */
  readonly cursor: FixtureCursor;
}

/** A finding as the fixture states it. Line and columns count from 0. */
export interface Annotation {
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

/** Reads a fixture. The first file is called `policies.fullarc.yaml` unless the fixture starts with a `# file:` line. A newline right at the start is dropped. */
export function fixture(source: string): Fixture {
  let cursor: FixtureCursor | undefined;
  const files = split(source.replace(/^\n/, '')).map(({ path, text }) => {
    const offset = text.indexOf('$0');
    if (offset < 0) return { path, text };
    assert.equal(cursor, undefined, 'a fixture holds one $0');
    const before = text.slice(0, offset).split('\n');
    cursor = { path, offset, line: before.length - 1, column: before.at(-1)?.length ?? 0 };
    return { path, text: text.slice(0, offset) + text.slice(offset + 2) };
  });
  return {
    files,
    get cursor() {
      assert.ok(cursor, 'the fixture holds no $0');
      return cursor;
    },
  };
}

/** Takes the annotations out of a text, so that what is left can be checked, and the annotations found in it. */
export function readAnnotations(text: string): { readonly text: string; readonly annotations: readonly Annotation[] } {
  const kept: string[] = [];
  const annotations: Annotation[] = [];
  for (const line of text.split('\n')) {
    const match = ANNOTATION.exec(line);
    if (!match?.groups) kept.push(line);
    else {
      const { carets = '', severity = '', code = '', message = '' } = match.groups;
      const column = carets.includes('<') ? 0 : line.indexOf('^');
      annotations.push({ line: kept.length - 1, column, endColumn: line.lastIndexOf('^') + 1, severity, code, message });
    }
  }
  return { text: kept.join('\n'), annotations };
}

/**
 * Fails with a readable difference unless exactly the annotated findings were found in the text. Multi-line ranges are cut at the end of their first line,
 * empty ones widened to one column. An annotation's message needs only to be a part of the finding's.
 */
export function assertFindings(annotated: string, actual: (text: string) => readonly Annotation[]): void {
  const source = annotated.replace(/^\n/, '');
  const { text, annotations } = readAnnotations(source);
  const wanted = [...annotations];
  const shown = actual(text).map((found) => {
    const at = wanted.findIndex((each) => matches(each, found));
    return at < 0 ? found : wanted.splice(at, 1)[0] ?? found;
  });
  assert.equal(annotate(text, shown), annotate(text, annotations));
}

/** The text with its findings as comments under the lines, the way fixtures are written. */
export function annotate(text: string, annotations: readonly Annotation[]): string {
  const order = [...annotations].sort((a, b) => a.line - b.line || a.column - b.column || a.endColumn - b.endColumn || (a.code < b.code ? -1 : 1));
  return text.split('\n').flatMap((line, index) => [line, ...order.filter((each) => each.line === index).map(comment)]).join('\n');
}

const ANNOTATION = /^\s*#(?<carets>\s*<?\^+) (?<severity>error|warning|information|hint)\[(?<code>[^\]]+)\](?:: (?<message>.*))?$/;

function matches(wanted: Annotation, found: Annotation): boolean {
  return wanted.line === found.line && wanted.column === found.column && wanted.endColumn === found.endColumn
    && wanted.severity === found.severity && wanted.code === found.code && found.message.includes(wanted.message);
}

function comment({ column, endColumn, severity, code, message }: Annotation): string {
  const carets = column === 0 ? `#<${'^'.repeat(Math.max(1, endColumn - 2))}` : `${'#'.padEnd(column)}${'^'.repeat(Math.max(1, endColumn - column))}`;
  return `${carets} ${severity}[${code}]${message ? `: ${message}` : ''}`;
}

function split(source: string): FixtureFile[] {
  const parts = source.split(/^# file: (.+)\n/m);
  const files = parts[0] === '' && parts.length > 1 ? [] : [{ path: 'policies.fullarc.yaml', text: parts[0] ?? '' }];
  for (let at = 1; at < parts.length; at += 2) files.push({ path: parts[at] ?? '', text: parts[at + 1] ?? '' });
  return files;
}
