// What an expression is, from outside: the facts it may name, what can be wrong with it, and the program it becomes.

/** Types of facts. `dyn` is known only when it is read. A group (`fields`) is a prefix of facts, never a value by itself, except as the element of a list. */
export type FactType = 'string' | 'int' | 'double' | 'bool' | 'timestamp' | 'duration' | 'dyn' | { readonly list: FactType } | { readonly map: FactType } | { readonly fields: FactFields };
export type FactFields = Readonly<Record<string, FactField>>;

export interface FactField {
  readonly type: FactType;
  readonly description: string;
  /** May be absent: reading it then is an evaluation error, which `has()` avoids. */
  readonly optional?: boolean;
  /** Takes the fact from its owner: the group's value, or what the program runs on. Without it, the owner's own property of this name is read. Timestamps and durations may be given in milliseconds. */
  readonly read?: (owner: never) => unknown;
}

/** For a group whose facts are read from what the group itself would be read from. */
export const HERE = (owner: unknown): unknown => owner;

export interface CelEnvironment {
  readonly variables: FactFields;
  /** Says where a name that is unknown here exists, as a sentence; undefined when nowhere. */
  readonly elsewhere?: (path: string) => string | undefined;
}

export type ExpressionCode = 'syntax' | 'type' | 'unknown-name' | 'unsupported' | 'always-true' | 'always-false' | 'too-large';

/** `start` and `end` are UTF-16 offsets into the expression. */
export interface ExpressionIssue {
  readonly start: number;
  readonly end: number;
  readonly code: `fullarc/expression/${ExpressionCode}`;
  readonly message: string;
  /** The closest known name, when the range is to be replaced by it. */
  readonly replace?: string;
}

/** What `Program.run` must give, `dyn` for anything. A value known only at run time is let through the check and tested then. */
export type Expected = 'string' | 'int' | 'double' | 'bool' | 'timestamp' | 'duration' | 'list' | 'map' | 'dyn';

export interface Program {
  /** Evaluates over the owner of the variables. Integers and doubles come as numbers (integers beyond 2^53 as bigint), timestamps and durations in milliseconds. Throws an EvaluationError. */
  run(variables: unknown): unknown;
  /** Dotted paths of the facts it may read, in order of appearance. */
  readonly references: readonly string[];
  /** Its value, when it is the same whatever the facts are. */
  readonly constant?: unknown;
}

export interface Checked {
  readonly issues: readonly ExpressionIssue[];
  /** CEL name of its type, when it has one. */
  readonly type?: string;
  /** Absent when an issue other than `always-true` and `always-false` was found. */
  readonly program?: Program;
}

export type EvaluationCode = 'missing' | 'type' | 'overflow' | 'divide-by-zero' | 'range' | 'invalid' | 'too-costly';

/** An expression that has no value for these facts. */
export class EvaluationError extends Error {
  readonly code: `fullarc/expression/${EvaluationCode}`;
  constructor(code: EvaluationCode, message: string) {
    super(message);
    this.name = 'EvaluationError';
    this.code = `fullarc/expression/${code}`;
  }
}

/** Iterations of macros in one evaluation; long texts and lists handled within one count as more. */
export const STEP_LIMIT = 100_000;
/** Longest expression, in UTF-16 code units. */
export const LENGTH_LIMIT = 8_192;
