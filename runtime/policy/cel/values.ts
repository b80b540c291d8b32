// Values while an expression runs. Boxed, as they are in lists, maps and whatever is `dyn`: bigint is an int, number a double, Date a timestamp, Duration a duration, the rest is JSON.

import { Duration } from '@marcbachmann/cel-js/evaluator';
import { EvaluationError } from './expression.ts';

export type Kind = 'bool' | 'int' | 'double' | 'string' | 'null' | 'timestamp' | 'duration' | 'list' | 'map';

/** What a running program works on. One per program, reused. */
export interface Frame {
  input: unknown;
  steps: number;
  /** Values of the variables that macros bind. */
  readonly slots: unknown[];
}

export function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case 'string': return 'string';
    case 'number': return 'double';
    case 'boolean': return 'bool';
    case 'bigint': return 'int';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'list';
      if (value instanceof Date) return 'timestamp';
      return value instanceof Duration ? 'duration' : 'map';
    default: throw new EvaluationError('type', `a value of JavaScript type ${typeof value} is no CEL value`);
  }
}

/** The own property `key`, undefined when it is absent. Never a property that every object inherits. */
export function property(map: object, key: unknown): unknown {
  return Object.hasOwn(map, key as string) ? (map as Record<string, unknown>)[key as string] : undefined;
}

/** Takes steps from the budget of this evaluation. */
export function spend(frame: Frame, steps: number): void {
  if ((frame.steps -= steps) < 0) throw new EvaluationError('too-costly', 'the expression takes more steps than one evaluation may: look at fewer items, or nest fewer macros');
}

/** CEL equality: numbers by value across int and double, lists and maps by their items; values of different kinds are not equal. */
export function equal(a: unknown, b: unknown, frame: Frame): boolean {
  if (a === b) return true;
  switch (typeof a) {
    case 'number': return typeof b === 'bigint' && numbersEqual(a, b);
    case 'bigint': return typeof b === 'number' && numbersEqual(b, a);
    case 'object': return a !== null && typeof b === 'object' && b !== null && objectsEqual(a, b, frame);
    default: return false;
  }
}

// Neither is less: JavaScript compares a number and a bigint exactly, and NaN with nothing.
const numbersEqual = (double: number, int: bigint): boolean => double <= int && double >= int;

function objectsEqual(a: object, b: object, frame: Frame): boolean {
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  if (kind === 'timestamp') return (a as Date).getTime() === (b as Date).getTime();
  if (kind === 'duration') return (a as Duration).seconds === (b as Duration).seconds && (a as Duration).nanos === (b as Duration).nanos;
  return kind === 'list' ? listsEqual(a as unknown[], b as unknown[], frame) : mapsEqual(a, b, frame);
}

function listsEqual(a: readonly unknown[], b: readonly unknown[], frame: Frame): boolean {
  if (a.length !== b.length) return false;
  spend(frame, a.length >> 4);
  for (let index = 0; index < a.length; index++) if (!equal(a[index], b[index], frame)) return false;
  return true;
}

function mapsEqual(a: object, b: object, frame: Frame): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  spend(frame, keys.length >> 4);
  for (const key of keys) if (!Object.hasOwn(b, key) || !equal(property(a, key), property(b, key), frame)) return false;
  return true;
}

/** True when some item of the list equals the value. */
export function includes(list: readonly unknown[], value: unknown, frame: Frame): boolean {
  spend(frame, list.length >> 4);
  for (let index = 0; index < list.length; index++) if (equal(value, list[index], frame)) return true;
  return false;
}

const ORDERED: ReadonlySet<Kind> = new Set(['bool', 'string', 'timestamp', 'duration']);

/** Throws unless the two boxed values have an order. */
export function assertOrdered(a: unknown, b: unknown, operator: string): void {
  const [left, right] = [kindOf(a), kindOf(b)];
  const numbers = (left === 'int' || left === 'double') && (right === 'int' || right === 'double');
  if (!numbers && !(left === right && ORDERED.has(left))) throw mismatch(operator, left, right);
}

export function mismatch(operator: string, left: string, right: string): EvaluationError {
  return new EvaluationError('type', `\`${operator}\` does not work between ${left} and ${right}`);
}
