// A static problem in a governance file, as the command line, the language server and the tests see it.

export const SEVERITIES = ['error', 'warning', 'information', 'hint'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Half-open range in a text. Lines and columns count from 1, columns in UTF-16 code units. */
export interface TextRange {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One problem: what is wrong, where, under which stable code (`fullarc/<area>/<name>`), and how to mend it. */
export interface Finding extends TextRange {
  readonly file: string;
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly fixes?: readonly Fix[];
  readonly related?: readonly (TextRange & { readonly file: string; readonly message: string })[];
}

/** A change that mends a finding. An edit is made in the file of the finding unless it names another. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly (TextRange & { readonly text: string; readonly file?: string })[];
}
