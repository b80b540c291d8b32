// Pieces of a program: closures over a frame with the type of what they give, and the conversions between boxed and unboxed values.

import { Duration } from '@marcbachmann/cel-js/evaluator';
import { EvaluationError } from './expression.ts';
import { toInt, type Int } from './integers.ts';
import { spanOf } from './time.ts';
import type { Static } from './types.ts';
import { kindOf, type Frame, type Kind } from './values.ts';

export type Run = (frame: Frame) => unknown;

export interface Code {
  readonly type: Static;
  /** Gives an unboxed value when the type is known, a boxed one when it is `dyn`. */
  readonly run: Run;
  /** Set when the value is the same for all facts. */
  readonly constant?: { readonly value: unknown };
  /** Dotted path of the fact, for what comes from outside. */
  readonly path?: string;
  /** For a duration: the same in milliseconds, without making an object. */
  readonly millis?: (frame: Frame) => number;
}

export function constantCode(type: Static, value: unknown): Code {
  const millis = type.kind === 'duration' ? (value as Duration).valueOf() : 0;
  return { type, run: () => value, constant: { value }, ...(type.kind === 'duration' && { millis: () => millis }) };
}

/** Evaluates once, now, what depends on constants alone. What then has no value keeps failing at run time, where `&&` and `||` may absorb it. */
export function folded(code: Code, ...parts: readonly Code[]): Code {
  if (!parts.every(({ constant }) => constant)) return code;
  try {
    return constantCode(code.type, code.run({ input: undefined, steps: 10_000, slots: [] }));
  } catch (error) {
    if (error instanceof EvaluationError) return code;
    throw error;
  }
}

/** Boxed, for lists, maps and wherever the type is not known. */
export function boxed(code: Code): Run {
  const { run, type, constant } = code;
  if (type.kind !== 'int' && type.kind !== 'timestamp') return run;
  if (constant) {
    const value = boxValue(type.kind, constant.value);
    return () => value;
  }
  return type.kind === 'int' ? (frame) => BigInt(run(frame) as Int) : (frame) => new Date(run(frame) as number);
}

export function boxValue(kind: Static['kind'], value: unknown): unknown {
  return kind === 'int' ? BigInt(value as Int) : kind === 'timestamp' ? new Date(value as number) : value;
}

/** From boxed; the caller knows that the value is of that kind. */
export function unboxValue(kind: Kind, value: unknown): unknown {
  return kind === 'int' ? toInt(value as bigint) : kind === 'timestamp' ? (value as Date).getTime() : value;
}

/** As a value of that kind, unboxed; what is not throws. `what` names it in the error. */
export function as(code: Code, kind: Kind, what: string): Run {
  if (code.type.kind === kind) return code.run;
  const run = boxed(code);
  if (kind === 'bool') return (frame) => {
    const value = run(frame);
    if (typeof value !== 'boolean') throw wrongKind(what, kind, value);
    return value;
  };
  return (frame) => unboxAs(kind, run(frame), what);
}

export function unboxAs(kind: Kind, value: unknown, what: string): unknown {
  if (kindOf(value) !== kind) throw wrongKind(what, kind, value);
  return unboxValue(kind, value);
}

/** As a value of that type, boxed where it is not known. */
export function coerced(code: Code, type: Static): Run {
  if (type.kind === code.type.kind) return code.run;
  return type.kind === 'dyn' || type.kind === 'group' ? boxed(code) : as(code, type.kind, 'the value');
}

export function wrongKind(what: string, kind: string, value: unknown): EvaluationError {
  return new EvaluationError('type', `${what} must be ${kind}, but is ${kindOf(value)}`);
}

/** Makes a value that comes from outside what its declared type promises: unboxed, checked one level deep. */
export function receive(type: Static, value: unknown, path: string): unknown {
  switch (type.kind) {
    case 'string': if (typeof value === 'string') return value; break;
    case 'double': if (typeof value === 'number') return value; break;
    case 'bool': if (typeof value === 'boolean') return value; break;
    case 'int':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value + 0;
      if (typeof value === 'bigint') return toInt(value);
      break;
    case 'timestamp':
      if (typeof value === 'number' && Number.isFinite(value)) return value;
      if (value instanceof Date) return value.getTime();
      break;
    case 'duration':
      if (typeof value === 'number' && Number.isFinite(value)) return spanOf(value);
      if (value instanceof Duration) return value;
      break;
    case 'list': if (Array.isArray(value)) return value; break;
    case 'map': case 'group': if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value; break;
    case 'null': if (value === null) return value; break;
    case 'dyn': if (value !== undefined) return value; break;
  }
  if (value === undefined) throw new EvaluationError('missing', `\`${path}\` is absent here`);
  throw new EvaluationError('type', `\`${path}\` should be ${type.kind}, but is ${typeof value === 'object' ? kindOf(value) : typeof value}`);
}
